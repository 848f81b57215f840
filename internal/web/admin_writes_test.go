package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// samplePDF is the whitepaper, made different by a comment after its end where extra says so.
func samplePDF(t *testing.T, extra string) []byte {
	t.Helper()
	pdf, err := os.ReadFile(filepath.Join(testkit.Root(), "assets", "whitepapers", "8-questions.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if extra != "" {
		pdf = append(pdf, []byte("%"+extra+"\n")...)
	}
	return pdf
}

// uploadTo posts a multipart form with the text fields first, the file last.
func (b *browser) uploadTo(path string, fields url.Values, name string, file []byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range fields {
		_ = w.WriteField(k, v[0])
	}
	part, _ := w.CreateFormFile("file", name)
	_, _ = part.Write(file)
	_ = w.Close()
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", testBase)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// world is one of everything that a post can be about.
type world struct {
	*site
	t        *testing.T
	admin    *browser
	gate     store.Gate
	document store.Document
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{site: newSite(t), t: t}
	w.admin = w.login(auth.Admin)
	w.refresh()
	return w
}

// refresh reads the gate and its document again; the sample ones at first.
func (w *world) refresh() {
	w.t.Helper()
	db := w.Store.DB(w.t.Context())
	id := w.gate.ID
	w.gate, w.document = store.Gate{}, store.Document{}
	q := db.Order("created_at")
	if id != uuid.Nil {
		q = q.Where("id = ?", id)
	}
	if err := q.Take(&w.gate).Error; err != nil {
		w.t.Fatal(err)
	}
	if err := db.Where("id = ?", w.gate.DocumentID).Take(&w.document).Error; err != nil {
		w.t.Fatal(err)
	}
}

// renew makes a published gate with a document of its own, so that each write begins with the same.
func (w *world) renew() {
	w.t.Helper()
	ctx := w.t.Context()
	var v store.DocumentVersion
	db := w.Store.DB(ctx)
	if err := db.Where("id = ?", w.document.CurrentVersionID).Take(&v).Error; err != nil {
		w.t.Fatal(err)
	}
	d := w.document
	d.ID, d.CurrentVersionID, d.ArchivedAt, d.Version = store.NewID(), nil, nil, 1
	v.ID, v.DocumentID, v.Number = store.NewID(), d.ID, 1
	for _, err := range []error{db.Create(&d).Error, db.Create(&v).Error, db.Model(&store.Document{}).Where("id = ?", d.ID).Update("current_version_id", v.ID).Error} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	g, err := w.App.NewGate(ctx, app.NewGateInput{DocumentID: d.ID, Slug: "gate-" + d.ID.String()[24:]}, w.admin.actor())
	if err != nil {
		w.t.Fatal(err)
	}
	def := app.SampleGate()
	if _, err := w.App.PublishGate(ctx, g.ID, 1, &def, w.admin.actor()); err != nil {
		w.t.Fatal(err)
	}
	w.gate = g
	w.refresh()
}

func version(v int64) string { return strconv.FormatInt(v, 10) }

// gateForm is the sample gate's draft as the edit page posts it.
func (w *world) gateForm() url.Values {
	return url.Values{"version": {version(w.gate.Version)}, "title": {"8 Questions"}, "summary": {"A paragraph."}, "learn": {"One\r\nTwo\r\n"}, "button": {"Send it to me"},
		"language": {"en-GB"}, "link_days": {"14"}, "form.fields.0.name": {"email"}, "form.fields.0.type": {"email"}, "form.fields.0.label": {"Work e-mail"},
		"form.fields.0.required": {"yes"}, "form.fields.0.role": {"flag"}, "form.fields.0.disposable": {"refuse"}, "form.fields.0.free_mail": {"allow"},
		"form.fields.1.name": {"size"}, "form.fields.1.type": {"select"}, "form.fields.1.label": {"People"}, "form.fields.1.options": {"1-9 | up to 9\n10+ | more"},
		"form.consents.0.key": {"marketing"}, "form.consents.0.version": {"2"}, "form.consents.0.text": {"Write to me."}}
}

// colleague is another account.
func (w *world) colleague(role auth.Role) store.User {
	w.t.Helper()
	u, _, err := w.App.AddUser(w.t.Context(), "Colleague", string(role)+store.NewID().String()[28:]+"@gatehouse.example", string(role), w.admin.actor())
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// quarantined is a submission that waits for a decision.
func (w *world) quarantined(n int) uuid.UUID {
	w.t.Helper()
	res, err := w.App.SubmitForm(w.t.Context(), w.robot(n, "robot"+strconv.Itoa(n)+"@example.org"))
	if err != nil {
		w.t.Fatal(err)
	}
	return res.SubmissionID
}

func (w *world) id(sql string) string {
	w.t.Helper()
	var id string
	if err := w.Store.DB(w.t.Context()).Raw(sql).Scan(&id).Error; err != nil || id == "" {
		w.t.Fatalf("%s: %q %v", sql, id, err)
	}
	return id
}

// staffWrite is a post that succeeds, and the action that it must leave in the audit log.
type staffWrite struct {
	action string
	call   func(w *world) *httptest.ResponseRecorder
}

// writes are all posts below /admin, each with a call that succeeds and the action that it must leave in the audit log.
var writes = map[string]staffWrite{
	"/admin/gates": {"gate.create", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/gates", url.Values{"document": {w.document.ID.String()}, "slug": {"another"}, "title": {"Another"}})
	}},
	"/admin/gates/:id": {"gate.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/gates/"+w.gate.ID.String(), w.gateForm())
	}},
	"/admin/gates/:id/slug": {"gate.move", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/gates/"+w.gate.ID.String()+"/slug", url.Values{"version": {version(w.gate.Version)}, "slug": {"elsewhere"}})
	}},
	"/admin/gates/:id/publish":   {"gate.publish", gatePost("publish")},
	"/admin/gates/:id/unpublish": {"gate.unpublish", gatePost("unpublish")},
	"/admin/gates/:id/archive":   {"gate.archive", gatePost("archive")},
	"/admin/gates/:id/restore": {"gate.restore", func(w *world) *httptest.ResponseRecorder {
		gatePost("archive")(w)
		w.refresh()
		return gatePost("restore")(w)
	}},
	"/admin/gates/:id/redraft": {"gate.redraft", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/gates/"+w.gate.ID.String()+"/redraft", url.Values{"version": {version(w.gate.Version)}, "published": {w.gate.PublishedVersionID.String()}})
	}},
	"/admin/documents": {"document.create", func(w *world) *httptest.ResponseRecorder {
		return w.admin.uploadTo("/admin/documents", url.Values{"title": {"A paper"}}, "paper.pdf", samplePDF(w.t, ""))
	}},
	"/admin/documents/:id": {"document.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/documents/"+w.document.ID.String(), url.Values{"version": {version(w.document.Version)}, "title": {"New"}, "language": {"en-GB"}})
	}},
	"/admin/documents/:id/samples": {"document.samples", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/documents/"+w.document.ID.String()+"/samples", url.Values{"version": {version(w.document.Version)}, "samples": {"1"}})
	}},
	"/admin/documents/:id/versions": {"document.version", func(w *world) *httptest.ResponseRecorder {
		return w.admin.uploadTo("/admin/documents/"+w.document.ID.String()+"/versions", url.Values{"serve": {"yes"}}, "paper.pdf", samplePDF(w.t, "second"))
	}},
	"/admin/documents/:id/serve": {"document.serve", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/documents/"+w.document.ID.String()+"/serve", url.Values{"version": {version(w.document.Version)}, "serve": {w.document.CurrentVersionID.String()}})
	}},
	"/admin/documents/:id/questions": {"document.questions", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/documents/"+w.document.ID.String()+"/questions", url.Values{"version": {version(w.document.Version)}, "question00": {"How many?"}, "id0": {""}})
	}},
	"/admin/leads/:id/answered": {"question.answered", func(w *world) *httptest.ResponseRecorder {
		res := w.Take(submitOf("dora@example.org"))
		who := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: agent}}
		if err := w.App.AskAuthor(w.t.Context(), app.Door{Page: app.DoorThanks, Slug: res.Slug, Token: res.Receipt}, who, "How long?"); err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/leads/"+w.id("select lead_id::text from sayings")+"/answered", url.Values{"saying": {w.id("select id::text from sayings")}, "answered": {"yes"}})
	}},
	"/admin/documents/:id/archive": {"document.archive", func(w *world) *httptest.ResponseRecorder {
		gatePost("unpublish")(w)
		return documentPost("archive")(w)
	}},
	"/admin/documents/:id/restore": {"document.restore", documentPost("restore")},
	"/admin/users": {"user.create", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/users", url.Values{"name": {"Sam"}, "email": {"sam@gatehouse.example"}, "role": {"sales"}})
	}},
	"/admin/users/:id/role": {"user.role", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/users/"+w.colleague(auth.Sales).ID.String()+"/role", url.Values{"version": {"1"}, "role": {"marketing"}})
	}},
	"/admin/users/:id/disable":       {"user.disable", userPost("disable")},
	"/admin/users/:id/enable":        {"user.enable", userPost("enable")},
	"/admin/users/:id/end-sessions":  {"user.end-sessions", userPost("end-sessions")},
	"/admin/users/:id/password-link": {"user.password-link", userPost("password-link")},
	"/admin/keys": {"key.create", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/keys", url.Values{"name": {"The shop"}, "scopes": {"leads:read"}})
	}},
	"/admin/keys/:id/revoke": {"key.revoke", func(w *world) *httptest.ResponseRecorder {
		if _, err := w.App.NewKey(w.t.Context(), "Old", []string{"leads:read"}, w.admin.actor()); err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/keys/"+w.id("select id::text from api_keys limit 1")+"/revoke", nil)
	}},
	"/admin/settings": {"settings.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/settings", settingsForm(1))
	}},
	"/admin/settings/release-mail": {"mail.release", func(w *world) *httptest.ResponseRecorder { return w.admin.post("/admin/settings/release-mail", nil) }},
	"/admin/account/password": {"user.password", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/account/password", url.Values{"current": {testPassword}, "password": {"twelve quiet herons at dusk"}})
	}},
	"/admin/quarantine/:id/release": {"submission.release", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/quarantine/"+w.quarantined(1).String()+"/release", nil)
	}},
	"/admin/quarantine/:id/discard": {"submission.discard", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/quarantine/"+w.quarantined(2).String()+"/discard", nil)
	}},
	"/admin/quarantine/:id/undo": {"submission.undiscard", func(w *world) *httptest.ResponseRecorder {
		id := w.quarantined(3).String()
		w.admin.post("/admin/quarantine/"+id+"/discard", nil)
		return w.admin.post("/admin/quarantine/"+id+"/undo", nil)
	}},
	"/admin/leads/:id/send-again": {"message.send-again", func(w *world) *httptest.ResponseRecorder {
		w.Take(submitOf("ann@example.org"))
		w.Deliver()
		return w.admin.post("/admin/leads/"+w.id("select id::text from leads order by id desc limit 1")+"/send-again", url.Values{"message": {w.id("select id::text from messages where lead_id is not null order by id desc limit 1")}})
	}},
	"/admin/leads/:id/erase": {"lead.erase", func(w *world) *httptest.ResponseRecorder {
		w.Take(submitOf("bob@example.org"))
		return w.admin.post("/admin/leads/"+w.id("select id::text from leads order by id desc limit 1")+"/erase", url.Values{"confirm": {"erase"}})
	}},
	"/admin/messages/:id/send-again": {"message.send-again", func(w *world) *httptest.ResponseRecorder {
		w.Take(submitOf("cleo@example.org"))
		w.Deliver()
		return w.admin.post("/admin/messages/"+w.id("select id::text from messages where lead_id is not null order by id desc limit 1")+"/send-again", nil)
	}},
	"/admin/alarms/:id/done": {"alarm.done", func(w *world) *httptest.ResponseRecorder {
		if err := w.Store.Tx(w.t.Context(), func(tx *store.Tx) error { return tx.Raise("test", "x", "Something happened.") }); err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/alarms/"+w.id("select id::text from alarms limit 1")+"/done", nil)
	}},
}

// silent are posts that write no line, each with its reason.
var silent = map[string]string{
	"/admin/pipeline/views":          "somebody's own filter, which nobody else sees",
	"/admin/pipeline/views/:id/drop": "somebody's own filter, which nobody else sees",
	"/admin/login":                   "a login is no write; a successful one leaves its line all the same",
	"/admin/logout":                  "it ends the member's own session; with everywhere=1 it is user.end-sessions",
	"/admin/setup/:token":            "an anonymous request; the password it sets leaves user.password",
	"/admin/reset":                   "an anonymous request; the password it leads to leaves user.password",
}

func gatePost(verb string) func(w *world) *httptest.ResponseRecorder {
	return func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/gates/"+w.gate.ID.String()+"/"+verb, url.Values{"version": {version(w.gate.Version)}})
	}
}

func documentPost(verb string) func(w *world) *httptest.ResponseRecorder {
	return func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/documents/"+w.document.ID.String()+"/"+verb, url.Values{"version": {version(w.document.Version)}})
	}
}

func userPost(verb string) func(w *world) *httptest.ResponseRecorder {
	return func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/users/"+w.colleague(auth.Sales).ID.String()+"/"+verb, url.Values{"version": {"1"}})
	}
}

func settingsForm(v int64) url.Values {
	return url.Values{"version": {version(v)}, "company_name": {"Hofmann & Partners"}, "postal_address": {"1 Long Lane\r\nYork"}, "contact_email": {"hello@hofmann.example"},
		"sender_name": {"Clara"}, "privacy_url": {"/privacy"}, "privacy_version": {"2"}, "imprint_url": {"https://hofmann.example/imprint"}, "imprint_version": {"1"},
		"time_zone": {"Europe/Vienna"}, "week_start": {"1"}, "currency": {"eur"}, "locale": {"en-GB"}}
}

// TestEveryStaffWriteIsAudited walks the route table: each post below /admin either leaves its line in the audit log, by
// the member who did it, or stands in the short list with a reason.
func TestEveryStaffWriteIsAudited(t *testing.T) {
	w := newWorld(t)
	for _, r := range w.RouteTable() {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/admin") || silent[r.Path] != "" {
			continue
		}
		write, ok := writes[r.Path]
		for _, more := range []map[string]staffWrite{pipelineWrites, ruleWrites, teamWrites, connectorWrites} {
			if w, there := more[r.Path]; there {
				write, ok = w, true
			}
		}
		if !ok {
			t.Errorf("POST %s: no test shows that it is audited, and no reason why not", r.Path)
			continue
		}
		w.renew()
		count := func() int {
			return w.Count("select count(*) from audit_log where action = ? and actor_id = ? and object_id <> ''", write.action, w.admin.user.ID)
		}
		before := count()
		res := write.call(w)
		if res.Code != http.StatusSeeOther && res.Code != http.StatusOK {
			t.Errorf("POST %s: %d\n%s", r.Path, res.Code, res.Body)
		} else if count() <= before {
			t.Errorf("POST %s left no line %s", r.Path, write.action)
		}
	}
}

// TestARefusedWriteLeavesNoLine posts what must be refused, and finds neither change nor line.
func TestARefusedWriteLeavesNoLine(t *testing.T) {
	w := newWorld(t)
	before := w.Count("select count(*) from audit_log")
	stale := url.Values{"version": {"99"}}
	for path, form := range map[string]url.Values{
		"/admin/gates/" + w.gate.ID.String() + "/publish":         stale,
		"/admin/gates/" + w.gate.ID.String() + "/archive":         stale,
		"/admin/documents/" + w.document.ID.String() + "/archive": stale,
		"/admin/settings": settingsForm(99),
		"/admin/users/" + w.admin.user.ID.String() + "/disable": {"version": {"1"}},
		"/admin/users/" + w.admin.user.ID.String() + "/role":    {"version": {"1"}, "role": {"sales"}},
		"/admin/keys": {"name": {"x"}, "scopes": {"everything"}},
	} {
		if res := w.admin.post(path, form); res.Code >= 500 {
			t.Errorf("%s: %d", path, res.Code)
		}
	}
	if n := w.Count("select count(*) from audit_log"); n != before {
		t.Errorf("%d lines for writes that were refused", n-before)
	}
	w.refresh()
	if w.gate.State != "published" || w.document.ArchivedAt != nil || w.Count("select count(*) from api_keys") != 0 {
		t.Error("something was changed")
	}
	if w.Count("select count(*) from users where role = 'admin' and disabled_at is null") != 1 {
		t.Error("the last administrator is gone")
	}
}
