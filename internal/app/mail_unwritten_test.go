package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// A mail at which the program panics waits and is seen; the others go out, and the log names nobody.
func TestAMailThatPanicsHoldsUpNobody(t *testing.T) {
	k := testkit.New(t, testkit.Mutant("mail-panics"))
	k.Take(testkit.Submit("panic@archer.example"))
	k.Take(testkit.Submit("ann@archer.example"))
	k.Deliver()
	if mailsTo(k, "ann@archer.example") != 1 || mailsTo(k, "panic@archer.example") != 0 {
		t.Errorf("mailed: %v", k.Mail.All())
	}
	var m store.Message
	if err := k.Store.DB(t.Context()).Where("state <> 'sent'").Take(&m).Error; err != nil {
		t.Fatal(err)
	}
	if m.State != store.MessagePending || m.Reason != "the mail could not be written" || m.SecondSend || !m.DueAt.After(k.Clock.Now()) {
		t.Errorf("%+v", m)
	}
	if n := k.Count("select count(*) from alarms where kind = 'mail-unwritten' and object = ? and cleared_at is null", m.Template); n != 1 {
		t.Errorf("%d alarms", n)
	}
	if log := k.Log.String(); !strings.Contains(log, m.ID.String()) || !strings.Contains(log, "message_compose.go") || strings.Contains(log, "panic@archer") {
		t.Errorf("the log says %s", log)
	}
	if err := k.App.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from alarms where kind = 'mail-unwritten' and cleared_at is null"); n != 1 {
		t.Error("the alarm went while the mail still waits")
	}
	mended := (&floor{Kit: k}).another()
	k.Clock.Move(time.Minute)
	if err := mended.DeliverMessage(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if err := mended.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from alarms where kind = 'mail-unwritten' and cleared_at is null"); n != 0 || mailsTo(k, "panic@archer.example") != 1 {
		t.Errorf("mended: %d alarms, %d mails", n, mailsTo(k, "panic@archer.example"))
	}
}
