package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// adminPage is what every page for staff carries: the rail as the role sees it with what waits, who is logged in, the
// notice that the request before left behind. navKey is a key of templates.Navigation; above are the pages that this one
// belongs to, the outermost first.
func (s *Server) adminPage(c echo.Context, navKey, title string, above ...templates.Link) (templates.AdminPage, error) {
	ctx := c.Request().Context()
	snap, err := s.app.Snapshot(ctx)
	if err != nil {
		return templates.AdminPage{}, err
	}
	work, err := s.app.WaitingWork(ctx)
	if err != nil {
		return templates.AdminPage{}, err
	}
	u := s.user(c)
	return templates.AdminPage{Title: title, Lang: "en-GB", CompanyName: snap.Settings.CompanyName, Flash: s.takeFlash(c), Crumbs: above,
		Nav:       templates.Navigation(u.Role, navKey, templates.Counts{Alarms: alarmsFor(u.Role, work), Quarantine: work.Quarantine, Messages: work.Late}),
		User:      templates.UserView{Name: u.Name, Email: u.Email, Role: roleWord(u.Role)},
		LogoutURL: "/admin/logout", AccountURL: accountPath}, nil
}

// alarmsFor counts the alarms for those who see them.
func alarmsFor(role string, w app.Work) int {
	if role == string(auth.Sales) {
		return 0
	}
	return w.Alarms
}

// may tells whether who is logged in has a permission, for what a page shows.
func (s *Server) may(c echo.Context, p auth.Permission) bool {
	return auth.Allows(auth.Role(s.user(c).Role), p)
}

// flash leaves a notice for the next page: kind is "done", "note" or "fault".
func (s *Server) flash(c echo.Context, kind, text string) {
	s.flashUndo(c, kind, text, nil)
}

// flashUndo leaves a notice with the way back; undo may be nil.
func (s *Server) flashUndo(c echo.Context, kind, text string, undo *templates.PageAction) {
	raw, err := json.Marshal(templates.Flash{Kind: kind, Text: text, Undo: undo})
	if err == nil {
		s.sessions.Put(c.Request().Context(), keyFlash, string(raw))
	}
}

func (s *Server) takeFlash(c echo.Context) *templates.Flash {
	if c.Request().Method == http.MethodHead {
		return nil
	}
	var f templates.Flash
	raw := s.sessions.PopString(c.Request().Context(), keyFlash)
	if raw == "" || json.Unmarshal([]byte(raw), &f) != nil {
		return nil
	}
	return &f
}

// zone is the installation's time zone.
func (s *Server) zone(c echo.Context) *time.Location {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return time.UTC
	}
	return snap.Settings.Zone()
}

// pathID reads the ":id" of the path; anything else is no page.
func pathID(c echo.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || id.String() != c.Param("id") {
		return uuid.UUID{}, errs.New(errs.NotFound, "There is no page at this address.")
	}
	return id, nil
}

// with is the page's own address with some of its query changed: names and values in turn, an empty value removes. The
// page number is always dropped, unless it is what changes.
func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		if k != "page" && len(v) > 0 && v[0] != "" {
			out.Set(k, v[0])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// back is where a form of this page leads after it was done: the page it stood on, if that is one for staff.
func back(c echo.Context, otherwise string) string {
	next := posted(c, "back")
	if next == "" {
		return otherwise
	}
	if safe := safeNext(next); safe == next {
		return safe
	}
	return otherwise
}
