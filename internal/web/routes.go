package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
)

// route is one line of the table: what, where, who may, how large a body, who answers.
type route struct {
	method  string
	path    string
	who     who
	body    int64 // bytes at most
	handler echo.HandlerFunc
}

// who may ask: the public, whoever holds the token in the path (answers are private and never indexed), a program with a
// scope, staff with a permission, or anybody at the staff's door (login, set-up).
type who struct {
	kind       string
	permission auth.Permission
	scope      auth.Scope
}

var (
	public = who{kind: "public"}
	holder = who{kind: "holder"}
	door   = who{kind: "door"}
	signed = who{kind: "signed"} // the request itself is signed by its sender
	member = who{kind: "staff"}  // any member of staff
)

func can(p auth.Permission) who { return who{kind: "staff", permission: p} }
func scoped(s auth.Scope) who   { return who{kind: "key", scope: s} }

const (
	noBody    = 1 << 10
	smallForm = 16 << 10
	bigForm   = 128 << 10
	events    = 2 << 20
	upload    = 52 << 20
	wholeMail = 31 << 20 // SendGrid's Inbound Parse takes mails of 30 MB
)

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// routes is the whole surface.
func (s *Server) routes() []route {
	return append(append(s.publicRoutes(), s.apiRoutes()...), s.adminRoutes()...)
}

func (s *Server) publicRoutes() []route {
	return []route{
		{get, "/", public, noBody, s.library},
		{get, "/g/:slug", public, noBody, s.gatePage},
		{post, "/g/:slug", public, bigForm, s.gateSubmit},
		{get, "/g/:slug/start", public, noBody, s.gateStart},
		{get, "/g/:slug/thanks", holder, noBody, s.thanksPage},
		{post, "/g/:slug/thanks/correct", holder, smallForm, s.thanksCorrect},
		{post, "/g/:slug/thanks/resend", holder, smallForm, s.thanksResend},
		{post, "/g/:slug/thanks/ours", holder, smallForm, s.sayOurs(app.DoorThanks)},
		{post, "/g/:slug/thanks/ask", holder, smallForm, s.askAuthor(app.DoorThanks)},
		{post, "/g/:slug/thanks/meet", holder, smallForm, s.chooseContact(app.DoorThanks)},
		{get, "/g/:slug/cover", public, noBody, s.gateCover},
		{get, "/g/:slug/sample/:n", public, noBody, s.gateSample},
		{get, "/d/:token", holder, noBody, s.documentPage},
		{post, "/d/:token", holder, smallForm, s.documentFresh},
		{post, "/d/:token/read", holder, smallForm, s.documentTake("read")},
		{post, "/d/:token/file", holder, smallForm, s.documentTake("download")},
		{get, "/d/:token/file", holder, noBody, s.documentFile},
		{post, "/d/:token/ours", holder, smallForm, s.sayOurs(app.DoorPersonal)},
		{post, "/d/:token/ask", holder, smallForm, s.askAuthor(app.DoorPersonal)},
		{post, "/d/:token/meet", holder, smallForm, s.chooseContact(app.DoorPersonal)},
		{get, "/u/:token", holder, noBody, s.preferencesPage},
		{post, "/u/:token", holder, smallForm, s.preferencesChoose},
		{post, "/u/:token/meet", holder, smallForm, s.chooseContact(app.DoorPreferences)},
		{get, "/faces/:id", public, noBody, s.face},
		{get, "/privacy", public, noBody, s.noticePage("privacy")},
		{get, "/imprint", public, noBody, s.noticePage("imprint")},
		{get, "/assets/*", public, noBody, s.asset},
		{get, "/robots.txt", public, noBody, s.robots},
		{get, "/sitemap.xml", public, noBody, s.sitemap},
		{get, "/favicon.ico", public, noBody, s.favicon},
		{get, "/healthz", public, noBody, s.healthz},
		{get, "/readyz", public, noBody, s.readyz},
		{post, "/webhooks/sendgrid", signed, events, s.sendgridEvents},
		{post, "/webhooks/inbound-mail", signed, wholeMail, s.inboundMail},
		{post, "/webhooks/connectors/:id", signed, bigForm, s.connectorHook},
		{get, "/dev/mail", who{kind: "inbox"}, noBody, s.inbox},
		{get, "/dev/mail/:id", who{kind: "inbox"}, noBody, s.inboxMessage},
		{get, "/dev/mail/:id/html", who{kind: "inbox"}, noBody, s.inboxHTML},
		{get, "/dev/mail/:id/source", who{kind: "inbox"}, noBody, s.inboxSource},
	}
}

// add registers a route behind its guards. HEAD is answered wherever GET is.
func (s *Server) add(r route) {
	guards := []echo.MiddlewareFunc{limitBody(r.body), s.privacy(r.who), s.ownHost(r.who), readable(r.who), s.permit(r.who)}
	s.echo.Add(r.method, r.path, r.handler, guards...)
	if r.method == get {
		s.echo.Add(http.MethodHead, r.path, r.handler, guards...)
	}
}
