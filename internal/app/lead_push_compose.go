package app

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// composePush reads what is to be told. dropped says why there is nothing to tell any more.
func (a *App) composePush(tx *store.Tx, t *pushTry) (dropped string, err error) {
	if t.system == nil { // of a dry run
		if t.system, t.config, err = a.unsealed(t.connector); err != nil {
			return "", errs.Wrap(err, errs.Unavailable, "The connector cannot be read.")
		}
	}
	p := &t.push
	t.call = crm.Call{ID: p.Revision.String(), Type: p.Type, At: p.CreatedAt, Erase: p.Type == LeadErased, Merged: p.Type == LeadMerged}
	if p.ObjectKind == "event" {
		t.call.Key = p.LeadID.String()
		return a.composeEvent(tx, t)
	}
	var deal *uuid.UUID
	if p.ObjectKind == crm.Deal {
		deal, t.call.DealKey = &p.ObjectID, p.ObjectID.String()
		if p.LeadID, err = leadOfDeal(tx, p.ObjectID); err != nil { // it may have gone over to another lead
			return "", err
		}
	}
	t.call.Key = p.LeadID.String()
	told, err := a.tell(tx, p.LeadID, deal)
	switch {
	case err != nil:
		return "", err
	case told.erased && !t.call.Erase:
		return "the person was erased", nil
	case told.merged != nil && !t.call.Erase && !t.call.Merged:
		return "the lead was merged into another one, who is told of instead", nil
	case t.call.Merged && told.merged == nil:
		return "the merge was undone", nil
	}
	t.call.Values, t.call.Lead = told.values, told.sales
	if told.company != nil {
		t.company, t.call.CompanyKey = *told.company, told.company.String()
	}
	if t.call.Known, err = knownObjects(tx, t, deal); err != nil {
		return "", err
	}
	if a.mutant("remote-id-forgotten") {
		t.call.Known = nil
	}
	switch {
	case t.call.Erase:
		return a.composeErase(tx, t)
	case t.call.Merged:
		return "", tx.Raw("select remote_id from remote_objects where connector_id = ? and object_kind in ('person','lead') and object_id = (select merged_into from leads where id = ?)",
			t.connector.ID, p.LeadID).Scan(&t.call.Keep).Error
	}
	if _, known := t.call.Known[crm.Company]; !known && told.company != nil && crm.Carries(t.config.Mapping, crm.Company) {
		t.making = told.company
	}
	p.Payload, err = json.Marshal(told.values)
	return "", err
}

func leadOfDeal(tx *store.Tx, deal uuid.UUID) (uuid.UUID, error) {
	var d store.Deal
	err := tx.Select("lead_id").Where("id = ?", deal).Take(&d).Error
	return d.LeadID, err
}

// composeErase names all that they may hold: deals, and companies that went with their last person.
func (a *App) composeErase(tx *store.Tx, t *pushTry) (string, error) {
	for kind, q := range map[string]struct {
		into *[]string
		sql  string
	}{
		crm.Deal:    {&t.call.Deals, "object_id in (select id from deals where lead_id = @lead)"},
		crm.Company: {&t.call.Companies, "gone_at is null and not exists (select 1 from companies c where c.id = object_id)"},
	} {
		err := tx.Raw("select remote_id from remote_objects where connector_id = @connector and object_kind = @kind and "+q.sql+" order by remote_id",
			map[string]any{"connector": t.connector.ID, "kind": kind, "lead": t.push.LeadID}).Scan(q.into).Error
		if err != nil {
			return "", err
		}
	}
	if t.config.Settings["erase"] == "tell" {
		return a.askToErase(tx, t)
	}
	t.push.Payload = []byte("{}")
	return "", nil
}

// composeEvent writes an event once: every retry says the same.
func (a *App) composeEvent(tx *store.Tx, t *pushTry) (dropped string, err error) {
	var e store.OutboxEvent
	if err := tx.Where("id = ?", t.push.ObjectID).Take(&e).Error; err != nil {
		return "", err
	}
	told, err := a.tell(tx, e.LeadID, e.DealID)
	if err != nil {
		return "", err
	}
	if told.erased && !t.call.Erase {
		return "the person was erased", nil
	}
	t.call.ID, t.call.At, t.call.Values = e.ID.String(), e.At, told.values
	if a.mutant("event-id-a-try") {
		t.call.ID = store.NewID().String()
	}
	if t.system.About().Alerts && e.Type == LeadAssigned {
		return a.composeAlert(tx, t, e)
	}
	if len(t.push.Payload) > 2 {
		return "", json.Unmarshal(t.push.Payload, &t.call.Data)
	}
	var as *store.Assignment
	if e.AssignmentID != nil {
		as = &store.Assignment{}
		if err := tx.Where("id = ?", *e.AssignmentID).Take(as).Error; err != nil {
			return "", err
		}
	}
	if t.push.Payload, err = json.Marshal(told.eventData(e, as)); err != nil {
		return "", err
	}
	return "", json.Unmarshal(t.push.Payload, &t.call.Data) // in the order in which it will be written again
}

// askToErase is for systems from which a person deletes by hand.
func (a *App) askToErase(tx *store.Tx, t *pushTry) (string, error) {
	if len(t.call.Known) == 0 {
		return "nothing of this person is known there", nil
	}
	err := tx.Raise("connector-erase", t.push.ID.String(), "Somebody was erased here who is still in "+t.connector.Name+". Open the push "+t.push.ID.String()+
		" among the pushes: it names the record to delete there.")
	ids := ""
	for object, k := range t.call.Known {
		ids += " " + object + " " + k.ID
	}
	for _, id := range t.call.Deals {
		ids += " deal " + id
	}
	for _, id := range t.call.Companies {
		ids += " company " + id
	}
	return "to be deleted there by hand:" + ids, err
}

// knownObjects is what we know of theirs. What is gone because the lead was merged once, and is a lead of its own again, is
// made anew; an erasure wants all that they may hold in their bins as well.
func knownObjects(tx *store.Tx, t *pushTry, deal *uuid.UUID) (map[string]crm.Known, error) {
	ids := []uuid.UUID{t.push.LeadID}
	if deal != nil {
		ids = append(ids, *deal)
	}
	if t.company != uuid.Nil {
		ids = append(ids, t.company)
	}
	var rows []store.RemoteObject
	err := tx.Where("connector_id = ? and object_id in ?", t.connector.ID, ids).Find(&rows).Error
	out := map[string]crm.Known{}
	for _, r := range rows {
		if r.GoneAt == nil || t.call.Erase || r.Sent[sentMerged] == "" {
			out[r.ObjectKind] = crm.Known{ID: r.RemoteID, Sent: r.Sent, Gone: r.GoneAt != nil && !t.call.Erase}
		}
	}
	return out, err
}
