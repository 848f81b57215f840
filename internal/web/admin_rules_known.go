package web

import (
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/rule"
	"github.com/gatehouse/gatehouse/templates"
)

// closedValues are those of names that have only a few, whoever the house is.
var closedValues = func() (out []app.KnownValue) {
	for _, c := range form.Countries() {
		out = append(out, app.KnownValue{Name: "country", Value: c.Value, Label: c.Label})
	}
	for name, values := range map[string][]string{"region": lead.Regions(), "choice": lead.Ways(), "source": lead.Channels(), "origin": app.OriginKinds(), "grade": {"A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"},
		"event_detail": lead.Ways()} {
		for _, v := range values {
			out = append(out, app.KnownValue{Name: name, Value: v})
		}
	}
	return out
}()

// knownValues are the values that a condition can be chosen from, of the names that it may ask; the same value comes once
// a name.
func (s *Server) knownValues(c echo.Context, words ...*rule.Vocabulary) (out []templates.KnownValue, err error) {
	own, err := s.app.KnownValues(c.Request().Context())
	for _, v := range slices.Concat(own, closedValues) {
		if slices.ContainsFunc(words, func(w *rule.Vocabulary) bool { _, ok := w.Name(v.Name); return ok }) {
			out = append(out, templates.KnownValue{Name: v.Name, Asked: nameWords(v.Name), Value: v.Value, Label: v.Label})
		}
	}
	return out, err
}
