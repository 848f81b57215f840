package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const (
	auditPath = "/admin/audit"
	auditSize = 50
)

// auditFilter reads the filter of the page and of its export; days are those of the installation's zone.
func (s *Server) auditFilter(c echo.Context) app.AuditFilter {
	clean := func(name string) string {
		return strings.ToValidUTF8(strings.ReplaceAll(c.QueryParam(name), "\x00", ""), "")
	}
	f := app.AuditFilter{Actor: clean("actor"), Action: clean("action"), Object: clean("object"), ID: clean("id")}
	if day, err := time.ParseInLocation(time.DateOnly, c.QueryParam("from"), s.zone(c)); err == nil {
		f.From = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, c.QueryParam("to"), s.zone(c)); err == nil {
		f.Before = day.AddDate(0, 0, 1)
	}
	return f
}

func (s *Server) auditList(c echo.Context) error {
	page, err := s.adminPage(c, "audit", "Audit log")
	if err != nil {
		return err
	}
	page.Lead = "Who of the staff did what, and when."
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > 1_000_000 {
		n = 1
	}
	f, q := s.auditFilter(c), c.QueryParams()
	log, err := s.app.AuditLog(c.Request().Context(), f, (n-1)*auditSize, auditSize)
	if err != nil {
		return err
	}
	p := templates.AuditPage{AdminPage: page, Tools: templates.TableTools{Total: log.Total, One: "entry", Many: "entries", ExportURL: with(auditPath+".csv", q)},
		Empty: templates.Empty{Suit: "club", Title: "No entry fits", Text: "Nothing that the staff did fits this filter.", Action: &templates.PageAction{Label: "Show everything", URL: auditPath}}}
	p.Filters = templates.Filters{Action: auditPath, HideSearch: true, Dates: true, From: c.QueryParam("from"), To: c.QueryParam("to"), Selects: []templates.FilterSelect{
		anyOf("actor", "Who", f.Actor, log.Actors, nil), anyOf("action", "What", f.Action, log.Actions, actionText), anyOf("object", "To what", f.Object, log.Objects, objectText)}}
	if f.ID != "" {
		p.Filters.Hidden = []templates.KV{{Key: "id", Value: f.ID}}
	}
	if f != (app.AuditFilter{}) {
		p.Filters.ClearURL = auditPath
	}
	for _, l := range log.Lines {
		p.Rows = append(p.Rows, auditRow(l))
	}
	p.Pagination = templates.Pagination{From: (n-1)*auditSize + 1, To: (n-1)*auditSize + len(log.Lines), Total: log.Total}
	if n > 1 {
		p.Pagination.PrevURL = with(auditPath, q, "page", number(n-1))
	}
	if p.Pagination.To < log.Total {
		p.Pagination.NextURL = with(auditPath, q, "page", number(n+1))
	}
	return s.page(c, http.StatusOK, "admin/audit", p)
}

// anyOf is a filter over values, the empty one first.
func anyOf(name, label, chosen string, values []string, words func(string) string) templates.FilterSelect {
	out := templates.FilterSelect{Name: name, Label: label, Options: []templates.OptionView{{Label: "All"}}}
	if chosen != "" && !slices.Contains(values, chosen) {
		values = append(values, chosen)
	}
	for _, v := range values {
		text := v
		if words != nil {
			text = words(v)
		}
		out.Options = append(out.Options, templates.OptionView{Value: v, Label: text, Selected: v == chosen})
	}
	return out
}

// actionText turns "gate.publish" into "published a landing page" where it is known.
func actionText(action string) string {
	if words, ok := auditWords[action]; ok {
		return words
	}
	return strings.NewReplacer(".", ": ", "-", " ").Replace(action)
}

var auditWords = map[string]string{
	"gate.create": "made a landing page", "gate.edit": "edited a landing page", "gate.publish": "published a landing page", "gate.unpublish": "unpublished a landing page",
	"gate.archive": "archived a landing page", "gate.restore": "brought a landing page back", "gate.move": "moved a landing page", "gate.redraft": "took an old version as draft",
	"document.create": "uploaded a document", "document.edit": "edited a document", "document.version": "uploaded a version", "document.serve": "chose the served version",
	"document.archive": "archived a document", "document.restore": "brought a document back",
	"user.create": "invited somebody", "user.role": "changed a role", "user.disable": "disabled an account", "user.enable": "enabled an account",
	"user.end-sessions": "ended all sessions", "user.password-link": "sent a password link", "user.password": "set a password", "user.login": "logged in",
	"key.create": "made an API key", "key.revoke": "revoked an API key", "settings.edit": "changed the settings",
	"mail.hold": "held all mail", "mail.release": "let mail go", "install": "installed the sample", "leads.export": "exported leads",
	"submission.release": "released a submission", "submission.discard": "discarded a submission", "submission.undiscard": "took a discard back",
	"lead.erase": "erased a person", "activity.note": "noted an activity", "activity.take-back": "took an activity back", "activity.reason": "said why an activity went beyond the contact policy",
	"rules.draft": "began a draft of rules", "rules.edit": "edited rules", "rules.publish": "published rules", "rules.roll-back": "rolled rules back", "rules.discard": "discarded a draft of rules",
	"rules.rehearse": "rehearsed rules", "rules.rescore": "had leads scored anew", "rehearsal.cancel": "stopped a rehearsal", "rescore.cancel": "stopped a scoring anew",
}

func objectText(kind string) string {
	switch kind {
	case "gate":
		return "landing page"
	case "api-key":
		return "API key"
	}
	return kind
}

// objectURLs are where an object has a page of its own.
var objectURLs = map[string]string{"gate": gatesPath + "/", "document": documentsPath + "/", "user": usersPath + "/", "lead": "/admin/leads/",
	"message": "/admin/messages/", "deal": "/admin/deals/"}

func auditRow(l store.Audit) templates.AuditRow {
	r := templates.AuditRow{At: l.At, By: l.ActorName, Action: actionText(l.Action), Code: l.Action, Object: objectText(l.ObjectKind)}
	if l.ActorKind != "user" {
		r.Kind = l.ActorKind
	}
	if r.By == "" {
		r.By = l.ActorKind
	}
	switch _, err := uuid.Parse(l.ObjectID); {
	case objectURLs[l.ObjectKind] != "" && err == nil:
		r.ObjectURL = objectURLs[l.ObjectKind] + l.ObjectID
	case l.ObjectKind == "settings":
		r.ObjectURL = settingsPath
	case strings.HasSuffix(l.ObjectKind, "-rules"):
		r.ObjectURL = "/admin/rules/" + strings.TrimSuffix(l.ObjectKind, "-rules")
	case l.ObjectKind == "api-key":
		r.ObjectURL = keysPath
	}
	names := make([]string, 0, len(l.Detail))
	for name := range l.Detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.Detail = append(r.Detail, templates.KV{Key: word(detailWords, name), Value: detailText(l.Detail[name])})
	}
	return r
}

// detailWords are the names in a line's detail that staff know by another one.
var detailWords = map[string]string{"number": "version", "slug": "address", "weight": "doubt"}

// detailText writes a value of a line's detail.
func detailText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = detailText(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	return fmt.Sprint(v)
}

// auditExport writes the chosen lines as CSV (RFC 4180, UTF-8 with a byte order mark) as they come out of the database.
func (s *Server) auditExport(c echo.Context) error {
	f := s.auditFilter(c)
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="audit-log.csv"`)
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	out := csv.NewWriter(c.Response())
	out.UseCRLF = true
	if _, err := c.Response().Write([]byte("\ufeff")); err != nil {
		return err
	}
	if err := out.Write([]string{"id", "at", "actor_kind", "actor", "action", "object_kind", "object_id", "detail"}); err != nil {
		return err
	}
	err := s.app.EachAudit(c.Request().Context(), f, func(l store.Audit) error {
		detail, err := json.Marshal(l.Detail)
		if err != nil {
			return err
		}
		row := []string{l.ID.String(), l.At.UTC().Format(time.RFC3339), l.ActorKind, l.ActorName, l.Action, l.ObjectKind, l.ObjectID, string(detail)}
		for i := range row {
			row[i] = app.DefuseCell(row[i])
		}
		return out.Write(row)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
