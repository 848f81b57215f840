package email

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
)

// zone is a resolver over a map; a name that is missing does not exist, "!" is a name server in trouble.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	texts, ok := z[strings.TrimSuffix(name, ".")]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	if len(texts) == 1 && texts[0] == "!" {
		return nil, errors.New("server misbehaving")
	}
	return texts, nil
}

func TestCheckSender(t *testing.T) {
	const spf, key, dmarc = "v=spf1 include:sendgrid.net ~all", "k=rsa; t=s; p=MIGfMA0G", "v=DMARC1; p=reject"
	tests := []struct {
		name, domain, levels string // SPF, DKIM, DMARC
		zone                 zone
		mend                 string
	}{
		{"all well", "acme.co", "ok ok ok", zone{"acme.co": {"other", spf}, "s1._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc}}, ""},
		{"nothing there", "acme.co", "warning failed warning", zone{}, "s1._domainkey"},
		{"two SPF", "acme.co", "failed ok ok", zone{"acme.co": {spf, spf}, "s2._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc}}, "Merge"},
		{"open SPF", "acme.co", "failed ok ok", zone{"acme.co": {"v=spf1 +all"}, "google._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc}}, "~all"},
		{"not SPF", "acme.co", "warning ok ok", zone{"acme.co": {"v=spf10 x"}, "s1._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc}}, "Add the record"},
		{"revoked key", "acme.co", "ok failed ok", zone{"acme.co": {spf}, "s1._domainkey.acme.co": {"v=DKIM1; p="}, "_dmarc.acme.co": {dmarc}}, "again"},
		{"policy of the organisation", "mail.acme.co.uk", "ok ok ok", zone{"mail.acme.co.uk": {spf}, "s1._domainkey.mail.acme.co.uk": {key}, "_dmarc.acme.co.uk": {dmarc}}, ""},
		{"two DMARC", "acme.co", "ok ok failed", zone{"acme.co": {spf}, "s1._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc, dmarc}}, "Keep one"},
		{"no policy", "acme.co", "ok ok warning", zone{"acme.co": {spf}, "s1._domainkey.acme.co": {key}, "_dmarc.acme.co": {"v=DMARC1; p=maybe"}}, "p=none"},
		{"DNS away", "acme.co", "warning ok warning", zone{"acme.co": {"!"}, "s1._domainkey.acme.co": {key}, "_dmarc.acme.co": {"!"}}, "name server"},
		{"international", "bücher.de", "ok ok ok", zone{"xn--bcher-kva.de": {spf}, "s1._domainkey.xn--bcher-kva.de": {key}, "_dmarc.xn--bcher-kva.de": {dmarc}}, ""},
		{"own selector", "acme.co", "ok ok ok", zone{"acme.co": {spf}, "ours._domainkey.acme.co": {key}, "_dmarc.acme.co": {dmarc}}, ""},
		{"loopback", "localhost", "warning", zone{}, "GATEHOUSE_MAIL_FROM"},
		{"example", "mail.example.com", "warning", zone{}, "GATEHOUSE_MAIL_FROM"},
		{"no domain", "", "failed", zone{}, "GATEHOUSE_MAIL_FROM"},
		{"an address", "127.0.0.1", "failed", zone{}, "GATEHOUSE_MAIL_FROM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var levels, mends []string
			for _, f := range CheckSender(t.Context(), tt.zone, tt.domain, "ours") {
				levels, mends = append(levels, string(f.Level)), append(mends, f.Mend)
				if (f.Level == LevelOK) != (f.Mend == "") || f.Check == "" || f.Text == "" {
					t.Errorf("%+v", f)
				}
			}
			if got := strings.Join(levels, " "); got != tt.levels {
				t.Errorf("levels %q, want %q", got, tt.levels)
			}
			if !strings.Contains(strings.Join(mends, " "), tt.mend) {
				t.Errorf("mend %q lacks %q", mends, tt.mend)
			}
		})
	}
}
