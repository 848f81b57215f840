package app

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// Submit is what came through a door. Caller is "" for the public and the key's id for a trusted program.
type Submit struct {
	Slug      string
	Door      string // page, embed, api
	Input     form.Input
	Source    store.Source
	Attempt   string // Idempotency-Key, or the script's random value; "" without one
	Strict    bool   // the attempt with another body is a conflict (API), not a new intent (page)
	Caller    string
	Honeypot  string
	FormToken string
	IP        netip.Addr
	UserAgent string
	Language  string // Accept-Language as sent
	Corrects  *uuid.UUID
}

// Submitted is the promise: the submission and the job that acts on it are durable.
type Submitted struct {
	SubmissionID uuid.UUID
	Receipt      string
	Status       string // received, quarantined
	Fresh        bool   // false: this repeats an intent that we hold already
	Slug         string
}

// How long a key makes a repeat the same intent (design: once-key).
const (
	onceWithAttempt = 7 * 24 * time.Hour
	onceByContent   = 10 * time.Minute
)

// SubmitForm takes one answer set: parse, guard, commit. Nothing here waits for anybody else than our own database.
func (a *App) SubmitForm(ctx context.Context, in Submit) (Submitted, error) {
	gate, snap, err := a.GateNow(ctx, in.Slug)
	if err != nil {
		return Submitted{}, err
	}
	in.Slug = gate.Slug
	if len(in.Attempt) > 200 {
		return Submitted{}, errs.InvalidFields(errs.Field{Field: "attempt", Code: "too-long", Message: "The idempotency key is longer than 200 characters."})
	}
	answers, err := form.Parse(gate.Published.Definition.Form, in.Input)
	if err != nil {
		a.Metrics.rejected(in.Door)
		return Submitted{}, err
	}
	verdict, err := a.judgeSubmission(gate, in, answers)
	if err != nil {
		return Submitted{}, err
	}
	e := a.entry(gate, snap, in, answers, verdict)
	taken, err := a.intake.Submit(ctx, e)
	if err != nil {
		return Submitted{}, err
	}
	if !taken.SameBody && in.Attempt != "" && in.Strict {
		return Submitted{}, errs.New(errs.KeyReused, "This idempotency key was used with another body before.")
	}
	out := Submitted{SubmissionID: taken.SubmissionID, Fresh: taken.Fresh, Receipt: a.Receipt(taken.SubmissionID), Status: e.Submission.State, Slug: in.Slug}
	if !taken.Fresh {
		if out.Status, err = a.firstStatus(ctx, taken.SubmissionID); err != nil {
			return Submitted{}, err
		}
	}
	if taken.Fresh && a.o.Limits {
		a.limiter.Took(in.IP, answers.Email.Strict, in.Caller != "")
	}
	a.Metrics.submitted(in.Door, e.Submission.Verdict, taken.Fresh)
	if a.mutant("wait-for-provider") {
		return out, a.sendWithinRequest(ctx, taken.SubmissionID)
	}
	return out, nil
}

// firstStatus is the status that the first answer to an intent carried.
func (a *App) firstStatus(ctx context.Context, id uuid.UUID) (string, error) {
	s, err := a.store.Submission(ctx, id)
	if err != nil {
		return "", err
	}
	if s.Verdict == "quarantine" {
		return store.StateQuarantined, nil
	}
	return store.StateReceived, nil
}

// judgeSubmission gathers the evidence and asks the guard; the limits beyond which a request is refused come first.
func (a *App) judgeSubmission(gate *store.PublishedGate, in Submit, answers form.Answers) (guard.Verdict, error) {
	ev := guard.Evidence{Door: in.Door, Trusted: in.Caller != "", HoneypotFilled: in.Honeypot != "", UserAgent: in.UserAgent,
		AcceptLanguage: in.Language, Flags: answers.Flags, Values: answers.Values}
	if a.o.Limits {
		block, target, err := a.limiter.Submission(in.IP, answers.Email.Strict, ev.Trusted)
		if err != nil {
			return guard.Verdict{}, err
		}
		ev.BlockCount10m, ev.TargetCount10m = block, target
	}
	if in.FormToken != "" {
		c, err := a.keys.Open(token.FormAge, in.FormToken)
		switch {
		case err != nil || c.ID != gate.ID:
			ev.AgeTokenForged = true
		default:
			age := a.now().Sub(c.Expiry.Add(-formTokenLife))
			ev.FormAge = &age
		}
	}
	settings := guard.DefaultSettings()
	if !a.o.Limits {
		settings.MinFill = 0
	}
	return guard.Judge(ev, settings), nil
}

// formTokenLife is how long an opened form counts as opened; the token's expiry less this is when it was opened.
const formTokenLife = 24 * time.Hour

// FormToken is what the script fetches when the form opens: when that was, signed.
func (a *App) FormToken(ctx context.Context, slug string) (string, error) {
	g, _, err := a.GateNow(ctx, slug)
	if err != nil {
		return "", err
	}
	return a.keys.Mint(token.FormAge, token.Claims{ID: g.ID, Expiry: a.now().Add(formTokenLife)}), nil
}

// Receipt is the public name of a submission: signed, so that nobody guesses another one.
func (a *App) Receipt(id uuid.UUID) string { return a.keys.Mint(token.Receipt, token.Claims{ID: id}) }

// OpenReceipt gives the submission that a receipt names.
func (a *App) OpenReceipt(receipt string) (uuid.UUID, error) {
	c, err := a.keys.Open(token.Receipt, receipt)
	if err != nil {
		return uuid.Nil, errs.New(errs.NotFound, "There is no such receipt.")
	}
	return c.ID, nil
}

func (a *App) entry(gate *store.PublishedGate, snap *Snapshot, in Submit, answers form.Answers, v guard.Verdict) store.Entry {
	now := a.now()
	state, verdict := store.StateReceived, "pass"
	if v.Decision == guard.Quarantine {
		state, verdict = store.StateQuarantined, "quarantine"
	}
	if v.Decision == guard.Quarantine && a.mutant("silent-discard") {
		state = store.StateDiscarded
	}
	if a.mutant("verdict-without-reasons") {
		v.Reasons = nil
	}
	reasons := make([]store.Reason, 0, len(v.Reasons))
	for _, r := range v.Reasons {
		reasons = append(reasons, store.Reason{Code: r.Code, Weight: r.Weight, Sentence: r.Sentence})
	}
	consents := make([]store.ConsentAnswer, 0, len(answers.Consents))
	for _, c := range answers.Consents {
		consents = append(consents, store.ConsentAnswer{Key: c.Key, Text: c.Text, Version: c.Version, Given: c.Given})
	}
	id := store.NewID()
	e := store.Entry{
		Submission: store.Submission{ID: id, GateID: gate.ID, GateVersionID: gate.Published.ID, ReceivedAt: now, Door: in.Door,
			Language: gate.Published.Language, Verdict: verdict, Weight: int16(min(v.Weight, 1000)), Reasons: reasons,
			Notices: snap.Settings.Notices(), State: state, CorrectsID: in.Corrects},
		Payload: store.Payload{SubmissionID: id, Address: answers.Email.Normal, Typed: answers.Email.Typed, Answers: answers.Values,
			Consents: consents, Flags: answers.Flags, Source: CleanSource(in.Source), Block: blockText(in.IP), UserAgent: lead.CleanText(in.UserAgent, 400)},
	}
	e.Key, e.BodyHash, e.ExpiresAt = a.onceKey(gate, in, answers, now)
	if a.mutant("no-once-key") {
		e.Key = id[:]
	}
	return e
}

// onceKey names the intent. With an attempt value it is caller, gate and attempt (a page that sends other answers with
// the same attempt has a new intent, a program that does so made a mistake); without one it is what was answered.
func (a *App) onceKey(gate *store.PublishedGate, in Submit, answers form.Answers, now time.Time) (key, body []byte, expires time.Time) {
	content := string(answers.Canonical())
	sum := sha256.Sum256([]byte(content))
	switch {
	case in.Attempt == "":
		return a.keyed("once", "content", gate.ID.String(), content), sum[:], now.Add(onceByContent)
	case in.Strict:
		body := sha256.New()
		body.Write([]byte(content))
		_ = json.NewEncoder(body).Encode(in.Source)
		return a.keyed("once", "attempt", in.Caller, gate.ID.String(), in.Attempt), body.Sum(nil), now.Add(onceWithAttempt)
	default:
		return a.keyed("once", "page", gate.ID.String(), in.Attempt, content), sum[:], now.Add(onceWithAttempt)
	}
}

// CleanSource cuts what the address bar told to sane lengths and printable characters; it is hostile text.
func CleanSource(s store.Source) store.Source {
	for _, p := range []*string{&s.UTMSource, &s.UTMMedium, &s.UTMCampaign, &s.UTMTerm, &s.UTMContent} {
		*p = lead.CleanText(*p, 200)
	}
	s.Referrer, s.Page = cleanURL(s.Referrer), cleanURL(s.Page)
	return s
}

// cleanURL keeps scheme, host and path: a query string of another site may hold anything about a person.
func cleanURL(u string) string {
	u, _, _ = strings.Cut(u, "?")
	u, _, _ = strings.Cut(u, "#")
	return lead.CleanText(u, 500)
}

func blockText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return guard.NetworkBlock(ip).String()
}
