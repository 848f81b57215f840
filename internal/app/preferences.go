package app

import (
	"context"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// What a person may choose to be written to about.
const (
	ChoiceMarketing = "marketing" // news too
	ChoiceRequested = "requested" // only what was asked for
	ChoiceNever     = "never"     // nothing, ever
)

// purposeMarketing is the consent that marketing mail needs.
const purposeMarketing = "marketing"

// Preferences reads the choice behind a link; it names no person. It changes nothing.
func (a *App) Preferences(ctx context.Context, link string) (choice string, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		ad, err := a.preferenceAddress(tx, link)
		if err != nil {
			return err
		}
		choice, err = a.choiceOf(tx, ad)
		return err
	})
	return choice, err
}

func (a *App) choiceOf(tx *store.Tx, ad store.LeadAddress) (string, error) {
	found, err := tx.Suppressions(a.addressKeys(ad.Address))
	if err != nil {
		return "", err
	}
	if _, ok := found["never"]; ok {
		return ChoiceNever, nil
	}
	if _, ok := found["unsubscribed"]; ok {
		return ChoiceRequested, nil
	}
	c, err := tx.Consent(ad.ID, purposeMarketing, lead.Consent{})
	if err != nil || c.State != lead.ConsentConfirmed {
		return ChoiceRequested, err
	}
	return ChoiceMarketing, nil
}

// Choose records a person's choice as a fact: what they agreed to or withdrew, when and how. how is "preferences" or
// "one-click".
func (a *App) Choose(ctx context.Context, link, choice, how string) error {
	if choice != ChoiceMarketing && choice != ChoiceRequested && choice != ChoiceNever {
		return errs.InvalidFields(errs.Field{Field: "choice", Code: "invalid", Message: "Please choose one of the three."})
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		ad, err := a.preferenceAddress(tx, link)
		if err != nil {
			return err
		}
		if how == "one-click" { // leaves "never" alone: it is less than that
			if now, err := a.choiceOf(tx, ad); err != nil || now == ChoiceNever {
				return err
			}
		}
		text := map[string]string{ChoiceMarketing: "Write to me with news as well.", ChoiceRequested: "Write to me only about what I ask for.",
			ChoiceNever: "Never write to me."}[choice]
		now := tx.Now()
		c := store.Consent{ID: store.NewID(), LeadID: ad.LeadID, AddressID: ad.ID, Purpose: purposeMarketing, Text: text, TextVersion: "preferences-1",
			Language: "en", Given: choice == ChoiceMarketing, State: "confirmed", How: how, At: now, ConfirmedAt: &now}
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		if err := a.setSuppressions(tx, ad, choice); err != nil {
			return err
		}
		return a.learnt(tx, ad.LeadID)
	})
}

// setSuppressions makes exactly the person's own ones hold; a bounce or a spam report stays.
func (a *App) setSuppressions(tx *store.Tx, ad store.LeadAddress, choice string) error {
	keys := a.addressKeys(ad.Address)
	hold := map[string]string{ChoiceRequested: "unsubscribed", ChoiceNever: "never"}[choice]
	err := tx.Model(&store.Suppression{}).Where("address_key in ? and kind in ('unsubscribed','never') and kind <> ? and lifted_at is null", keys, hold).
		Update("lifted_at", tx.Now()).Error
	if err != nil || hold == "" {
		return err
	}
	return tx.Suppress(store.Suppression{AddressKey: keys[0], Kind: hold, Reason: "the person's own choice", At: tx.Now()})
}

func (a *App) preferenceAddress(tx *store.Tx, link string) (store.LeadAddress, error) {
	var ad store.LeadAddress
	c, err := a.keys.Open(token.Preferences, link)
	if err != nil {
		return ad, errNoLink
	}
	err = tx.ForUpdate().Joins("join leads l on l.id = lead_addresses.lead_id and l.state <> 'erased'").
		Where("lead_addresses.id = ? and lead_addresses.link_serial = ?", c.ID, c.Serial).Take(&ad).Error
	return ad, a.store.Translate(err)
}
