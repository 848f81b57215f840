package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// AcceptSubmissions derives address, lead, company, visit, consent, grant and message from recorded submissions, in one
// transaction with the next jobs. Again, or twice at once, changes nothing. A batch that fails is tried one by one, so
// that a bad row holds up nobody else.
func (a *App) AcceptSubmissions(ctx context.Context, ids []uuid.UUID) error {
	select {
	case a.accepting <- struct{}{}:
		defer func() { <-a.accepting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	a.giveWay(ctx)
	err := a.store.Tx(ctx, func(tx *store.Tx) error { return a.accept(tx, ids, acceptMost) })
	if err == nil || ctx.Err() != nil {
		return err
	}
	var all []error
	for _, id := range ids {
		all = append(all, a.store.Tx(ctx, func(tx *store.Tx) error { return a.accept(tx, []uuid.UUID{id}, 1) }))
	}
	return errors.Join(all...)
}

// acceptance is one transaction's working set.
type acceptance struct {
	app       *App
	tx        *store.Tx
	now       time.Time
	subs      []store.Submission
	payloads  map[uuid.UUID]store.Payload
	addresses map[string]store.LeadAddress
	leads     map[uuid.UUID]*store.Lead
	gates     map[uuid.UUID]store.Gate
	versions  map[uuid.UUID]store.GateVersion
	companies map[string]uuid.UUID
	current   map[uuid.UUID]map[string]*store.LeadValue
	grants    map[grantKey]*store.Grant
	mails     map[string][]store.Message // by strict key of the address

	values   []store.LeadValue
	replaced []uuid.UUID
	consents []store.Consent
	visits   []store.Visit
	messages []store.Message
	outcomes []store.Outcome
	next     []river.InsertManyParams
	flooded  bool // somebody asked for one mailbox in too many spellings
}

type grantKey struct{ address, document uuid.UUID }

// acceptMost is how many submissions one transaction derives at most: under load the cost of a lead falls to a third.
const acceptMost = 64

func (a *App) accept(tx *store.Tx, ids []uuid.UUID, most int) error {
	subs, payloads, err := tx.LockOpen(ids, most)
	if err != nil || len(subs) == 0 {
		return err
	}
	w := &acceptance{app: a, tx: tx, now: tx.Now(), subs: subs, payloads: payloads}
	for _, step := range []func() error{w.loadGates, w.lockPeople, w.loadFacts, w.derive, w.write} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *acceptance) loadGates() error {
	gateIDs, versionIDs := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, s := range w.subs {
		gateIDs[s.GateID], versionIDs[s.GateVersionID] = true, true
	}
	var gates []store.Gate
	if err := w.tx.Where("id in ?", keysOf(gateIDs)).Find(&gates).Error; err != nil {
		return err
	}
	var versions []store.GateVersion
	if err := w.tx.Where("id in ?", keysOf(versionIDs)).Find(&versions).Error; err != nil {
		return err
	}
	w.gates, w.versions = byID(gates, func(g store.Gate) uuid.UUID { return g.ID }), byID(versions, func(v store.GateVersion) uuid.UUID { return v.ID })
	return nil
}

// lockPeople locks the addresses in their order, then their leads, and finds the companies: the lock order of the design.
func (w *acceptance) lockPeople() error {
	wanted := map[string]store.LeadAddress{}
	companies := map[string]string{}
	first := map[string]store.Submission{}
	for _, s := range w.subs {
		p := w.payloads[s.ID]
		if _, ok := wanted[p.Address]; ok {
			continue
		}
		ad, err := lead.ParseAddress(p.Address)
		if err != nil {
			return err
		}
		wanted[p.Address] = store.LeadAddress{ID: store.NewID(), LeadID: store.NewID(), Address: ad.Normal, Typed: p.Typed, StrictKey: ad.Strict,
			Domain: ad.Domain, LinkSerial: 1, CreatedAt: w.now}
		first[p.Address] = s
		if ad.Registrable != "" && !form.IsFreeMail(ad.Domain) && !form.IsDisposable(ad.Domain) {
			companies[ad.Registrable] = companyName(p.Answers["company"], ad.Registrable)
		}
	}
	list := make([]store.LeadAddress, 0, len(wanted))
	for _, x := range wanted {
		list = append(list, x)
	}
	var err error
	w.addresses, _, err = w.tx.LockAddresses(list, func(ad store.LeadAddress) store.Lead {
		s := first[ad.Address]
		return store.Lead{ID: ad.LeadID, State: "active", Email: ad.Address, FirstGateID: &s.GateID, CreatedAt: s.ReceivedAt, LastAt: s.ReceivedAt, Version: 1}
	})
	if err != nil {
		return err
	}
	if w.companies, err = w.tx.EnsureCompanies(companies); err != nil {
		return err
	}
	leadIDs := map[uuid.UUID]bool{}
	for _, ad := range w.addresses {
		leadIDs[ad.LeadID] = true
	}
	var leads []store.Lead
	if err := w.tx.ForUpdate().Where("id in ?", keysOf(leadIDs)).Order("id").Find(&leads).Error; err != nil {
		return err
	}
	boxes := make([]string, 0, len(w.addresses))
	for _, ad := range w.addresses {
		boxes = append(boxes, ad.StrictKey)
	}
	if err := w.tx.LockMailboxes(boxes); err != nil {
		return err
	}
	w.leads = map[uuid.UUID]*store.Lead{}
	for i := range leads {
		w.leads[leads[i].ID] = &leads[i]
	}
	return nil
}

// loadFacts reads what is known already: current values, grants, and the mails that the limits count.
func (w *acceptance) loadFacts() error {
	var values []store.LeadValue
	if err := w.tx.Where("lead_id in ? and current", keysOfPtr(w.leads)).Find(&values).Error; err != nil {
		return err
	}
	w.current = map[uuid.UUID]map[string]*store.LeadValue{}
	for i, v := range values {
		if w.current[v.LeadID] == nil {
			w.current[v.LeadID] = map[string]*store.LeadValue{}
		}
		w.current[v.LeadID][v.Field] = &values[i]
	}
	addressIDs, strict := make([]uuid.UUID, 0, len(w.addresses)), make([]string, 0, len(w.addresses))
	for _, ad := range w.addresses {
		addressIDs, strict = append(addressIDs, ad.ID), append(strict, ad.StrictKey)
	}
	var grants []store.Grant
	if err := w.tx.Where("address_id in ?", addressIDs).Find(&grants).Error; err != nil {
		return err
	}
	w.grants = map[grantKey]*store.Grant{}
	for i, g := range grants {
		w.grants[grantKey{g.AddressID, g.DocumentID}] = &grants[i]
	}
	var err error
	w.mails, err = requestedMails(w.tx, strict, w.now)
	return err
}

func (w *acceptance) derive() error {
	done := make([]uuid.UUID, 0, len(w.subs))
	for _, s := range w.subs {
		p := w.payloads[s.ID]
		ad := w.addresses[p.Address]
		l := w.leads[ad.LeadID]
		gate := w.gates[s.GateID]
		w.claim(s, p, ad, l)
		for _, c := range p.Consents {
			w.consents = append(w.consents, store.Consent{ID: store.NewID(), LeadID: l.ID, AddressID: ad.ID, SubmissionID: &s.ID, Purpose: c.Key,
				Text: c.Text, TextVersion: c.Version, Language: s.Language, Given: c.Given, State: "claimed", How: "form", At: s.ReceivedAt})
		}
		channel := lead.Channel(p.Source.UTMSource, p.Source.UTMMedium, p.Source.Referrer, w.app.host())
		w.visits = append(w.visits, store.Visit{ID: store.NewID(), SubmissionID: s.ID, LeadID: l.ID, At: s.ReceivedAt, Page: p.Source.Page,
			Referrer: p.Source.Referrer, UTMSource: p.Source.UTMSource, UTMMedium: p.Source.UTMMedium, UTMCampaign: p.Source.UTMCampaign,
			UTMTerm: p.Source.UTMTerm, UTMContent: p.Source.UTMContent, Channel: channel})
		if l.Source == "" {
			l.Source = channel
		}
		l.Submissions++
		if s.ReceivedAt.After(l.LastAt) {
			l.LastAt = s.ReceivedAt
		}
		g := w.grant(ad, gate, w.versions[s.GateVersionID].Definition)
		message, joined := w.request(s, ad, l, gate, g)
		w.outcomes = append(w.outcomes, store.Outcome{SubmissionID: s.ID, LeadID: l.ID, AddressID: &ad.ID, GrantID: &g.ID, MessageID: &message,
			Joined: joined, ProcessedAt: w.now})
		done = append(done, s.ID)
	}
	if err := w.app.markLate(w.tx, w.subs); err != nil {
		return err
	}
	return w.tx.SetSubmissionStates(done, store.StateProcessed)
}

// claim records the answers about the lead; lead.Replaces says which of them count.
func (w *acceptance) claim(s store.Submission, p store.Payload, ad store.LeadAddress, l *store.Lead) {
	if w.current[l.ID] == nil {
		w.current[l.ID] = map[string]*store.LeadValue{}
	}
	for field, value := range p.Answers {
		if field == "email" || value == "" {
			continue
		}
		v := store.LeadValue{ID: store.NewID(), LeadID: l.ID, AddressID: &ad.ID, SubmissionID: &s.ID, Field: field, Value: value, State: "claimed", KnownAt: s.ReceivedAt}
		old := w.current[l.ID][field]
		if lead.Replaces(valueOf(old), valueOf(&v)) || w.app.mutant("claim-overwrites") {
			v.Current = true
			if old != nil {
				w.retire(old.ID)
			}
			w.values = append(w.values, v)
			w.current[l.ID][field] = &w.values[len(w.values)-1]
			setLeadColumn(l, field, value)
			continue
		}
		w.values = append(w.values, v)
	}
	if id, ok := w.companies[registrable(ad.Domain)]; ok && l.CompanyID == nil {
		l.CompanyID = &id
	}
}

// retire takes the mark "current" from a value, whether it is stored already or made in this transaction.
func (w *acceptance) retire(id uuid.UUID) {
	for i := range w.values {
		if w.values[i].ID == id {
			w.values[i].Current = false
			return
		}
	}
	w.replaced = append(w.replaced, id)
}

// grant gives the address its right to the gate's document, or extends it.
func (w *acceptance) grant(ad store.LeadAddress, gate store.Gate, def form.Gate) *store.Grant {
	expires := w.now.Add(LinkLife(def))
	k := grantKey{ad.ID, gate.DocumentID}
	g := w.grants[k]
	if g == nil {
		g = &store.Grant{ID: store.NewID(), AddressID: ad.ID, DocumentID: gate.DocumentID, GateID: gate.ID, Serial: 1, CreatedAt: w.now}
		w.grants[k] = g
	}
	if expires.After(g.ExpiresAt) {
		g.ExpiresAt = expires
	}
	return g
}

// request finds the message that answers a submission: the one that waits already, or a new one, due now or when the
// limits on mail allow it.
func (w *acceptance) request(s store.Submission, ad store.LeadAddress, l *store.Lead, gate store.Gate, g *store.Grant) (id uuid.UUID, joined bool) {
	earlier := w.mails[ad.StrictKey]
	for _, m := range earlier {
		if waits(m) && m.AddressID != nil && *m.AddressID == ad.ID && m.DocumentID != nil && *m.DocumentID == gate.DocumentID {
			return m.ID, true
		}
	}
	m := newRequested(&s.ID, 1, ad, l.ID, g, gate, w.now)
	applyMailLimits(&m, counted(earlier, ad), w.now, w.app.o.Limits)
	if w.app.o.Limits && tooManySpellings(&m, earlier, ad) {
		w.flooded = true
	}
	w.messages = append(w.messages, m)
	w.mails[ad.StrictKey] = append(earlier, m)
	if m.State != store.MessageEnded {
		w.next = append(w.next, deliverJob(m))
	}
	return m.ID, false
}
