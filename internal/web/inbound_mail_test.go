package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/web"
)

const inboundSecret = "a long secret of the provider"

// inbound posts a mail as SendGrid does.
func (s *visited) inbound(mail, password string, fields ...string) *httptest.ResponseRecorder {
	s.T.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, f := range append([]string{"email", mail}, fields...) {
		if i%2 == 1 {
			continue
		}
		if err := w.WriteField(f, append([]string{"email", mail}, fields...)[i+1]); err != nil {
			s.T.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.T.Fatal(err)
	}
	return s.ask("POST", "/webhooks/inbound-mail", b.String(), func(r *http.Request) {
		r.Header.Set("Content-Type", w.FormDataContentType())
		if password != "" {
			r.SetBasicAuth("gatehouse", password)
		}
	})
}

func TestInboundMailRoute(t *testing.T) {
	s := newVisited(t, func(o *web.Options) { o.InboundKey = inboundSecret })
	if err := s.Store.DB(t.Context()).Exec("update sales_settings set inbound_domain = 'in.gatehouse.example'").Error; err != nil {
		t.Fatal(err)
	}
	s.mailed("ann@example.org")
	box := s.Mail.All()[0].ReplyTo
	if !strings.HasPrefix(box, "lead+") {
		t.Fatalf("answers go to %q", box)
	}
	mail := "From: Ann <ann@example.org>\r\nTo: " + box + "\r\nMessage-ID: <one@example.org>\r\n\r\nYes, please call."
	for _, c := range []struct {
		name, mail, password string
		code, mails          int
	}{
		{"no secret", mail, "", 401, 0},
		{"a wrong secret", mail, "a wrong secret", 401, 0},
		{"the mail", mail, inboundSecret, 200, 1},
		{"once more", mail, inboundSecret, 200, 1},
		{"what is no mail", "no mail", inboundSecret, 200, 2},
	} {
		if w := s.inbound(c.mail, c.password); w.Code != c.code {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if n := s.Count("select count(*) from inbound_mails"); n != c.mails {
			t.Errorf("%s: %d mails are kept", c.name, n)
		}
	}
	if n := s.Count("select count(*) from activities where how = 'reply' and text = 'Yes, please call.'"); n != 1 {
		t.Errorf("%d answers stand on the timeline", n)
	}
	if w := s.ask("POST", "/webhooks/inbound-mail", "x=1", func(r *http.Request) { r.SetBasicAuth("gatehouse", inboundSecret) }); w.Code != 400 {
		t.Errorf("a form: %d", w.Code)
	}
	if w := newVisited(t).inbound(mail, inboundSecret); w.Code != 503 {
		t.Errorf("without a secret of its own the service answers %d", w.Code)
	}
}

// What came of a mail stands on the lead page, also where nobody is believed.
func TestInboundMailOnTheLeadPage(t *testing.T) {
	w := newWorld(t)
	w.Take(submitOf("ann@example.org"))
	lead := w.id("select id::text from leads")
	for i, outcome := range []string{app.InboundAutomatic, app.InboundUnverified, app.InboundStranger} {
		err := w.Store.DB(t.Context()).Exec("insert into inbound_mails (id, message_id, received_at, sender, lead_id, outcome, raw) values (?, ?, ?, 'eve@evil.example', ?, ?, '')",
			store.NewID(), string(rune('a'+i)), w.Clock.Now(), lead, outcome).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	has(t, "the lead page", w.admin.get("/admin/leads/"+lead).Body.String(), "An automatic mail came in", "a machine", "whose sender is not who it says", "from somebody else", "eve@evil.example")
}
