package crash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// Events in any order, 46 times each, before our own 202: every message ends as delivered, each event is kept once, and
// nothing is sent again.
func TestEventsInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		plan sendgridtest.Plan
		want string
	}{
		{"46 copies, shuffled", sendgridtest.Plan{Types: []string{"processed", "deferred", "delivered", "open"}, Copies: 46, Shuffle: true}, "delivered"},
		{"before our 202", sendgridtest.Plan{BeforeAnswer: true}, "delivered"},
		{"a bounce after delivery", sendgridtest.Plan{Types: []string{"delivered", "bounce"}, Shuffle: true}, "bounced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{plan: c.plan})
			w.start()
			for i := range 6 {
				if i == 3 { // and once with the answer lost
					w.double.Faults(sendgridtest.CutAfterAccept)
				}
				w.one(fmt.Sprintf("order-%d@firm.example", i))
			}
			posts := max(c.plan.Copies, 1) * max(len(c.plan.Types), 1)
			if c.plan.Copies == 0 && !c.plan.Shuffle {
				posts = 1
			}
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			if err := w.double.WaitForPosts(ctx, 6*posts); err != nil {
				t.Fatalf("%d of %d posts of events are done: %v", len(w.double.Posts()), 6*posts, err)
			}
			for _, p := range w.double.Posts() {
				if p.Status != http.StatusOK || p.Tries > 1 {
					t.Fatalf("events were answered %d, tried %d times", p.Status, p.Tries)
				}
			}
			if err := w.settles(30 * time.Second); err != nil {
				t.Error(err)
			}
			if n := w.number("select count(*) from messages where state = 'sent' and delivery = $1 and not second_send", c.want); n != 6 {
				t.Errorf("%d messages are %s", n, c.want)
			}
			types := max(len(c.plan.Types), 2)
			if n := w.number("select count(*) from provider_events"); n != 6*types {
				t.Errorf("%d events are kept, not %d", n, 6*types)
			}
			if n := len(w.double.All()); n != 6 {
				t.Errorf("%d mails", n)
			}
			w.verify()
		})
	}
}

// Who may tell us anything: a good signature, not older than 48 hours, about whatever message.
func TestWebhookDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.start()
	id := w.one("door@firm.example")
	w.reaches(id, "sent", 15*time.Second)
	if err := w.settles(15 * time.Second); err != nil {
		t.Error(err)
	}
	kept := w.number("select count(*) from provider_events")
	mail := w.double.All()[0]
	foreign := sendgridtest.Event(mail, "delivered", time.Now())
	foreign["message_id"], foreign["sg_event_id"] = uuid.Must(uuid.NewV7()).String(), "foreign"
	ours := sendgridtest.Event(mail, "bounce", time.Now())
	delete(ours, "message_id")
	ours["sg_event_id"] = "nobody's"
	if status, err := w.double.Emit(t.Context(), foreign, ours); err != nil || status != http.StatusOK {
		t.Errorf("events about messages we never sent: %d, %v", status, err)
	}
	if n := w.number("select count(*) from provider_events"); n != kept+2 {
		t.Errorf("%d events are kept, not %d", n, kept+2)
	}
	if err := w.settles(15 * time.Second); err != nil {
		t.Error(err)
	}
	if m := w.message(id); m.delivery != "delivered" || w.number("select count(*) from suppressions") != 0 {
		t.Errorf("an event that names no message of ours changed one: %+v", m)
	}
	now := time.Now()
	body := []byte(`[{"event":"bounce","sg_event_id":"forged","timestamp":1772528400,"message_id":"` + id.String() + `"}]`)
	for _, c := range []struct {
		name   string
		body   []byte
		at     time.Time
		forge  func(timestamp, signature string) (string, string)
		status int
	}{
		{"as it should be", []byte("[]\r\n"), now, nil, 200},
		{"47 hours old", []byte("[]\r\n"), now.Add(-47 * time.Hour), nil, 200},
		{"49 hours old", body, now.Add(-49 * time.Hour), nil, 401},
		{"from the future", body, now.Add(6 * time.Minute), nil, 401},
		{"signed for another body", body, now, func(ts, _ string) (string, string) {
			_, other := w.double.Sign([]byte("[]"), now)
			return ts, other
		}, 401},
		{"another time than was signed", body, now, func(_, sig string) (string, string) { return fmt.Sprint(now.Unix() + 1), sig }, 401},
		{"no signature", body, now, func(ts, _ string) (string, string) { return ts, "" }, 401},
		{"no base64", body, now, func(ts, _ string) (string, string) { return ts, "%%%" }, 401},
		{"no time", body, now, func(_, sig string) (string, string) { return "", sig }, 401},
		{"not JSON", []byte("hello"), now, nil, 400},
		{"too large", bytes.Repeat([]byte(" "), 2<<20+1), now, nil, 413},
	} {
		if got := w.knock(c.body, c.at, c.forge); got != c.status {
			t.Errorf("%s: %d, not %d", c.name, got, c.status)
		}
	}
	if n := w.number("select count(*) from provider_events"); n != kept+2 {
		t.Errorf("%d events are kept after forged ones, not %d", n, kept+2)
	}
	w.verify()
}

func (w *world) knock(body []byte, at time.Time, forge func(string, string) (string, string)) int {
	w.t.Helper()
	ts, sig := w.double.Sign(body, at)
	if forge != nil {
		ts, sig = forge(ts, sig)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.front.Addr()+"/webhooks/sendgrid", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", ts)
	req.Header.Set("X-Twilio-Email-Event-Webhook-Signature", sig)
	resp, err := w.staff.Do(req)
	if err != nil {
		w.t.Error(err)
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// Without a key nothing can be believed, and the provider is asked to come back.
func TestWebhookWithoutKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{noEvents: true, env: map[string]string{"SENDGRID_WEBHOOK_PUBLIC_KEY": ""}})
	w.start()
	if got := w.knock([]byte("[]"), time.Now(), nil); got != http.StatusServiceUnavailable {
		t.Errorf("answered %d, not 503", got)
	}
}
