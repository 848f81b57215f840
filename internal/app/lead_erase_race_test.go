package app_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestErasureAndAcceptanceAtOnce(t *testing.T) {
	for i := range 8 {
		k := testkit.New(t)
		k.Take(theCanary())
		again := theCanary()
		again.Input.Fields["job_title"] = "Other " + canary
		pending, err := k.App.SubmitForm(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		var acceptErr, eraseErr error
		both.Go(func() {
			acceptErr = k.App.AcceptSubmissions(context.WithoutCancel(t.Context()), []uuid.UUID{pending.SubmissionID})
		})
		both.Go(func() { _, eraseErr = k.App.EraseAddress(context.WithoutCancel(t.Context()), canaryAddress(), byTest) })
		both.Wait()
		if acceptErr != nil || eraseErr != nil {
			t.Fatalf("round %d: accept %v, erase %v", i, acceptErr, eraseErr)
		}
		if err := k.App.AcceptSubmissions(t.Context(), []uuid.UUID{pending.SubmissionID}); err != nil {
			t.Fatal(err)
		}
		if left := withCanary(dump(t, k)); len(left) > 0 {
			t.Fatalf("round %d: the person is back in %v", i, left)
		}
	}
}

func TestAMailUnderWayBringsNobodyBack(t *testing.T) {
	inside, erased := make(chan struct{}), make(chan struct{})
	k := testkit.New(t)
	k.Mail.Answer = func(m email.Message) email.Result {
		close(inside)
		<-erased
		if err := (app.Inbox{Store: k.Store}).Keep(context.Background(), m, []byte(m.To)); err != nil {
			t.Error(err)
		}
		return email.Result{Outcome: email.RateLimited, Status: 429, Reason: "slow down", Err: errors.New("slow down")}
	}
	k.Take(theCanary())
	done := make(chan struct{})
	go func() { defer close(done); k.Deliver() }()
	<-inside
	if _, err := k.App.EraseAddress(t.Context(), canaryAddress(), byTest); err != nil {
		t.Fatal(err)
	}
	close(erased)
	<-done
	if left := withCanary(dump(t, k)); len(left) > 0 {
		t.Errorf("the person is back in %v", left)
	}
	if got := oneText(t, k, "select state from messages"); got != "ended" {
		t.Errorf("the message is %s", got)
	}
}

func TestARestoredBackupIsCleansedAgain(t *testing.T) {
	k := testkit.New(t)
	k.Take(theCanary())
	k.Take(colleague())
	if _, err := k.App.EraseAddress(t.Context(), canaryAddress(), byTest); err != nil {
		t.Fatal(err)
	}
	// An older database comes back: with the person, and with no word of the erasure.
	mustExec(t, k, "delete from erasures")
	id := oneText(t, k, "select id::text from leads where state = 'erased'")
	mustExec(t, k, "update leads set state = 'active', given_name = ?, erased_at = null where id = ?", canary, id)
	mustExec(t, k, "update lead_addresses set address = ?, domain = ? where lead_id = ?", canaryAddress(), "archers-"+canary+".example", id)
	n, err := k.App.ReapplyErasures(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if got := k.Count("select count(*) from leads where given_name = ?", canary); got != 0 {
		t.Error("the restored person is still here")
	}
	if got := k.Count("select count(*) from leads where state = 'active' and given_name = 'Bob'"); got != 1 {
		t.Error("somebody else was erased")
	}
	if n, err := k.App.ReapplyErasures(t.Context()); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	// Who comes again after having been erased is a new person to us.
	k.Clock.Move(24 * time.Hour)
	k.Take(theCanary())
	if n, err := k.App.ReapplyErasures(t.Context()); err != nil || n != 0 {
		t.Errorf("a person who came again was erased: %d, %v", n, err)
	}
}
