package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ContactWish is how a reader wants to be met, as typed.
type ContactWish struct {
	How   string // one of lead.Ways
	Again bool   // call: at the number that was left before
	Tel   string // with + and the country code
	Words string // when, in the reader's own words
	Zone  string // IANA name in which the slots are meant
	Slots []SlotWish
}

// SlotWish is one time as typed: "2026-03-04", "09:00", "11:30". Empty: not given.
type SlotWish struct{ Day, From, Until string }

const (
	// SlotsOffered is how many times a reader may name.
	SlotsOffered = 3
	wordsLength  = 200
	// SlotDays is how far ahead a call can be wished for.
	SlotDays = 60
)

// ChooseContact records how a reader wants to be met, and has what binds follow from all that was said (lead.Chosen). The
// same choice again changes nothing.
func (a *App) ChooseContact(ctx context.Context, d Door, who Visitor, in ContactWish) error {
	if !slices.Contains(lead.Ways(), in.How) {
		return errs.InvalidFields(errs.Field{Field: "how", Code: lead.Invalid, Message: "Please choose one of the ways."})
	}
	tel, slots, err := a.callWish(in)
	if err != nil {
		return err
	}
	return a.speak(ctx, d, who, func(tx *store.Tx, v voice) (bool, error) {
		return a.choose(tx, v, in, tel, slots)
	})
}

func (a *App) choose(tx *store.Tx, v voice, in ContactWish, tel string, slots []store.Slot) (bool, error) {
	now := tx.Now()
	if in.How == lead.ByBooking {
		if err := bookable(tx, v); err != nil {
			return false, err
		}
	}
	earlier, err := v.choices(tx)
	if err != nil {
		return false, err
	}
	if in.How == lead.ByCall && in.Again {
		i := slices.IndexFunc(earlier, func(c store.ContactChoice) bool { return c.Tel != "" })
		if i < 0 {
			return false, errs.InvalidFields(errs.Field{Field: "tel", Code: lead.Required, Message: "Please give the number to call."})
		}
		tel, slots = earlier[i].Tel, earlier[i].Slots
	}
	c := store.ContactChoice{ID: store.NewID(), LeadID: v.lead, AddressID: v.address, SubmissionID: v.submission, How: in.How, Slots: slots, Tel: tel,
		Page: v.page, At: now}
	c.State, c.ConfirmedAt = v.state(now)
	if len(earlier) > 0 && sameChoice(earlier[0], c) && (earlier[0].Current || v.page == DoorThanks) {
		return false, nil
	}
	if err := tx.Create(&c).Error; err != nil || v.lead == nil {
		return true, err
	}
	return true, a.settleChoices(tx, *v.lead)
}

// sameChoice tells that a choice says nothing new.
func sameChoice(old, now store.ContactChoice) bool {
	return old.How == now.How && old.Tel == now.Tel && old.State == now.State && slices.EqualFunc(old.Slots, now.Slots, func(a, b store.Slot) bool {
		return a.From.Equal(b.From) && a.Until.Equal(b.Until) && a.Zone == b.Zone && a.Words == b.Words
	})
}

// bookable refuses what the page does not offer: a time in the calendar of somebody who has none.
func bookable(tx *store.Tx, v voice) error {
	if v.lead != nil && v.known {
		if h, err := hostOf(tx, *v.lead); err != nil || h != nil && h.BookingURL != "" {
			return err
		}
	}
	return errs.New(errs.Conflict, "There is no calendar to choose from at present. Please choose another way.")
}

// settleChoices makes the one choice of a lead current that binds.
func (a *App) settleChoices(tx *store.Tx, leadID uuid.UUID) error {
	var l store.Lead // two addresses of one person may speak at once; the lead decides in which order
	if err := tx.ForUpdate().Select("id").Where("id = ?", leadID).Take(&l).Error; err != nil {
		return err
	}
	var rows []store.ContactChoice
	if err := tx.Where("lead_id = ?", leadID).Order("at, id").Find(&rows).Error; err != nil {
		return err
	}
	said := make([]lead.Choice, len(rows))
	for i, c := range rows {
		said[i] = lead.Choice{How: c.How, Confirmed: c.State == "confirmed"}
		if c.SubmissionID != nil {
			said[i].Source = *c.SubmissionID
		}
	}
	binds := lead.Chosen(said)
	if binds < 0 || rows[binds].Current {
		return nil
	}
	if err := tx.Model(&store.ContactChoice{}).Where("lead_id = ? and current", leadID).Update("current", false).Error; err != nil {
		return err
	}
	return tx.Model(&store.ContactChoice{}).Where("id = ?", rows[binds].ID).Update("current", true).Error
}

// callWish reads what a call needs: a number, and two different times, or words that say when. All faults come at once.
func (a *App) callWish(in ContactWish) (string, []store.Slot, error) {
	slots := []store.Slot{}
	if in.How != lead.ByCall || in.Again {
		return "", slots, nil
	}
	var e edits
	tel := readTel(&e, in.Tel)
	words := e.line("words", in.Words, 0, wordsLength)
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "" || in.Zone == "Local" || !slices.Contains(Zones(), in.Zone) {
		e.add("zone", lead.Invalid, "Please choose your time zone.")
		zone = time.UTC
	}
	if len(in.Slots) > SlotsOffered {
		in.Slots = in.Slots[:SlotsOffered]
	}
	for i, s := range in.Slots {
		if s == (SlotWish{}) {
			continue
		}
		slot, bad := a.readSlot(s, zone)
		if bad != "" {
			e.add("slot"+string(rune('1'+i)), lead.Invalid, bad)
			continue
		}
		slots = append(slots, slot)
	}
	slices.SortFunc(slots, func(a, b store.Slot) int { return a.From.Compare(b.From) })
	slots = slices.CompactFunc(slots, func(a, b store.Slot) bool { return a.From.Equal(b.From) && a.Until.Equal(b.Until) })
	if len(slots) == 1 && words == "" && len(e.faults) == 0 {
		e.add("slot2", lead.Required, "A second time, please, in case the first does not suit; or say in your words when a call does.")
	}
	if words != "" {
		slots = append(slots, store.Slot{Words: words, Zone: zone.String()})
	}
	if len(slots) == 0 && len(e.faults) == 0 {
		e.add("slot1", lead.Required, "Please name two times, or say in your words when a call suits you.")
	}
	return tel, slots, e.err()
}

// readSlot reads one time. It says what is wrong in a sentence.
func (a *App) readSlot(s SlotWish, zone *time.Location) (store.Slot, string) {
	from, err := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(s.Day)+" "+strings.TrimSpace(s.From), zone)
	until, err2 := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(s.Day)+" "+strings.TrimSpace(s.Until), zone)
	now := a.now()
	switch {
	case err != nil || err2 != nil:
		return store.Slot{}, "Please give the day and both times, or leave all three empty."
	case !until.After(from):
		return store.Slot{}, "The end lies before the beginning."
	case !until.After(now):
		return store.Slot{}, "This time is past."
	case from.After(now.AddDate(0, 0, SlotDays)):
		return store.Slot{}, "That is further ahead than we plan: " + plural(SlotDays, "day", "days") + " at most, please."
	}
	return store.Slot{From: from.UTC(), Until: until.UTC(), Zone: zone.String()}, ""
}

// telForm is the form's own question for a number: it is read as every other number is.
var telForm = form.Definition{Fields: []form.Field{{Name: "tel", Type: "tel", Label: "Number", Required: true}}}

// readTel takes a number with its country code; E.164 comes out.
func readTel(e *edits, typed string) string {
	answers, err := form.Parse(telForm, form.Input{Fields: map[string]string{"tel": typed}})
	if err != nil {
		e.faults = append(e.faults, errs.Public(err).Fields...)
	}
	return answers.Values["tel"]
}
