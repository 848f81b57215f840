package app_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// Sixty spellings of one mailbox: it gets what one person would get, the others are kept where staff see them, and the
// plain address does not wait behind them.
func TestSpellingsOfOneMailbox(t *testing.T) {
	k := testkit.New(t)
	ask := func(address string, i int) {
		in := testkit.Submit(address)
		in.IP = netip.AddrFrom4([4]byte{198, 51, byte(i), 9})
		k.Take(in)
	}
	for i := range 60 {
		ask(fmt.Sprintf("racer+%d@gmail.com", i), i)
	}
	states := map[string]int{}
	var all []store.Message
	if err := k.Store.DB(t.Context()).Find(&all).Error; err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		states[m.State]++
	}
	if states["pending"] != 1 || states["held"] != 2 || states["ended"] != 57 {
		t.Errorf("%v", states)
	}
	if n := k.Count("select count(*) from alarms where kind = 'mailbox-flood' and cleared_at is null"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	k.Deliver()
	k.Clock.Move(11 * time.Minute)
	ask("racer@gmail.com", 99)
	var own store.Message
	if err := k.Store.DB(t.Context()).Joins("join lead_addresses a on a.id = messages.address_id").Where("a.address = 'racer@gmail.com'").Take(&own).Error; err != nil {
		t.Fatal(err)
	}
	if own.State != "pending" {
		t.Errorf("the person waits until %s: %s %s", own.DueAt, own.State, own.Reason)
	}
	for range 30 {
		k.Clock.Move(24 * time.Hour)
		k.Deliver()
	}
	if n := len(k.Mail.All()); n > 4 {
		t.Errorf("%d mails went to one mailbox", n)
	}
}

// One receipt mends a mistyped address a few times; it does not send mails to a list of strangers, nor do its corrections.
func TestCorrectionsAreFew(t *testing.T) {
	k := testkit.New(t)
	in := testkit.Submit("first@firm.example")
	taken := k.Take(in)
	receipts := []string{taken.Receipt}
	done := 0
	for i := range 20 {
		base := testkit.Submit("")
		next, err := k.App.CorrectAddress(t.Context(), in.Slug, receipts[i%len(receipts)], fmt.Sprintf("stranger%d@firm.example", i), "", base)
		if err != nil {
			continue
		}
		done++
		receipts = append(receipts, next.Receipt)
	}
	if done == 0 || done > 3 {
		t.Errorf("%d corrections", done)
	}
}
