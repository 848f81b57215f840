package web

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// mergeButtons offer to merge the lead with another one, and to undo the last merge.
func (s *Server) mergeButtons(d app.LeadDetail, v *templates.LeadWorkView, here string, write bool) {
	if !write {
		return
	}
	v.Merge = &templates.PageAction{Label: "Merge with another lead", URL: here + "/merge", Icon: "people"}
	for _, m := range d.Merges {
		if m.UndoneAt != nil || m.IntoID != d.ID || m.Moved.Before == nil {
			continue
		}
		a := postButton("Undo the merge with "+shorten(m.Other, 30), "undo", here+"/unmerge", 0)
		a.Hidden = []templates.KV{{Key: "merge", Value: m.ID.String()}}
		v.Unmerge = append(v.Unmerge, a)
		return // the last one first
	}
}

// leadMergePage asks with whom, and shows what would happen.
func (s *Server) leadMergePage(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	return s.showMerge(c, http.StatusOK, id, c.QueryParam("with"), nil)
}

func (s *Server) showMerge(c echo.Context, status int, id uuid.UUID, with string, wrong error) error {
	ctx := c.Request().Context()
	into, err := s.app.Store().Lead(ctx, id)
	if err != nil {
		return err
	}
	here := "/admin/leads/" + id.String()
	name := leadName(into)
	p := templates.MergePage{}
	if p.AdminPage, err = s.adminPage(c, "leads", "Merge "+name+" with another lead", templates.Link{Label: "Leads", URL: "/admin/leads"}, templates.Link{Label: name, URL: here}); err != nil {
		return err
	}
	p.Lead = "One person with two addresses. Everything of the other lead comes here; it can be undone."
	p.Ask = templates.Filters{Action: here + "/merge", Search: with, HideSearch: true}
	p.With = with
	if wrong != nil {
		p.Notices = append(p.Notices, templates.Notice{Kind: "fault", Text: errs.Public(wrong).Message})
	}
	if with == "" {
		return s.page(c, status, "admin/merge", p)
	}
	other, err := s.otherLead(c, with)
	if errs.Is(err, errs.NotFound) {
		p.Notices = append(p.Notices, templates.Notice{Kind: "fault", Text: "There is no lead with this address or id that you may see."})
		return s.page(c, status, "admin/merge", p)
	}
	if err != nil {
		return err
	}
	preview, err := s.app.PreviewMerge(ctx, id, other.ID)
	if err != nil {
		return err
	}
	if preview.Refused != nil {
		if refused := errs.Public(preview.Refused).Message; wrong == nil || errs.Public(wrong).Message != refused { // once is enough
			p.Notices = append(p.Notices, templates.Notice{Kind: "fault", Text: refused})
		}
		return s.page(c, status, "admin/merge", p)
	}
	p.Preview = mergePreview(preview)
	if preview.Ends != "" {
		p.Notices = append(p.Notices, templates.Notice{Kind: "wait", Text: preview.Ends})
	}
	do := postButton("Merge the two", "check", here+"/merge", 0)
	do.Hidden = []templates.KV{{Key: "from", Value: other.ID.String()}}
	p.Do = &do
	return s.page(c, status, "admin/merge", p)
}

// otherLead finds a lead by its address or id, among those that whoever is logged in may see.
func (s *Server) otherLead(c echo.Context, with string) (store.Lead, error) {
	l, err := s.leadNamed(c, with)
	if err != nil {
		return l, err
	}
	return l, s.app.MaySeeLead(c.Request().Context(), s.user(c), l.ID)
}

func leadName(l store.Lead) string { return orElse(fullName(l.GivenName, l.FamilyName), l.Email) }

var movedWords = map[string][2]string{"lead_addresses": {"address", "addresses"}, "lead_values": {"answer", "answers"}, "consents": {"consent", "consents"}, "visits": {"visit", "visits"},
	"outcomes": {"submission", "submissions"}, "messages": {"mail", "mails"}, "downloads": {"opening", "openings"}, "sayings": {"saying", "sayings"}, "contact_choices": {"choice", "choices"},
	"inbound_mails": {"mail that came in", "mails that came in"}, "assignments": {"assignment", "assignments"}, "deals": {"deal", "deals"}, "plans": {"plan", "plans"}, "steps": {"step", "steps"},
	"activities": {"activity", "activities"}, "approach_blocks": {"“do not approach”", "“do not approach”s"}}

func mergePreview(p app.MergePreview) []templates.Ledger {
	who := func(title string, l store.Lead) templates.Ledger {
		return templates.Ledger{Title: title, Facts: []templates.Fact{{Name: "Name", Value: leadName(l)}, {Name: "E-mail", Value: l.Email}, {Name: "Company", Value: l.Company}, {Name: "Phone", Value: l.Tel}}}
	}
	moves := templates.Ledger{Title: "What comes over", Empty: "Nothing but the name."}
	for _, table := range []string{"lead_addresses", "outcomes", "lead_values", "consents", "visits", "messages", "downloads", "sayings", "contact_choices", "inbound_mails", "assignments", "deals", "plans", "steps", "activities", "approach_blocks"} {
		if n := p.Rows[table]; n > 0 {
			w := movedWords[table]
			moves.Facts = append(moves.Facts, templates.Fact{Name: strings.ToUpper(w[1][:1]) + w[1][1:], Value: count(n, w[0], w[1])})
		}
	}
	moves.Note = "Where both have an answer, the one of the lead that stays counts; the other one is kept beside it."
	return []templates.Ledger{who("Stays", p.Into), who("Comes over", p.From), moves}
}

func (s *Server) leadMerge(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	other, err := s.otherLead(c, posted(c, "from"))
	if err != nil {
		return err
	}
	m, err := s.app.MergeLeads(c.Request().Context(), id, other.ID, s.actor(c))
	here := "/admin/leads/" + id.String()
	if errs.Is(err, errs.Conflict) && !wantsJSON(c) {
		return s.showMerge(c, http.StatusConflict, id, posted(c, "from"), err)
	}
	if err != nil {
		return err
	}
	undo := postButton("Undo", "undo", here+"/unmerge", 0)
	undo.Hidden = []templates.KV{{Key: "merge", Value: m.ID.String()}}
	s.flashUndo(c, "done", "The two are one lead now.", &undo)
	return c.Redirect(http.StatusSeeOther, here)
}

func (s *Server) leadUnmerge(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	merge, err := uuid.Parse(posted(c, "merge"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	_, err = s.app.UnmergeLeads(c.Request().Context(), id, merge, s.actor(c))
	return s.after(c, err, "Undone: they are two leads again.", "/admin/leads/"+id.String())
}
