package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

const keysPath = "/admin/keys"

func (s *Server) keyList(c echo.Context) error {
	page, err := s.adminPage(c, "keys", "API keys")
	if err != nil {
		return err
	}
	keys, err := s.app.Keys(c.Request().Context())
	if err != nil {
		return err
	}
	page.Action = &templates.PageAction{Label: "New key", URL: keysPath + "/new", Icon: "plus"}
	p := templates.KeysPage{AdminPage: page, Tools: templates.TableTools{Total: len(keys), One: "key", Many: "keys"},
		Empty: templates.Empty{Suit: "club", Title: "No key yet", Text: "A key lets a program hand in submissions or read leads. It is shown once and can be revoked at any time.", Action: page.Action}}
	for _, k := range keys {
		row := templates.KeyRow{Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, State: templates.Tag{Label: "Holds", Tone: "good"}, Created: k.CreatedAt, LastUsed: at(k.LastUsedAt)}
		if k.RevokedAt != nil {
			row.State = templates.Tag{Label: "Revoked", Tone: "bad"}
		} else {
			a := postButton("Revoke", "close", keysPath+"/"+k.ID.String()+"/revoke", 0)
			a.Danger, a.Confirm = true, "Revoke "+k.Name+"? Whatever uses it is refused at once."
			row.Revoke = &a
		}
		p.Rows = append(p.Rows, row)
	}
	return s.page(c, http.StatusOK, "admin/keys", p)
}

func (s *Server) keyNew(c echo.Context) error { return s.showKeyNew(c, http.StatusOK, nil) }

func (s *Server) showKeyNew(c echo.Context, status int, wrong error) error {
	page, err := s.adminPage(c, "keys", "New key", templates.Link{Label: "API keys", URL: keysPath})
	if err != nil {
		return err
	}
	chosen := c.Request().PostForm["scopes"]
	scopes := templates.SheetGroup{Title: "What it may do"}
	for _, sc := range auth.Scopes() {
		scopes.Fields = append(scopes.Fields, templates.FieldView{Name: "scopes", ID: "f-scope-" + string(sc), Type: "box", Label: scopeLabel(sc), Value: string(sc),
			Checked: slices.Contains(chosen, string(sc))})
	}
	sheet := &templates.Sheet{Action: keysPath, Button: "Create the key", CancelURL: keysPath, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "name", Type: "text", Label: "Name", Required: true, MaxLength: 80, Value: posted(c, "name"), Help: "What uses it, so that you know later.", Autocomplete: "off"}}}, scopes}}
	fault(sheet, wrong)
	return s.page(c, status, "admin/keys", templates.KeysPage{AdminPage: page, New: sheet})
}

func scopeLabel(sc auth.Scope) string {
	switch sc {
	case auth.ScopeSubmissionsWrite:
		return "Hand in submissions, trusted (" + string(sc) + ")"
	case auth.ScopeLeadsRead:
		return "Read leads and the state of submissions (" + string(sc) + ")"
	case auth.ScopeMessagesRead:
		return "Read messages and their delivery (" + string(sc) + ")"
	case auth.ScopeSalesRead:
		return "Read assignments, deals and pushes, and what sales made of a submission (" + string(sc) + ")"
	}
	return string(sc)
}

// keyCreate shows the key in its own answer: it is in no address, no history and no table.
func (s *Server) keyCreate(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return errs.Wrap(err, errs.Malformed, "The form could not be read.")
	}
	scopes := c.Request().PostForm["scopes"]
	plain, err := s.app.NewKey(c.Request().Context(), posted(c, "name"), scopes, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showKeyNew(c, status, err)
	}
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "keys", "The new key", templates.Link{Label: "API keys", URL: keysPath})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin/keys", templates.KeysPage{AdminPage: page, Key: &templates.OneTime{Label: posted(c, "name"), Value: plain,
		Text: "Copy it now: it is shown this once, and only its fingerprint is kept.", Example: s.keyExample(c, plain, scopes), BackURL: keysPath, Back: "I have copied it"}})
}

// keyExample is a command that works with the key.
func (s *Server) keyExample(c echo.Context, plain string, scopes []string) string {
	head := "curl -H 'Authorization: Bearer " + plain + "' \\\n  "
	switch {
	case slices.Contains(scopes, string(auth.ScopeSubmissionsWrite)):
		slug := app.SampleSlug
		if snap, err := s.app.Snapshot(c.Request().Context()); err == nil && snap.BySlug(slug) == nil && len(snap.Gates) > 0 {
			slug = snap.Gates[0].Slug
		}
		return head + "-H 'Content-Type: application/json' \\\n  -d '{\"fields\":{\"email\":\"ann@example.com\",\"given_name\":\"Ann\",\"family_name\":\"Archer\",\"company\":\"Archer Ltd\"}}' \\\n  " +
			s.o.BaseURL + "/api/v1/gates/" + slug + "/submissions"
	case slices.Contains(scopes, string(auth.ScopeLeadsRead)):
		return head + s.o.BaseURL + "/api/v1/leads"
	case slices.Contains(scopes, string(auth.ScopeSalesRead)):
		return head + s.o.BaseURL + "/api/v1/deals"
	}
	return head + s.o.BaseURL + "/api/v1/messages"
}

func (s *Server) keyRevoke(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.after(c, s.app.RevokeKey(c.Request().Context(), id, s.actor(c)), "The key is revoked.", keysPath)
}
