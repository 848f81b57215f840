package app_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Whoever is to claim a lead sees why it is one for sales: the score and the lines that weigh most, as in the alert.
func TestClaimShowsTheScore(t *testing.T) {
	s := newSelling(t)
	l := s.lead("ann@archer.example")
	as := s.assigned(l, s.ana, "open")
	ana, err := s.Store.User(t.Context(), *s.ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.App.Claim(t.Context(), as.ID, ana); err != nil || c.Score != "" || len(c.Lines) != 0 {
		t.Fatalf("before it is scored: %q %v %v", c.Score, c.Lines, err)
	}
	if err := s.App.ScoreLeads(t.Context(), []uuid.UUID{l.ID}); err != nil {
		t.Fatal(err)
	}
	c, err := s.App.Claim(t.Context(), as.ID, ana)
	if err != nil || !strings.HasPrefix(c.Score, "Grade ") || len(c.Lines) == 0 || len(c.Lines) > 3 {
		t.Fatalf("%q %v %v", c.Score, c.Lines, err)
	}
	var most store.ScoreLine
	if err := s.Store.DB(t.Context()).Where("lead_id = ?", l.ID).Order("abs(points) desc, number").Limit(1).Find(&most).Error; err != nil || !strings.Contains(c.Lines[0], most.Title) {
		t.Errorf("%v begins with %q, %v", c.Lines, most.Title, err)
	}
}
