package web

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

// listSize is how many rows a page of a list shows.
const listSize = 50

// view is what the address of a list says: all of its state is there.
type view struct {
	path string
	q    url.Values
	page int
	zone *time.Location
	gate app.GateName // chosen; its slug is empty when none is, and "?" when there is no such gate
	all  []app.GateName
}

// view reads the address of a list or report.
func (s *Server) view(c echo.Context) (view, error) {
	return s.viewOf(c, c.Path(), c.QueryParams())
}

// viewOf is the view that another address names.
func (s *Server) viewOf(c echo.Context, path string, q url.Values) (view, error) {
	v := view{path: path, q: q, zone: s.zone(c)}
	v.page, _ = strconv.Atoi(v.q.Get("page"))
	v.page = min(max(v.page, 1), 1_000_000)
	var err error
	if v.all, err = s.app.GateNames(c.Request().Context()); err != nil {
		return v, err
	}
	if slug := v.q.Get("gate"); slug != "" {
		v.gate = app.GateName{Slug: slug}
		for _, g := range v.all {
			if g.Slug == slug {
				v.gate = g
			}
		}
	}
	return v, nil
}

// gateID is the chosen gate's id, "" for every gate. An unknown gate has no rows.
func (v view) gateID() string {
	if v.gate.Slug == "" {
		return ""
	}
	return v.gate.ID.String()
}

// pick is the value of a parameter if it is one of those that the list knows, else "".
func (v view) pick(name string, known ...string) string {
	if got := v.q.Get(name); slices.Contains(known, got) {
		return got
	}
	return ""
}

// span reads the days from, to and since: the moments at which from and since begin and to ends, nil for each that is
// absent or no day.
func (v view) span() (from, to, since *time.Time) {
	at := func(name string, add int) *time.Time {
		d, ok := report.ParseDay(v.q.Get(name))
		if !ok {
			return nil
		}
		t := d.Add(add).Start(v.zone)
		return &t
	}
	return at("from", 0), at("to", 1), at("since", 0)
}

// with is the list's address with some of its query changed.
func (v view) with(pairs ...string) string { return with(v.path, v.q, pairs...) }

func (v view) offset() int { return (v.page - 1) * listSize }

// here is the address of this very page of the list, for forms that come back to it.
func (v view) here() string {
	if v.page == 1 {
		return v.with()
	}
	return v.with("page", strconv.Itoa(v.page))
}

func (v view) pagination(shown, total int) templates.Pagination {
	p := templates.Pagination{From: v.offset() + 1, To: v.offset() + shown, Total: total}
	switch {
	case v.page == 2:
		p.PrevURL = v.with()
	case v.page > 2:
		p.PrevURL = v.with("page", strconv.Itoa(v.page-1))
	}
	if v.offset()+shown < total {
		p.NextURL = v.with("page", strconv.Itoa(v.page+1))
	}
	return p
}

// column is a heading that sorts; a second click turns it round. first is the way of the first click.
func (v view) column(label, key, sorted, way, first string, number, narrow bool) templates.Column {
	col := templates.Column{Label: label, Number: number, Narrow: narrow}
	next := first
	if key == sorted {
		col.Sorted = way
		next = map[string]string{"asc": "desc", "desc": "asc"}[way]
	}
	col.URL = v.with("sort", key, "way", next)
	return col
}

// choice is one filter: the label of "all", then value and label in turn.
func (v view) choice(name, label, all string, pairs ...string) templates.FilterSelect {
	f := templates.FilterSelect{Name: name, Label: label, Options: []templates.OptionView{{Label: all}}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Options = append(f.Options, templates.OptionView{Value: pairs[i], Label: pairs[i+1], Selected: v.q.Get(name) == pairs[i]})
	}
	return f
}

func (v view) gateChoice() templates.FilterSelect {
	var pairs []string
	for _, g := range v.all {
		pairs = append(pairs, g.Slug, g.Title)
	}
	return v.choice("gate", "Landing page", "All", pairs...)
}

var sources = []string{lead.ChannelSearch, lead.ChannelSocial, lead.ChannelEmail, lead.ChannelPaid, lead.ChannelCampaign, lead.ChannelReferral,
	lead.ChannelDirect, report.UnknownSource}

var sourceWords = map[string]string{lead.ChannelSearch: "Search engine", lead.ChannelSocial: "Social network", lead.ChannelEmail: "E-mail",
	lead.ChannelPaid: "Paid advertising", lead.ChannelCampaign: "Campaign link", lead.ChannelReferral: "Another site",
	lead.ChannelDirect: "Came directly", report.UnknownSource: "Not known yet"}

func sourceWord(channel string) string {
	if w, ok := sourceWords[channel]; ok {
		return w
	}
	return channel
}

func (v view) sourceChoice() templates.FilterSelect {
	var pairs []string
	for _, s := range sources {
		pairs = append(pairs, s, sourceWords[s])
	}
	return v.choice("source", "Source", "All", pairs...)
}

// hidden carries parameters of the address that the filter row has no input for.
func (v view) hidden(names ...string) (out []templates.KV) {
	for _, n := range names {
		if val := v.q.Get(n); val != "" {
			out = append(out, templates.KV{Key: n, Value: val})
		}
	}
	return out
}

// clear is the list without its filters, "" when none is set.
func (v view) clear(names ...string) string {
	for _, n := range names {
		if v.q.Get(n) != "" {
			return v.path
		}
	}
	return ""
}
