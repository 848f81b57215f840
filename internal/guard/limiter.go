package guard

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// NetworkBlock is the part of the network that an address belongs to for limits and for storage: /24 of IPv4 (also when
// written inside IPv6), /48 of IPv6. The zero Addr gives the zero Prefix.
func NetworkBlock(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	block, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return block
}

// Counter counts events by key over a sliding window, with bounded memory: the count of the window that is running, and
// the share of the one before that the sliding window still covers. Keys are keyed hashes, so that a dump of the memory
// names nobody. Safe for concurrent use.
type Counter struct {
	window time.Duration
	secret []byte
	now    func() time.Time
	shards [shardCount]shard
}

const (
	shardCount = 32
	shardKeys  = 2048 // 65,536 keys in all, about 4 MB when full
	evictTries = 8
)

type shard struct {
	mu    sync.Mutex
	keys  map[[16]byte]count
	swept int64 // the window in which old keys were last looked for
}

// count holds whole windows since 1970.
type count struct {
	window        int64
	current, last uint32
}

// NewCounter makes a counter for one length of window. secret keys the hashes; now is the clock.
func NewCounter(window time.Duration, secret []byte, now func() time.Time) *Counter {
	c := &Counter{window: window, secret: append([]byte(nil), secret...), now: now}
	for i := range c.shards {
		c.shards[i].keys = map[[16]byte]count{}
	}
	return c
}

// Add counts one event under kind and value and gives the count of the sliding window, this event included.
func (c *Counter) Add(kind, value string) int { return c.touch(kind, value, 1) }

// Count gives the count of the sliding window.
func (c *Counter) Count(kind, value string) int { return c.touch(kind, value, 0) }

// Forget takes back all that was counted under kind and value, as after a good password.
func (c *Counter) Forget(kind, value string) {
	key := c.hash(kind, value)
	s := &c.shards[key[0]%shardCount]
	s.mu.Lock()
	delete(s.keys, key)
	s.mu.Unlock()
}

func (c *Counter) touch(kind, value string, add uint32) int {
	key := c.hash(kind, value)
	at := c.now().UnixNano()
	window := at / int64(c.window)
	left := int64(c.window) - at%int64(c.window) // of the running window; the sliding one covers as much of the last
	s := &c.shards[key[0]%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.keys[key]
	switch {
	case n.window >= window: // the same, or the clock went back
	case n.window == window-1:
		n = count{window: window, last: n.current}
	default:
		n = count{window: window}
	}
	if add > 0 {
		if !known && len(s.keys) >= shardKeys {
			s.makeRoom(window)
		}
		if n.current < 1<<31 {
			n.current += add
		}
		s.keys[key] = n
	}
	return int(n.current) + int(float64(n.last)*float64(left)/float64(c.window))
}

// makeRoom drops what no longer counts; when all of it does, the smallest count among a few: a flood of new keys must
// not push out the keys that are being counted for a reason.
func (s *shard) makeRoom(window int64) {
	if s.swept != window { // once a window is enough: nothing grows old within one
		s.swept = window
		for k, n := range s.keys {
			if n.window < window-1 {
				delete(s.keys, k)
			}
		}
	}
	if len(s.keys) < shardKeys {
		return
	}
	var victim [16]byte
	least, tries := uint32(1<<32-1), 0
	for k, n := range s.keys {
		if n.current+n.last < least {
			victim, least = k, n.current+n.last
		}
		if tries++; tries == evictTries {
			break
		}
	}
	delete(s.keys, victim)
}

// hash is SHA-256 over secret, kind and value, cut to 16 bytes; cutting it also rules out extending it.
func (c *Counter) hash(kind, value string) [16]byte {
	var room [192]byte
	b := append(room[:0], c.secret...)
	b = append(b, kind...)
	b = append(b, 0)
	b = append(b, value...)
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// Limits are the counts in ten minutes beyond which a submission is refused (429). They lie far beyond those of the
// quarantine: a trade fair has one network address.
type Limits struct {
	Block  int // of one network block
	Target int // for one address
}

// DefaultLimits are one request a second for ten minutes from one block, one every four seconds for one address.
func DefaultLimits() Limits { return Limits{Block: 600, Target: 150} }

// Limiter counts the submissions of the last ten minutes for all doors.
type Limiter struct {
	counter *Counter
	limits  Limits
}

const submissionWindow = 10 * time.Minute

// NewLimiter makes a limiter with the DefaultLimits.
func NewLimiter(secret []byte, now func() time.Time) *Limiter {
	return &Limiter{counter: NewCounter(submissionWindow, secret, now), limits: DefaultLimits()}
}

// Submission counts one request, repeats included, and refuses it with errs.TooMany beyond the Limits. A trusted program's
// own network is not counted; the address always is. It gives the counts of different submissions that Judge weighs, this
// one included: a double click or a retry must not make a person look like a flood.
func (l *Limiter) Submission(ip netip.Addr, strict string, trusted bool) (block, target int, err error) {
	asked, asking := 0, 0
	if b := blockKey(ip); b != "" && !trusted {
		asked, block = l.counter.Add("block", b), l.counter.Count("block taken", b)+1
	}
	if strict != "" {
		asking, target = l.counter.Add("target", strict), l.counter.Count("target taken", strict)+1
	}
	if asked > l.limits.Block || asking > l.limits.Target {
		return block, target, errs.New(errs.TooMany, "There were very many requests like this one. Please try again in a few minutes.").After(2 * time.Minute)
	}
	return block, target, nil
}

// Took counts a submission that was new.
func (l *Limiter) Took(ip netip.Addr, strict string, trusted bool) {
	if b := blockKey(ip); b != "" && !trusted {
		l.counter.Add("block taken", b)
	}
	if strict != "" {
		l.counter.Add("target taken", strict)
	}
}

// Said counts one word of a reader: a tap, a question, a choice. door is the token that it came with.
func (l *Limiter) Said(ip netip.Addr, door string) error {
	said := l.counter.Add("said", door)
	block := 0
	if b := blockKey(ip); b != "" {
		block = l.counter.Add("said block", b)
	}
	if said > saidLimit || block > l.limits.Block {
		return errs.New(errs.TooMany, "That was a good deal at once. Please go on in a few minutes.").After(2 * time.Minute)
	}
	return nil
}

// saidLimit is generous for somebody who ticks and unticks eight questions, and tight for a program.
const saidLimit = 120

func blockKey(ip netip.Addr) string {
	b := NetworkBlock(ip)
	if !b.IsValid() {
		return ""
	}
	raw := b.Addr().As16()
	return string(raw[:])
}
