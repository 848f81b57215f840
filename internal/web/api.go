package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

func (s *Server) apiRoutes() []route {
	leads, messages, sales := scoped(auth.ScopeLeadsRead), scoped(auth.ScopeMessagesRead), scoped(auth.ScopeSalesRead)
	return []route{
		{get, "/api/v1/openapi.json", public, noBody, s.apiDescription},
		{get, "/api/docs", public, noBody, s.apiDocs},
		{get, "/api/v1/gates/:slug", public, noBody, s.apiGet},
		{post, "/api/v1/gates/:slug/submissions", public, bigForm, s.apiSubmit},
		{http.MethodOptions, "/api/v1/gates/:slug", public, noBody, s.apiPreflight},
		{http.MethodOptions, "/api/v1/gates/:slug/submissions", public, noBody, s.apiPreflight},
		{get, "/api/v1/submissions/:receipt", leads, noBody, s.apiSubmission},
		{get, "/api/v1/leads", leads, noBody, s.apiLeads},
		{get, "/api/v1/leads/:id", leads, noBody, apiOne("lead", s.app.ReadLead)},
		{get, "/api/v1/messages", messages, noBody, s.apiMessages},
		{get, "/api/v1/assignments", sales, noBody, apiList(s.app.ReadAssignments)},
		{get, "/api/v1/assignments/:id", sales, noBody, apiOne("assignment", s.app.ReadAssignment)},
		{get, "/api/v1/deals", sales, noBody, apiList(s.app.ReadDeals)},
		{get, "/api/v1/deals/:id", sales, noBody, apiOne("deal", s.app.ReadDeal)},
		{get, "/api/v1/pushes", sales, noBody, apiList(s.app.ReadPushes)},
		{get, "/api/v1/pushes/:id", sales, noBody, apiOne("push", s.app.ReadPush)},
	}
}

// bearer is the API key of a request: nil without one, an error for one that does not hold.
func (s *Server) bearer(c echo.Context) (*store.APIKey, error) {
	h := c.Request().Header.Get("Authorization")
	if h == "" {
		return nil, nil //nolint:nilnil // no key was given, and that is no fault here
	}
	plain, ok := strings.CutPrefix(h, "Bearer ")
	if !ok || !auth.WellFormedAPIKey(plain) {
		return nil, errs.New(errs.Unauthorized, "The API key is not one of ours. It looks like \"Authorization: Bearer gh_...\".")
	}
	k, err := s.app.Store().APIKeyByHash(c.Request().Context(), auth.HashAPIKey(plain))
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.Unauthorized, "This API key does not exist or has been revoked.")
	}
	if err != nil {
		return nil, err
	}
	return &k, s.app.TouchKey(c.Request().Context(), k)
}

// keyOfRequest names the key that permitKey let in.
const keyOfRequest = "api key"

// permitKey lets in programs whose key has the scope.
func (s *Server) permitKey(scope auth.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			k, err := s.bearer(c)
			if err != nil {
				return err
			}
			if k == nil {
				return errs.New(errs.Unauthorized, "This needs an API key: Authorization: Bearer gh_...")
			}
			if !hasScope(k, scope) {
				return errs.New(errs.Forbidden, "This key lacks the scope %s.", scope)
			}
			c.Set(keyOfRequest, k)
			return next(c)
		}
	}
}

func hasScope(k *store.APIKey, scope auth.Scope) bool {
	return slices.Contains(k.Scopes, string(scope))
}

// cors lets the gate's own origins read the answer; never "null", never with credentials.
func cors(c echo.Context, g *store.PublishedGate) {
	origin := c.Request().Header.Get("Origin")
	h := c.Response().Header()
	h.Add("Vary", "Origin")
	if origin == "" || origin == "null" || g == nil {
		return
	}
	if slices.Contains(g.Published.Definition.Origins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}

func (s *Server) apiGateOf(c echo.Context) (*store.PublishedGate, error) {
	g, _, err := s.app.GateNow(c.Request().Context(), c.Param("slug"))
	return g, err
}

func (s *Server) apiPreflight(c echo.Context) error {
	g, err := s.apiGateOf(c)
	if err != nil {
		return err
	}
	cors(c, g)
	h := c.Response().Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "600")
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) apiGet(c echo.Context) error {
	g, err := s.apiGateOf(c)
	if err != nil {
		return err
	}
	cors(c, g)
	return c.JSON(http.StatusOK, s.apiGateView(g))
}

// submissionBody is what a program posts.
type submissionBody struct {
	Fields      map[string]any  `json:"fields"`
	Consents    map[string]bool `json:"consents"`
	Source      store.Source    `json:"source"`
	Page        string          `json:"page"`
	FormToken   string          `json:"form_token"`
	EmailAsType string          `json:"email_as_typed"`
}

// apiSubmit is the JSON door: guarded like the page, or trusted with a key.
func (s *Server) apiSubmit(c echo.Context) error {
	g, err := s.apiGateOf(c)
	if err != nil {
		return err
	}
	cors(c, g)
	k, err := s.bearer(c)
	if err != nil {
		return err
	}
	// A page can send neither a key nor this content type to another site without being asked by the browser first.
	if k == nil && s.foreign(c, g) {
		return errs.New(errs.Forbidden, "This landing page takes nothing from the site that sent this.")
	}
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errs.New(unsupportedMedia, "The body has to be application/json.")
	}
	in, err := s.apiInput(c)
	if err != nil {
		return err
	}
	if k != nil {
		if !hasScope(k, auth.ScopeSubmissionsWrite) {
			return errs.New(errs.Forbidden, "This key lacks the scope %s.", auth.ScopeSubmissionsWrite)
		}
		in.Caller = k.ID.String()
	}
	res, err := s.app.SubmitForm(c.Request().Context(), in)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusCreated, map[string]string{"receipt": res.Receipt, "status": res.Status})
}

func (s *Server) apiInput(c echo.Context) (app.Submit, error) {
	r := c.Request()
	var body submissionBody
	raw, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return app.Submit{}, err
	case err != nil:
		return app.Submit{}, errs.Wrap(err, errs.Malformed, "The body broke off before its end.")
	}
	if err := readJSON(raw, &body); err != nil {
		return app.Submit{}, err
	}
	in := app.Submit{Slug: c.Param("slug"), Door: "api", Strict: true, Attempt: strings.Trim(r.Header.Get("Idempotency-Key"), `"`), FormToken: body.FormToken,
		Input:  form.Input{Fields: map[string]string{}, Consents: body.Consents, AsTyped: body.EmailAsType},
		Source: body.Source, IP: clientIP(c), UserAgent: r.UserAgent(), Language: r.Header.Get("Accept-Language")}
	if body.Page != "" {
		in.Source.Page = body.Page
	}
	var faults []errs.Field
	for name, v := range body.Fields {
		switch v := v.(type) {
		case string:
			in.Input.Fields[name] = v
		case bool:
			if v {
				in.Input.Fields[name] = "on"
			}
		case nil:
		default:
			faults = append(faults, errs.Field{Field: name, Code: "invalid", Message: "This has to be a text."})
		}
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b errs.Field) int { return strings.Compare(a.Field, b.Field) })
		return in, errs.InvalidFields(faults...)
	}
	return in, nil
}

// readJSON reads exactly one JSON object.
func readJSON(raw []byte, into any) error {
	if !utf8.Valid(raw) { // RFC 8259, section 8.1; the decoder would put a mark in the place of what it cannot read
		return errs.New(errs.Malformed, "The body is not UTF-8.")
	}
	if halfCharacter(raw) {
		return errs.New(errs.Malformed, "The body holds one half of a character: a \\u escape between d800 and dfff without its other half.")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(into); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) && typed.Field != "" {
			return errs.InvalidFields(errs.Field{Field: typed.Field, Code: "invalid", Message: "This is of the wrong type."})
		}
		return errs.Wrap(errors.New("unreadable JSON"), errs.Malformed, "The body is not a JSON object that we can read.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errs.New(errs.Malformed, "Something follows the JSON object.")
	}
	return nil
}

// halfCharacter finds a \u escape that is one half of a UTF-16 pair without the other (RFC 8259, section 8.2); the decoder
// would put a mark in its place, and what is kept would not be what was sent.
func halfCharacter(raw []byte) bool {
	unit := func(i int) (uint64, bool) { // of the escape that begins at i
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0, false
		}
		u, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		return u, err == nil
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		u, ok := unit(i)
		if !ok || u < 0xd800 || u > 0xdfff {
			i++ // whatever is escaped
			continue
		}
		low, ok := unit(i + 6)
		if u > 0xdbff || !ok || low < 0xdc00 || low > 0xdfff {
			return true
		}
		i += 11
	}
	return false
}
