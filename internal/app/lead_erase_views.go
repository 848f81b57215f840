package app

import (
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// views deletes the saved views that look for the person by name: a view is its query, and that would go on naming them.
// It comes before the names are blanked.
func (p *erased) views() error {
	if len(p.leads) == 0 {
		return nil
	}
	var people []store.Lead
	if err := p.tx.Select("given_name", "family_name").Where("id in ?", p.leads).Find(&people).Error; err != nil {
		return err
	}
	var kept []store.SavedView
	if err := p.tx.Where("query like '%q=%'").Order("id").Find(&kept).Error; err != nil {
		return err
	}
	var gone []uuid.UUID
	for _, v := range kept {
		if slices.ContainsFunc(people, func(l store.Lead) bool { return looksFor(v.Query, l.GivenName, l.FamilyName) }) {
			gone = append(gone, v.ID)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return p.change("saved_views", "deleted", "delete from saved_views where id in ?", gone)
}

// looksFor tells whether a view's search is somebody's name, or holds all of it.
func looksFor(query, given, family string) bool {
	values, err := url.ParseQuery(query)
	if err != nil {
		return false
	}
	q := strings.ToLower(strings.Join(strings.Fields(values.Get("q")), " "))
	given, family = strings.ToLower(given), strings.ToLower(family)
	full := strings.TrimSpace(given + " " + family)
	return q != "" && (q == given || q == family || full != "" && strings.Contains(q, full))
}
