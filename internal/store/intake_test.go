package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// entry is a submission to the sample gate.
func entry(k *testkit.Kit, key string) store.Entry {
	k.T.Helper()
	gates, _, err := k.Store.PublishedGates(k.T.Context())
	if err != nil || len(gates) == 0 {
		k.T.Fatalf("no gate: %v", err)
	}
	id := store.NewID()
	return store.Entry{Key: []byte(key), BodyHash: []byte("body"), ExpiresAt: k.Clock.Now().Add(time.Hour),
		Submission: store.Submission{ID: id, GateID: gates[0].ID, GateVersionID: gates[0].Published.ID, ReceivedAt: k.Clock.Now(), Door: "page",
			Language: "en", Verdict: "pass", State: store.StateReceived},
		Payload: store.Payload{SubmissionID: id, Address: key + "@example.org", Typed: key + "@example.org", Answers: map[string]string{"email": key + "@example.org"}}}
}

// submitAll hands all entries in at once and gives the answers in their order.
func submitAll(ctx context.Context, in *store.Intake, entries []store.Entry) ([]store.Taken, []error) {
	taken, errs := make([]store.Taken, len(entries)), make([]error, len(entries))
	var wg sync.WaitGroup
	for i := range entries {
		wg.Go(func() { taken[i], errs[i] = in.Submit(ctx, entries[i]) })
	}
	wg.Wait()
	return taken, errs
}

func TestEqualKeysAreOneSubmission(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	defer in.Close()
	entries := make([]store.Entry, 50)
	for i := range entries {
		entries[i] = entry(k, "same")
	}
	taken, errs := submitAll(t.Context(), in, entries)
	fresh := map[uuid.UUID]int{}
	for i, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
		if !taken[i].SameBody {
			t.Error("the same body counts as another one")
		}
		if taken[i].Fresh {
			fresh[taken[i].SubmissionID]++
		}
		if taken[i].SubmissionID != taken[0].SubmissionID {
			t.Error("one intent, two submissions")
		}
	}
	if len(fresh) != 1 || k.Count("select count(*) from submissions") != 1 || k.Count("select count(*) from submission_payloads") != 1 {
		t.Errorf("fresh: %v, stored: %d", fresh, k.Count("select count(*) from submissions"))
	}
	if n := k.Count("select count(*) from river_job where kind = 'submission_accept'"); n != 1 {
		t.Errorf("%d jobs", n)
	}
}

func TestEachDifferentKeyIsTaken(t *testing.T) {
	k := testkit.New(t)
	var sizes []int
	var mu sync.Mutex
	in := k.Store.NewIntake(func(n int, _ time.Duration) { mu.Lock(); sizes = append(sizes, n); mu.Unlock() })
	defer in.Close()
	var entries []store.Entry
	for i := range 200 {
		entries = append(entries, entry(k, fmt.Sprintf("k%d", i)))
	}
	taken, errs := submitAll(t.Context(), in, entries)
	for i, err := range errs {
		if err != nil || !taken[i].Fresh || taken[i].SubmissionID != entries[i].Submission.ID {
			t.Fatalf("entry %d: %+v %v", i, taken[i], err)
		}
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	if total != 200 || len(sizes) >= 200 {
		t.Errorf("200 submissions in %d commits of %d in all: nothing was shared", len(sizes), total)
	}
	ids := k.Count("select count(distinct e) from river_job, jsonb_array_elements_text(args->'submission_ids') e where kind = 'submission_accept'")
	if ids != 200 {
		t.Errorf("jobs for %d submissions", ids)
	}
}

// One bad row fails alone; its neighbours in the batch are taken.
func TestBadRowFailsAlone(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	defer in.Close()
	var entries []store.Entry
	for i := range 64 {
		e := entry(k, fmt.Sprintf("k%d", i))
		if i == 13 {
			e.Submission.GateVersionID = uuid.New() // no such version: the foreign key refuses it
		}
		if i == 40 {
			e.Payload.Typed = "nul\x00" // PostgreSQL refuses it as text
		}
		entries = append(entries, e)
	}
	_, errs := submitAll(t.Context(), in, entries)
	for i, err := range errs {
		if bad := i == 13 || i == 40; bad != (err != nil) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	if n := k.Count("select count(*) from submissions"); n != 62 {
		t.Errorf("%d stored, want 62", n)
	}
	if n := k.Count("select count(*) from once_keys"); n != 62 {
		t.Errorf("%d keys held, want 62: a refused row must not hold its key", n)
	}
}

func TestKeyIsTakenOverWhenItExpires(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	defer in.Close()
	first, err := in.Submit(t.Context(), entry(k, "same"))
	if err != nil {
		t.Fatal(err)
	}
	other := entry(k, "same")
	other.BodyHash = []byte("another body")
	repeat, err := in.Submit(t.Context(), other)
	if err != nil || repeat.Fresh || repeat.SameBody || repeat.SubmissionID != first.SubmissionID {
		t.Errorf("another body under a living key: %+v %v", repeat, err)
	}
	k.Clock.Move(2 * time.Hour)
	later, err := in.Submit(t.Context(), entry(k, "same"))
	if err != nil || !later.Fresh || later.SubmissionID == first.SubmissionID {
		t.Errorf("months later it is a new intent: %+v %v", later, err)
	}
}

// A caller that goes away neither cancels the batch nor loses the submission.
func TestCallersCancellationCancelsNothing(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	gone, cancel := context.WithCancel(t.Context())
	var entries []store.Entry
	for i := range 20 {
		entries = append(entries, entry(k, fmt.Sprintf("k%d", i)))
	}
	go func() { cancel() }()
	_, _ = submitAll(gone, in, entries[:10])
	_, errs := submitAll(t.Context(), in, entries[10:])
	for _, err := range errs {
		if err != nil {
			t.Errorf("a neighbour pays for it: %v", err)
		}
	}
	again, err := in.Submit(t.Context(), entries[0])
	if err != nil || again.SubmissionID != entries[0].Submission.ID {
		t.Errorf("asking again: %+v %v", again, err)
	}
}

// Whoever comes while or after the committers go is answered, and told the truth about what was stored.
func TestNobodyWaitsForAClosedIntake(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	var entries []store.Entry
	for i := range 50 {
		entries = append(entries, entry(k, fmt.Sprintf("k%d", i)))
	}
	closed := make(chan struct{})
	go func() {
		in.Close()
		close(closed)
	}()
	_, errs := submitAll(t.Context(), in, entries)
	stored := 0
	for _, err := range errs {
		if err == nil {
			stored++
		} else if !strings.Contains(err.Error(), "unavailable") {
			t.Errorf("%v", err)
		}
	}
	if n := k.Count("select count(*) from submissions"); n != stored {
		t.Errorf("%d were told that they are stored, %d are", stored, n)
	}
	<-closed
	for range 20 { // where both ways are open the choice is left to chance
		if _, err := in.Submit(t.Context(), entry(k, "late")); err == nil || !strings.Contains(err.Error(), "unavailable") {
			t.Errorf("after the end: %v", err)
		}
	}
}

// The job that a commit writes is the one that the queue's own client would write.
func TestJobLooksLikeTheQueuesOwn(t *testing.T) {
	k := testkit.New(t)
	in := k.Store.NewIntake(nil)
	defer in.Close()
	taken, err := in.Submit(t.Context(), entry(k, "one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Store.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Accept{SubmissionIDs: []uuid.UUID{taken.SubmissionID}}})
	}); err != nil {
		t.Fatal(err)
	}
	kinds := k.Count(`select count(distinct to_jsonb(j) - '{id,created_at,scheduled_at}'::text[]) from river_job j`)
	if n := k.Count("select count(*) from river_job"); n != 2 || kinds != 1 {
		t.Errorf("%d jobs of %d kinds instead of two that are alike", n, kinds)
	}
	if n := k.Count("select count(*) from river_job where created_at = scheduled_at and scheduled_at between now() - interval '1 minute' and now()"); n != 2 {
		t.Errorf("%d jobs are due", n)
	}
}
