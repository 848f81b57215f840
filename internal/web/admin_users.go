package web

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const usersPath = "/admin/users"

func userTag(u store.User) templates.Tag {
	switch {
	case u.DisabledAt != nil:
		return templates.Tag{Label: "Disabled", Tone: "bad"}
	case u.PasswordHash == "":
		return templates.Tag{Label: "Invited", Tone: "wait"}
	}
	return templates.Tag{Label: "Active", Tone: "good"}
}

// at is a time that may be missing.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (s *Server) userList(c echo.Context) error {
	page, err := s.adminPage(c, "users", "Users")
	if err != nil {
		return err
	}
	users, err := s.app.Users(c.Request().Context())
	if err != nil {
		return err
	}
	page.Action = &templates.PageAction{Label: "Invite somebody", URL: usersPath + "/new", Icon: "plus"}
	p := templates.UsersPage{AdminPage: page, Tools: templates.TableTools{Total: len(users), One: "account", Many: "accounts"}}
	for _, u := range users {
		p.Rows = append(p.Rows, templates.UserRow{URL: usersPath + "/" + u.ID.String(), Name: u.Name, Email: u.Email, Role: roleWord(u.Role), State: userTag(u),
			LastLogin: at(u.LastLoginAt), Own: u.ID == s.user(c).ID})
	}
	return s.page(c, http.StatusOK, "admin/users", p)
}

func roleField(role string) templates.FieldView {
	return templates.FieldView{Name: "role", Type: "select", Label: "What this person may do", Required: true, Options: choices(role,
		string(auth.Admin), "Admin: runs the installation", string(auth.Marketing), "Marketing: documents, landing pages, leads", string(auth.Sales), "Sales: works the leads")}
}

func (s *Server) userNew(c echo.Context) error { return s.showUserNew(c, http.StatusOK, nil) }

func (s *Server) showUserNew(c echo.Context, status int, wrong error) error {
	page, err := s.adminPage(c, "users", "Invite somebody", templates.Link{Label: "Users", URL: usersPath})
	if err != nil {
		return err
	}
	page.Lead = "You get a link that works once; the person sets a password there."
	sheet := &templates.Sheet{Action: usersPath, Button: "Create the account", CancelURL: usersPath, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "name", Type: "text", Label: "Name", Required: true, MaxLength: 120, Value: posted(c, "name"), Autocomplete: "off"},
		{Name: "email", Type: "email", Label: "E-mail address", Required: true, MaxLength: 254, Value: posted(c, "email"), Autocomplete: "off"},
		roleField(posted(c, "role"))}}}}
	fault(sheet, wrong)
	return s.page(c, status, "admin/users", templates.UsersPage{AdminPage: page, New: sheet})
}

// userCreate shows the one-time link in its own answer: it is in no address, no history and no table.
func (s *Server) userCreate(c echo.Context) error {
	u, link, err := s.app.AddUser(c.Request().Context(), posted(c, "name"), posted(c, "email"), posted(c, "role"), s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showUserNew(c, status, err)
	}
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "users", "An account for "+u.Name, templates.Link{Label: "Users", URL: usersPath})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin/users", templates.UsersPage{AdminPage: page, Link: &templates.OneTime{
		Label: "The link for " + u.Name, Value: link, BackURL: usersPath, Back: "Done",
		Text: "Give it to " + u.Email + " yourself: it works once, for seven days, and is not shown again."}})
}

func (s *Server) userShow(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.showUser(c, http.StatusOK, id, nil)
}

func (s *Server) showUser(c echo.Context, status int, id uuid.UUID, wrong error) error {
	u, err := s.app.Store().User(c.Request().Context(), id)
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "users", u.Name, templates.Link{Label: "Users", URL: usersPath})
	if err != nil {
		return err
	}
	tag, own := userTag(u), usersPath+"/"+id.String()
	p := templates.UserPage{AdminPage: page, Facts: s.userFacts(c, u)}
	p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "State", Tag: &tag, Value: " "})
	if u.ID == s.user(c).ID {
		p.Note = "This is you. Role and access are changed by another administrator."
		return s.page(c, status, "admin/user", p)
	}
	p.Role = &templates.Sheet{Action: own + "/role", Button: "Change the role", Minor: true, Hidden: versionOf(u.Version),
		Groups: []templates.SheetGroup{{Fields: []templates.FieldView{roleField(u.Role)}}}}
	if wrong != nil {
		p.Role.Hidden = versionOf(max(1, u.Version-1)) // stale, as it was: nothing is overwritten by pressing the button again
		if v, err := readVersion(c); err == nil {
			p.Role.Hidden = versionOf(v)
		}
		p.Role.Groups[0].Fields[0] = roleField(posted(c, "role"))
		fault(p.Role, wrong)
	}
	p.Actions = userActions(u, own)
	return s.page(c, status, "admin/user", p)
}

func (s *Server) userFacts(c echo.Context, u store.User) templates.Ledger {
	login := "never"
	if u.LastLoginAt != nil {
		login = moment(*u.LastLoginAt, s.zone(c))
	}
	return templates.Ledger{Facts: []templates.Fact{{Name: "Name", Value: u.Name}, {Name: "E-mail", Value: u.Email}, {Name: "Role", Value: roleWord(u.Role)},
		{Name: "Since", Value: u.CreatedAt.In(s.zone(c)).Format(dayFormat)}, {Name: "Last login", Value: login}}}
}

func userActions(u store.User, own string) []templates.PageAction {
	if u.DisabledAt != nil {
		return []templates.PageAction{postButton("Enable", "undo", own+"/enable", u.Version)}
	}
	link := postButton("Send a password link", "mail", own+"/password-link", 0)
	link.Confirm = "Send " + u.Email + " a link to set a password?"
	end := postButton("End all sessions", "logout", own+"/end-sessions", 0)
	end.Confirm = "Log " + u.Name + " out everywhere?"
	disable := postButton("Disable", "close", own+"/disable", u.Version)
	disable.Danger, disable.Confirm = true, "Disable this account? Its sessions end at once."
	return []templates.PageAction{link, end, disable}
}

func (s *Server) userRole(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	err = s.app.ChangeRole(c.Request().Context(), id, read, posted(c, "role"), s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showUser(c, status, id, err)
	}
	return s.after(c, err, "The role is changed; it holds from the next page on.", usersPath+"/"+id.String())
}

// userDisable takes an account's access away or gives it back.
func (s *Server) userDisable(disable bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, read, err := idAndVersion(c)
		if err != nil {
			return err
		}
		done := "The account is enabled again."
		if disable {
			done = "The account is disabled; its sessions have ended."
		}
		err = s.app.DisableUser(c.Request().Context(), id, read, disable, s.actor(c))
		return s.after(c, err, done, usersPath+"/"+id.String())
	}
}

func (s *Server) userEndSessions(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if _, err := s.app.Store().User(c.Request().Context(), id); err != nil {
		return err
	}
	return s.after(c, s.app.EndSessions(c.Request().Context(), id, s.actor(c)), "Every session of this account has ended.", usersPath+"/"+id.String())
}

func (s *Server) userPasswordLink(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.after(c, s.app.SendPasswordLink(c.Request().Context(), id, s.actor(c)), "The link is on its way.", usersPath+"/"+id.String())
}
