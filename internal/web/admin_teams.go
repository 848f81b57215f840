package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

const teamsPath = "/admin/teams"

func personURL(id uuid.UUID) string { return teamsPath + "/people/" + id.String() }

func (s *Server) teamList(c echo.Context) error {
	page, err := s.adminPage(c, "teams", "Teams")
	if err != nil {
		return err
	}
	page.Wide, page.Action = true, &templates.PageAction{Label: "New team", URL: teamsPath + "/new", Icon: "plus"}
	page.Lead = "Who gets leads in turn, and when they work. A turn is one lead that the rotation gave."
	teams, err := s.app.TeamViews(c.Request().Context())
	if err != nil {
		return err
	}
	sellers, err := s.app.WhoSells(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.TeamsPage{AdminPage: page, Empty: templates.Empty{Suit: "club", Title: "No team yet", Text: "A team shares leads in turn. Make one, add who sells, and name it in the routing rules.",
		Action: &templates.PageAction{Label: "New team", URL: teamsPath + "/new"}}}
	placed := map[uuid.UUID]bool{}
	for _, t := range teams {
		for _, m := range t.Members {
			placed[m.User] = true
		}
		p.Teams = append(p.Teams, teamBlock(t))
	}
	for _, x := range sellers {
		if !placed[x.ID] {
			row := templates.PersonRow{Name: x.Name, URL: personURL(x.ID)}
			if !x.Away.IsZero() {
				row.Note = "away until " + x.Away.Add(-time.Minute).Format("2 January")
			}
			p.Others = append(p.Others, row)
		}
	}
	return s.page(c, http.StatusOK, "admin/teams", p)
}

// teamBlock is a team with where its rotation stands.
func teamBlock(t app.TeamView) templates.TeamBlock {
	b := templates.TeamBlock{Title: t.Name, URL: teamsPath + "/" + t.ID.String(), Note: "Turns since " + t.Period.Format(dayFormat)}
	if t.Manager != "" {
		b.Note = "Led by " + t.Manager + "; turns since " + t.Period.Format(dayFormat)
		if t.ManagerGone {
			b.Note = "Led by " + t.Manager + ", who is gone: name somebody else; turns since " + t.Period.Format(dayFormat)
		}
	}
	top := 0.001
	load := func(m app.MemberView) float64 {
		return (float64(m.Turns) + float64(m.Credit)/1000) / float64(max(1, m.Weight))
	}
	for _, m := range t.Members {
		top = max(top, load(m))
	}
	for _, m := range t.Members {
		r := templates.MemberRow{Name: m.Name, URL: personURL(m.User), Weight: m.Weight, Capacity: "no limit", Turns: m.Turns, Open: m.Open, Load: pipeline.Tenths(int(math.Round(load(m) * 1000))),
			Share: load(m) / top * 100, State: templates.Tag{Label: "Here", Tone: "good"}}
		if m.Capacity > 0 {
			r.Capacity = strconv.Itoa(m.Capacity)
		}
		if m.Credit != 0 {
			r.Credit = pipeline.Tenths(m.Credit) + " credited"
		}
		switch {
		case !m.Sells:
			r.State = templates.Tag{Label: "Gets no leads", Tone: "bad"}
		case !m.Away.IsZero():
			r.State, r.Note = templates.Tag{Label: "Away", Tone: "wait"}, "until "+m.Away.Add(-time.Minute).Format("2 January")
			if m.Deputy != "" {
				r.Note += "; " + m.Deputy + " stands in"
			}
		}
		if !m.Leaves.IsZero() && m.Sells {
			r.Note = strings.Join(notEmpty(r.Note, "leaves on "+m.Leaves.Format("2 January")), "; ")
		}
		b.Members = append(b.Members, r)
	}
	return b
}

func (s *Server) teamSheet(c echo.Context, action, button, name, manager string) (*templates.Sheet, error) {
	people, err := s.staffOptions(c, manager, "Nobody in particular")
	if err != nil {
		return nil, err
	}
	return &templates.Sheet{Action: action, Button: button, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "name", Type: "text", Label: "Name", Required: true, MaxLength: 80, Value: name, Autocomplete: "off"},
		{Name: "manager", Type: "select", Label: "Led by", Options: people, Help: "Is told when a lead of the team waits too long, and may give its leads to others."}}}}}, nil
}

// staffOptions are the people who may log in, for a select.
func (s *Server) staffOptions(c echo.Context, chosen, none string) ([]templates.OptionView, error) {
	users, err := s.app.Users(c.Request().Context())
	if err != nil {
		return nil, err
	}
	pairs := []string{"", none}
	for _, u := range users {
		if u.DisabledAt == nil {
			pairs = append(pairs, u.ID.String(), orElse(u.Name, u.Email))
		}
	}
	return choices(chosen, pairs...), nil
}

// sellerOptions are the people who may be given leads, for a select.
func (s *Server) sellerOptions(c echo.Context, chosen, none string, but ...uuid.UUID) ([]templates.OptionView, error) {
	sellers, err := s.app.WhoSells(c.Request().Context())
	if err != nil {
		return nil, err
	}
	pairs := []string{"", none}
	for _, x := range sellers {
		skip := false
		for _, b := range but {
			skip = skip || b == x.ID
		}
		if !skip {
			pairs = append(pairs, x.ID.String(), x.Name)
		}
	}
	return choices(chosen, pairs...), nil
}

func (s *Server) teamNew(c echo.Context) error { return s.showTeamNew(c, http.StatusOK, nil) }

func (s *Server) showTeamNew(c echo.Context, status int, wrong error) error {
	page, err := s.adminPage(c, "teams", "New team", templates.Link{Label: "Teams", URL: teamsPath})
	if err != nil {
		return err
	}
	sheet, err := s.teamSheet(c, teamsPath, "Make the team", posted(c, "name"), posted(c, "manager"))
	if err != nil {
		return err
	}
	sheet.CancelURL = teamsPath
	fault(sheet, wrong)
	return s.page(c, status, "admin/teams", templates.TeamsPage{AdminPage: page, New: sheet})
}

func (s *Server) teamCreate(c echo.Context) error {
	t, err := s.app.AddTeam(c.Request().Context(), app.TeamEdit{Name: posted(c, "name"), Manager: posted(c, "manager")}, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showTeamNew(c, status, err)
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "The team is made. Now add who is in it.", teamsPath+"/"+t.ID.String())
}

func (s *Server) teamPage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.showTeam(c, http.StatusOK, id, "", nil)
}

// showTeam draws a team; form names the form that had a fault.
func (s *Server) showTeam(c echo.Context, status int, id uuid.UUID, form string, wrong error) error {
	t, err := s.app.TeamView(c.Request().Context(), id)
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "teams", t.Name, templates.Link{Label: "Teams", URL: teamsPath})
	if err != nil {
		return err
	}
	page.Wide = true
	p := templates.TeamPage{AdminPage: page, Team: teamBlock(t)}
	own := teamsPath + "/" + id.String()
	var inside []uuid.UUID
	for i, m := range t.Members {
		inside = append(inside, m.User)
		sheet := memberSheet(own, m.User.String(), strconv.Itoa(m.Weight), strconv.Itoa(m.Capacity))
		remove := postButton("Take "+m.Name+" out of the team", "close", own+"/remove-member", 0)
		remove.Hidden, remove.Confirm = []templates.KV{{Key: "user", Value: m.User.String()}}, "Take "+m.Name+" out of the rotation? Leads in hand stay in hand."
		p.Team.Members[i].Edit, p.Team.Members[i].Remove = &sheet, &remove
	}
	options, err := s.sellerOptions(c, posted(c, "user"), "Choose somebody", inside...)
	if err != nil {
		return err
	}
	if len(options) > 1 {
		add := memberSheet(own, "", orElse(posted(c, "weight"), "1"), orElse(posted(c, "capacity"), "0"))
		add.Button, add.Hidden = "Add to the team", nil
		add.Groups[0].Fields = append([]templates.FieldView{{Name: "user", ID: "f-new-user", Type: "select", Label: "Who", Required: true, Options: options}}, add.Groups[0].Fields...)
		if form == "member" {
			fault(&add, wrong)
		}
		p.Add = &add
	}
	name, manager := t.Name, ""
	if t.ManagerID != nil {
		manager = t.ManagerID.String()
	}
	if form == "team" {
		name, manager = posted(c, "name"), posted(c, "manager")
	}
	edit, err := s.teamSheet(c, own, "Save", name, manager)
	if err != nil {
		return err
	}
	edit.Minor, edit.Hidden = true, versionOf(t.Version)
	if form == "team" {
		fault(edit, wrong)
	}
	p.Edit, p.Archive = *edit, postButton("Archive the team", "trash", own+"/archive", t.Version)
	p.Archive.Danger, p.Archive.Confirm = true, "Archive this team? Its rotation ends; leads in hand stay in hand."
	return s.page(c, status, "admin/team", p)
}

func memberSheet(own, user, weight, capacity string) templates.Sheet {
	id := "f-" + orElse(user, "new") + "-"
	return templates.Sheet{Action: own + "/members", Button: "Save", Minor: true, Hidden: []templates.KV{{Key: "user", Value: user}}, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "weight", ID: id + "weight", Type: "number", Label: "Weight", Required: true, Half: true, Value: weight, Help: "Who has weight 2 gets twice as many as who has 1."},
		{Name: "capacity", ID: id + "capacity", Type: "number", Label: "Leads a day at most", Half: true, Value: capacity, Help: "0: no limit."}}}}}
}

func (s *Server) teamEdit(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	err = s.app.EditTeam(c.Request().Context(), id, read, app.TeamEdit{Name: posted(c, "name"), Manager: posted(c, "manager")}, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showTeam(c, status, id, "team", err)
	}
	return s.after(c, err, "Saved.", teamsPath+"/"+id.String())
}

func (s *Server) teamArchive(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	if err = s.app.ArchiveTeam(c.Request().Context(), id, read, s.actor(c)); err != nil {
		return s.after(c, err, "", teamsPath+"/"+id.String())
	}
	return s.after(c, nil, "Archived. Its history stays.", teamsPath)
}

func (s *Server) teamMember(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	team, err := s.app.TeamView(c.Request().Context(), id)
	if err != nil {
		return err
	}
	user, err := uuid.Parse(posted(c, "user"))
	if err != nil {
		err = errs.InvalidFields(errs.Field{Field: "user", Code: "required", Message: "Please choose somebody."})
	} else {
		err = s.app.SetMember(c.Request().Context(), id, user, typedNumber(c, "weight"), typedNumber(c, "capacity"), s.actor(c))
	}
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showTeam(c, status, id, "member", err)
	}
	done := "Saved. Newcomers start at the team’s average."
	if slices.ContainsFunc(team.Members, func(m app.MemberView) bool { return m.User == user }) {
		done = "Saved."
	}
	return s.after(c, err, done, teamsPath+"/"+id.String())
}

func (s *Server) teamRemoveMember(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := uuid.Parse(posted(c, "user"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	return s.after(c, s.app.RemoveMember(c.Request().Context(), id, user, s.actor(c)), "Out of the rotation. Leads in hand stay in hand.", teamsPath+"/"+id.String())
}

// typedNumber is a whole number of a form; -1 where none was typed.
func typedNumber(c echo.Context, name string) int {
	typed := strings.TrimSpace(posted(c, name))
	n, err := strconv.Atoi(typed)
	if err != nil {
		return -1
	}
	return n
}
