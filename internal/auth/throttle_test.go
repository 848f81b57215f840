package auth

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// fails gives n failures from a block, a second apart, the last one `ago` before now.
func fails(n int, block string, ago time.Duration) []Failure {
	var out []Failure
	for i := range n {
		out = append(out, Failure{At: now.Add(-ago - time.Duration(i)*time.Second), Block: block})
	}
	return out
}

func times(n int, ago time.Duration) []time.Time {
	var out []time.Time
	for _, f := range fails(n, "", ago) {
		out = append(out, f.At)
	}
	return out
}

func join(lists ...[]Failure) (out []Failure) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func TestThrottle(t *testing.T) {
	const home, hotel = "192.0.2.0/24", "198.51.100.0/24"
	swarm := func(n int) (out []Failure) { // each failure from a block of its own
		for i := range n {
			out = append(out, Failure{At: now.Add(-time.Duration(i) * time.Second), Block: string(rune('a' + i))})
		}
		return out
	}
	for _, c := range []struct {
		name  string
		tries Tries
		want  Decision
	}{
		{"first try", Tries{Block: home}, Decision{}},
		{"four slips are free", Tries{Block: home, Account: fails(4, home, 0), Others: times(4, 0)}, Decision{}},
		{"the fifth is not", Tries{Block: home, Account: fails(5, home, 0)}, Decision{Wait: 5 * time.Second}},
		{"the sixth doubles", Tries{Block: home, Account: fails(6, home, 0)}, Decision{Wait: 10 * time.Second}},
		{"waiting counts", Tries{Block: home, Account: fails(6, home, 7*time.Second)}, Decision{Wait: 3 * time.Second}},
		{"waited long enough", Tries{Block: home, Account: fails(6, home, 10*time.Second)}, Decision{}},
		{"no more than a quarter of an hour", Tries{Block: home, Account: fails(500, home, 0)}, Decision{Wait: 15 * time.Minute}},
		{"a huge count does not overflow", Tries{Block: home, Account: fails(3000, home, 0)}, Decision{Wait: 15 * time.Minute}},
		{"an hour later all is forgotten", Tries{Block: home, Account: fails(500, home, time.Hour)}, Decision{}},
		{"a clock ahead is just now", Tries{Block: home, Account: fails(5, home, -time.Minute)}, Decision{Wait: 5 * time.Second}},

		{"the owner's block waits mildly", Tries{Block: home, Known: true, Account: fails(500, home, 0)}, Decision{Wait: 30 * time.Second}},
		{"another's failures do not touch the owner's block",
			Tries{Block: home, Known: true, Account: fails(500, hotel, 0)}, Decision{}},
		{"nor does a swarm", Tries{Block: home, Known: true, Account: swarm(100)}, Decision{}},
		{"nor its neighbours in the office", Tries{Block: home, Known: true, Others: times(500, 0)}, Decision{}},

		{"a swarm of ten: nothing yet", Tries{Block: home, Account: swarm(10)}, Decision{}},
		{"a swarm: the owner in a new place is held, not refused", Tries{Block: home, Account: swarm(12)}, Decision{Hold: time.Second}},
		{"held five seconds at most", Tries{Block: home, Account: swarm(100)}, Decision{Hold: 5 * time.Second}},
		{"one attacker elsewhere: held, not refused",
			Tries{Block: home, Account: fails(500, hotel, 0)}, Decision{Hold: 5 * time.Second}},
		{"refusing makes holding needless", Tries{Block: home, Account: join(fails(5, home, 0), swarm(50))}, Decision{Wait: 5 * time.Second}},

		{"one block, many accounts: twenty are free", Tries{Block: home, Others: times(20, 0)}, Decision{}},
		{"then it waits", Tries{Block: home, Others: times(22, 0)}, Decision{Wait: 4 * time.Second}},
		{"five minutes at most", Tries{Block: home, Others: times(900, 0)}, Decision{Wait: 5 * time.Minute}},
		{"the longer of the two waits holds",
			Tries{Block: home, Account: fails(8, home, 0), Others: times(21, 0)}, Decision{Wait: 40 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Throttle(now, c.tries); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// A machine that tries as often as it may, for a day, on one account.
func TestThrottleBoundsGuessing(t *testing.T) {
	for _, c := range []struct {
		name  string
		known bool
		most  int
	}{{"a strange block", false, 300}, {"the owner's block", true, 3000}} {
		t.Run(c.name, func(t *testing.T) {
			at, guesses := now, 0
			var failed []Failure
			for end := now.Add(24 * time.Hour); at.Before(end); {
				var recent []Failure
				for _, f := range failed {
					if at.Sub(f.At) < ThrottleWindow {
						recent = append(recent, f)
					}
				}
				if d := Throttle(at, Tries{Block: "b", Known: c.known, Account: recent}); d.Wait > 0 {
					at = at.Add(d.Wait)
					continue
				} else {
					at = at.Add(d.Hold + 50*time.Millisecond)
				}
				failed = slices.Concat(recent, []Failure{{At: at, Block: "b"}})
				guesses++
			}
			if guesses > c.most || guesses < 24 {
				t.Errorf("%d guesses in a day, want at most %d", guesses, c.most)
			}
		})
	}
}

// Whatever others do, an owner with a clean block is never refused, and a wait never passes its limit.
func TestPropertyNobodyIsLockedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var account []Failure
		var others []time.Time
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			at := now.Add(-time.Duration(rapid.IntRange(-60, 7200).Draw(t, "ago")) * time.Second)
			account = append(account, Failure{At: at, Block: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "block")})
			others = append(others, at)
		}
		clean := Throttle(now, Tries{Block: "new", Account: account})
		if clean.Wait != 0 || clean.Hold > 5*time.Second {
			t.Fatalf("a clean block: %+v", clean)
		}
		known := Throttle(now, Tries{Block: "a", Known: true, Account: account, Others: others})
		if known.Wait > 30*time.Second || known.Hold != 0 {
			t.Fatalf("a known block: %+v", known)
		}
		every := Throttle(now, Tries{Block: "a", Account: account, Others: others})
		if every.Wait < 0 || every.Wait > 15*time.Minute || every.Hold < 0 || every.Wait < known.Wait {
			t.Fatalf("any block: %+v, known: %+v", every, known)
		}
	})
}
