package app_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// Fifty messages at once, each handed to three callers: those that wait for nothing go out once each, in shared
// transactions, and what is special about the others is seen for each of them.
func TestManyDeliveredTogether(t *testing.T) {
	k := testkit.New(t)
	for i := range 50 {
		in := testkit.Submit(fmt.Sprintf("p%02d@firm.example", i))
		in.IP = netip.AddrFrom4([4]byte{192, 0, byte(i), 7})
		k.Take(in)
	}
	var all []store.Message
	if err := k.Store.DB(t.Context()).Where("state = 'pending'").Order("id").Find(&all).Error; err != nil || len(all) != 50 {
		t.Fatalf("%d messages wait: %v", len(all), err)
	}
	address, err := k.Store.Address(t.Context(), *all[31].AddressID)
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, k, "update messages set state = 'held', due_at = ? where id = ?", k.Clock.Now().Add(9000*time.Hour), all[3].ID)
	mustExec(t, k, "update messages set delivery = 'delivered', delivery_rank = 5 where id = ?", all[11].ID)
	mustExec(t, k, "update messages set state = 'sent' where id = ?", all[49].ID)
	mustExec(t, k, "insert into suppressions (address_key, kind, reason, at) values (decode(?, 'hex'), 'hard_bounce', 'gone', ?)", hex.EncodeToString(k.App.AddressKey(address.Address)), k.Clock.Now())
	want := map[uuid.UUID]string{all[3].ID: "held", all[11].ID: "sent", all[49].ID: "sent", all[31].ID: "ended"}

	var wg sync.WaitGroup
	for range 3 {
		for _, m := range all {
			wg.Go(func() {
				var later *app.Later
				if err := k.App.DeliverMessage(t.Context(), m.ID); err != nil && !errors.As(err, &later) {
					t.Errorf("%s: %v", m.ID, err)
				}
			})
		}
	}
	wg.Wait()
	mails := map[uuid.UUID]int{}
	for _, m := range k.Mail.All() {
		mails[m.ID]++
	}
	for _, m := range all {
		state, special := want[m.ID]
		times := 0
		if !special {
			state, times = "sent", 1
		}
		now, err := k.Store.Message(t.Context(), m.ID)
		if err != nil || mails[m.ID] != times || now.State != state {
			t.Errorf("mailed %d times and %q, should be %d and %q (%v)", mails[m.ID], now.State, times, state, err)
		}
		if n := k.Count("select count(*) from attempts where message_id = ? and outcome = 'accepted' and status = 202 and provider_message_id <> ''", m.ID); n != times {
			t.Errorf("%d accepted attempts, should be %d", n, times)
		}
	}
	if n := k.Count("select count(*) from attempts"); n != 46 {
		t.Errorf("%d attempts, should be 46", n)
	}
}
