package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// gatePage shows a landing page. Without a source in the address it is the same bytes for everybody.
func (s *Server) gatePage(c echo.Context) error {
	g, snap, moved, err := s.app.Gate(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	if moved != "" {
		to := "/g/" + moved
		if q := c.Request().URL.RawQuery; q != "" {
			to += "?" + q
		}
		return c.Redirect(http.StatusMovedPermanently, to)
	}
	if src := sourceOf(c, nil); src != (store.Source{}) {
		p := s.gateView(g, snap)
		p.Hidden = hiddenSource(src)
		c.Response().Header().Set("Cache-Control", "private, no-store")
		return s.page(c, http.StatusOK, "public/gate", p)
	}
	return s.gates.serve(c, gateKey(g, snap), func(w *cached) error {
		return s.pages.Render(w, "public/gate", s.gateView(g, snap))
	})
}

// gateView is the page of a published gate before anybody typed anything.
func (s *Server) gateView(g *store.PublishedGate, snap *app.Snapshot) templates.GatePage {
	def := g.Published.Definition
	p := templates.GatePage{Page: s.pageFor(snap, def.Title), Slug: g.Slug, Kicker: def.Kicker, Heading: def.Title, Summary: def.Summary, Learn: def.Learn,
		Byline: def.Byline, Format: formatLine(g.File), Action: "/g/" + g.Slug, StartURL: "/g/" + g.Slug + "/start", Button: def.Button,
		DataNote: def.DataNote, HoneypotName: honeypot(g)}
	p.Lang, p.Description, p.CanonicalURL = def.Language, def.Summary, s.o.BaseURL+"/g/"+g.Slug
	if g.File.CoverKey != "" {
		p.Cover = s.picture(g, -1)
		p.OG = s.openGraph(g)
	}
	for i := range g.File.Samples {
		if i == 2 {
			break
		}
		p.SamplePages = append(p.SamplePages, *s.picture(g, i))
	}
	p.Fields, p.Consents = fieldViews(def.Form, form.Input{}, nil), consentViews(def.Form, form.Input{}, nil)
	return p
}

// gateSubmit takes a posted form: 303 to the thank-you page, 201 for the script, 422 with everything kept.
func (s *Server) gateSubmit(c echo.Context) error {
	slug := c.Param("slug")
	if err := parseForm(c.Request()); err != nil {
		return err
	}
	in := s.submitOf(c, slug)
	if g, _, err := s.app.GateNow(c.Request().Context(), slug); err == nil && s.crossSite(c, g) {
		in.Input.Consents = map[string]bool{} // what another site ticked is nobody's consent
		return s.gateFault(c, in, errs.New(errs.Forbidden, "This came from another site, so nothing was sent. Please look at your answers and send them from here."))
	}
	res, err := s.app.SubmitForm(c.Request().Context(), in)
	if err != nil {
		return s.gateFault(c, in, err)
	}
	to := "/g/" + res.Slug + "/thanks?r=" + res.Receipt
	if wantsJSON(c) {
		return c.JSON(http.StatusCreated, map[string]string{"receipt": res.Receipt, "status": res.Status, "location": to})
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// parseForm reads the body of a form.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var big *http.MaxBytesError
	if err == nil || errors.As(err, &big) {
		return err
	}
	return errs.Wrap(err, errs.Malformed, "The form could not be read.")
}

// submitOf reads what a page's form carries.
func (s *Server) submitOf(c echo.Context, slug string) app.Submit {
	r := c.Request()
	f := r.PostForm
	in := app.Submit{Slug: slug, Door: "page", Input: form.Input{Fields: map[string]string{}, Consents: map[string]bool{}, AsTyped: f.Get("email_as_typed")},
		Attempt: f.Get("attempt"), FormToken: f.Get("form_token"), IP: clientIP(c), UserAgent: r.UserAgent(), Language: r.Header.Get("Accept-Language")}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		in.Attempt = strings.Trim(key, `"`)
	}
	for name, values := range f {
		if key, ok := strings.CutPrefix(name, "consent."); ok {
			in.Input.Consents[key] = ticked(values[0])
		} else {
			in.Input.Fields[name] = values[0]
		}
	}
	if g, _, err := s.app.GateNow(r.Context(), slug); err == nil {
		in.Honeypot = f.Get(honeypot(g))
	}
	in.Source = sourceOf(c, f)
	return in
}

func ticked(v string) bool { return v == "on" || v == "1" || v == "true" || v == "yes" }

// gateFault answers a post that was not taken: the page again with what was typed, or the problem for the script.
func (s *Server) gateFault(c echo.Context, in app.Submit, fault error) error {
	code := errs.CodeOf(fault)
	if wantsJSON(c) || (code != errs.Invalid && code != errs.Forbidden && code != errs.TooMany && code != errs.Unavailable) {
		return fault
	}
	g, snap, err := s.app.GateNow(c.Request().Context(), in.Slug)
	if err != nil {
		return fault
	}
	e := errs.Public(fault)
	p := s.gateView(g, snap)
	p.Fields, p.Consents = fieldViews(g.Published.Definition.Form, in.Input, e.Fields), consentViews(g.Published.Definition.Form, in.Input, e.Fields)
	p.Hidden, p.FormError, p.NoIndex = hiddenSource(in.Source), e.Message, true
	for _, f := range e.Fields {
		if f.Suggestion != "" {
			p.SuggestEmail, p.AsTyped = f.Suggestion, in.Input.Fields["email"]
		}
	}
	for _, f := range p.Fields {
		if f.Error != "" {
			p.FirstInvalid = f.ID
			break
		}
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-store")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", seconds(e.RetryAfter))
	}
	if code == errs.Unavailable {
		s.log.Error("submission not taken", "id", c.Get(requestID), "route", c.Path(), "error", fault)
	}
	return s.page(c, statuses[code], "public/gate", p)
}

// gateStart tells the script when the form was opened, signed.
func (s *Server) gateStart(c echo.Context) error {
	token, err := s.app.FormToken(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, map[string]string{"token": token})
}

// sourceOf reads where somebody came from: the posted fields first, then the address, then the referring page.
func sourceOf(c echo.Context, f map[string][]string) store.Source {
	query := c.QueryParams()
	pick := func(name string) string {
		if v := f[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
		return query.Get(name)
	}
	src := store.Source{UTMSource: pick("utm_source"), UTMMedium: pick("utm_medium"), UTMCampaign: pick("utm_campaign"), UTMTerm: pick("utm_term"),
		UTMContent: pick("utm_content"), Referrer: pick("referrer"), Page: pick("page")}
	if src.Referrer == "" && f == nil {
		if ref := c.Request().Referer(); ref != "" && !strings.Contains(ref, "//"+c.Request().Host+"/") {
			src.Referrer = ref
		}
	}
	if f != nil && src.Page == "" {
		src.Page = c.Request().URL.Path
	}
	return app.CleanSource(src)
}

func hiddenSource(src store.Source) (out []templates.KV) {
	for _, kv := range []templates.KV{{Key: "utm_source", Value: src.UTMSource}, {Key: "utm_medium", Value: src.UTMMedium},
		{Key: "utm_campaign", Value: src.UTMCampaign}, {Key: "utm_term", Value: src.UTMTerm}, {Key: "utm_content", Value: src.UTMContent},
		{Key: "referrer", Value: src.Referrer}, {Key: "page", Value: src.Page}} {
		if kv.Value != "" {
			out = append(out, kv)
		}
	}
	return out
}

// apiGate describes a gate to programs.
type apiGate struct {
	Slug     string         `json:"slug"`
	Title    string         `json:"title"`
	Summary  string         `json:"summary"`
	Learn    []string       `json:"learn"`
	Language string         `json:"language"`
	Button   string         `json:"button"`
	Format   string         `json:"format"`
	URL      string         `json:"url"`
	Fields   []form.Field   `json:"fields"`
	Consents []form.Consent `json:"consents"`
}

func (s *Server) apiGateView(g *store.PublishedGate) apiGate {
	def := g.Published.Definition
	out := apiGate{Slug: g.Slug, Title: def.Title, Summary: def.Summary, Learn: def.Learn, Language: def.Language, Button: def.Button,
		Format: formatLine(g.File), URL: s.o.BaseURL + "/g/" + g.Slug, Fields: def.Form.Fields, Consents: def.Form.Consents}
	if out.Learn == nil {
		out.Learn = []string{}
	}
	if out.Consents == nil {
		out.Consents = []form.Consent{}
	}
	return out
}
