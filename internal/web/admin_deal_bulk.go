package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

const bulkPath = pipelinePath + "/bulk"

// dealBulkForm is what can be done with the deals that are ticked: a stage, an end, or somebody else's hands.
func (s *Server) dealBulkForm(c echo.Context, v view, shown, total int) (*templates.Bulk, error) {
	b := &templates.Bulk{Action: bulkPath, Back: v.here()}
	if shown < total {
		b.All = total
	}
	if s.may(c, auth.LeadsExport) {
		b.ExportURL = pipelinePath + ".csv"
	}
	stages, err := s.app.Stages(c.Request().Context())
	if err != nil {
		return nil, err
	}
	move, mark, give := templates.BulkGroup{Label: "Move to"}, templates.BulkGroup{Label: "Mark as"}, templates.BulkGroup{Label: "Give to"}
	for _, st := range stages {
		o := templates.OptionView{Value: "to:" + st.Key, Label: st.Title}
		switch {
		case st.Archived:
		case st.Kind == pipeline.Open:
			move.Options = append(move.Options, o)
		default:
			mark.Options = append(mark.Options, o)
		}
	}
	owners, err := s.app.Sellers(c.Request().Context())
	for _, u := range owners {
		give.Options = append(give.Options, templates.OptionView{Value: "give:" + u.ID.String(), Label: orElse(u.Name, u.Email)})
	}
	b.Groups = slices.DeleteFunc([]templates.BulkGroup{move, mark, give}, func(g templates.BulkGroup) bool { return len(g.Options) == 0 })
	return b, err
}

// tickedDeals are the deals that a form names, each as it was seen.
func tickedDeals(values url.Values) (moves []app.DealMove, err error) {
	for _, tick := range values["deal"] {
		id, version, _ := strings.Cut(tick, " ")
		deal, err := uuid.Parse(id)
		n, err2 := strconv.ParseInt(version, 10, 64)
		if err != nil || err2 != nil {
			return nil, errs.New(errs.Malformed, "The request could not be read.")
		}
		moves = append(moves, app.DealMove{ID: deal, Version: n})
	}
	return moves, nil
}

// wholeView is the view of the list that a form comes from, where all of it is ticked rather than some lines of it.
func (s *Server) wholeView(c echo.Context) (v view, whole bool, err error) {
	path, query, _ := strings.Cut(c.QueryParam("back"), "?")
	if c.QueryParam("all") != "1" || path != pipelinePath {
		return v, false, nil
	}
	query, _, _ = strings.Cut(query, "#")
	values, err := url.ParseQuery(query)
	if err != nil {
		return v, false, errs.New(errs.Malformed, "The request could not be read.")
	}
	v, err = s.viewOf(c, path, values)
	return v, true, err
}

// dealBulkLook shows what would become of the deals that are ticked, one by one, and asks for what is needed. Nothing is
// changed.
func (s *Server) dealBulkLook(c echo.Context) error {
	ctx, q := c.Request().Context(), c.QueryParams()
	moves, err := tickedDeals(q)
	if err != nil {
		return err
	}
	to := q.Get("back")
	if to == "" || safeNext(to) != to {
		to = pipelinePath + "?view=list"
	}
	v, whole, err := s.wholeView(c)
	if err != nil {
		return err
	}
	if whole {
		f, err := s.dealFilter(c, v)
		if err != nil {
			return err
		}
		if moves, err = s.app.ViewedDeals(ctx, f); err != nil {
			return s.after(c, err, "", to)
		}
	}
	kind, what, _ := strings.Cut(q.Get("what"), ":")
	if len(moves) == 0 || what == "" {
		s.flash(c, "fault", "Tick some deals, and choose what to do with them.")
		return c.Redirect(http.StatusSeeOther, to)
	}
	p := templates.DealBulkPage{Columns: []templates.Column{{Label: "Deal"}, {Label: "Now"}, {Label: "Then"}}}
	sheet := &templates.Sheet{Action: bulkPath, CancelURL: to, Hidden: []templates.KV{{Key: "back", Value: to}}}
	looks, title, button, err := s.bulkAsks(c, sheet, kind, what, moves)
	if err != nil {
		return err
	}
	if p.AdminPage, err = s.adminPage(c, "pipeline", title, templates.Link{Label: "Pipeline", URL: to}); err != nil {
		return err
	}
	n := 0
	for _, l := range looks {
		r := templates.DealLookRow{Title: orElse(l.Deal.Title, "A deal"), Now: l.Now, Then: l.Then, Why: l.Why, URL: "/admin/deals/" + l.Move.ID.String()}
		if l.Why == "" {
			n++
			sheet.Hidden = append(sheet.Hidden, templates.KV{Key: "deal", Value: l.Move.ID.String() + " " + strconv.FormatInt(l.Move.Version, 10)})
		} else if kind != "give" {
			r.MoveURL = r.URL + "/move?to=" + url.QueryEscape(what) + "&back=" + queryEscape(to)
		}
		p.Rows = append(p.Rows, r)
	}
	p.Lead = "Nothing was changed yet. " + count(n, "deal", "deals") + " can go"
	if stays := len(looks) - n; stays > 0 {
		p.Lead += "; " + count(stays, "stays", "stay") + " as it says below"
	}
	p.Lead += "."
	if sheet.Button = button + " " + count(n, "deal", "deals"); n > 0 {
		p.Do = sheet
	}
	p.BackURL = to
	return s.page(c, http.StatusOK, "admin/deal_bulk", p)
}

// bulkAsks looks at each deal and puts into the sheet what has to be said for all of them.
func (s *Server) bulkAsks(c echo.Context, sheet *templates.Sheet, kind, what string, moves []app.DealMove) (looks []app.DealLook, title, button string, err error) {
	if kind == "give" {
		owner, err := uuid.Parse(what)
		if err != nil {
			return nil, "", "", errs.New(errs.Malformed, "The request could not be read.")
		}
		if looks, err = s.app.LookGive(c.Request().Context(), s.user(c), moves, owner, s.actor(c)); err != nil {
			return nil, "", "", err
		}
		title, button = "Give deals away", "Give"
		sheet.Hidden = append(sheet.Hidden, templates.KV{Key: "do", Value: "give"}, templates.KV{Key: "owner", Value: what})
		sheet.Groups = []templates.SheetGroup{{Fields: []templates.FieldView{{Name: "note", Type: "text", Label: "A word why", Required: true, MaxLength: 300, Autocomplete: "off"}}}}
	} else {
		for i := range moves {
			moves[i].To = what
		}
		if looks, err = s.app.LookMoves(c.Request().Context(), s.user(c), moves, s.actor(c)); err != nil {
			return nil, "", "", err
		}
		stages, err := s.app.Stages(c.Request().Context())
		if err != nil {
			return nil, "", "", err
		}
		st, _ := stages.Find(what)
		title, button = "Move deals to “"+st.Title+"”", "Move"
		sheet.Hidden = append(sheet.Hidden, templates.KV{Key: "do", Value: "move"}, templates.KV{Key: "to", Value: what})
		if st.Kind != pipeline.Open {
			title, button = "Mark deals as “"+st.Title+"”", "Mark"
			pairs, err := s.reasonPairs(c, map[string]bool{st.Kind: true}, false)
			if err != nil {
				return nil, "", "", err
			}
			sheet.Groups = []templates.SheetGroup{{Fields: []templates.FieldView{{Name: "reason", Type: "select", Label: "Why, for all of them", Required: true, Options: choices("", pairs...)},
				{Name: "note", Type: "text", Label: "In your words", MaxLength: 500, Autocomplete: "off"}}}}
		}
	}
	return looks, title, button, nil
}

// dealBulk moves deals, or gives them to somebody; each says for itself what keeps it.
func (s *Server) dealBulk(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	moves, err := tickedDeals(c.Request().PostForm)
	if err != nil {
		return err
	}
	for i := range moves {
		moves[i].To, moves[i].Reason, moves[i].Note = posted(c, "to"), posted(c, "reason"), posted(c, "note")
	}
	to := back(c, pipelinePath+"?view=list")
	if owner, err := uuid.Parse(posted(c, "owner")); err == nil && len(moves) > 0 && posted(c, "do") == "give" {
		r, err := s.app.GiveDeals(c.Request().Context(), s.user(c), moves, owner, posted(c, "note"), s.actor(c))
		if err != nil {
			return s.after(c, err, "", to)
		}
		return s.afterBulk(c, r, "given away", to)
	}
	if len(moves) == 0 || posted(c, "to") == "" {
		s.flash(c, "fault", "Nothing was changed: tick some deals, and choose what to do with them.")
		return c.Redirect(http.StatusSeeOther, to)
	}
	r, err := s.app.MoveDeals(c.Request().Context(), s.user(c), moves, s.actor(c))
	if err != nil {
		return s.after(c, err, "", to)
	}
	return s.afterBulk(c, r, "moved", to)
}

// afterBulk tells what became of many.
func (s *Server) afterBulk(c echo.Context, r app.BulkResult, did, to string) error {
	kind, text := "done", count(r.Done, "deal was", "deals were")+" "+did+"."
	if r.Failed > 0 {
		kind, text = "fault", text+" "+count(r.Failed, "was", "were")+" not. "+strings.Join(r.Why, " ")
	}
	s.flash(c, kind, text)
	return c.Redirect(http.StatusSeeOther, to)
}
