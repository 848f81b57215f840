package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
)

// TestAPlanKeepsToTheTimeThatTheReaderNamed: the call is due then, not before, and what follows it comes after it.
func TestAPlanKeepsToTheTimeThatTheReaderNamed(t *testing.T) {
	s := newSelling(t)
	at := func(day, hour int) time.Time {
		return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)
	}
	var days []string
	for _, slots := range [][]store.Slot{{}, {{From: at(12, 14), Until: at(12, 15), Zone: "UTC"}, {From: at(11, 9), Until: at(11, 10), Zone: "UTC"}, {From: at(2, 9), Until: at(2, 10), Zone: "UTC"}}} {
		l := s.lead(map[bool]string{true: "ann@example.org", false: "bob@example.org"}[len(slots) == 0])
		raw, err := json.Marshal(slots)
		if err != nil {
			t.Fatal(err)
		}
		db := s.Store.DB(t.Context())
		if err := db.Exec(`insert into contact_choices (id, lead_id, address_id, how, slots, tel, page, state, current, at)
			select ?, ?, id, 'call', ?::jsonb, '+442079460018', 'personal', 'confirmed', true, ? from lead_addresses where lead_id = ?`, store.NewID(), l.ID, string(raw), s.Clock.Now(), l.ID).Error; err != nil {
			t.Fatal(err)
		}
		as := s.assigned(l, s.ana, "accepted")
		var steps []store.Step
		if err := db.Where("plan_id in (select id from plans where assignment_id = ?)", as.ID).Order("number").Find(&steps).Error; err != nil || len(steps) < 2 || steps[0].Channel != "call" {
			t.Fatalf("%+v, %v", steps, err)
		}
		if len(slots) > 0 && !steps[0].DueAt.Equal(at(11, 10)) {
			t.Errorf("the call is due at %s", steps[0].DueAt)
		}
		days = append(days, steps[0].DueAt.Format(time.DateOnly), steps[1].DueAt.Format(time.DateOnly))
	}
	if days[0] != "2026-03-03" || days[1] >= days[2] || days[3] <= days[2] {
		t.Errorf("first call and what follows it: %q without a time, %q with one", days[:2], days[2:])
	}
}
