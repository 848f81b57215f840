package email

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// shared finds a file of the published specifications; where it is absent the test is skipped and says so.
func shared(t testing.TB, path string) []byte {
	t.Helper()
	tries := []string{}
	if dir := os.Getenv("GATEHOUSE_SHARED"); dir != "" {
		tries = append(tries, filepath.Join(dir, path))
	}
	for dir, _ := os.Getwd(); ; dir = filepath.Dir(dir) {
		tries = append(tries, filepath.Join(dir, "shared", path))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, p := range tries {
		if b, err := os.ReadFile(p); err == nil {
			return b
		}
	}
	t.Skipf("%s is not at hand; GATEHOUSE_SHARED names its folder", path)
	return nil
}

func TestVerifySignaturePublishedVector(t *testing.T) {
	var v struct {
		Key       string `json:"public_key_pkix_base64"`
		Signature string `json:"signature"`
		Timestamp string `json:"timestamp"`
		Payload   string `json:"payload"`
	}
	if err := json.Unmarshal(shared(t, "specs/eventwebhook/sendgrid-signature-vector.json"), &v); err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublicKey(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1600112502, 0)
	if err := VerifySignature(key, v.Timestamp, v.Signature, []byte(v.Payload), at); err != nil {
		t.Fatalf("the published vector: %v", err)
	}
	bad := map[string]func() error{
		"without CRLF": func() error {
			return VerifySignature(key, v.Timestamp, v.Signature, []byte(strings.TrimSpace(v.Payload)), at)
		},
		"escaped": func() error {
			return VerifySignature(key, v.Timestamp, v.Signature, []byte(strings.ReplaceAll(v.Payload, "<", `\u003c`)), at)
		},
		"timestamp changed": func() error { return VerifySignature(key, "1600112503", v.Signature, []byte(v.Payload), at) },
		"timestamp empty":   func() error { return VerifySignature(key, "", v.Signature, []byte(v.Payload), at) },
		"signature longer":  func() error { return VerifySignature(key, v.Timestamp, v.Signature+"AAAA", []byte(v.Payload), at) },
		"signature empty":   func() error { return VerifySignature(key, v.Timestamp, "", []byte(v.Payload), at) },
	}
	for name, try := range bad {
		if err := try(); !errs.Is(err, errs.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
	events, err := ParseEvents([]byte(v.Payload))
	if err != nil || len(events) != 1 || events[0].Type != "dropped" || events[0].ProviderID != "LRzXl_NHStOGhQ4kofSm_A" {
		t.Errorf("%+v %v", events, err)
	}
	if kind, _, ok := events[0].Suppresses(); !ok || kind != SuppressBounced {
		t.Errorf("a drop for a bounced address suppresses, got %q %v", kind, ok)
	}
}

func TestVerifySignatureAge(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body, now := []byte("[]\r\n"), time.Unix(1770000000, 0)
	sum := sha256.Sum256(append([]byte("1770000000"), body...))
	raw, _ := ecdsa.SignASN1(rand.Reader, key, sum[:])
	sig := base64.StdEncoding.EncodeToString(raw)
	for _, tt := range []struct {
		clock time.Duration
		ok    bool
	}{{0, true}, {48 * time.Hour, true}, {48*time.Hour + time.Second, false}, {-5 * time.Minute, true}, {-5*time.Minute - time.Second, false}} {
		err := VerifySignature(&key.PublicKey, "1770000000", sig, body, now.Add(tt.clock))
		if (err == nil) != tt.ok {
			t.Errorf("clock %v: %v", tt.clock, err)
		}
	}
	if err := VerifySignature(nil, "1770000000", sig, body, now); !errs.Is(err, errs.Unavailable) {
		t.Errorf("no key: %v", err)
	}
}

func TestParsePublicKeyRefuses(t *testing.T) {
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	edDER, _ := x509.MarshalPKIXPublicKey(ed)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p384DER, _ := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	good, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	goodDER, _ := x509.MarshalPKIXPublicKey(&good.PublicKey)
	for name, text := range map[string]string{
		"empty": "", "not base64": "%%%", "not a key": "AAAA",
		"ed25519": base64.StdEncoding.EncodeToString(edDER), "P-384": base64.StdEncoding.EncodeToString(p384DER),
	} {
		if key, err := ParsePublicKey(text); err == nil || key != nil || !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v %v", name, key, err)
		}
	}
	b := base64.StdEncoding.EncodeToString(goodDER)
	for _, text := range []string{b, " " + b + "\n", "-----BEGIN PUBLIC KEY-----\n" + b[:64] + "\n" + b[64:] + "\n-----END PUBLIC KEY-----\n"} {
		if _, err := ParsePublicKey(text); err != nil {
			t.Errorf("a good key: %v", err)
		}
	}
}

func TestParseEvents(t *testing.T) {
	body := `[
	 {"email":"Ann@Example.org","timestamp":1770000000,"event":"delivered","sg_event_id":"ev1","sg_message_id":"LRz.filter-1","message_id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"requested","category":"a","response":"250 ok for ann@example.org"},
	 {"email":"b@example.org","timestamp":"1770000001","event":"bounce","type":"bounce","status":"5.1.1","sg_event_id":"ev2","category":["a","b"],"reason":"550 <b@example.org> unknown, see https://x.example/?t=secret"},
	 {"timestamp":1770000002,"event":"open","sg_event_id":"ev3","sg_machine_open":true},
	 {"timestamp":1770000003.7,"event":"something_new","sg_event_id":"ev4","attempt":"5"},
	 "nonsense", 17, null, [1], {"no":"event"},
	 {"event":"click","timestamp":1770000004000,"sg_event_id":"ev\u0000six","message_id":"not-a-uuid","url":"\ud800"}
	]` + "\r\n"
	events, err := ParseEvents([]byte(body))
	if err != nil || len(events) != 10 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	first := events[0]
	if first.EventID != "ev1" || first.MessageID.String() != "01890a5d-ac96-774b-bcce-b302099a8057" || first.Kind != Requested ||
		first.ProviderID != "LRz" || first.Address != "ann@example.org" || first.At.Unix() != 1770000000 || first.Reason != "250 ok for [address]" {
		t.Errorf("%+v", first)
	}
	if b := events[1]; b.At.Unix() != 1770000001 || b.Reason != "550 [address] unknown, see [link]" || b.ProviderID != "" {
		t.Errorf("%+v", b)
	}
	if !events[2].MachineOpen || events[3].Type != "something_new" || events[3].At.Unix() != 1770000003 {
		t.Errorf("%+v %+v", events[2], events[3])
	}
	seen := map[string]bool{}
	for _, e := range events[4:9] {
		if e.Type != Unreadable || !strings.HasPrefix(e.EventID, "sha256:") || seen[e.EventID] {
			t.Errorf("%+v", e)
		}
		seen[e.EventID] = true
	}
	odd := events[9]
	if odd.MessageID.String() != "00000000-0000-0000-0000-000000000000" || !strings.HasPrefix(odd.EventID, "sha256:") || odd.At.Unix() != 1770000004 {
		t.Errorf("%+v", odd)
	}
	if bytes.Contains(odd.Raw, []byte(`\u0000`)) || bytes.Contains(odd.Raw, []byte(`\ud800`)) || !json.Valid(odd.Raw) {
		t.Errorf("raw is not storable: %s", odd.Raw)
	}
	for _, bad := range []string{"", "{}", "null", `"x"`, `[{"event":"open"}`, "[] []", "[1,]", "\xff"} {
		if _, err := ParseEvents([]byte(bad)); !errs.Is(err, errs.Malformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if events, err := ParseEvents([]byte("[]")); err != nil || len(events) != 0 {
		t.Errorf("an empty array: %v", err)
	}
}

// TestStateNeverDependsOnOrder plays every order of a message's events.
func TestStateNeverDependsOnOrder(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(1770000000+s, 0) }
	events := []Event{
		{Type: "processed", At: at(0)}, {Type: "deferred", At: at(5)}, {Type: "deferred", At: at(2)}, {Type: "delivered", At: at(1)},
		{Type: "open", At: at(9), MachineOpen: true}, {Type: "something", At: at(99)},
	}
	var play func(rest []Event, state State, rank int, when time.Time)
	play = func(rest []Event, state State, rank int, when time.Time) {
		if len(rest) == 0 {
			if state != StateDelivered || !when.Equal(at(9)) {
				t.Fatalf("ended as %s at %v", state, when)
			}
			return
		}
		for i, e := range rest {
			s, r, w := state, rank, when
			if e.Supersedes(rank, when) {
				s, r = e.State()
				w = e.At
			}
			play(slices.Delete(slices.Clone(rest), i, i+1), s, r, w)
		}
	}
	play(events, StateNone, 0, time.Time{})
}

func TestStateAndSuppression(t *testing.T) {
	tests := []struct {
		e    Event
		want State
		kind Suppression
	}{
		{Event{Type: "processed"}, StateProcessed, ""},
		{Event{Type: "deferred", Reason: "full"}, StateDeferred, ""},
		{Event{Type: "delivered"}, StateDelivered, ""},
		{Event{Type: "open"}, StateOpened, ""},
		{Event{Type: "open", MachineOpen: true}, StateDelivered, ""},
		{Event{Type: "click"}, StateClicked, ""},
		{Event{Type: "bounce", BounceType: "bounce"}, StateBounced, SuppressBounced},
		{Event{Type: "bounce", BounceType: "blocked", Status: "5.1.1"}, StateBlocked, ""},
		{Event{Type: "bounce", BounceType: "expired"}, StateBlocked, ""},
		{Event{Type: "bounce", Status: "5.1.1"}, StateBounced, SuppressBounced},
		{Event{Type: "bounce", Status: "5.7.1"}, StateBounced, ""},
		{Event{Type: "blocked"}, StateBlocked, ""},
		{Event{Type: "dropped", Reason: "Bounced Address"}, StateDropped, SuppressBounced},
		{Event{Type: "dropped", Reason: "Invalid"}, StateDropped, SuppressBounced},
		{Event{Type: "dropped", Reason: "Invalid SMTPAPI header"}, StateDropped, ""},
		{Event{Type: "dropped", Reason: "Spam Reporting Address"}, StateDropped, SuppressSpam},
		{Event{Type: "dropped", Reason: "Spam Content (if Spam Checker app is enabled)"}, StateDropped, ""},
		{Event{Type: "dropped", Reason: "Unsubscribed Address"}, StateDropped, SuppressUnsubscribe},
		{Event{Type: "dropped", Reason: "Recipient List over Package Quota"}, StateDropped, ""},
		{Event{Type: "spamreport"}, StateSpam, SuppressSpam},
		{Event{Type: "unsubscribe"}, StateNone, SuppressUnsubscribe},
		{Event{Type: "group_unsubscribe"}, StateNone, SuppressUnsubscribe},
		{Event{Type: "group_resubscribe"}, StateNone, ""},
		{Event{Type: "account_status_change"}, StateNone, ""},
		{Event{Type: Unreadable}, StateNone, ""},
	}
	for _, tt := range tests {
		state, rank := tt.e.State()
		kind, reason, ok := tt.e.Suppresses()
		if state != tt.want || rank != tt.want.Rank() || kind != tt.kind || ok != (tt.kind != "") || ok != (reason != "") {
			t.Errorf("%+v: %s %d, suppresses %q (%q)", tt.e, state, rank, kind, reason)
		}
		if kind.MarketingOnly() != (kind == SuppressUnsubscribe) {
			t.Errorf("%s: marketing only?", kind)
		}
	}
	if StateDelivered.Final() || StateClicked.Final() || !StateBounced.Final() || !StateDropped.Final() {
		t.Error("which states are final?")
	}
}

func FuzzWebhook(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1770000000", "MEUCIGHQVtGj", []byte(`[{"event":"open","timestamp":"1"}]`))
	f.Add("", "", []byte("[null,{},\"\\u0000\",{\"event\":\"bounce\",\"reason\":\"a@b \\ud800\"}]\r\n"))
	f.Fuzz(func(t *testing.T, timestamp, signature string, body []byte) {
		if VerifySignature(&key.PublicKey, timestamp, signature, body, time.Unix(1770000000, 0)) == nil {
			t.Fatal("a signature that nobody made was believed")
		}
		if k, err := ParsePublicKey(signature); err == nil && k.Curve != elliptic.P256() {
			t.Fatal("a key of another kind was taken")
		}
		events, err := ParseEvents(body)
		if err != nil {
			if !errs.Is(err, errs.Malformed) {
				t.Fatalf("code of %v", err)
			}
			return
		}
		again, err := ParseEvents(body)
		if err != nil || len(again) != len(events) {
			t.Fatal("the same body read differently")
		}
		for i, e := range events {
			state, rank := e.State()
			e.Suppresses()
			if e.EventID == "" || e.Type == "" || again[i].EventID != e.EventID || rank != state.Rank() {
				t.Fatalf("%+v", e)
			}
			if !json.Valid(e.Raw) || strings.ContainsAny(e.EventID+e.Type+e.Reason+e.Address, "\x00\n") || len([]rune(e.Reason)) > maxReason {
				t.Fatalf("not fit to store: %+v", e)
			}
		}
	})
}
