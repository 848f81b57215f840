package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// rehearse begins to replay the saved draft.
func (s *Server) rehearse(c echo.Context) error {
	version, err := readVersion(c)
	if err != nil {
		return err
	}
	kind := c.Param("kind")
	r, err := s.app.RehearseRules(c.Request().Context(), kind, version, whole(posted(c, "days")), s.actor(c))
	if errs.Is(err, errs.NotFound) {
		return err
	}
	to := rulesPath + "/" + kind
	if err == nil {
		to = rehearsalURL(kind, r)
	}
	return s.after(c, err, "The rehearsal is under way. Nothing is written to a lead, and nothing is sent.", to)
}

func rehearsalURL(kind string, r store.Rehearsal) string {
	return rulesPath + "/" + kind + "/rehearsals/" + r.ID.String()
}

func (s *Server) rehearsalCancel(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	err = s.app.CancelRehearsal(c.Request().Context(), id, s.actor(c))
	return s.after(c, err, "The rehearsal is stopped.", rulesPath+"/"+c.Param("kind"))
}

// rehearsalSentence says what a rehearsal found, or how far it is.
func rehearsalSentence(r store.Rehearsal) string {
	found := r.Result
	switch {
	case r.State == "running":
		return fmt.Sprintf("%s of %s looked at so far.", thousands(int(r.Done)), counted(int(r.Total), "lead", "leads"))
	case r.Total == 0:
		return fmt.Sprintf("Nobody did anything in the last %s.", count(int(r.Days), "day", "days"))
	case found.More == 0 && found.Fewer == 0 && found.Moved > 0:
		return fmt.Sprintf("In the last %s the draft would have sent the same %s to sales, %s of them to somebody else.", count(int(r.Days), "day", "days"), counted(found.Before, "lead", "leads"), thousands(found.Moved))
	case found.More == 0 && found.Fewer == 0:
		return fmt.Sprintf("In the last %s the draft would have sent the same %s to sales.", count(int(r.Days), "day", "days"), counted(found.Before, "lead", "leads"))
	}
	return fmt.Sprintf("In the last %s the draft would have sent %s to sales in place of %s: %s more, %s fewer.", count(int(r.Days), "day", "days"),
		counted(found.After, "lead", "leads"), thousands(found.Before), thousands(found.More), thousands(found.Fewer))
}

var rehearsalTags = map[string]templates.Tag{"running": {Label: "Under way", Tone: "wait"}, "done": {Label: "Done", Tone: "good"}, "cancelled": {Label: "Stopped", Tone: "plain"}}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands is 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rehearsalShort is the rehearsal beside the draft.
func (s *Server) rehearsalShort(c echo.Context, d *store.RuleSet) (*templates.RehearsalView, error) {
	v := &templates.RehearsalView{StartURL: rulesPath + "/" + d.Kind + "/rehearse", Version: d.Version, Available: true,
		Days: templates.FieldView{Name: "days", ID: "f-days-" + d.Kind, Type: "number", Label: "Days to look back", Required: true, Value: "90"}.WithIDs()}
	r, err := s.app.RehearsalOf(c.Request().Context(), d.ID)
	if err != nil || r == nil {
		v.Sentence = ""
		return v, err
	}
	s.fillRehearsal(c, v, d.Kind, *r)
	v.Available, v.Days.Value = r.State != "running", strconv.Itoa(int(r.Days))
	if v.Stale = r.Version != d.Version; v.Stale {
		v.Sentence += " The draft was changed since."
	}
	v.URL = rehearsalURL(d.Kind, *r)
	return v, nil
}

func (s *Server) fillRehearsal(c echo.Context, v *templates.RehearsalView, kind string, r store.Rehearsal) {
	v.State, v.Sentence, v.Running, v.Done, v.Total = rehearsalTags[r.State], rehearsalSentence(r), r.State == "running", int(r.Done), max(int(r.Total), 1)
	v.More, v.Fewer = r.Result.More, r.Result.Fewer
	if v.Running && s.may(c, auth.RulesWrite) {
		a := postButton("Stop it", "close", rehearsalURL(kind, r)+"/cancel", 0)
		v.Cancel = &a
	}
}

// rehearsalPage is what a rehearsal found, with the leads.
func (s *Server) rehearsalPage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	page := max(whole(c.QueryParam("page")), 1)
	r, leads, err := s.app.Rehearsal(c.Request().Context(), id, page)
	if err != nil {
		return err
	}
	set, err := s.app.RuleSet(c.Request().Context(), r.RuleSetID)
	if err != nil {
		return err
	}
	kind := set.Kind
	frame, err := s.adminPage(c, "rules", "Rehearsal", templates.Link{Label: "Rules", URL: rulesPath}, templates.Link{Label: word(ruleKindWords, kind), URL: rulesPath + "/" + kind})
	if err != nil {
		return err
	}
	p := templates.RehearsalPage{AdminPage: frame, At: r.CreatedAt}
	s.fillRehearsal(c, &p.View, kind, r)
	if r.State != "running" {
		p.Back = &templates.PageAction{Label: "Back to the draft", URL: rulesPath + "/" + kind, Icon: "edit"}
	}
	f := r.Result
	p.Stats = []templates.Stat{{Value: thousands(f.More), Label: "more for sales than now"}, {Value: thousands(f.Fewer), Label: "fewer than now"},
		{Value: thousands(f.After), Label: "for sales under the draft"}, {Value: thousands(f.Before), Label: "for sales under what holds"}, {Value: thousands(f.Events), Label: "events replayed"}}
	for _, fit := range "ABC" {
		row := templates.GradeRow{Fit: string(fit)}
		for _, did := range "123" {
			grade := string(fit) + string(did)
			row.Cells = append(row.Cells, templates.GradeCell{Grade: grade, After: f.Grades[grade], Before: f.Grades0[grade]})
		}
		p.Grades = append(p.Grades, row)
	}
	p.Owners, p.OwnNote = rehearsalOwners(r)
	for name, n := range f.Failed {
		p.Failed = append(p.Failed, fmt.Sprintf("The rule %s failed for %s and counted as one that does not hold.", name, counted(n, "lead", "leads")))
	}
	for _, l := range leads {
		row := templates.RehearsalRow{URL: "/admin/leads/" + l.LeadID.String(), Name: orElse(fullName(l.GivenName, l.FamilyName), orElse(l.Email, "An erased person")), Company: l.Company,
			Before: lead.Points(int(l.BeforePoints)), After: lead.Points(int(l.AfterPoints)), Change: templates.Tag{Label: "Would qualify", Tone: "good"}}
		switch {
		case !l.AfterQualified:
			row.Change = templates.Tag{Label: "Would no longer qualify", Tone: "bad"}
		case l.BeforeQualified:
			row.Change = templates.Tag{Label: "Would go to somebody else", Tone: "plain"}
		}
		if f.Routed {
			row.Owners = strings.Join(notEmpty(l.BeforeOwner, l.AfterOwner), " → ")
			if l.BeforeQualified != l.AfterQualified {
				row.Owners = orElse(l.BeforeOwner, l.AfterOwner)
			}
		}
		p.Rows = append(p.Rows, row)
	}
	here := rehearsalURL(kind, r)
	total := f.More + f.Fewer + f.Moved
	p.Pages = templates.Pagination{From: (page-1)*app.RehearsalPage + 1, To: (page-1)*app.RehearsalPage + len(leads), Total: total}
	if page > 1 {
		p.Pages.PrevURL = fmt.Sprintf("%s?page=%d", here, page-1)
	}
	if p.Pages.To < total && len(leads) == app.RehearsalPage {
		p.Pages.NextURL = fmt.Sprintf("%s?page=%d", here, page+1)
	}
	return s.page(c, http.StatusOK, "admin/rehearsal", p)
}

// rehearsalOwners is what each owner would have got, most first, and how that was found.
func rehearsalOwners(r store.Rehearsal) (out []templates.OwnerRow, note string) {
	f := r.Result
	switch {
	case r.State == "running":
		return nil, "It is looked at last."
	case !f.Routed:
		return nil, "No routing rules are published, or nobody qualified, so nobody would have got anything."
	}
	names := map[string]bool{}
	for _, counts := range []map[string]int{f.Owners, f.Owners0} {
		for name := range counts {
			names[name] = true
		}
	}
	for name := range names {
		out = append(out, templates.OwnerRow{Name: orElse(name, "Nobody"), Before: f.Owners0[name], After: f.Owners[name]})
	}
	slices.SortFunc(out, func(a, b templates.OwnerRow) int {
		return cmp.Or(cmp.Compare(b.After, a.After), strings.Compare(a.Name, b.Name))
	})
	note = "By the teams and people of today, in the order in which the leads qualified, all beginning level with each period. Whoever had a lead before these days has it still."
	if f.Left > 0 {
		note += " " + counted(f.Left, "lead is", "leads are") + " left out: there are too many to give away one after another."
	}
	return out, note
}

// rescore begins to score open leads anew.
func (s *Server) rescore(c echo.Context) error {
	_, err := s.app.RescoreLeads(c.Request().Context(), s.actor(c))
	return s.after(c, err, "Open leads are being scored anew.", scoringPath+"#rescore")
}

func (s *Server) rescoreCancel(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	err = s.app.CancelRescore(c.Request().Context(), id, s.actor(c))
	return s.after(c, err, "Stopped. Those who were scored anew already stay so.", scoringPath+"#rescore")
}

// setAside names the leads that failed: they keep their score, and the log says why.
func setAside(out *templates.RescoreView, r *store.Rescore) {
	if r == nil || r.Failed == 0 {
		return
	}
	out.Failed = counted(int(r.Failed), "lead failed and was set aside with the score that it had", "leads failed and were set aside with the scores that they had") + ". The log says why."
	for i, id := range r.SetAside {
		out.Aside = append(out.Aside, templates.Link{Label: "Lead " + strconv.Itoa(i+1), URL: "/admin/leads/" + id.String()})
	}
}

// rescoreView says how far scoring open leads anew is, and offers it.
func (s *Server) rescoreView(c echo.Context, v app.RuleVersions) (*templates.RescoreView, error) {
	if v.Published == nil || !s.may(c, auth.RulesWrite) {
		return nil, nil
	}
	r, err := s.app.LastRescore(c.Request().Context())
	if err != nil {
		return nil, err
	}
	out := &templates.RescoreView{Sentence: "Published rules hold for each lead that does something from then on. Open leads that do nothing keep their score until they are scored anew."}
	if r != nil && r.State == "running" {
		out.Running, out.Done, out.Total = true, int(r.Done), max(int(r.Total), 1)
		out.Sentence = fmt.Sprintf("%s of %s scored anew so far.", thousands(out.Done), counted(int(r.Total), "open lead", "open leads"))
		setAside(out, r)
		out.Actions = []templates.PageAction{postButton("Stop it", "close", scoringPath+"/rescores/"+r.ID.String()+"/cancel", 0)}
		return out, nil
	}
	if r != nil && r.State == "done" {
		out.Sentence = fmt.Sprintf("%s scored anew on %s.", counted(int(r.Done-r.Failed), "open lead was", "open leads were"), moment(r.StateAt, s.zone(c)))
	}
	setAside(out, r)
	a := postButton("Score open leads anew", "undo", scoringPath+"/rescore", 0)
	a.Confirm = fmt.Sprintf("Score all open leads by version %d? Those who reach the threshold go to sales.", v.Published.Number)
	out.Actions = []templates.PageAction{a}
	return out, nil
}
