package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Unreadable is the Type of an element that is not an event; it is kept, under the hash of its bytes.
const Unreadable = "unreadable"

// Event is one thing the provider tells about one message. Address and Raw are personal data.
type Event struct {
	EventID     string    // sg_event_id, the key to take each event once; "sha256:..." of the bytes when absent
	Type        string    // processed, deferred, delivered, bounce, dropped, open, click, spamreport, unsubscribe, ...
	At          time.Time // UTC, whole seconds; zero when the provider did not say
	MessageID   uuid.UUID // our message, from the custom argument message_id; zero when it is not ours
	Kind        Kind      // from the custom argument kind
	ProviderID  string    // front of sg_message_id: equals the X-Message-Id of our request; absent on some bounces
	Address     string    // recipient, lower case
	Reason      string    // scrubbed: what the mail server or the provider said
	BounceType  string    // bounce, blocked, expired; lower case
	Status      string    // enhanced status code such as 5.1.1
	MachineOpen bool      // sg_machine_open: Apple Mail Privacy Protection, not a person
	Raw         json.RawMessage
}

// ParseEvents reads a webhook body: a JSON array of events. A body that is no such array is errs.Malformed. One odd
// element never costs the others: it comes back as an Event of Type Unreadable. Raw is valid UTF-8 and free of what a
// jsonb column refuses (escaped NUL, lone surrogates).
func ParseEvents(body []byte) ([]Event, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, errs.New(errs.Malformed, "The body is not a JSON array of events.")
	}
	var events []Event
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, errs.Wrap(quiet(err), errs.Malformed, "The body is not a JSON array of events.")
		}
		events = append(events, parseEvent(raw))
	}
	if _, err := dec.Token(); err != nil {
		return nil, errs.Wrap(quiet(err), errs.Malformed, "The array of events has no end.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errs.New(errs.Malformed, "Something follows the array of events.")
	}
	return events, nil
}

func parseEvent(raw json.RawMessage) Event {
	e := Event{Type: Unreadable, EventID: hashID(raw), Raw: storable(raw)}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return e
	}
	typ := strings.ToLower(plain(word(fields["event"]), 64))
	if typ == "" {
		return e
	}
	e.Type = typ
	if id := word(fields["sg_event_id"]); id != "" && len(id) <= 200 && id == plain(id, 200) {
		e.EventID = id
	}
	e.At = moment(word(fields["timestamp"]))
	if id, err := uuid.Parse(word(fields["message_id"])); err == nil {
		e.MessageID = id
	}
	e.Kind = Kind(plain(word(fields["kind"]), 32))
	front, _, _ := strings.Cut(word(fields["sg_message_id"]), ".")
	e.ProviderID = plain(front, 200)
	e.Address = strings.ToLower(plain(word(fields["email"]), 320))
	e.Reason = scrub(word(fields["reason"]))
	if e.Reason == "" {
		e.Reason = scrub(word(fields["response"]))
	}
	e.BounceType = strings.ToLower(plain(word(fields["type"]), 32))
	e.Status = plain(word(fields["status"]), 32)
	e.MachineOpen = word(fields["sg_machine_open"]) == "true"
	return e
}

// word reads a JSON string, number or truth value as text; anything else is "".
func word(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case '{', '[', 'n':
		return ""
	}
	return string(raw)
}

// plain keeps a machine's word fit for a text column: no control or invisible characters, bounded.
func plain(s string, limit int) string {
	s = headerText(s, len(s)+1)
	if len(s) > limit {
		return ""
	}
	return s
}

// moment reads unix seconds, as a number or a string, with or without a fraction; milliseconds are told by their size.
func moment(s string) time.Time {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || f != f || f <= 0 {
		return time.Time{}
	}
	if f >= 1e11 {
		f /= 1000
	}
	if f >= 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(f), 0).UTC()
}

func hashID(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

var (
	unstorable = regexp.MustCompile(`(?i)\\u(0000|d[89a-f][0-9a-f]{2})`)
	escapedNUL = regexp.MustCompile(`\\u0000`)
)

// storable makes JSON that PostgreSQL takes as jsonb; what is fine already stays byte for byte.
func storable(raw json.RawMessage) json.RawMessage {
	if utf8.Valid(raw) && !unstorable.Match(raw) {
		return bytes.Clone(raw)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return json.RawMessage(`null`)
	}
	out, err := json.Marshal(v) // the decoder has turned lone surrogates and invalid bytes into U+FFFD
	if err != nil {
		return json.RawMessage(`null`)
	}
	// The encoder writes NUL as \u0000 and a backslash as \\, so an odd match can only be the tail of an escaped
	// backslash; changing that text does no harm.
	return escapedNUL.ReplaceAll(out, []byte(`\ufffd`))
}
