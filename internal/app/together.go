package app

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// together lets calls that come while one is under way share the next: one transaction for many of them. A call that comes
// alone waits for nobody.
type together[T, R any] struct {
	most  int            // calls that share
	weigh func(T) int    // what a call counts for; nil: 1
	do    func([]T) []R  // gives each its answer, in their order
	mu    sync.Mutex     // guards what follows
	next  []shared[T, R] // the calls that wait
	busy  bool
}

type shared[T, R any] struct {
	item   T
	answer chan answered[R]
}

type answered[R any] struct {
	result R
	panic  any // of the shared call; its callers panic with it, each where its own panics are looked after
}

// call returns item's own answer.
func (g *together[T, R]) call(item T) R {
	s := shared[T, R]{item, make(chan answered[R], 1)}
	g.mu.Lock()
	g.next = append(g.next, s)
	if !g.busy {
		g.busy = true
		go g.work()
	}
	g.mu.Unlock()
	a := <-s.answer
	if a.panic != nil {
		panic(a.panic)
	}
	return a.result
}

// work goes on until nobody waits.
func (g *together[T, R]) work() {
	for {
		g.mu.Lock()
		n := g.fit()
		batch := g.next[:n:n]
		g.next = g.next[n:]
		if n == 0 {
			g.busy, g.next = false, nil
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		g.serve(batch)
	}
}

// fit is how many of the calls that wait go together: at least one, if any waits.
func (g *together[T, R]) fit() int {
	if g.weigh == nil {
		return min(len(g.next), g.most)
	}
	weight := 0
	for i, s := range g.next {
		if weight += g.weigh(s.item); weight > g.most && i > 0 {
			return i
		}
	}
	return len(g.next)
}

func (g *together[T, R]) serve(batch []shared[T, R]) {
	defer func() {
		if p := recover(); p != nil {
			for _, s := range batch {
				select {
				case s.answer <- answered[R]{panic: p}:
				default: // answered already
				}
			}
		}
	}()
	items := make([]T, len(batch))
	for i, s := range batch {
		items[i] = s.item
	}
	results := g.do(items)
	for i, s := range batch {
		s.answer <- answered[R]{result: results[i]}
	}
}

// salesMost is how many leads are scored, or routed, for jobs that share their transactions: few enough to be done long
// before those jobs are cut off.
const salesMost = 256

// many lets jobs that name leads share one call for all of them. The work is idempotent, so that all of them may be done
// again where one fails.
func many(do func(context.Context, []uuid.UUID) error) func([][]uuid.UUID) []error {
	return func(lists [][]uuid.UUID) []error {
		ctx, cancel := background(25 * time.Second)
		defer cancel()
		ids := slices.Concat(lists...)
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
		err := do(ctx, slices.Compact(ids))
		return slices.Repeat([]error{err}, len(lists))
	}
}
