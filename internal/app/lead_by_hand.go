package app

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// byHand are the questions about somebody whom staff met.
var byHand = form.Definition{Fields: []form.Field{
	{Name: "email", Type: "email", Label: "E-mail"},
	{Name: "given_name", Type: "text", Label: "First name", MaxLength: 80},
	{Name: "family_name", Type: "text", Label: "Last name", MaxLength: 80},
	{Name: "company", Type: "text", Label: "Company", MaxLength: 120},
	{Name: "job_title", Type: "text", Label: "What they do there", MaxLength: 120},
	{Name: "country", Type: "country", Label: "Country"},
	{Name: "tel", Type: "tel", Label: "Phone"},
}}

// OriginKinds and LegalBases list where a lead by hand may come from, and by what right it is kept (GDPR, article 6).
func OriginKinds() []string { return []string{"phone", "fair", "referral", "other"} }

// LegalBases lists the rights.
func LegalBases() []string {
	return []string{pipeline.ByConsent, pipeline.ByContract, pipeline.ByInterest}
}

// HandLead is somebody whom staff met, as typed. Covers are the ways of approaching them (pipeline.Channels) which the basis
// covers; none with a legitimate interest: what such an interest covers by itself. To is "me", or "rules" for whoever the
// rules choose.
type HandLead struct {
	Values map[string]string
	Kind   string
	Basis  string
	Covers []string
	Note   string
	To     string
}

// ErrKnownLead is the answer where there is a lead with the address already; the id is that of the lead.
type ErrKnownLead struct{ ID uuid.UUID }

// Error says it.
func (e *ErrKnownLead) Error() string { return "there is a lead with this address already" }

// reachable asks for a way to reach somebody, and without an address for a name to know them by.
func (e *edits) reachable(values map[string]string) {
	typed := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.TrimSpace(values[name]) != "" })
	}
	switch {
	case !typed("email", "tel"):
		e.add("email", lead.Required, "Please give an e-mail address or a phone number.")
	case !typed("email") && !typed("given_name", "family_name", "company"):
		e.add("family_name", lead.Required, "Please give a name or a company: there is no address to know them by.")
	}
}

// covers reads which ways the basis covers. A consent or a contract covers what somebody says that it does; what a
// legitimate interest does not reach cannot be said.
func (e *edits) covers(in HandLead, answers form.Answers) []string {
	business := strings.TrimSpace(in.Values["company"]) != "" || answers.Email.Registrable != "" && !form.IsFreeMail(answers.Email.Domain) && !form.IsDisposable(answers.Email.Domain)
	covers := []string{}
	for _, ch := range pipeline.Channels() {
		if !slices.Contains(in.Covers, ch) {
			continue
		}
		if why := pipeline.CannotCover(in.Basis, ch, business); why != "" {
			e.add("covers-"+ch, lead.Invalid, why)
		}
		covers = append(covers, ch)
	}
	if slices.ContainsFunc(in.Covers, func(ch string) bool { return !slices.Contains(pipeline.Channels(), ch) }) {
		e.add("covers", lead.Invalid, "Please choose among the ways that there are.")
	}
	if len(covers) == 0 {
		covers = append(covers, pipeline.Covered(in.Basis, business)...)
	}
	if len(covers) == 0 && slices.Contains(LegalBases(), in.Basis) {
		e.add("covers-"+pipeline.Channels()[0], lead.Required, "Please say what it covers: nobody is approached in a way that was not agreed.")
	}
	return covers
}

// AddLead records somebody whom staff met: what was typed is a claim, no mail is sent, and it is given into hands at once.
// An address that is known is no new lead: nothing of the known one changes. Somebody known by phone alone has no address,
// and the contact policy allows no mail.
func (a *App) AddLead(ctx context.Context, in HandLead, by store.Actor) (store.Lead, error) {
	var l store.Lead
	answers, err := form.Parse(byHand, form.Input{Fields: in.Values})
	var e edits
	if err != nil {
		e.faults = append(e.faults, errs.Public(err).Fields...)
	}
	e.reachable(in.Values)
	if !slices.Contains(OriginKinds(), in.Kind) {
		e.add("kind", lead.Required, "Please say where you met.")
	}
	if !slices.Contains(LegalBases(), in.Basis) {
		e.add("basis", lead.Required, "Please say by what right we keep this person.")
	}
	covers := e.covers(in, answers)
	low := 0
	if in.Kind == "referral" || in.Kind == "other" || in.Basis == "legitimate-interest" {
		low = 1
	}
	note := e.line("note", in.Note, low, 300)
	if in.To != "me" && in.To != "rules" {
		e.add("to", lead.Required, "Please say who looks after them.")
	}
	if err := e.err(); err != nil {
		return l, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if l, err = newLead(tx, answers); err != nil {
			return err
		}
		now := tx.Now()
		origin := store.LeadOrigin{LeadID: l.ID, Kind: in.Kind, LegalBasis: in.Basis, Note: note, ByID: by.ID, At: now, Covers: &covers}
		if err := tx.Create(&origin).Error; err != nil {
			return err
		}
		if err := a.announce(tx, store.OutboxEvent{Type: LeadChanged, LeadID: l.ID}); err != nil {
			return err
		}
		if err := a.learnt(tx, l.ID); err != nil {
			return err
		}
		if err := tx.Audit(by, "lead.add", "lead", l.ID.String(), map[string]any{"origin": in.Kind, "basis": in.Basis, "covers": covers}); err != nil {
			return err
		}
		switch {
		case in.To == "rules":
			return a.wantOwners(tx, l.ID)
		case by.ID != nil:
			return a.giveLead(tx, l.ID, *by.ID, by)
		}
		return nil
	})
	return l, err
}

// newLead makes lead, address, company and values.
func newLead(tx *store.Tx, answers form.Answers) (store.Lead, error) {
	v, now := answers.Values, tx.Now()
	if answers.Email.Normal == "" {
		l := store.Lead{ID: store.NewID(), State: "active", GivenName: v["given_name"], FamilyName: v["family_name"], Company: v["company"],
			JobTitle: v["job_title"], Tel: v["tel"], Country: v["country"], CreatedAt: now, LastAt: now, Version: 1}
		if err := tx.Create(&l).Error; err != nil {
			return l, err
		}
		return l, typedValues(tx, l.ID, nil, v)
	}
	l, address, err := newAddressed(tx, answers)
	if err != nil {
		return l, err
	}
	return l, typedValues(tx, l.ID, &address, v)
}

// newAddressed makes lead, address and company of somebody whose address is not known yet.
func newAddressed(tx *store.Tx, answers form.Answers) (l store.Lead, address uuid.UUID, err error) {
	ad, now := answers.Email, tx.Now()
	row := store.LeadAddress{ID: store.NewID(), LeadID: store.NewID(), Address: ad.Normal, Typed: ad.Typed, StrictKey: ad.Strict, Domain: ad.Domain, LinkSerial: 1, CreatedAt: now}
	v := answers.Values
	have, made, err := tx.LockAddresses([]store.LeadAddress{row}, func(ad store.LeadAddress) store.Lead {
		return store.Lead{ID: ad.LeadID, State: "active", Email: ad.Address, GivenName: v["given_name"], FamilyName: v["family_name"], Company: v["company"],
			JobTitle: v["job_title"], Tel: v["tel"], Country: v["country"], CreatedAt: now, LastAt: now, Version: 1}
	})
	if err != nil {
		return l, row.ID, err
	}
	if len(made) == 0 {
		return l, row.ID, &ErrKnownLead{ID: have[ad.Normal].LeadID}
	}
	l = made[0]
	if ad.Registrable != "" && !form.IsFreeMail(ad.Domain) && !form.IsDisposable(ad.Domain) {
		companies, err := tx.EnsureCompanies(map[string]string{ad.Registrable: companyName(v["company"], ad.Registrable)})
		if err != nil {
			return l, row.ID, err
		}
		if id, ok := companies[ad.Registrable]; ok {
			l.CompanyID = &id
			if err := tx.Model(&store.Lead{}).Where("id = ?", l.ID).Update("company_id", id).Error; err != nil {
				return l, row.ID, err
			}
		}
	}
	return l, row.ID, nil
}

// typedValues records what staff typed, as claims, for the address if there is one.
func typedValues(tx *store.Tx, leadID uuid.UUID, address *uuid.UUID, v map[string]string) error {
	var values []store.LeadValue
	for _, f := range byHand.Fields {
		if f.Name != "email" && v[f.Name] != "" {
			values = append(values, store.LeadValue{ID: store.NewID(), LeadID: leadID, AddressID: address, Field: f.Name, Value: v[f.Name], State: "claimed", Current: true, KnownAt: tx.Now()})
		}
	}
	if len(values) == 0 {
		return nil
	}
	return tx.Create(&values).Error
}
