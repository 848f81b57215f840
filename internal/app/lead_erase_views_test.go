package app_test

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// A saved view that looks for somebody by name goes with them; one that looks for others, or for a company, stays.
func TestErasureTakesViewsThatNameThePerson(t *testing.T) {
	f := newFloor(t, 1)
	in := testkit.Submit("ann@archers.example")
	in.Input.Fields["given_name"], in.Input.Fields["family_name"] = "Ann", "Archer"
	f.Take(in)
	for name, query := range map[string]string{"family": "q=Archer", "full": "state=open&q=ann++archer", "typed": "q=%20ARCHER%20", "other": "q=Archery", "firm": "q=Brewers&owner=me", "none": "owner=me"} {
		f.create(&store.SavedView{ID: store.NewID(), UserID: f.people[0].ID, Page: "leads", Name: name, Query: query, CreatedAt: f.Clock.Now()})
	}
	l, _, err := f.Store.LeadByAddress(t.Context(), "ann@archers.example")
	f.ok(err)
	if _, err := f.App.EraseLead(t.Context(), l.ID, by(f.admin)); err != nil {
		t.Fatal(err)
	}
	var left []string
	f.ok(f.Store.DB(t.Context()).Model(&store.SavedView{}).Order("name").Pluck("name", &left).Error)
	if len(left) != 3 || left[0] != "firm" || left[1] != "none" || left[2] != "other" {
		t.Errorf("left: %v", left)
	}
}
