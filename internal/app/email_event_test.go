package app_test

import (
	"fmt"
	"testing"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// Who unsubscribes at the provider has withdrawn, here too: once, however often the event comes; and a letter that was
// asked for is still sent.
func TestUnsubscribedAtTheProvider(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@firm.example"))
	k.Deliver()
	var m store.Message
	if err := k.Store.DB(t.Context()).Take(&m).Error; err != nil {
		t.Fatal(err)
	}
	at := k.Clock.Now()
	event := func(id, kind string) string {
		return fmt.Sprintf(`{"email":"ann@firm.example","timestamp":%d,"event":%q,"sg_event_id":%q,"message_id":%q,"kind":"requested"}`, at.Unix(), kind, id, m.ID)
	}
	body := "[" + event("e1", "delivered") + "," + event("e2", "unsubscribe") + "," + event("e3", "unsubscribe") + "]"
	for range 2 {
		if err := k.App.KeepEvents(t.Context(), "sendgrid", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if err := k.App.ApplyEvents(t.Context(), jobs.ApplyEvents{EventIDs: []string{"e1", "e2", "e3"}, From: at, To: at}); err != nil {
			t.Fatal(err)
		}
	}
	if n := k.Count("select count(*) from consents where purpose = 'marketing' and not given and state = 'confirmed' and how = 'provider'"); n != 1 {
		t.Errorf("%d withdrawals", n)
	}
	if n := k.Count("select count(*) from suppressions where kind = 'unsubscribed' and lifted_at is null"); n != 1 {
		t.Errorf("%d suppressions", n)
	}
	if now, err := k.Store.Message(t.Context(), m.ID); err != nil || now.Delivery != "delivered" {
		t.Errorf("delivery %q, %v", now.Delivery, err)
	}
}
