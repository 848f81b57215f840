package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// SampleSlug is where the first whitepaper stands.
const SampleSlug = "8-questions"

// SamplePaper is the embedded first whitepaper: its bytes, and the asset paths of its pictures.
type SamplePaper struct {
	PDF     []byte
	Cover   string
	Samples []store.Sample
}

// FirstInstall fills an empty database once, whoever comes first: settings, and the sample whitepaper behind its gate.
func (a *App) FirstInstall(ctx context.Context, paper SamplePaper) error {
	var done int64
	if err := a.store.DB(ctx).Model(&store.Settings{}).Count(&done).Error; err != nil {
		return a.store.Translate(err)
	}
	if done > 0 {
		return a.keepSample(ctx, paper)
	}
	report, err := document.CheckPDF(ctx, bytes.NewReader(paper.PDF), 50<<20)
	if err != nil {
		return err
	}
	stored, err := a.files.Put(ctx, bytes.NewReader(paper.PDF))
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exec("select pg_advisory_xact_lock(hashtext('gatehouse first install'))").Error; err != nil {
			return err
		}
		var n int64
		if err := tx.Model(&store.Settings{}).Count(&n).Error; err != nil || n > 0 {
			return err
		}
		return installSample(tx, paper, stored, report)
	})
}

func installSample(tx *store.Tx, paper SamplePaper, stored document.Stored, report document.Report) error {
	now := tx.Now()
	settings := store.Settings{ID: 1, CompanyName: "Gatehouse", PostalAddress: "Gatehouse\n1 Example Street\nExample Town", SenderName: "Gatehouse",
		PrivacyURL: "/privacy", PrivacyVersion: "1", ImprintURL: "/imprint", ImprintVersion: "1", TimeZone: "Europe/London", WeekStart: 1,
		Currency: "GBP", Locale: "en-GB", Version: 1, UpdatedAt: now}
	def := SampleGate()
	if err := def.Check(); err != nil {
		return errs.Wrap(err, errs.Internal, "The sample gate is not sound.")
	}
	docID, versionID, gateID, gateVersionID := store.NewID(), store.NewID(), store.NewID(), store.NewID()
	rows := []any{
		&settings,
		&store.Document{ID: docID, Title: def.Title, Language: def.Language, Byline: def.Byline, Version: 1, CreatedAt: now, UpdatedAt: now},
		&store.DocumentVersion{ID: versionID, DocumentID: docID, Number: 1, FileKey: stored.Key, SHA256: stored.SHA256, Size: stored.Size,
			Pages: int32(report.Pages), ContentType: "application/pdf", CoverKey: paper.Cover, Samples: paper.Samples, Findings: []store.Finding{}, CreatedAt: now},
		&store.Gate{ID: gateID, Slug: SampleSlug, DocumentID: docID, State: "draft", Draft: def, Version: 1, CreatedAt: now, UpdatedAt: now},
		&store.GateVersion{ID: gateVersionID, GateID: gateID, Number: 1, Definition: def, Language: def.Language, PublishedAt: now},
		&store.GateSlug{Slug: SampleSlug, GateID: gateID, CreatedAt: now},
	}
	rows = append(rows, firstPlans(tx)...)
	for i, q := range SampleQuestions() {
		rows = append(rows, &store.DocumentQuestion{ID: store.NewID(), DocumentID: docID, Number: int32(i + 1), Text: q, CreatedAt: now})
	}
	for _, r := range rows {
		if err := tx.Create(r).Error; err != nil {
			return err
		}
	}
	if err := tx.Model(&store.Document{}).Where("id = ?", docID).Update("current_version_id", versionID).Error; err != nil {
		return err
	}
	err := tx.Model(&store.Gate{}).Where("id = ?", gateID).Updates(map[string]any{"state": "published", "published_version_id": gateVersionID}).Error
	if err != nil {
		return err
	}
	if err := installRules(tx); err != nil {
		return err
	}
	if err := installSales(tx); err != nil {
		return err
	}
	if err := tx.Audit(store.Actor{Kind: "system", Name: "first installation"}, "install", "gate", gateID.String(), nil); err != nil {
		return err
	}
	return tx.Changed()
}

// SampleQuestions are what the first whitepaper asks its reader, word for word.
func SampleQuestions() []string {
	return []string{
		"How many people asked us for something last week?",
		"Where do we lose them?",
		"What does a qualified lead cost, and from which source?",
		"Which deals can you trace to what we spent?",
		"How long does somebody wait after asking?",
		"Did they ask to hear from us, and did a person open it?",
		"What is the plan for a lead, and who may depart from it?",
		"What did sales send back, and what will you stop?",
	}
}

// SampleGate is the landing page of the first whitepaper.
func SampleGate() form.Gate {
	return form.Gate{
		Kicker:  "A whitepaper for people who pay for marketing",
		Title:   "8 Questions to Ask Your Marketing Team",
		Summary: "You sign the budget. Eight plain questions show within one meeting whether it brings in customers, only names, or only noise, and what to change by Monday.",
		Learn: []string{
			"Why 1,306 form submissions can be 780 people, and which four lines to subtract",
			"How a steady £385 per lead can hide one source at £220 and another at £766",
			"How to tell which losses are your own fault, and what a spelling check on one field can be worth",
			"Why a 63% open rate may be 6% of people, and which figure to put in its place",
			"How to give every lead a plan, and your people leave to depart from it",
		},
		Byline: "Gatehouse", Button: "Send me the whitepaper", Language: "en-GB",
		DataNote:    "We use your answers to send you the document and, if your company could use our help, to get in touch about it. No newsletter unless you ask for one.",
		ThanksTitle: "Your whitepaper is on its way",
		MailSubject: "Your copy of 8 Questions to Ask Your Marketing Team",
		MailText:    "Thank you for asking. The whole report takes about half an hour; page 20 alone, the eight figures on one sheet, takes five minutes.",
		LinkDays:    30,
		Form: form.Definition{
			Fields: []form.Field{
				{Name: "email", Type: "email", Label: "Work e-mail", Help: "The document goes to this address.", Required: true, Role: form.Flag, Disposable: form.Flag, FreeMail: form.Flag},
				{Name: "given_name", Type: "text", Label: "First name", Required: true, MaxLength: 80, Half: true},
				{Name: "family_name", Type: "text", Label: "Last name", Required: true, MaxLength: 80, Half: true},
				{Name: "company", Type: "text", Label: "Company", Required: true, MaxLength: 120},
				{Name: "job_title", Type: "text", Label: "What you do there", MaxLength: 120},
				{Name: "country", Type: "country", Label: "Country", Half: true},
				{Name: "tel", Type: "tel", Label: "Phone, if a call is welcome", Half: true},
			},
			Consents: []form.Consent{{Key: "marketing", Version: "1",
				Text: "Write to me about once a month about marketing that can be counted. I can stop this with one click in every mail."}},
		},
	}
}

// keepSample puts the sample's file back where this instance's folder lacks it: the program carries it.
func (a *App) keepSample(ctx context.Context, paper SamplePaper) error {
	sum := sha256.Sum256(paper.PDF)
	var keys []string
	err := a.store.DB(ctx).Model(&store.DocumentVersion{}).Where("sha256 = ?", hex.EncodeToString(sum[:])).Limit(1).Pluck("file_key", &keys).Error
	if err != nil || len(keys) == 0 {
		return a.store.Translate(err)
	}
	if _, err := a.files.Stat(ctx, keys[0]); errors.Is(err, document.ErrMissing) {
		_, err = a.files.Put(ctx, bytes.NewReader(paper.PDF))
		return err
	}
	return nil
}

// MissingFiles counts the current versions whose file this instance's store does not hold.
func (a *App) MissingFiles(ctx context.Context) (n int, err error) {
	var keys []string
	err = a.store.DB(ctx).Table("document_versions v").Joins("join documents d on d.current_version_id = v.id").Pluck("v.file_key", &keys).Error
	for _, k := range keys {
		if _, err := a.files.Stat(ctx, k); err != nil {
			n++
		}
	}
	return n, a.store.Translate(err)
}
