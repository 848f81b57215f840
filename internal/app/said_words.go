package app

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// WhatTheySaid puts what each lead said into short lines for staff, the weightiest first: how they want to be met, what
// they asked the author, which questions they called theirs. What nobody at the mailbox has confirmed says so. It holds
// personal data: for the owner's eyes, never for a log.
func (a *App) WhatTheySaid(tx *store.Tx, leads ...uuid.UUID) (map[uuid.UUID][]string, error) {
	return whatTheySaid(tx.DB, leads)
}

func whatTheySaid(db *store.Query, leads []uuid.UUID) (map[uuid.UUID][]string, error) {
	out := map[uuid.UUID][]string{}
	if len(leads) == 0 {
		return out, nil
	}
	choices, sayings, err := readSaid(db, leads)
	if err != nil {
		return nil, err
	}
	for _, c := range choices {
		if c.Current {
			out[*c.LeadID] = append(out[*c.LeadID], ChoiceWords(c)+unconfirmed(c.State))
		}
	}
	for _, s := range sayings {
		line := "Asks: “" + s.Text + "”"
		if s.Kind == "ours" {
			line = "“" + s.Text + "”: this one is us"
		}
		if s.AnsweredAt != nil {
			line += ", answered"
		}
		out[*s.LeadID] = append(out[*s.LeadID], line+unconfirmed(s.State))
	}
	return out, nil
}

// readSaid reads what stands of what leads said: all choices, newest first, and the sayings that nobody took back, those in
// the reader's own words first. A question that was called theirs twice, as a claim and by the mailbox's owner, is one.
func readSaid(db *store.Query, leads []uuid.UUID) (choices []store.ContactChoice, sayings []store.Saying, err error) {
	if err = db.Where("lead_id in ?", leads).Order("at desc, id desc").Find(&choices).Error; err != nil {
		return nil, nil, err
	}
	var rows []store.Saying
	err = db.Where("lead_id in ? and taken_back_at is null", leads).Order("kind, state desc, at, id").Find(&rows).Error
	type ours struct{ lead, question uuid.UUID }
	seen := map[ours]bool{}
	for _, s := range rows {
		if s.QuestionID != nil {
			k := ours{*s.LeadID, *s.QuestionID}
			if seen[k] {
				continue
			}
			seen[k] = true
		}
		sayings = append(sayings, s)
	}
	return choices, sayings, err
}

func unconfirmed(state string) string {
	if state == "confirmed" {
		return ""
	}
	return " (not confirmed by a mail)"
}

// ChoiceWords says a choice in a line for staff.
func ChoiceWords(c store.ContactChoice) string {
	switch c.How {
	case lead.ByMail:
		return "Write to them, once"
	case lead.ByBooking:
		return "They choose a time in your calendar"
	case lead.ByNobody:
		return "They want no contact"
	}
	parts := []string{}
	for _, s := range c.Slots {
		parts = append(parts, SlotWords(s))
	}
	line := "Call them on " + c.Tel
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, "; ")
	}
	return line
}

// SlotWords says a time in the zone that the reader meant, or in the reader's own words.
func SlotWords(s store.Slot) string {
	if s.From.IsZero() {
		return "“" + s.Words + "”"
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	from, until := s.From.In(zone), s.Until.In(zone)
	return from.Format("Mon 2 January 15:04") + "–" + until.Format("15:04") + " (" + zone.String() + ")"
}
