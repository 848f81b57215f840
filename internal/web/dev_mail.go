package web

import (
	"bytes"
	"net/http"
	"net/mail"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const inboxPage = 50

// inbox lists what the capture transport has kept, the newest first.
func (s *Server) inbox(c echo.Context) error {
	n, _ := strconv.Atoi(c.QueryParam("page"))
	n = max(n, 1)
	mails, total, err := s.app.Store().CapturedMails(c.Request().Context(), inboxPage, (n-1)*inboxPage)
	if err != nil {
		return err
	}
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.InboxPage{Page: s.pageFor(snap, "Mail inbox"), Total: total, GateURL: "/"}
	p.NoIndex = true
	for _, m := range mails {
		p.Messages = append(p.Messages, templates.InboxRow{URL: "/dev/mail/" + m.ID.String(), From: s.app.SenderAddress(), To: m.Recipient, Subject: m.Subject,
			Preview: preview(m.Text), Kind: m.Kind, At: m.At.In(snap.Settings.Zone())})
	}
	if n > 1 {
		p.PrevURL = "/dev/mail?page=" + strconv.Itoa(n-1)
	}
	if n*inboxPage < total {
		p.NextURL = "/dev/mail?page=" + strconv.Itoa(n+1)
	}
	return s.page(c, http.StatusOK, "public/inbox", p)
}

func preview(text string) string {
	r := []rune(text)
	return string(r[:min(len(r), 120)])
}

func (s *Server) capturedMail(c echo.Context) (store.KeptMail, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return store.KeptMail{}, errs.New(errs.NotFound, "There is no such mail.")
	}
	return s.app.Store().CapturedMail(c.Request().Context(), id)
}

var linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)

func (s *Server) inboxMessage(c echo.Context) error {
	m, err := s.capturedMail(c)
	if err != nil {
		return err
	}
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	here := "/dev/mail/" + m.ID.String()
	p := templates.InboxMessagePage{Page: s.pageFor(snap, m.Subject), BackURL: "/dev/mail", Subject: m.Subject, From: s.app.SenderAddress(), To: m.Recipient,
		At: m.At.In(snap.Settings.Zone()), Kind: m.Kind, Tab: c.QueryParam("tab"), HTMLURL: here + "/html", Text: m.Text, Source: string(m.Raw), SourceURL: here + "/source"}
	p.NoIndex = true
	if p.Tab != "text" && p.Tab != "source" {
		p.Tab = "html"
	}
	p.TabURLs.HTML, p.TabURLs.Text, p.TabURLs.Source = here, here+"?tab=text", here+"?tab=source"
	if parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw)); err == nil {
		for _, h := range []string{"From", "To", "Date", "Message-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} {
			if v := parsed.Header.Get(h); v != "" {
				p.Headers = append(p.Headers, templates.KV{Key: h, Value: v})
			}
		}
	}
	seen := map[string]bool{}
	for _, u := range linkPattern.FindAllString(m.Text, -1) {
		if !seen[u] {
			seen[u] = true
			p.LinkURLs = append(p.LinkURLs, templates.Link{Label: u, URL: u})
		}
	}
	return s.page(c, http.StatusOK, "public/inbox_message", p)
}

// inboxHTML shows the letter under a policy of its own: styles as mails have them, nothing else, no scripts.
func (s *Server) inboxHTML(c echo.Context) error {
	m, err := s.capturedMail(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", "sandbox allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
	// In the inbox a letter stands in a frame; its links belong to the whole window, as in a mail program.
	return c.HTML(http.StatusOK, strings.Replace(m.HTML, "<head>", `<head><base target="_top">`, 1))
}

func (s *Server) inboxSource(c echo.Context) error {
	m, err := s.capturedMail(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+m.ID.String()+`.eml"`)
	return c.Blob(http.StatusOK, "message/rfc822", m.Raw)
}
