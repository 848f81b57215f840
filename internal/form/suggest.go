package form

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/gatehouse/gatehouse/internal/lead"
)

// popular are the domains that people mistype most, simply because most people type them. The most likely meaning of a
// slip that is one step from two of them comes first.
var popular = []string{
	"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "live.com", "msn.com", "aol.com", "googlemail.com",
	"gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "posteo.de", "proton.me", "protonmail.com",
	"hotmail.co.uk", "yahoo.co.uk", "btinternet.com", "orange.fr", "wanadoo.fr", "libero.it", "comcast.net",
}

// neighbours are domains one step from a popular one that have owners of their own, and mailboxes.
var neighbours = []string{
	"cloud.com", "gail.com", "grange.fr", "range.fr", "liberi.it", "liber.it", "zmail.com",
}

// Suggest gives the address that was probably meant when the domain is one slip (a letter too many, too few, wrong, or
// two swapped) from a popular one: "ann@gmail.com" for "ann@gmial.com". "" when there is nothing to suggest, above all for
// a domain that is itself popular, on the free-mail list, or known to be real.
func Suggest(address string) string {
	address = strings.Trim(address, " \t")
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address)-at > 32 || len(address) > 254 {
		return ""
	}
	typed := strings.ToLower(address[at+1:])
	meant := ""
	for _, p := range popular {
		if p == typed {
			return ""
		}
		if meant == "" && oneSlip(typed, p) && plausible(typed, p) {
			meant = p
		}
	}
	if meant == "" || IsFreeMail(typed) {
		return ""
	}
	if slices.Contains(neighbours, typed) {
		return ""
	}
	suggestion := address[:at] + "@" + meant
	if _, err := lead.ParseAddress(suggestion); err != nil {
		return ""
	}
	return suggestion
}

// plausible keeps slips apart from real domains that only look alike. A short name (aol, gmx, msn, web, live) has real
// neighbours (aon.com, wex.de): there only the ending may be wrong. And an ending of a country that exists is no slip for
// the ending of another country (web.dk), while gmail.co and gmail.cm are slips for gmail.com.
func plausible(typed, meant string) bool {
	name, ending, _ := strings.Cut(typed, ".")
	meantName, meantEnding, _ := strings.Cut(meant, ".")
	if name != meantName {
		return len(meantName) > 4 && ending == meantEnding || swallowed(typed, meant)
	}
	if len(meantEnding) > 2 {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(ending)
	return !icann || suffix != ending
}

// swallowed is the dot that slipped out or away: "gmailcom", "gmai.lcom".
func swallowed(typed, meant string) bool {
	return len(meant) > 8 && strings.ReplaceAll(typed, ".", "") == strings.ReplaceAll(meant, ".", "")
}

// oneSlip tells whether a and b are exactly one insertion, deletion, replacement or swap of neighbours apart (the
// restricted Damerau-Levenshtein distance is 1).
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case i == len(a):
		return false // equal
	case a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
