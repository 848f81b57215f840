package app

import (
	"context"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// EditSettings changes what staff decide for the installation; in.Version is the version that the form showed. Whether
// mail is held is not among it. All faults come back at once, at the names of the columns.
func (a *App) EditSettings(ctx context.Context, in store.Settings, by store.Actor) error {
	in, err := checkSettings(in)
	if err != nil {
		return err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var old store.Settings
		if err := tx.ForUpdate().Where("id = 1").Take(&old).Error; err != nil {
			return err
		}
		if old.Version != in.Version {
			return errChanged
		}
		in.ID, in.MailHold, in.MailHoldWhy, in.UpdatedAt = old.ID, old.MailHold, old.MailHoldWhy, old.UpdatedAt
		changed := changedSettings(old, in)
		if err := tx.SaveSettings(in); err != nil {
			return err
		}
		if err := tx.Audit(by, "settings.edit", "settings", "1", map[string]any{"changed": changed}); err != nil {
			return err
		}
		return tx.Changed()
	})
	if err == nil {
		a.renew(ctx)
	}
	return err
}

// changedSettings names what differs, in the words of the page.
func changedSettings(old, now store.Settings) []string {
	changed := []string{}
	for _, s := range []struct {
		name     string
		old, now any
	}{
		{"company name", old.CompanyName, now.CompanyName}, {"postal address", old.PostalAddress, now.PostalAddress},
		{"contact address", old.ContactEmail, now.ContactEmail}, {"sender name", old.SenderName, now.SenderName},
		{"privacy notice", old.PrivacyURL, now.PrivacyURL}, {"version of the privacy notice", old.PrivacyVersion, now.PrivacyVersion},
		{"imprint", old.ImprintURL, now.ImprintURL}, {"version of the imprint", old.ImprintVersion, now.ImprintVersion},
		{"time zone", old.TimeZone, now.TimeZone}, {"week start", old.WeekStart, now.WeekStart},
		{"currency", old.Currency, now.Currency}, {"locale", old.Locale, now.Locale},
	} {
		if s.old != s.now {
			changed = append(changed, s.name)
		}
	}
	return changed
}

func checkSettings(in store.Settings) (store.Settings, error) {
	var e edits
	in.CompanyName = e.line("company_name", in.CompanyName, 1, 120)
	in.PostalAddress = e.text("postal_address", in.PostalAddress, 1, 400)
	in.SenderName = e.line("sender_name", in.SenderName, 0, 80)
	if in.ContactEmail = strings.TrimSpace(in.ContactEmail); in.ContactEmail != "" {
		ad, err := lead.ParseAddress(in.ContactEmail)
		if err != nil {
			e.add("contact_email", lead.Invalid, "This is not an e-mail address that anybody can write to.")
		} else {
			in.ContactEmail = ad.Normal
		}
	}
	in.PrivacyURL, in.ImprintURL = e.notice("privacy_url", in.PrivacyURL), e.notice("imprint_url", in.ImprintURL)
	in.PrivacyVersion, in.ImprintVersion = e.line("privacy_version", in.PrivacyVersion, 1, 40), e.line("imprint_version", in.ImprintVersion, 1, 40)
	if _, err := time.LoadLocation(in.TimeZone); err != nil || in.TimeZone == "" || in.TimeZone == "Local" {
		e.add("time_zone", "not-an-option", "Please choose a time zone of the list.")
	}
	if in.WeekStart < 0 || in.WeekStart > 6 {
		e.add("week_start", "not-an-option", "Please choose a day of the week.")
	}
	in.Currency = strings.ToUpper(strings.TrimSpace(in.Currency))
	if _, err := currency.ParseISO(in.Currency); err != nil {
		e.add("currency", lead.Invalid, "Please give a currency by its three letters, such as EUR or GBP.")
	}
	in.Locale = e.languageTag("locale", in.Locale)
	return in, e.err()
}

// notice takes the address of a page: one of this site, or an https address.
func (e *edits) notice(field, typed string) string {
	typed = e.line(field, typed, 1, 500)
	if typed == "" {
		return typed
	}
	u, err := url.Parse(typed)
	own := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(typed, "/") && !strings.HasPrefix(typed, "//") && !strings.Contains(typed, `\`)
	if !own && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
		e.add(field, lead.Invalid, "Please give a whole address such as https://www.example.com/privacy, or a path of this site such as /privacy.")
	}
	return typed
}
