package app

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// leadFacts reads what conditions may ask of the leads, as of now, by lead; leads that are not active are left out.
func (a *App) leadFacts(db *store.Query, ids ...uuid.UUID) (map[uuid.UUID]*lead.Facts, error) {
	records, err := store.ReadLeadRecords(db, ids, false)
	if err != nil {
		return nil, err
	}
	scores, lines, err := store.ScoresOf(db, ids)
	if err != nil {
		return nil, err
	}
	now := a.now()
	out := make(map[uuid.UUID]*lead.Facts, len(records))
	for i := range records {
		id := records[i].ID
		f := &lead.Facts{Known: history(&records[i], now, true).Known, Owner: records[i].Owner}
		if s, ok := scores[id]; ok {
			fit, engagement := lead.Sum(scoreLines(lines[id]), now)
			f.Fit, f.Engagement, f.Total = float64(fit)/100, float64(engagement)/100, float64(fit+engagement)/100
			f.Grade, f.Qualified = s.Grade, s.QualifiedAt != nil
		}
		out[id] = f
	}
	return out, nil
}

// history is a recorded lead as it was known at a time. Live, it is what counts now: the values that are marked so.
func history(r *store.LeadRecord, at time.Time, live bool) lead.History {
	h := lead.History{}
	k := &h.Known
	k.Origin, k.Source = r.Origin, r.Source
	knownAddress(k, r, at)
	knownAnswers(k, r, at, live)
	k.Consent = consents(r, at)
	var choices []lead.Choice
	var chosenAt []time.Time
	for _, e := range r.Events { // in the order of time
		if e.At.After(at) || e.OverAt != nil && !e.OverAt.After(at) {
			continue
		}
		h.Events = append(h.Events, lead.Event{Kind: e.Kind, ID: e.ID, At: e.At, Document: e.Document, Gate: e.Gate, Detail: e.Detail})
		switch e.Kind {
		case lead.EventSubmission:
			knownSubmission(k, e)
		case lead.EventDownload:
			k.Downloads++
		case lead.EventRead:
			k.Reads++
		case lead.EventOurs:
			k.SaidOurs++
			k.Said = addNew(k.Said, e.Detail)
		case lead.EventAsk:
			k.Asked, h.AskedAt = true, e.At
		case lead.EventChoice:
			c := lead.Choice{How: e.Detail, Confirmed: e.ConfirmedAt != nil && !e.ConfirmedAt.After(at)}
			if e.Source != nil {
				c.Source = *e.Source
			}
			choices, chosenAt = append(choices, c), append(chosenAt, e.At)
		}
	}
	if i := lead.Chosen(choices); i >= 0 {
		k.Choice, h.ChosenAt = choices[i].How, chosenAt[i]
	}
	return h
}

func knownSubmission(k *lead.Known, e store.LeadHappening) {
	k.Submissions++
	k.Gates, k.Documents = addNew(k.Gates, e.Gate), addNew(k.Documents, e.Document)
	k.Campaigns = addNew(k.Campaigns, e.UTMCampaign)
	if k.Source == "" {
		k.Source = e.Detail
	}
	if e.UTMSource != "" || e.UTMMedium != "" {
		k.UTMSource, k.UTMMedium = e.UTMSource, e.UTMMedium
	}
	if language, _, _ := strings.Cut(e.Language, "-"); language != "" {
		k.Language = strings.ToLower(language)
	}
}

// knownAddress tells of the address that the lead goes by; any one of them that acted on a mail confirms the person.
func knownAddress(k *lead.Known, r *store.LeadRecord, at time.Time) {
	var main *store.LeadAddress
	for i, ad := range r.Addresses {
		if main == nil || ad.Address == r.Email {
			main = &r.Addresses[i]
		}
		k.Confirmed = k.Confirmed || ad.ConfirmedAt != nil && !ad.ConfirmedAt.After(at)
	}
	if main == nil {
		return
	}
	local, domain, _ := strings.Cut(main.Address, "@")
	k.Domain, k.FreeMail, k.Disposable, k.RoleAddress = domain, form.IsFreeMail(domain), form.IsDisposable(domain), form.IsRole(local)
	if !k.FreeMail && !k.Disposable {
		k.CompanyDomain = registrable(domain)
	}
}

// knownAnswers folds the answers that were known at the time, as claims were folded when they came in.
func knownAnswers(k *lead.Known, r *store.LeadRecord, at time.Time, live bool) {
	k.Answers = map[string]string{}
	current := map[string]lead.Value{}
	for i, v := range r.Values {
		if live {
			if v.Current {
				k.Answers[v.Field] = v.Value
			}
			continue
		}
		if v.KnownAt.After(at) {
			continue
		}
		said := valueOf(&r.Values[i])
		said.Confirmed = said.Confirmed && v.ConfirmedAt != nil && !v.ConfirmedAt.After(at)
		if lead.Replaces(current[v.Field], said) {
			current[v.Field], k.Answers[v.Field] = said, v.Value
		}
	}
	k.Country, k.Company, k.JobTitle, k.HasPhone = strings.ToUpper(k.Answers["country"]), k.Answers["company"], k.Answers["job_title"], k.Answers["tel"] != ""
	if len(r.Values) == 0 { // by hand: the columns are all there is
		k.Country, k.Company, k.JobTitle, k.HasPhone = strings.ToUpper(r.Country), r.Company, r.JobTitle, r.Tel != ""
	}
	k.Region = lead.Region(k.Country)
}

// consents tells whether consent to marketing was given and confirmed at the time.
func consents(r *store.LeadRecord, at time.Time) bool {
	c := lead.Consent{}
	for _, x := range r.Consents {
		switch {
		case x.At.After(at):
		case x.Given && x.State == "confirmed" && x.ConfirmedAt != nil && !x.ConfirmedAt.After(at):
			c = c.Confirm(x.At)
		case x.Given:
			c = c.Claim(x.At)
		case x.How != "form":
			c = c.Withdraw(x.At)
		}
	}
	return c.State == lead.ConsentConfirmed
}

func addNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
