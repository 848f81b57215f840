package app

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// confirmClaims turns the claims of the submissions that a mail answered into confirmed facts: a person at that mailbox
// acted on it. Only that mail's: what a stranger typed in another submission stays a claim, since its mail, which would
// have told of it, was not acted on.
func (a *App) confirmClaims(tx *store.Tx, ad store.LeadAddress, o OpenedGrant) error {
	now := tx.Now()
	if ad.ConfirmedAt == nil {
		if err := tx.Model(&store.LeadAddress{}).Where("id = ?", ad.ID).Update("confirmed_at", now).Error; err != nil {
			return err
		}
	}
	subs, err := submissionsOf(tx, o)
	if err != nil || len(subs) == 0 {
		return err
	}
	if err := confirmValues(tx, ad.LeadID, subs, now); err != nil {
		return err
	}
	err = tx.Model(&store.Consent{}).Where("submission_id in ? and address_id = ? and state = 'claimed'", subs, ad.ID).
		Updates(map[string]any{"state": "confirmed", "confirmed_at": now}).Error
	if err != nil {
		return err
	}
	if err := a.confirmSaid(tx, ad.LeadID, subs, now); err != nil {
		return err
	}
	return a.liftWithdrawal(tx, ad)
}

// liftWithdrawal writes marketing to somebody again who had unsubscribed, if a box was ticked after that and the tick is
// confirmed now: lead.Consent says when. "Never write to me", a bounce and a spam report are no consents that were
// withdrawn: they stay.
func (a *App) liftWithdrawal(tx *store.Tx, ad store.LeadAddress) error {
	keys := a.addressKeys(ad.Address)
	found, err := tx.Suppressions(keys)
	if err != nil {
		return err
	}
	unsubscribed, ok := found["unsubscribed"]
	if !ok {
		return nil
	}
	c, err := tx.Consent(ad.ID, purposeMarketing, lead.Consent{}.Withdraw(unsubscribed.At))
	if err != nil || c.State != lead.ConsentConfirmed {
		return err
	}
	return tx.Model(&store.Suppression{}).Where("address_key in ? and kind = 'unsubscribed' and lifted_at is null", keys).Update("lifted_at", tx.Now()).Error
}

// submissionsOf finds the submissions that the mail with this very link answered: its own, and those that joined it.
func submissionsOf(tx *store.Tx, o OpenedGrant) (ids []uuid.UUID, err error) {
	err = tx.Raw(`with m as (select id, submission_id from messages where grant_id = ? and date_trunc('second', link_expires_at) = ?)
		select submission_id from m where submission_id is not null
		union select submission_id from outcomes where message_id in (select id from m)`, o.Grant.ID, o.Expires).Scan(&ids).Error
	return ids, err
}

// valueOf is a stored value as the rule of claims sees it; nil is one that nobody gave yet.
func valueOf(v *store.LeadValue) lead.Value {
	if v == nil {
		return lead.Value{}
	}
	out := lead.Value{Text: v.Value, Confirmed: v.State == "confirmed", SaidAt: v.KnownAt}
	if v.AddressID != nil {
		out.Address = *v.AddressID
	}
	return out
}

// confirmValues confirms what the submissions said; lead.Replaces says which of it counts.
func confirmValues(tx *store.Tx, leadID uuid.UUID, subs []uuid.UUID, now time.Time) error {
	var said, known []store.LeadValue
	if err := tx.Where("submission_id in ? and lead_id = ? and state = 'claimed'", subs, leadID).Order("known_at, id").Find(&said).Error; err != nil || len(said) == 0 {
		return err
	}
	if err := tx.Where("lead_id = ? and current", leadID).Find(&known).Error; err != nil {
		return err
	}
	current := map[string]store.LeadValue{}
	for _, v := range known {
		current[v.Field] = v
	}
	var l store.Lead
	if err := tx.Where("id = ?", leadID).Take(&l).Error; err != nil {
		return err
	}
	for _, v := range said {
		v.State = "confirmed"
		old, known := current[v.Field]
		own := old.ID == v.ID
		wins := own || lead.Replaces(valueOf(&old), valueOf(&v))
		if wins && known && !own {
			if err := tx.Model(&store.LeadValue{}).Where("id = ?", old.ID).Update("current", false).Error; err != nil {
				return err
			}
		}
		err := tx.Model(&store.LeadValue{}).Where("id = ?", v.ID).Updates(map[string]any{"state": "confirmed", "confirmed_at": now, "current": wins}).Error
		if err != nil {
			return err
		}
		if wins {
			current[v.Field] = v
			setLeadColumn(&l, v.Field, v.Value)
		}
	}
	return tx.Model(&store.Lead{}).Where("id = ?", leadID).Updates(map[string]any{"given_name": l.GivenName, "family_name": l.FamilyName,
		"company": l.Company, "job_title": l.JobTitle, "tel": l.Tel, "country": l.Country, "version": l.Version + 1}).Error
}
