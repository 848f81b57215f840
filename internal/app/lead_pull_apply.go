package app

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// take applies a change of theirs and says in words what it did. Nothing said: it was our own news come back, or so
// already. The deal or the lead is locked first, then what they hold of it. Asked is when the question went out.
func (a *App) take(tx *store.Tx, c store.Connector, object uuid.UUID, ch crm.Change, asked time.Time) (what []string, err error) {
	if ch.Object == crm.Deal {
		return a.takeDeal(tx, c, object, ch, asked)
	}
	l, err := lastOfMerges(tx, object)
	if err != nil || l.ID == uuid.Nil || l.State == "erased" {
		return nil, err
	}
	remote, err := lockRemote(tx, c.ID, ch, object)
	if err != nil {
		return nil, err
	}
	if ch.Deleted {
		return goneThere(tx, remote, ch)
	}
	if ch.OptOut {
		did, err := a.takeOptOut(tx, c, l)
		if err != nil {
			return nil, err
		}
		if did {
			what = append(what, "opted out of marketing there: the consent is withdrawn here")
		}
	}
	if l.ID != object { // who owns the lead that stays is told of its own record
		return what, nil
	}
	ch = overtaken(ch, remote, asked)
	owner, echo, err := theirOwner(tx, c.ID, remote, ch)
	if err != nil || echo {
		return what, err
	}
	if owner.id != uuid.Nil && (l.OwnerID == nil || *l.OwnerID != owner.id) {
		said, err := a.takeOwner(tx, c, l, owner)
		if err != nil {
			return nil, err
		}
		what = append(what, said)
	} else if owner.id == uuid.Nil && owner.name != "" {
		what = append(what, "their owner "+owner.name+" is nobody of ours")
	}
	return what, agreeOn(tx, remote, ch)
}

// lockRemote is what they hold for one of ours; nil when we never told them.
func lockRemote(tx *store.Tx, connector uuid.UUID, ch crm.Change, object uuid.UUID) (*store.RemoteObject, error) {
	var rows []store.RemoteObject
	q := tx.ForUpdate().Where("connector_id = ? and object_id = ?", connector, object)
	if ch.ID != "" {
		q = q.Where("remote_kind = ?", ch.Kind)
	}
	if err := q.Order("object_kind").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// overtaken leaves out of an answer what they were told after it was asked for: it may say how things stood before. The
// push has read what they held, and told what was news of it.
func overtaken(ch crm.Change, remote *store.RemoteObject, asked time.Time) crm.Change {
	if remote == nil || !remote.At.After(asked) {
		return ch
	}
	if _, told := remote.Sent[crm.SentOwner]; told {
		ch.Owner = nil
	}
	if _, told := remote.Sent[crm.SentStage]; told {
		ch.Stage, ch.TheirStage = nil, ""
	}
	if _, told := remote.Sent[crm.SentValue]; told {
		ch.Value = nil
	}
	return ch
}

// goneThere notes that what they hold was deleted. Another record of theirs that bears our key says nothing of it: the one
// that a merge took away, say, before its undo made a new one.
func goneThere(tx *store.Tx, remote *store.RemoteObject, ch crm.Change) ([]string, error) {
	if remote == nil || remote.GoneAt != nil || ch.ID != "" && ch.ID != remote.RemoteID {
		return nil, nil
	}
	err := tx.Model(&store.RemoteObject{}).Where("connector_id = ? and object_kind = ? and object_id = ?", remote.ConnectorID, remote.ObjectKind, remote.ObjectID).Update("gone_at", tx.Now()).Error
	return []string{"deleted there; nothing is deleted here, and it is not made there again"}, err
}

// takeOptOut withdraws the consent to marketing of every address, as the person told others.
func (a *App) takeOptOut(tx *store.Tx, c store.Connector, l store.Lead) (did bool, err error) {
	var addresses []store.LeadAddress
	if err := tx.Where("lead_id = ?", l.ID).Order("id").Find(&addresses).Error; err != nil {
		return false, err
	}
	now := tx.Now()
	for _, ad := range addresses {
		stops, err := tx.Suppressions(a.addressKeys(ad.Address))
		if err != nil {
			return did, err
		}
		_, gone := stops["unsubscribed"]
		_, never := stops["never"]
		if gone || never {
			continue
		}
		did = true
		row := store.Consent{ID: store.NewID(), LeadID: l.ID, AddressID: ad.ID, Purpose: purposeMarketing, Text: "Opted out in " + c.Name + ".", TextVersion: "connector-1", Language: "en",
			State: "confirmed", How: "provider", At: now, ConfirmedAt: &now}
		if err := tx.Create(&row).Error; err != nil {
			return did, err
		}
		if err := tx.Suppress(store.Suppression{AddressKey: a.addressKeys(ad.Address)[0], Kind: "unsubscribed", Reason: "opted out in " + c.Name, At: now}); err != nil {
			return did, err
		}
	}
	if !did {
		return false, nil
	}
	return true, a.announce(tx, store.OutboxEvent{Type: LeadChanged, LeadID: l.ID, Origin: c.ID.String()})
}

type theirPerson struct {
	id   uuid.UUID // of ours
	name string    // of theirs
}

// theirOwner is who owns it there. echo: that is what we told them, or nothing is told.
func theirOwner(tx *store.Tx, connector uuid.UUID, remote *store.RemoteObject, ch crm.Change) (p theirPerson, echo bool, err error) {
	switch {
	case ch.OwnerEmail != "":
		var ids []uuid.UUID
		err = tx.Model(&store.User{}).Where("lower(email) = lower(?) and disabled_at is null", ch.OwnerEmail).Limit(1).Pluck("id", &ids).Error
		return theirPerson{first(ids), ch.OwnerEmail}, false, err
	case ch.Owner == nil || *ch.Owner == "":
		return p, true, nil
	case remote != nil && crm.Same(remote.Sent[crm.SentOwner], *ch.Owner):
		return p, true, nil
	}
	var rows []store.RemoteUser
	if err := tx.Where("connector_id = ? and remote_id = ?", connector, *ch.Owner).Limit(1).Find(&rows).Error; err != nil {
		return p, false, err
	}
	p.name = *ch.Owner
	if len(rows) > 0 {
		p.name = orElse(rows[0].Name, p.name)
		if rows[0].UserID != nil {
			p.id = *rows[0].UserID
		}
	}
	return p, false, nil
}

// takeOwner gives a lead to whom the CRM says. One in nobody's hands gets its existing owner, whom routing asks first.
func (a *App) takeOwner(tx *store.Tx, c store.Connector, l store.Lead, owner theirPerson) (string, error) {
	var held []store.Assignment
	if err := tx.Where("lead_id = ? and state in ('open','accepted')", l.ID).Find(&held).Error; err != nil {
		return "", err
	}
	if len(held) == 0 {
		if err := tx.Exec("update leads set owner_id = ? where id = ?", owner.id, l.ID).Error; err != nil {
			return "", err
		}
		return "owned there by " + owner.name + ": the existing owner", a.announce(tx, store.OutboxEvent{Type: LeadChanged, LeadID: l.ID, Origin: c.ID.String()})
	}
	return "given to " + owner.name + " there, and so here", a.handOverFor(tx, c, held[0].ID, owner.id)
}

// takeDeal applies stage, value and owner of a deal, each unless it is what we told them.
func (a *App) takeDeal(tx *store.Tx, c store.Connector, id uuid.UUID, ch crm.Change, asked time.Time) (what []string, err error) {
	var d store.Deal
	if err := tx.Where("id = ?", id).Take(&d).Error; err != nil {
		return nil, err
	}
	var l store.Lead
	if err := tx.ForUpdate().Where("id = ?", d.LeadID).Take(&l).Error; err != nil || l.State == "erased" {
		return nil, err
	}
	remote, err := lockRemote(tx, c.ID, ch, id)
	if err != nil {
		return nil, err
	}
	if ch.Deleted {
		return goneThere(tx, remote, ch)
	}
	ch = overtaken(ch, remote, asked)
	owner, echo, err := theirOwner(tx, c.ID, remote, ch)
	if err != nil {
		return nil, err
	}
	if !echo && owner.id != uuid.Nil && owner.id != d.OwnerID && d.State == pipeline.Open { // before the deal, as everybody locks
		if err := a.handOverFor(tx, c, d.AssignmentID, owner.id); err != nil {
			return nil, err
		}
		what = append(what, "given to "+owner.name+" there, and so here")
	}
	d, as, err := heldDeal(tx, id)
	if err != nil {
		return nil, err
	}
	sent := map[string]string{}
	if remote != nil {
		sent = remote.Sent
	}
	by := store.Actor{Kind: "system", Name: c.Name}
	change := store.DealChange{FromStage: d.Stage, ToStage: d.Stage, Fields: map[string]store.FromTo{}}
	if ch.Value != nil && !crm.Same(sent[crm.SentValue], *ch.Value) {
		n, ok := minor(*ch.Value, d.Currency)
		switch {
		case ch.Currency != "" && ch.Currency != d.Currency:
			what = append(what, fmt.Sprintf("value %s %s there; the deal here is in %s, so it is left as it is", *ch.Value, ch.Currency, d.Currency))
		case !ok:
			what = append(what, fmt.Sprintf("value %s there, which is no amount of %s that can be kept", *ch.Value, d.Currency))
		case d.Value == nil || *d.Value != n:
			was := ""
			if d.Value != nil {
				was = major(*d.Value, d.Currency)
			}
			change.Fields["value"] = store.FromTo{From: was, To: *ch.Value}
			d.Value = &n
			what = append(what, "value "+*ch.Value+" "+d.Currency)
		}
	}
	if ch.Stage != nil && *ch.Stage != d.Stage && (ch.TheirStage == "" || sent[crm.SentStage] != ch.TheirStage) {
		moved, err := a.stepFor(tx, &d, as, *ch.Stage, ch, by)
		if err != nil {
			return nil, err
		}
		if change.ToStage = d.Stage; moved {
			what = append(what, "moved to “"+*ch.Stage+"” there")
		} else {
			what = append(what, fmt.Sprintf("moved to %q there, which is no stage here", *ch.Stage))
		}
	} else if ch.Stage == nil && ch.TheirStage != "" && sent[crm.SentStage] != ch.TheirStage {
		what = append(what, fmt.Sprintf("moved to their stage %q, which the settings do not name", ch.TheirStage))
	}
	if len(change.Fields) > 0 || change.FromStage != change.ToStage {
		if err := a.saveDeal(tx, d, change, "crm", by, c.ID.String()); err != nil {
			return nil, err
		}
	}
	return what, agreeOn(tx, remote, ch)
}

// stepFor moves a deal where the other system says it stands; false where there is no such stage. There is no asking for
// what our own stages require: it is a fact by now, and what is missing shows on the board.
func (a *App) stepFor(tx *store.Tx, d *store.Deal, as store.Assignment, to string, ch crm.Change, by store.Actor) (moved bool, err error) {
	stages, err := stagesOf(tx.DB)
	if err != nil {
		return false, err
	}
	stage, ok := stages.Find(to)
	if !ok {
		return false, nil
	}
	was, now := d.State, tx.Now()
	d.Stage, d.StageAt = stage.Key, now
	switch {
	case stage.Kind != pipeline.Open:
		d.State, d.ClosedAt = stage.Kind, &now
		d.ReasonNote = orElse(d.ReasonNote, cutTo(ch.Reason, 500))
		if as.State == "accepted" {
			return true, closeAssignment(tx, as, stage.Kind, by)
		}
	case was != pipeline.Open:
		d.State, d.ClosedAt, d.Reason, d.ReasonNote = pipeline.Open, nil, "", ""
		return true, reopenAssignment(tx, as)
	}
	return true, nil
}

// agreeOn remembers what they hold now: the same told again is an echo, and going back to what we told once is news.
func agreeOn(tx *store.Tx, remote *store.RemoteObject, ch crm.Change) error {
	if remote == nil {
		return nil
	}
	sent := maps.Clone(remote.Sent)
	if sent == nil {
		sent = map[string]string{}
	}
	set := func(role, value string) {
		old, had := sent[role]
		sent[role] = value
		for prop, v := range sent { // the property that carries it
			if had && prop[0] != '=' && v == old {
				sent[prop] = value
			}
		}
	}
	if ch.Owner != nil {
		set(crm.SentOwner, *ch.Owner)
	}
	if ch.TheirStage != "" {
		set(crm.SentStage, ch.TheirStage)
	}
	if ch.Value != nil {
		set(crm.SentValue, *ch.Value)
	}
	return tx.Model(&store.RemoteObject{}).Where("connector_id = ? and object_kind = ? and object_id = ?", remote.ConnectorID, remote.ObjectKind, remote.ObjectID).
		Select("sent").Updates(&store.RemoteObject{Sent: sent}).Error
}

// handOverFor puts a lead into the hands that another system names, with what was accepted and planned.
func (a *App) handOverFor(tx *store.Tx, c store.Connector, assignment, owner uuid.UUID) error {
	g, err := a.grasp(tx, assignment, 0, store.Actor{Kind: "system", Name: c.Name})
	if err != nil || !g.as.Held() {
		return err
	}
	_, err = a.takeOver(g, pipeline.Choice{Owner: owner, Text: "given to " + g.h.name(owner) + " in " + c.Name}, "crm", store.TakenByHand, "in "+c.Name, false)
	return err
}
