package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// load is many people who fill in the form, through both doors, each of whom tries again with the same attempt value until
// the answer says that it is taken. Every tenth clicks twice.
type load struct {
	w    *world
	name string
	rate int // new people a second; 0: as fast as clients clients go
	stop chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	acks    map[string]string // address -> receipt
	faults  []string          // answers that should not be
	retries int
	busy    int           // answers 503
	changed chan struct{} // closed and replaced at every acknowledgement
}

// How many people there are at once: without a rate, and at most.
const (
	clients = 48
	waiting = 150
)

// people begins to submit at a rate.
func (w *world) people(name string, rate int) *load {
	l := &load{w: w, name: name, rate: rate, stop: make(chan struct{}), acks: map[string]string{}, changed: make(chan struct{})}
	if rate > 0 {
		l.wg.Go(l.open)
		return l
	}
	for c := range clients {
		l.wg.Go(func() {
			for i := 0; !l.stopped(); i++ {
				l.person(c*1_000_000 + i)
			}
		})
	}
	return l
}

func (l *load) open() {
	tick := time.NewTicker(time.Second / time.Duration(l.rate))
	defer tick.Stop()
	seats := make(chan struct{}, waiting)
	for i := 0; ; i++ {
		select {
		case <-tick.C:
			select {
			case seats <- struct{}{}:
				l.wg.Go(func() {
					l.person(i)
					<-seats
				})
			default: // so many wait already that more would only load the machine
			}
		case <-l.stop:
			return
		}
	}
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *load) person(i int) {
	address := fmt.Sprintf("%s-%d@firm-%d.example", l.name, i, i%7)
	attempt := fmt.Sprintf("%s-%d-%d", l.name, i, rand.Uint64())
	var wg sync.WaitGroup
	for range 1 + b2i(i%10 == 0) {
		wg.Go(func() { l.insist(i%2 == 0, address, attempt) })
	}
	wg.Wait()
}

// insist tries until it is taken.
func (l *load) insist(program bool, address, attempt string) {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		ctx, cancel := context.WithTimeout(l.w.t.Context(), 20*time.Second)
		var r reply
		var err error
		if program {
			r, err = l.w.json(ctx, address, attempt, nil)
		} else {
			r, err = l.w.page(ctx, address, attempt)
		}
		cancel()
		switch {
		case l.w.t.Context().Err() != nil:
			return
		case err == nil && (r.status == http.StatusCreated || r.status == http.StatusSeeOther):
			l.acknowledged(address, r.receipt)
			return
		case err == nil && r.status < 500:
			l.fault("%s was answered %d: %.200s", address, r.status, r.body)
			return
		case err == nil && r.status == http.StatusServiceUnavailable:
			l.mu.Lock()
			l.busy++
			l.mu.Unlock()
			if s, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || s < 1 {
				l.fault("503 without Retry-After")
			}
		case err == nil:
			l.fault("answered %d: %.200s", r.status, r.body)
		}
		l.mu.Lock()
		l.retries++
		l.mu.Unlock()
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-l.w.t.Context().Done():
			return
		}
	}
}

func (l *load) acknowledged(address, receipt string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.acks[address]; ok && old != receipt {
		l.faults = append(l.faults, address+" was given two receipts for one attempt")
	}
	l.acks[address] = receipt
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *load) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// taken is how many people have been acknowledged.
func (l *load) taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acks)
}

// more returns once so many more people were acknowledged.
func (l *load) more(n int) {
	l.w.t.Helper()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for want := l.taken() + n; ; {
		l.mu.Lock()
		have, changed := len(l.acks), l.changed
		l.mu.Unlock()
		if have >= want {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			l.w.t.Fatalf("only %d people were acknowledged, %d were to be", have, want)
		}
	}
}

// end lets nobody new come and waits until everybody has been acknowledged.
func (l *load) end() {
	close(l.stop)
	l.wg.Wait()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
