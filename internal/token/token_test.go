package token

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

const (
	oldSecret = "old-secret-of-the-installation-0123456789"
	newSecret = "new-secret-of-the-installation-9876543210"
)

var (
	someID = uuid.MustParse("019b7a3c-5f00-7a11-8b22-0123456789ab")
	sample = Claims{ID: someID, Serial: 7, Expiry: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
)

func mustOpen(t *testing.T, k *Keys, p Purpose, text string) Claims {
	t.Helper()
	c, err := k.Open(p, text)
	if err != nil {
		t.Fatalf("Open(%s, %q): %v", p, text, err)
	}
	return c
}

func mustRefuse(t *testing.T, k *Keys, p Purpose, text, what string) {
	t.Helper()
	if c, err := k.Open(p, text); err != ErrInvalid || c != (Claims{}) {
		t.Errorf("%s: Open(%s, %q) = %+v, %v; want no claims and ErrInvalid", what, p, text, c, err)
	}
}

func TestMintIsRepeatableAndOpens(t *testing.T) {
	k := NewKeys(newSecret)
	for name, c := range map[string]Claims{
		"with expiry":   sample,
		"without":       {ID: someID, Serial: 1},
		"serial zero":   {ID: someID, Expiry: sample.Expiry},
		"zero id":       {Serial: 1},
		"biggest":       {ID: uuid.Max, Serial: 1<<32 - 1, Expiry: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		"another place": {ID: someID, Serial: 7, Expiry: sample.Expiry.In(time.FixedZone("east", 7200))},
	} {
		t.Run(name, func(t *testing.T) {
			text := k.Mint(Grant, c)
			if again := NewKeys(newSecret).Mint(Grant, c); again != text {
				t.Errorf("the same claims gave %q and %q", text, again)
			}
			got := mustOpen(t, k, Grant, text)
			if got.ID != c.ID || got.Serial != c.Serial || !got.Expiry.Equal(c.Expiry) || got.Expiry.IsZero() != c.Expiry.IsZero() {
				t.Errorf("opened %+v, minted %+v", got, c)
			}
		})
	}
}

// The wire format is in mails that are out there: it must not change by accident. The value was computed by another
// implementation (Python's hmac, HKDF by hand).
func TestWireFormatIsFixed(t *testing.T) {
	const want = "AYsBm3o8XwB6EYsiASNFZ4mrAAAABwAAAABqlr5AkfVERP9RiaVMy4Hh8yo5Tg"
	if got := NewKeys(newSecret).Mint(Grant, sample); got != want {
		t.Errorf("minted %q, want %q", got, want)
	}
}

func TestEverySingleBitChangeIsRefused(t *testing.T) {
	k := NewKeys(newSecret, oldSecret)
	text := k.Mint(Grant, sample)
	raw, _ := encoding.DecodeString(text)
	for bit := range len(raw) * 8 {
		changed := bytes.Clone(raw)
		changed[bit/8] ^= 1 << (bit % 8)
		mustRefuse(t, k, Grant, encoding.EncodeToString(changed), "one bit of the bytes")
	}
	for bit := range len(text) * 8 {
		changed := []byte(text)
		changed[bit/8] ^= 1 << (bit % 8)
		mustRefuse(t, k, Grant, string(changed), "one bit of the text")
	}
}

func TestEveryOtherSpellingIsRefused(t *testing.T) {
	k := NewKeys(newSecret)
	// A token in which both alphabets differ, so that the other spelling is really another one.
	text := ""
	for c := sample; !strings.ContainsAny(text, "-_"); c.Serial++ {
		text = k.Mint(Grant, c)
	}
	mustOpen(t, k, Grant, text)
	raw, _ := encoding.DecodeString(text)
	last := text[:len(text)-1]
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	cases := map[string]string{
		"empty":              "",
		"padding":            base64.URLEncoding.EncodeToString(raw),
		"one padding":        text + "=",
		"standard alphabet":  base64.RawStdEncoding.EncodeToString(raw),
		"upper case":         strings.ToUpper(text),
		"lower case":         strings.ToLower(text),
		"space before":       " " + text,
		"space after":        text + " ",
		"tab":                text + "\t",
		"line feed after":    text + "\n",
		"line feed inside":   text[:9] + "\n" + text[9:],
		"return inside":      text[:9] + "\r\n" + text[9:],
		"line feed for char": text[:9] + "\n" + text[10:],
		"NUL after":          text + "\x00",
		"one shorter":        last,
		"four shorter":       text[:len(text)-4],
		"one longer":         text + "A",
		"four longer":        text + "AAAA",
		"twice":              text + text,
		"full stop after":    text + ".",
		"quoted-printable":   text[:20] + "=\r\n" + text[20:],
		"percent":            "%" + text[1:],
		"one byte fewer":     encoding.EncodeToString(raw[:rawLen-1]),
		"one byte more":      encoding.EncodeToString(append(bytes.Clone(raw), 0)),
		"only the body":      encoding.EncodeToString(raw[:bodyLen]),
		"an empty MAC":       encoding.EncodeToString(append(bytes.Clone(raw[:bodyLen]), make([]byte, macLen)...)),
	}
	for name, other := range cases {
		t.Run(name, func(t *testing.T) {
			if other == text {
				t.Fatal("the case is the token itself")
			}
			mustRefuse(t, k, Grant, other, name)
		})
	}
	// The last character carries two bits and four that say nothing: only the spelling with those four clear passes.
	passed := 0
	for _, r := range alphabet {
		if _, err := k.Open(Grant, last+string(r)); err == nil {
			passed++
		}
	}
	if passed != 1 {
		t.Errorf("%d spellings of the last character pass, want 1", passed)
	}
}

func TestPurposesAreApart(t *testing.T) {
	k := NewKeys(newSecret)
	seen := map[string]Purpose{}
	for _, made := range purposes {
		text := k.Mint(made, sample)
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s mint the same token", made, other)
		}
		seen[text] = made
		for _, asked := range append([]Purpose{"", "GRANT", "grant ", "unlisted"}, purposes...) {
			if asked == made {
				mustOpen(t, k, asked, text)
				continue
			}
			mustRefuse(t, k, asked, text, "made for "+string(made))
		}
	}
}

func TestPurposeOutsideTheListWorks(t *testing.T) {
	k := NewKeys(newSecret)
	text := k.Mint("later", sample)
	mustOpen(t, k, "later", text)
	mustRefuse(t, k, Grant, text, "made for another purpose")
}

func TestRotation(t *testing.T) {
	before, during, after := NewKeys(oldSecret), NewKeys(newSecret, oldSecret), NewKeys(newSecret)
	old := before.Mint(Grant, sample)
	mustOpen(t, during, Grant, old)
	mustRefuse(t, after, Grant, old, "a secret that was dropped")
	fresh := during.Mint(Grant, sample)
	mustOpen(t, after, Grant, fresh)
	mustRefuse(t, before, Grant, fresh, "a secret not yet known")
	if fresh == old {
		t.Error("the new secret mints the old token")
	}
	if fresh != after.Mint(Grant, sample) {
		t.Error("it is not the first secret that signs")
	}
}

// A one-byte key id collides for one pair of secrets in 256: the id only narrows the search, it never decides.
func TestSecretsWithTheSameKeyID(t *testing.T) {
	first := NewKeys(newSecret)
	for i := 0; ; i++ {
		other := strings.Repeat("x", 32+i)
		if NewKeys(other).secrets[0].id != first.secrets[0].id {
			continue
		}
		both := NewKeys(newSecret, other)
		mustOpen(t, both, Grant, NewKeys(other).Mint(Grant, sample))
		mustOpen(t, both, Grant, first.Mint(Grant, sample))
		mustRefuse(t, first, Grant, NewKeys(other).Mint(Grant, sample), "another secret with the same id")
		if got, err := both.Unseal("p", NewKeys(other).Seal("p", []byte("v"))); err != nil || string(got) != "v" {
			t.Errorf("Unseal = %q, %v", got, err)
		}
		return
	}
}

func TestExpiry(t *testing.T) {
	at := sample.Expiry
	for _, c := range []struct {
		name   string
		expiry time.Time
		now    time.Time
		want   bool
	}{
		{"a second before", at, at.Add(-time.Second), false},
		{"at the second", at, at, true},
		{"after", at, at.Add(time.Hour), true},
		{"never", time.Time{}, at.AddDate(500, 0, 0), false},
		{"parts of a second are cut, not rounded up", at.Add(999 * time.Millisecond), at, true},
		{"1970 is long over, not never", time.Unix(0, 0), at, true},
		{"before 1970 is long over, not never", time.Unix(-5, 0), at, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := NewKeys(newSecret)
			claims := mustOpen(t, k, File, k.Mint(File, Claims{ID: someID, Expiry: c.expiry})) // opening never looks at the clock
			if got := claims.Expired(c.now); got != c.want {
				t.Errorf("Expired = %t, want %t", got, c.want)
			}
		})
	}
}

func TestDeriveKeepsPurposesAndSecretsApart(t *testing.T) {
	k := NewKeys(newSecret, oldSecret)
	all := k.DeriveAll("limits")
	if len(all) != 2 || !bytes.Equal(all[0], k.Derive("limits")) || bytes.Equal(all[0], all[1]) {
		t.Error("DeriveAll does not give one key a secret, the first one first")
	}
	if len(all[0]) != 32 || bytes.Equal(all[0], k.Derive("once")) || bytes.Equal(all[0], []byte(newSecret)[:32]) {
		t.Error("a derived key is not a key of its own")
	}
	k.Derive("limits")[0]++ // a caller may do with its key what it likes
	if !bytes.Equal(all[0], k.Derive("limits")) {
		t.Error("a caller's change reached the next caller")
	}
}

func TestNewKeysPanics(t *testing.T) {
	for name, secrets := range map[string][]string{"none": nil, "an empty one": {newSecret, ""}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			NewKeys(secrets...)
		})
	}
}

func TestConcurrentUse(t *testing.T) { // for the race detector
	k := NewKeys(newSecret, oldSecret)
	want := k.Mint(Receipt, sample)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if text := k.Mint(Receipt, sample); text != want {
					t.Errorf("minted %q", text)
				}
				if _, err := k.Open(Receipt, want); err != nil {
					t.Error(err)
				}
				k.Derive("limits")
			}
		})
	}
	wg.Wait()
}

func TestPropertyRoundTrip(t *testing.T) {
	k := NewKeys(newSecret, oldSecret)
	rapid.Check(t, func(t *rapid.T) {
		c := Claims{
			ID:     uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			Serial: rapid.Uint32().Draw(t, "serial"),
			Expiry: time.Unix(rapid.Int64Range(1, 1<<40).Draw(t, "expiry"), 0).UTC(),
		}
		p := rapid.SampledFrom(purposes).Draw(t, "purpose")
		text := k.Mint(p, c)
		if got, err := k.Open(p, text); err != nil || got != c {
			t.Fatalf("Open = %+v, %v; minted %+v", got, err, c)
		}
		other := []byte(text)
		other[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		if _, err := k.Open(p, string(other)); (err == nil) != (string(other) == text) {
			t.Fatalf("Open(%q) = %v beside %q", other, err, text)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := NewKeys(newSecret, oldSecret)
	f.Add(k.Mint(Grant, sample))
	f.Add(k.Mint(Receipt, sample))
	f.Add("")
	f.Add(strings.Repeat("A", 62))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := k.Open(Grant, text)
		if err == nil && k.Mint(Grant, c) != text && NewKeys(oldSecret).Mint(Grant, c) != text {
			t.Errorf("%q opened as %+v, which is not how it is spelt", text, c)
		}
	})
}
