package form

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	for typed, want := range map[string]string{
		"ann@gmial.com": "gmail.com", "ann@gmail.co": "gmail.com", "ann@gmail.cm": "gmail.com", "ann@gmail.con": "gmail.com", "ann@gmal.com": "gmail.com",
		"ann@gmaill.com": "gmail.com", "ann@gamil.com": "gmail.com", "ann@gnail.com": "gmail.com", "ann@GMIAL.COM": "gmail.com", "ann@gmailcom": "gmail.com",
		"ann@hotmial.com": "hotmail.com", "ann@hotmai.com": "hotmail.com", "ann@outlok.com": "outlook.com", "ann@outloook.com": "outlook.com",
		"ann@yahooo.com": "yahoo.com", "ann@yhaoo.com": "yahoo.com", "ann@iclod.com": "icloud.com", "ann@gmx.d": "gmx.de", "ann@web.d": "web.de",
		"ann@t-onlin.de": "t-online.de", "ann@tonline.de": "t-online.de", "ann@gmx.ent": "gmx.net", "ann@gmx.nte": "gmx.net", "ann@aol.con": "aol.com",
		"ann@protonmial.com": "protonmail.com", " ann@gmial.com ": "gmail.com", "o'brien@gmial.com": "gmail.com",
	} {
		if want != "" {
			want = strings.TrimSpace(typed[:strings.Index(typed, "@")]) + "@" + want
		}
		if got := Suggest(typed); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestSuggestLeavesRealDomainsAlone(t *testing.T) {
	for _, domain := range []string{"gmail.com", "GMAIL.com", "googlemail.com", "ymail.com", "email.com", "mail.com", "cloud.com", "aon.com", "msc.com", "mon.com",
		"aol.de", "aol.co.uk", "gmx.at", "gmx.com", "gmx.dk", "web.dk", "wex.de", "wob.de", "lime.com", "love.com", "give.com", "live.de", "proton.de", "outlook.de",
		"hotmail.de", "yahoo.de", "yahoo.fr", "orange.com", "freenet.be", "libero.at", "example.com", "mailinator.com", "gmail.example.com", "xgmailx.com",
		"me.com", "mac.com", "msn.net", "a.b", "", "gmx", "grange.fr", "fastmail.com"} {
		if got := Suggest("ann@" + domain); got != "" {
			t.Errorf("%q: suggests %q", domain, got)
		}
	}
	for _, odd := range []string{"", "@", "gmial.com", "@gmial.com", "a b@gmial.com", "a\r\nb@gmial.com", "ann@bob@gmial.com", strings.Repeat("a", 65) + "@gmial.com", strings.Repeat("a", 300) + "@gmial.com"} {
		if got := Suggest(odd); got != "" {
			t.Errorf("%q: suggests %q", odd, got)
		}
	}
}

func TestPopularDomainsAreKnownAndNotDisposable(t *testing.T) {
	for _, p := range popular {
		if !IsFreeMail(p) {
			t.Errorf("%s is not on the free-mail list", p)
		}
		if IsDisposable(p) {
			t.Errorf("%s counts as disposable", p)
		}
	}
}

// distance is the textbook restricted Damerau-Levenshtein distance, slow and plain, to judge oneSlip by.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestOneSlipIsDistanceOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[abc]{0,7}`).Draw(t, "a"), rapid.StringMatching(`[abc]{0,7}`).Draw(t, "b")
		if got, want := oneSlip(a, b), distance(a, b) == 1; got != want {
			t.Fatalf("oneSlip(%q, %q) = %v", a, b, got)
		}
	})
}

func TestLists(t *testing.T) {
	for name, list := range map[string]string{"disposable": disposable, "freemail": freemail, "role": roles} {
		lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("%s: not sorted, or a line is there twice", name)
		}
		for _, l := range lines {
			if l != strings.ToLower(strings.TrimSpace(l)) || l == "" {
				t.Errorf("%s: %q", name, l)
			}
			if !has(list, l) {
				t.Errorf("%s: %q is not found", name, l)
			}
			if name == "freemail" && IsDisposable(l) {
				t.Errorf("%q is free mail and disposable", l)
			}
		}
		for _, not := range []string{"", "\n", lines[0] + "\n" + lines[1], lines[0] + "x", lines[0][1:] + "\x00", "zzzzzz.zzzz", "!"} {
			if has(list, not) {
				t.Errorf("%s: %q is found", name, not)
			}
		}
	}
}

func TestDisposable(t *testing.T) {
	for domain, want := range map[string]bool{"mailinator.com": true, "x.mailinator.com": true, "guerrillamail.com": true, "com": false, "example.com": false,
		"mailinator.com.example.com": false, "co.uk": false, "": false, "hey.com": false, "tutanota.com": false} {
		if IsDisposable(domain) != want {
			t.Errorf("IsDisposable(%q) = %v", domain, !want)
		}
	}
}
