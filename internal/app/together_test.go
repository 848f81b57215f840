package app

import (
	"sync"
	"testing"
)

// Each call gets its own answer, calls share, and a panic of the shared call comes out at its callers and stops nobody later.
func TestTogether(t *testing.T) {
	var mu sync.Mutex
	rounds := 0
	g := together[int, int]{most: 8, do: func(items []int) []int {
		mu.Lock()
		rounds++
		mu.Unlock()
		out := make([]int, len(items))
		for i, n := range items {
			if n < 0 {
				panic("a bad one")
			}
			out[i] = 2 * n
		}
		return out
	}}
	var wg sync.WaitGroup
	for n := range 200 {
		wg.Go(func() {
			if got := g.call(n); got != 2*n {
				t.Errorf("%d for %d", got, n)
			}
		})
	}
	wg.Wait()
	if rounds == 0 || rounds > 200 {
		t.Errorf("%d rounds", rounds)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		g.call(-1)
	}()
	if got := g.call(21); got != 42 {
		t.Errorf("%d after a panic", got)
	}
}
