package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// A view is kept for oneself, under one name a page, and not without end; nobody drops another one's.
func TestSavedViews(t *testing.T) {
	s := newSelling(t)
	ana, ben := *s.ana.ID, *s.ben.ID
	save := func(user uuid.UUID, page, name, query string) error {
		return s.App.SaveView(t.Context(), user, page, name, query)
	}
	for _, c := range []struct{ name, query string }{{"", "a=b"}, {strings.Repeat("x", 41), "a=b"}, {"long", "q=" + strings.Repeat("x", 1000)}, {"unreadable", "q=%zz"}} {
		if err := save(ana, "pipeline", c.name, c.query); !errs.Is(err, errs.Invalid) {
			t.Errorf("%.10q %.10q: %v", c.name, c.query, err)
		}
	}
	for i := range 20 {
		if err := save(ana, "pipeline", fmt.Sprint("View ", i), "page=1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := save(ana, "pipeline", "One more", "a=b"); !errs.Is(err, errs.Conflict) {
		t.Errorf("one more than may be kept: %v", err)
	}
	for name, err := range map[string]error{"the same name": save(ana, "pipeline", "View 3", "owner=me"), "another page": save(ana, "leads", "View 3", "a=b"), "somebody else": save(ben, "pipeline", "View 3", "a=b")} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	views, err := s.App.SavedViews(t.Context(), ana, "pipeline")
	if err != nil || len(views) != 20 || views[3].Name != "View 3" || views[3].Query != "owner=me" {
		t.Fatalf("%d views, the fourth %+v, %v", len(views), views[3], err)
	}
	if err := s.App.DropView(t.Context(), ben, views[3].ID); err != nil || s.Count("select count(*) from saved_views where user_id = ?", ana) != 21 {
		t.Errorf("somebody else dropped it: %v", err)
	}
	if err := s.App.DropView(t.Context(), ana, views[3].ID); err != nil || s.Count("select count(*) from saved_views where user_id = ?", ana) != 20 {
		t.Errorf("it is still there: %v", err)
	}
}
