package crm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Webhook posts each event, signed as Standard Webhooks says, and takes signed events back.
type Webhook struct{ client *Client }

// EventTypes are what a webhook can be told, in the order of a lead's life.
var EventTypes = []string{"submission.processed", "document.downloaded", "lead.qualified", "lead.assigned", "lead.accepted", "lead.returned", "lead.changed", "lead.merged", "lead.unmerged",
	"deal.stage_changed", "deal.changed", "lead.erased"}

var webhookFields = []Field{
	{Name: "url", Label: "Address", Type: "url", Required: true, Help: "Each event is posted there."},
	{Name: "secret", Label: "Signing secret", Type: "password", Required: true, Secret: true, Help: "whsec_ and 24 to 64 bytes in base64. Several, separated by spaces, change it without a gap: every one signs."},
	{Name: "in_secret", Label: "Secret of what comes back", Type: "password", Secret: true, Help: "With it the receiver may post stage, owner and opt-out back, signed the same way. Empty: nothing is taken."},
	{Name: "types", Label: "What it is told", Type: "events", Help: "None ticked: all of it."},
}

// About says what it is.
func (w *Webhook) About() About {
	return About{Kind: "webhook", Title: "Webhook", Sentence: "Posts each event to an address of yours, signed as Standard Webhooks says, and takes signed events back.",
		Fields: webhookFields, Events: true, Hooks: true}
}

// Wants tells whether the settings of a connector that takes events ask for a type.
func Wants(c Config, eventType string) bool {
	types := strings.Fields(strings.ReplaceAll(c.Settings["types"], ",", " "))
	return len(types) == 0 || slices.Contains(types, eventType)
}

// Push posts one event.
func (w *Webhook) Push(ctx context.Context, c Config, call Call) Outcome {
	body, err := encode(map[string]any{"type": call.Type, "timestamp": call.At.UTC().Format(time.RFC3339Nano), "data": call.Data})
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	return w.post(ctx, c, call.ID, body)
}

func (w *Webhook) post(ctx context.Context, c Config, id string, body []byte) Outcome {
	if c.Dry {
		return Outcome{Class: Done, Trace: []Exchange{{Method: http.MethodPost, Path: "(the address)", Body: string(body), Dry: true}}}
	}
	secrets, err := signingSecrets(c.Secrets["secret"])
	if err != nil {
		return Outcome{Class: Misconfigured, Reason: errs.Public(err).Message}
	}
	at := w.client.now()
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	var signatures []string
	for _, s := range secrets {
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(signWebhook(s, id, at.Unix(), body)))
	}
	h.Set("webhook-signature", strings.Join(signatures, " "))
	r := w.client.do(ctx, http.MethodPost, c.Settings["url"], h, body)
	t := &talk{status: r.status, trace: []Exchange{{Method: http.MethodPost, Path: "(the address)", Body: cut(string(body), bodyShown), Status: r.status, Answer: cut(masked(string(r.body), strings.Fields(c.Secrets["secret"])), answerShown)}}}
	fault := r.fault
	if fault == nil {
		fault = w.client.judge(r)
	}
	switch {
	case fault == nil:
		return t.end(nil, nil)
	case r.status == http.StatusGone:
		fault = &Fault{Class: Misconfigured, Status: r.status, Reason: "the receiver says that it takes no more events (410)"}
	case fault.Class == Refused: // a receiver's 400 or 404 is nearly always a fault on the way to being mended
		fault.Class = Retry
	}
	return t.end(fault, nil)
}

// signWebhook is the signature of Standard Webhooks, v1: HMAC-SHA-256 over "id.timestamp.body".
func signWebhook(secret []byte, id string, unix int64, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(id + "." + strconv.FormatInt(unix, 10) + "."))
	m.Write(body)
	return m.Sum(nil)
}

func signingSecrets(text string) (out [][]byte, err error) {
	for s := range strings.FieldsSeq(text) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
		if err != nil || len(raw) < 16 || len(raw) > 75 {
			return nil, errs.New(errs.Invalid, "A signing secret is whsec_ and 24 to 64 bytes in base64.")
		}
		out = append(out, raw)
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "No signing secret is set.")
	}
	return out, nil
}

// hookAge is how far the clocks of sender and receiver may differ.
const hookAge = 5 * time.Minute

// verifyStandard checks a post that is signed as Standard Webhooks says.
func verifyStandard(secret string, h Hook) error {
	secrets, err := signingSecrets(secret)
	if err != nil {
		return errNoHooks
	}
	id := h.Header.Get("webhook-id")
	unix, err := strconv.ParseInt(h.Header.Get("webhook-timestamp"), 10, 64)
	if id == "" || err != nil {
		return errBadSignature
	}
	if age := h.Now.Sub(time.Unix(unix, 0)); age > hookAge || age < -hookAge {
		return errBadSignature
	}
	for sig := range strings.FieldsSeq(h.Header.Get("webhook-signature")) {
		text, ok := strings.CutPrefix(sig, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			continue
		}
		for _, s := range secrets {
			if hmac.Equal(got, signWebhook(s, id, unix, h.Body)) {
				return nil
			}
		}
	}
	return errBadSignature
}

// amount is a number, with quotes or without.
type amount string

// UnmarshalJSON takes both.
func (a *amount) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(a))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*a = amount(n)
	return err
}

// Hook takes {"type","timestamp","data":{"lead_id"|"deal_id"|"email",...}}: types deal.stage_changed (stage, value, currency,
// reason), lead.owner_changed (owner_email), lead.opted_out, lead.deleted.
func (w *Webhook) Hook(c Config, h Hook) ([]Change, error) {
	if err := verifyStandard(c.Secrets["in_secret"], h); err != nil {
		return nil, err
	}
	var in struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      struct {
			LeadID     string  `json:"lead_id"`
			DealID     string  `json:"deal_id"`
			Email      string  `json:"email"`
			Stage      *string `json:"stage"`
			Value      *amount `json:"value"`
			Currency   string  `json:"currency"`
			Reason     string  `json:"reason"`
			OwnerEmail string  `json:"owner_email"`
		} `json:"data"`
	}
	if err := json.Unmarshal(h.Body, &in); err != nil {
		return nil, errs.New(errs.Malformed, "The body is not the JSON of an event.")
	}
	d := in.Data
	ch := Change{EventKey: h.Header.Get("webhook-id"), Object: Person, Kind: "event", Key: d.LeadID, Email: d.Email, At: in.Timestamp, Stage: d.Stage, Value: (*string)(d.Value),
		Currency: d.Currency, Reason: d.Reason, OwnerEmail: d.OwnerEmail}
	if d.DealID != "" {
		ch.Object, ch.Key = Deal, d.DealID
	}
	switch in.Type {
	case "deal.stage_changed", "deal.changed", "lead.owner_changed":
	case "lead.opted_out":
		ch.OptOut = true
	case "lead.deleted":
		ch.Deleted = true
	default:
		return nil, errs.New(errs.Invalid, "Events of this type are not taken here.")
	}
	return []Change{ch}, nil
}

// Pull has nothing to ask.
func (w *Webhook) Pull(context.Context, Config, string) (Page, Outcome) {
	return Page{}, Outcome{Class: Done}
}

// Test posts an event of a type that means nothing.
func (w *Webhook) Test(ctx context.Context, c Config) Outcome {
	now := w.client.now().UTC()
	body, _ := encode(map[string]any{"type": "gatehouse.test", "timestamp": now.Format(time.RFC3339Nano), "data": map[string]any{}})
	return w.post(ctx, c, "test_"+strconv.FormatInt(now.UnixNano(), 36), body)
}

// CheckSigning tells what is wrong with a signing secret.
func CheckSigning(text string) error {
	_, err := signingSecrets(text)
	return err
}

// Sign gives the headers of a post as Standard Webhooks says, for whoever posts to us.
func Sign(secret, id string, at time.Time, body []byte) http.Header {
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	if secrets, err := signingSecrets(secret); err == nil {
		h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(signWebhook(secrets[0], id, at.Unix(), body)))
	}
	return h
}
