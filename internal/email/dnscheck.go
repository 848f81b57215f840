package email

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Level of a finding.
type Level string

// The levels, as the doctor command prints them.
const (
	LevelOK      Level = "ok"
	LevelWarning Level = "warning"
	LevelFailed  Level = "failed"
)

// Finding is one line of a check: what was looked at, what was seen, and what to do about it (empty when all is well).
type Finding struct {
	Check string
	Level Level
	Text  string
	Mend  string
}

// Resolver is the part of *net.Resolver that the checks need.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// commonSelectors are where DKIM keys usually lie: SendGrid's (s1, s2, and smtpapi of old), then those of the large
// mail hosts. A key behind a CNAME is found as well, because a TXT lookup follows it.
var commonSelectors = []string{"s1", "s2", "smtpapi", "m1", "selector1", "selector2", "google", "default", "dkim", "mail", "k1", "k2", "mx"}

// CheckSender looks at what receivers look at before they take mail from a domain: SPF (RFC 7208), DKIM (RFC 6376) and
// DMARC (RFC 7489). More selectors are tried first. It asks DNS only; each answer gives one finding.
func CheckSender(ctx context.Context, r Resolver, domain string, selectors ...string) []Finding {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if err != nil || ascii == "" || net.ParseIP(ascii) != nil {
		return []Finding{{"sender's domain", LevelFailed, fmt.Sprintf("%q is not a domain.", domain), "Set GATEHOUSE_MAIL_FROM to an address at a domain of yours."}}
	}
	if !strings.Contains(ascii, ".") || reservedName(ascii) {
		return []Finding{{"sender's domain", LevelWarning, ascii + " exists on this machine or in examples only.", "Set GATEHOUSE_MAIL_FROM to an address at a domain of yours before writing to the world."}}
	}
	return []Finding{checkSPF(ctx, r, ascii), checkDKIM(ctx, r, ascii, append(slices.Clone(selectors), commonSelectors...)), checkDMARC(ctx, r, ascii)}
}

func checkSPF(ctx context.Context, r Resolver, domain string) Finding {
	records, err := records(ctx, r, domain, "v=spf1")
	f := Finding{Check: "SPF"}
	switch {
	case err != nil:
		return unasked(f, domain)
	case len(records) == 0:
		f.Level, f.Text = LevelWarning, domain+" has no SPF record."
		f.Mend = "Add the record your mail provider names. With SendGrid's automated security SPF lies at a host of its own (em....) and this is no fault."
	case len(records) > 1:
		f.Level, f.Text = LevelFailed, fmt.Sprintf("%s has %d SPF records; receivers then trust none.", domain, len(records))
		f.Mend = "Merge them into one TXT record that starts with v=spf1."
	case slices.Contains(strings.Fields(records[0]), "+all") || slices.Contains(strings.Fields(records[0]), "all"):
		f.Level, f.Text = LevelFailed, "The SPF record of "+domain+" lets the whole world send."
		f.Mend = "End it with ~all or -all in place of +all."
	default:
		f.Level, f.Text = LevelOK, domain+" has one SPF record."
	}
	return f
}

func checkDKIM(ctx context.Context, r Resolver, domain string, selectors []string) Finding {
	f := Finding{Check: "DKIM"}
	var good, revoked []string
	var trouble error
	for _, selector := range selectors {
		texts, err := lookup(ctx, r, selector+"._domainkey."+domain)
		if err != nil {
			trouble = err
			continue
		}
		for _, text := range texts {
			key, ok := dkimKey(text)
			switch {
			case ok && key != "" && !slices.Contains(good, selector):
				good = append(good, selector)
			case ok && key == "":
				revoked = append(revoked, selector)
			}
		}
	}
	switch {
	case len(good) > 0:
		f.Level, f.Text = LevelOK, fmt.Sprintf("%s publishes a DKIM key (%s).", domain, strings.Join(good, ", "))
	case len(revoked) > 0:
		f.Level, f.Text = LevelFailed, fmt.Sprintf("The DKIM key of %s is revoked (%s).", domain, strings.Join(revoked, ", "))
		f.Mend = "Authenticate the domain again at your mail provider and publish the records it names."
	case trouble != nil:
		return unasked(f, domain)
	default:
		f.Level, f.Text = LevelFailed, domain+" publishes no DKIM key under the usual selectors."
		f.Mend = "Authenticate the domain at your mail provider (SendGrid: Settings, Sender Authentication) and publish the two CNAME records s1._domainkey and s2._domainkey. Large mailbox providers refuse mail without a signature of the sender's domain, and one-click unsubscribing depends on it."
	}
	return f
}

// dkimKey finds the p= tag of a key record; ok is false for a text that is no key record.
func dkimKey(text string) (key string, ok bool) {
	for tag := range strings.SplitSeq(text, ";") {
		name, value, found := strings.Cut(tag, "=")
		if found && strings.TrimSpace(name) == "p" {
			return strings.Join(strings.Fields(value), ""), true
		}
	}
	return "", false
}

func checkDMARC(ctx context.Context, r Resolver, domain string) Finding {
	f := Finding{Check: "DMARC"}
	found, err := records(ctx, r, "_dmarc."+domain, "v=dmarc1")
	at := domain
	if org, e := publicsuffix.EffectiveTLDPlusOne(domain); err == nil && len(found) == 0 && e == nil && org != domain {
		found, err = records(ctx, r, "_dmarc."+org, "v=dmarc1") // RFC 7489 6.6.3: then the organisation's
		at = org
	}
	switch {
	case err != nil:
		return unasked(f, domain)
	case len(found) == 0:
		f.Level, f.Text = LevelWarning, domain+" has no DMARC record."
		f.Mend = "Add a TXT record _dmarc." + domain + " with v=DMARC1; p=none; rua=mailto:an-address-of-yours and tighten it once the reports look right."
		return f
	case len(found) > 1:
		f.Level, f.Text = LevelFailed, fmt.Sprintf("%s has %d DMARC records; receivers then ignore all.", at, len(found))
		f.Mend = "Keep one of them."
		return f
	}
	policy := ""
	for tag := range strings.SplitSeq(found[0], ";") {
		if name, value, _ := strings.Cut(tag, "="); strings.EqualFold(strings.TrimSpace(name), "p") {
			policy = strings.ToLower(strings.TrimSpace(value))
		}
	}
	switch policy {
	case "quarantine", "reject", "none":
		f.Level, f.Text = LevelOK, fmt.Sprintf("%s has a DMARC policy: %s.", at, policy)
	default:
		f.Level, f.Text = LevelWarning, fmt.Sprintf("The DMARC record of %s names no valid policy.", at)
		f.Mend = "Give it p=none, p=quarantine or p=reject."
	}
	return f
}

func unasked(f Finding, domain string) Finding {
	f.Level, f.Text = LevelWarning, "DNS did not answer for "+domain+"."
	f.Mend = "Check this machine's name server and run the check again."
	return f
}

// records are the TXT records of a name that start with a version tag (compared without case). No such name is no error.
func records(ctx context.Context, r Resolver, name, version string) ([]string, error) {
	texts, err := lookup(ctx, r, name)
	var out []string
	for _, text := range texts {
		head := strings.ToLower(strings.TrimSpace(text))
		if rest, ok := strings.CutPrefix(head, version); ok && (rest == "" || strings.ContainsAny(rest[:1], " ;\t")) {
			out = append(out, text)
		}
	}
	return out, err
}

func lookup(ctx context.Context, r Resolver, name string) ([]string, error) {
	texts, err := r.LookupTXT(ctx, name+".")
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil, nil
	}
	return texts, err
}

// reservedName reports the names that RFC 2606 and RFC 6761 keep out of the public DNS.
func reservedName(domain string) bool {
	for _, r := range []string{"localhost", "test", "invalid", "example", "local", "internal", "example.com", "example.net", "example.org"} {
		if domain == r || strings.HasSuffix(domain, "."+r) {
			return true
		}
	}
	return false
}
