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

// Calls that count for more share with fewer, and one that is too large goes alone.
func TestTogetherByWeight(t *testing.T) {
	g := together[int, int]{most: 10, weigh: func(n int) int { return n }}
	for _, c := range []struct {
		waiting []int
		want    int
	}{{nil, 0}, {[]int{3}, 1}, {[]int{3, 7}, 2}, {[]int{3, 8}, 1}, {[]int{11}, 1}, {[]int{11, 1}, 1}, {[]int{1, 2, 3, 4, 1}, 4}} {
		g.next = nil
		for _, n := range c.waiting {
			g.next = append(g.next, shared[int, int]{item: n})
		}
		if got := g.fit(); got != c.want {
			t.Errorf("of %v %d go together, want %d", c.waiting, got, c.want)
		}
	}
}
