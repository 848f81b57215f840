package form

import (
	_ "embed"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// The lists are sorted lines. They stay what they are, text in the program file: a look-up touches a few pages of it, and
// a map of 127,000 strings would cost more memory than the rest of the service. See lists/README.md for their making.
var (
	//go:embed lists/disposable.txt
	disposable string
	//go:embed lists/freemail.txt
	freemail string
	//go:embed lists/role.txt
	roles string
)

// IsDisposable tells whether a domain (A-labels, lower case) is, or stands below, one of a throw-away mail service.
func IsDisposable(domain string) bool {
	registrable, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		registrable = domain
	}
	return listed(disposable, domain, registrable)
}

// IsFreeMail tells whether a domain (A-labels, lower case) gives mailboxes to anybody. Subdomains do not count: below
// such a domain sit the provider's own people. Disposable domains are not among them.
func IsFreeMail(domain string) bool { return has(freemail, domain) }

// IsRole tells whether a local part names a function and not a person: info, sales, no-reply. A plus tag does not count.
func IsRole(local string) bool {
	if base, _, ok := strings.Cut(local, "+"); ok && base != "" {
		local = base
	}
	return has(roles, local)
}

// listed looks for the domain and each parent of it down to the registrable one: below a public suffix live strangers.
func listed(list, domain, registrable string) bool {
	for {
		if has(list, domain) {
			return true
		}
		if domain == registrable {
			return false
		}
		_, parent, ok := strings.Cut(domain, ".")
		if !ok {
			return false
		}
		domain = parent
	}
}

// has is a binary search for a whole line in text of sorted lines, each ended by a line feed.
func has(list, line string) bool {
	if line == "" || strings.Contains(line, "\n") {
		return false
	}
	low, high := 0, len(list)
	for low < high {
		mid := low + (high-low)/2
		start := low + strings.LastIndexByte(list[low:mid], '\n') + 1
		end := start + strings.IndexByte(list[start:], '\n')
		switch at := list[start:end]; {
		case at == line:
			return true
		case at < line:
			low = end + 1
		default:
			high = start
		}
	}
	return false
}
