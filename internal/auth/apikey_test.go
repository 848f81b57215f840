package auth

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestNewAPIKey(t *testing.T) {
	shape := regexp.MustCompile(`^gh_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 200 {
		plain, prefix, hash := NewAPIKey()
		if !shape.MatchString(plain) || !WellFormedAPIKey(plain) {
			t.Fatalf("%q is not a key", plain)
		}
		if prefix != plain[:9] || seen[prefix] {
			t.Errorf("prefix %q of %q is wrong or was there before", prefix, plain)
		}
		seen[prefix] = true
		if len(hash) != 32 || !SameHash(hash, HashAPIKey(plain)) || bytes.Contains([]byte(plain), hash) {
			t.Errorf("hash %x", hash)
		}
	}
}

func TestEveryTypingErrorIsSeen(t *testing.T) {
	plain, _, hash := NewAPIKey()
	for i := range plain {
		for _, r := range "0aZ_-\x00 é" {
			if other := plain[:i] + string(r) + plain[i+1:]; other != plain && WellFormedAPIKey(other) {
				t.Errorf("%q passes beside %q", other, plain)
			}
		}
		if i > 0 && plain[i] != plain[i-1] { // two neighbours exchanged
			other := []byte(plain)
			other[i], other[i-1] = other[i-1], other[i]
			if WellFormedAPIKey(string(other)) {
				t.Errorf("%q passes beside %q", other, plain)
			}
		}
	}
	for name, other := range map[string]string{
		"empty": "", "start only": "gh_", "cut": plain[:len(plain)-1], "longer": plain + "0", "space before": " " + plain,
		"line feed after": plain + "\n", "upper case": strings.ToUpper(plain), "another start": "gx_" + plain[3:],
		"with its scheme": "Bearer " + plain, "checksum of nothing": "gh_" + strings.Repeat("0", 49),
	} {
		if WellFormedAPIKey(other) {
			t.Errorf("%s: %q passes", name, other)
		}
		if SameHash(HashAPIKey(other), hash) {
			t.Errorf("%s: %q has the key's hash", name, other)
		}
	}
}

func TestSameHash(t *testing.T) {
	a, b := HashAPIKey("a"), HashAPIKey("b")
	for _, c := range []struct {
		name string
		x, y []byte
		want bool
	}{
		{"same", a, bytes.Clone(a), true}, {"other", a, b, false}, {"cut", a, a[:31], false},
		{"empty beside one", nil, a, false}, {"two empty ones", nil, nil, false}, {"two empty, not nil", []byte{}, []byte{}, false},
	} {
		if got := SameHash(c.x, c.y); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestScopes(t *testing.T) {
	got, err := ParseScopes([]string{"submissions:write", "leads:read", "submissions:write"})
	if err != nil || len(got) != 2 || got[0] != ScopeLeadsRead || got[1] != ScopeSubmissionsWrite {
		t.Errorf("ParseScopes = %v, %v", got, err)
	}
	if !HasScope(got, ScopeLeadsRead) || HasScope(got, ScopeMessagesRead) || HasScope(nil, ScopeLeadsRead) || HasScope(got, "") {
		t.Error("HasScope says more or less than the list")
	}
	for _, text := range []string{"", "*", "leads:*", "leads:erase", "Leads:read", " leads:read"} {
		if got, err := ParseScopes([]string{"leads:read", text}); err == nil || got != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzWellFormedAPIKey(f *testing.F) {
	plain, _, _ := NewAPIKey()
	f.Add(plain)
	f.Add("gh_" + strings.Repeat("z", 49))
	f.Fuzz(func(t *testing.T, text string) {
		if WellFormedAPIKey(text) && (len(text) != 52 || !strings.HasPrefix(text, "gh_")) {
			t.Errorf("%q passes", text)
		}
	})
}
