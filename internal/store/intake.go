package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sort"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Intake is the group commit: submissions that arrive while a commit is under way share the next one. One transaction
// holds the once-keys, the facts, the payloads and the job that acts on them; each caller gets its own answer, and only
// after the commit.
type Intake struct {
	store   *Store
	queue   chan *entry
	places  chan struct{} // one for each commit under way
	woken   chan struct{} // jobs were committed: tell the workers
	done    chan struct{} // closed: nothing more is taken
	stopped chan struct{} // closed: nobody commits any more
	observe func(size int, took time.Duration)
	waiting atomic.Int32 // callers
	crowded atomic.Int64 // when many callers waited at once, in nanoseconds
	hasty   bool
}

// The measures of a commit. Two committers keep the database busy while one of them prepares; more only shrink the batches.
const (
	maxBatch      = 256
	committers    = 2
	commitTimeout = 10 * time.Second
	queueLength   = 1024
)

// Entry is one submission on its way in. Key and BodyHash make a repeat the same intent until ExpiresAt.
type Entry struct {
	Submission Submission
	Payload    Payload
	Key        []byte
	BodyHash   []byte
	ExpiresAt  time.Time
}

// Taken is the answer: which submission holds the intent. Fresh is false for a repeat; SameBody is false when the key was
// used with another body before.
type Taken struct {
	SubmissionID uuid.UUID
	Fresh        bool
	SameBody     bool
}

type entry struct {
	Entry
	answer chan result
}

type result struct {
	taken Taken
	err   error
}

// NewIntake makes the group commit. observe, which may be nil, is told the size and duration of every commit.
func (s *Store) NewIntake(observe func(size int, took time.Duration)) *Intake {
	in := &Intake{store: s, queue: make(chan *entry, queueLength), places: make(chan struct{}, committers), woken: make(chan struct{}, 1),
		done: make(chan struct{}), stopped: make(chan struct{}), observe: observe}
	go in.wake()
	return in
}

// Close lets what was handed in be committed, then stops. A Submit that comes too late is told so.
func (in *Intake) Close() {
	close(in.done)
	for range committers { // whoever holds a place commits what is in the queue before it gives the place back
		in.places <- struct{}{}
	}
	in.drain()
	close(in.stopped)
}

// AnswerBeforeCommit breaks the promise on purpose, for the tests that must notice it. Call it before the first Submit.
func (in *Intake) AnswerBeforeCommit() { in.hasty = true }

// crowd is how many callers who wait at once are many, and for how long after that the intake counts as crowded.
const (
	crowd    = 12
	crowdFor = 100 * time.Millisecond
)

// Crowded tells that many visitors wait for an answer, now or a moment ago: commits come in bursts.
func (in *Intake) Crowded() bool { return time.Now().UnixNano()-in.crowded.Load() < int64(crowdFor) }

// Submit waits for the commit that holds the entry. When ctx ends first the caller learns only that: the batch goes on,
// and a repeat with the same key finds what became of it.
func (in *Intake) Submit(ctx context.Context, e Entry) (Taken, error) {
	if in.waiting.Add(1) >= crowd {
		in.crowded.Store(time.Now().UnixNano())
	}
	defer in.waiting.Add(-1)
	p := &entry{Entry: e, answer: make(chan result, 1)}
	select {
	case <-in.done:
		return Taken{}, errClosing()
	case <-ctx.Done():
		return Taken{}, ctx.Err()
	case in.queue <- p:
	}
	if in.hasty {
		go in.work()
		return Taken{SubmissionID: e.Submission.ID, Fresh: true, SameBody: true}, nil
	}
	in.work()
	select {
	case r := <-p.answer:
		return r.taken, r.err
	case <-ctx.Done():
		return Taken{}, ctx.Err()
	case <-in.stopped:
		select {
		case r := <-p.answer: // of the last commit
			return r.taken, r.err
		default: // it slipped into the queue when nobody was there any more
			return Taken{}, errClosing()
		}
	}
}

func errClosing() error { return unavailable(errors.New("intake is closing")) }

// work commits what waits, if a place is free. A caller does it itself, since handing the work to somebody else would cost
// somebody who comes alone two changes of hands; it commits once, and whatever has come meanwhile goes on without it.
func (in *Intake) work() {
	select {
	case in.places <- struct{}{}:
	default:
		return // whoever holds the places looks at the queue again
	}
	in.once()
	if len(in.queue) > 0 {
		go func() {
			in.drain()
			in.leave()
		}()
		return
	}
	in.leave()
}

// contain answers a batch whose commit panicked: nobody waits for ever, and the place is given back.
func contain(batch []*entry) {
	p := recover()
	if p == nil {
		return
	}
	err := fmt.Errorf("the group commit panicked: %v\n%s", p, debug.Stack())
	for _, e := range batch {
		select {
		case e.answer <- result{err: err}:
		default: // answered already
		}
	}
}

// leave gives a place back. Somebody may have come after the last look at the queue and found no place free.
func (in *Intake) leave() {
	<-in.places
	if len(in.queue) > 0 {
		go in.work()
	}
}

func (in *Intake) drain() {
	for in.once() {
	}
}

// once commits one batch; false when nobody waits.
func (in *Intake) once() bool {
	select {
	case first := <-in.queue:
		batch := in.gather(first)
		defer contain(batch)
		in.commit(batch)
		return true
	default:
		return false
	}
}

// gather takes what has queued up behind the first entry, without waiting for more.
func (in *Intake) gather(first *entry) []*entry {
	batch := append(make([]*entry, 0, 64), first)
	for len(batch) < maxBatch {
		select {
		case e := <-in.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// commit answers every entry of the batch. A batch that fails for a reason of its rows is halved until the bad row is alone.
func (in *Intake) commit(batch []*entry) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	leaders, followers := collapse(batch)
	taken, err := in.store.insertBatch(ctx, leaders)
	if err != nil && isStale(err) { // a connection that died idle: nothing was sent on it
		taken, err = in.store.insertBatch(ctx, leaders)
	}
	switch {
	case err == nil:
	case len(batch) > 1 && !errs.Is(translate(err), errs.Unavailable) && ctx.Err() == nil:
		in.commit(batch[:len(batch)/2])
		in.commit(batch[len(batch)/2:])
		return
	case ctx.Err() != nil:
		err = unavailable(err)
	default:
		err = translate(err)
	}
	if in.observe != nil {
		in.observe(len(batch), time.Since(start))
	}
	if err == nil {
		select {
		case in.woken <- struct{}{}:
		default:
		}
	}
	for i, e := range leaders {
		if err != nil {
			e.answer <- result{err: err}
			continue
		}
		e.answer <- result{taken: taken[i]}
		for _, f := range followers[e] {
			t := Taken{SubmissionID: taken[i].SubmissionID, SameBody: taken[i].SameBody && bytes.Equal(f.BodyHash, e.BodyHash)}
			f.answer <- result{taken: t}
		}
	}
	if err != nil {
		for _, fs := range followers {
			for _, f := range fs {
				f.answer <- result{err: err}
			}
		}
	}
}

// collapse keeps the first entry of each key, sorted by key as the lock order wants; the others follow it.
func collapse(batch []*entry) ([]*entry, map[*entry][]*entry) {
	first := make(map[string]*entry, len(batch))
	followers := map[*entry][]*entry{}
	leaders := make([]*entry, 0, len(batch))
	for _, e := range batch {
		if l, ok := first[string(e.Key)]; ok {
			followers[l] = append(followers[l], e)
			continue
		}
		first[string(e.Key)] = e
		leaders = append(leaders, e)
	}
	sort.Slice(leaders, func(i, j int) bool { return bytes.Compare(leaders[i].Key, leaders[j].Key) < 0 })
	return leaders, followers
}

// wakePause shares one call to the workers among the commits of that time.
const wakePause = 10 * time.Millisecond

// wake tells the workers of all processes that there is work. It comes after the commit, on a connection of its own:
// NOTIFY holds a lock over the whole server while its transaction commits (PostgreSQL, async.c), so that inside the intake's
// transaction it would let commits queue up. A call that is lost costs a second: the workers look by themselves, too.
func (in *Intake) wake() {
	for {
		select {
		case <-in.woken:
		case <-in.stopped:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_ = in.store.wakeIntake(ctx)
		cancel()
		select {
		case <-time.After(wakePause):
		case <-in.stopped:
			return
		}
	}
}
