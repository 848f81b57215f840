package guard

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// clock is a clock that stands until it is moved.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func TestNetworkBlock(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "::1": "::/48",
	} {
		if got := NetworkBlock(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if NetworkBlock(netip.Addr{}).IsValid() {
		t.Error("no address has a block")
	}
}

func TestCounterSlides(t *testing.T) {
	c := newClock()
	n := NewCounter(10*time.Minute, []byte("secret"), c.now)
	for i := 1; i <= 20; i++ {
		if got := n.Add("block", "a"); got != i {
			t.Fatalf("event %d counts %d", i, got)
		}
	}
	if n.Count("block", "b") != 0 || n.Count("target", "a") != 0 {
		t.Error("other keys are counted")
	}
	for _, step := range []struct {
		forward time.Duration
		want    int
	}{{10 * time.Minute, 20}, {5 * time.Minute, 10}, {4 * time.Minute, 2}, {time.Minute, 0}, {time.Hour, 0}} {
		c.t = c.t.Add(step.forward)
		if got := n.Count("block", "a"); got != step.want {
			t.Errorf("%s later: %d, want %d", step.forward, got, step.want)
		}
	}
	n.Add("login", "x")
	n.Forget("login", "x")
	if n.Count("login", "x") != 0 {
		t.Error("not forgotten")
	}
	n.Add("login", "x")
	c.t = c.t.Add(-time.Hour)
	if n.Add("login", "x") != 2 {
		t.Error("a clock that goes back loses counts")
	}
}

func TestCounterMemoryIsBounded(t *testing.T) {
	c := newClock()
	n := NewCounter(10*time.Minute, []byte("secret"), c.now)
	for range 1000 {
		n.Add("block", "heavy")
	}
	for i := range 2 * shardCount * shardKeys {
		n.Add("flood", fmt.Sprint(i))
	}
	total := 0
	for i := range n.shards {
		if l := len(n.shards[i].keys); l > shardKeys {
			t.Fatalf("shard %d holds %d keys", i, l)
		} else {
			total += l
		}
	}
	if total < shardCount*shardKeys/2 {
		t.Errorf("only %d keys are kept", total)
	}
	if got := n.Count("block", "heavy"); got != 1000 {
		t.Errorf("a flood of new keys pushed out the heavy one: %d", got)
	}
}

func TestCounterIsSafeTogether(t *testing.T) {
	n := NewCounter(10*time.Minute, []byte("secret"), newClock().now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				n.Add("all", "same")
				n.Add("own", fmt.Sprint(i))
			}
		})
	}
	wg.Wait()
	if got := n.Count("all", "same"); got != 4000 {
		t.Errorf("counted %d of 4000", got)
	}
}

// The count is exact inside one window, and never more than what two windows hold.
func TestCounterProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		n := NewCounter(10*time.Minute, []byte("secret"), c.now)
		var events []time.Time
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 400), 1, 60).Draw(t, "gaps") {
			c.t = c.t.Add(time.Duration(gap) * time.Second)
			events = append(events, c.t)
			got, window, double := n.Add("k", "v"), 0, 0
			start := c.t.Truncate(10 * time.Minute)
			for _, e := range events {
				if !e.Before(start) {
					window++
				}
				if !e.Before(start.Add(-10 * time.Minute)) {
					double++
				}
			}
			if got < window || got > double || got < 1 {
				t.Fatalf("%d is not between %d and %d", got, window, double)
			}
		}
	})
}

func TestLimiter(t *testing.T) {
	c := newClock()
	l := NewLimiter([]byte("secret"), c.now)
	fair := netip.MustParseAddr("192.0.2.1")
	for i := 1; i <= 600; i++ {
		block, target, err := l.Submission(fair, fmt.Sprintf("visitor%d@example.com", i), false)
		if err != nil || block != i || target != 1 {
			t.Fatalf("visitor %d of a trade fair: %d, %d, %v", i, block, target, err)
		}
		l.Took(fair, fmt.Sprintf("visitor%d@example.com", i), false)
	}
	for range 50 { // a double click, a retry: the same intent again, so nobody looks like a flood
		if _, target, err := l.Submission(netip.MustParseAddr("203.0.113.9"), "again@example.com", false); err != nil || target != 1 {
			t.Fatalf("a repeat counts as another submission: %d, %v", target, err)
		}
	}
	if _, _, err := l.Submission(fair.Next(), "one.more@example.com", false); !errs.Is(err, errs.TooMany) || errs.Public(err).RetryAfter <= 0 {
		t.Errorf("far beyond: %v", err)
	}
	if _, _, err := l.Submission(netip.MustParseAddr("198.51.100.1"), "ann@example.com", false); err != nil {
		t.Errorf("another network pays for it: %v", err)
	}
	for i := range 2000 {
		if block, _, err := l.Submission(fair, fmt.Sprintf("t%d@example.com", i), true); err != nil || block != 0 {
			t.Fatalf("a trusted program's network is counted: %d, %v", block, err)
		}
	}
	var err error
	for range 151 {
		_, _, err = l.Submission(netip.Addr{}, "victim@example.com", true)
	}
	if !errs.Is(err, errs.TooMany) {
		t.Error("trust lifts the limit of an address")
	}
	c.t = c.t.Add(20 * time.Minute)
	if _, _, err := l.Submission(fair, "victim@example.com", false); err != nil {
		t.Errorf("the limit never ends: %v", err)
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := NewLimiter([]byte("0123456789abcdef0123456789abcdef"), time.Now)
	l.limits = Limits{Block: 1 << 31, Target: 1 << 31} // measure counting, not refusing
	ip := netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = l.Submission(ip, "ann@example.com", false)
	}
}
