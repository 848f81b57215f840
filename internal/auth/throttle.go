package auth

import "time"

// Guessed logins are slowed along three lines, none of which locks an owner out:
//   - the pair of account and network block: four slips are free, then each failure doubles the wait;
//   - the block over all accounts (one password tried on many): twenty are free, then the same;
//   - the account over all blocks (many machines on one account): the answer is held back a little, never refused, so
//     the owner on a new network gets in while the guessing goes on.
//
// A block from which the account's owner has logged in before feels only the first line, and that one mildly.
const (
	ThrottleWindow = time.Hour // failures older than this count for nothing

	pairFree      = 4
	pairStep      = 5 * time.Second
	pairLimit     = 15 * time.Minute
	pairKnown     = 30 * time.Second
	blockFree     = 20
	blockStep     = 2 * time.Second
	blockLimit    = 5 * time.Minute
	accountFree   = 10
	accountStep   = 500 * time.Millisecond
	accountLimit  = 5 * time.Second
	longestDouble = 20 // doublings beyond this are past every limit
)

// Failure is one failed login to an account.
type Failure struct {
	At    time.Time
	Block string // the /24 or /48 it came from, or a keyed hash of that
}

// Tries is what is known when somebody asks to log in.
type Tries struct {
	Block   string      // where this try comes from
	Known   bool        // this account has logged in from this block before
	Account []Failure   // this account's failures, any block; a success clears those of its own block
	Others  []time.Time // this block's failures at any account, this one included; a success clears none
}

// Decision says how to go on. Wait > 0: do not look at the password, answer 429 with Retry-After. Otherwise sleep for
// Hold (the request's context permitting), then check it.
type Decision struct {
	Wait time.Duration
	Hold time.Duration
}

// Throttle decides on a login at now. It is a pure function; orders do not matter, and a failure ahead of now (another
// server's clock) counts as just now. To bound many requests at once, record a try as a failure before the password is
// checked and take it back when it was right. Accounts that do not exist are throttled in the same way, by the address
// that was typed, else the waiting tells which exist.
func Throttle(now time.Time, t Tries) Decision {
	var pair, block, account tally
	for _, f := range t.Account {
		account.add(now, f.At)
		if f.Block == t.Block {
			pair.add(now, f.At)
		}
	}
	for _, at := range t.Others {
		block.add(now, at)
	}
	if t.Known {
		return Decision{Wait: pair.wait(now, pairFree, pairStep, pairKnown)}
	}
	d := Decision{Wait: max(
		pair.wait(now, pairFree, pairStep, pairLimit),
		block.wait(now, blockFree, blockStep, blockLimit),
	)}
	if over := account.count - accountFree; d.Wait == 0 && over > 0 {
		d.Hold = min(time.Duration(over)*accountStep, accountLimit)
	}
	return d
}

// tally counts the failures inside the window and keeps the last one's time.
type tally struct {
	count int
	last  time.Time
}

func (t *tally) add(now, at time.Time) {
	if at.After(now) {
		at = now
	}
	if now.Sub(at) >= ThrottleWindow {
		return
	}
	t.count++
	if at.After(t.last) {
		t.last = at
	}
}

// wait gives what is left of the pause after the last failure: nothing for the free ones, then step, doubled by each
// further failure up to limit.
func (t *tally) wait(now time.Time, free int, step, limit time.Duration) time.Duration {
	over := t.count - free
	if over <= 0 {
		return 0
	}
	pause := min(step<<min(over-1, longestDouble), limit)
	return max(pause-now.Sub(t.last), 0)
}
