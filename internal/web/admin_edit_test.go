package web_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/document"
	gateform "github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// has fails where a page lacks a text, or holds one that begins with "!".
func has(t *testing.T, what, page string, texts ...string) {
	t.Helper()
	page = html.UnescapeString(page)
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok && strings.Contains(page, not) {
			t.Errorf("%s: the page holds %q", what, not)
		} else if !ok && !strings.Contains(page, text) {
			t.Errorf("%s: the page lacks %q", what, text)
		}
	}
}

func TestGateIsEditedWithoutAScript(t *testing.T) {
	w := newWorld(t)
	own := "/admin/gates/" + w.gate.ID.String()
	has(t, "edit page", w.admin.page(own), "What the form asks", "Work e-mail", "Make this the draft again")

	form := w.gateForm()
	form.Set("do", "down-field.0")
	res := w.admin.post(own, form)
	has(t, "a row moved down", res.Body.String(), `name="form.fields.0.name" required maxlength="40" autocomplete="off" value="size"`, `value="email"`)
	form.Set("do", "add-consent")
	has(t, "a row added", w.admin.post(own, form).Body.String(), `name="form.consents.1.key"`)
	form.Set("do", "remove-field.1")
	has(t, "a row removed", w.admin.post(own, form).Body.String(), "!form.fields.1.name")
	form.Set("do", "up-field.7")
	if code := w.admin.post(own, form).Code; code != http.StatusBadRequest {
		t.Errorf("a row that is not there: %d", code)
	}
	if w.Count("select count(*) from audit_log where action like 'gate.%'") != 0 {
		t.Error("moving rows has written something")
	}

	form = w.gateForm()
	form.Set("do", "save")
	form.Set("summary", "")
	form.Set("learn", "Fine\r\n"+strings.Repeat("x", 300))
	form.Set("link_days", "soon")
	form.Set("title", "A title <b>typed</b>")
	form.Del("form.fields.0.required")
	res = w.admin.post(own, form)
	if res.Code != http.StatusUnprocessableEntity {
		t.Fatalf("faults: %d", res.Code)
	}
	has(t, "faults", res.Body.String(), "Please fill this in.", "Line 2: At most 240 characters", "A link opens for 1 to 365 days", `value="soon"`,
		"The e-mail address must be required", `value="A title <b>typed</b>"`)
	w.refresh()
	if w.gate.Draft.Title != app.SampleGate().Title || w.gate.Version != 1 {
		t.Error("a faulty draft was saved")
	}

	form = w.gateForm()
	form.Set("do", "publish")
	if res := w.admin.post(own, form); res.Code != http.StatusSeeOther {
		t.Fatalf("publish: %d %s", res.Code, res.Body)
	}
	w.refresh()
	q := w.gate.Draft.Form.Fields[1]
	if w.gate.Draft.LinkDays != 14 || len(q.Options) != 2 || q.Options[1] != (gateform.Option{Value: "10+", Label: "more"}) || w.Count("select max(number) from gate_versions") != 2 {
		t.Errorf("saved as %+v", w.gate.Draft)
	}
	has(t, "public page", w.visitor().page("/g/"+w.gate.Slug), "Send it to me", "up to 9")

	stale := w.gateForm()
	stale.Set("version", "1")
	stale.Set("title", "Mine, typed meanwhile")
	res = w.admin.post(own, stale)
	if res.Code != http.StatusConflict {
		t.Errorf("stale: %d", res.Code)
	}
	has(t, "conflict", res.Body.String(), "Somebody else changed this meanwhile", `value="Mine, typed meanwhile"`, `name="version" value="1"`, `name="theirs" value="2"`)
	if w.refresh(); w.gate.Draft.Title != "8 Questions" {
		t.Error("a stale form has overwritten the draft")
	}
	stale.Set("do", "save-over")
	stale.Set("theirs", "2")
	if res := w.admin.post(own, stale); res.Code != http.StatusSeeOther {
		t.Errorf("save over: %d", res.Code)
	}
}

func TestGateAddressPreviewAndState(t *testing.T) {
	w := newWorld(t)
	own, old := "/admin/gates/"+w.gate.ID.String(), w.gate.Slug
	res := w.admin.get(own + "/preview")
	has(t, "preview", res.Body.String(), "This is a preview of the draft", "disabled", `!action="/g/`)
	if csp := res.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "allow-forms") || strings.Contains(csp, "allow-scripts") {
		t.Errorf("the preview may act: %s", csp)
	}
	move := url.Values{"version": {"1"}, "slug": {"Eight Questions"}}
	res = w.admin.post(own+"/slug", move)
	has(t, "bad slug", res.Body.String(), "small letters, digits and hyphens", `value="Eight Questions"`)
	move.Set("slug", "eight-questions")
	if res := w.admin.post(own+"/slug", move); res.Code != http.StatusSeeOther {
		t.Fatalf("move: %d", res.Code)
	}
	if res := w.visitor().get("/g/" + old + "?utm_source=x"); res.Code != http.StatusMovedPermanently || res.Header().Get("Location") != "/g/eight-questions?utm_source=x" {
		t.Errorf("old address: %d to %q", res.Code, res.Header().Get("Location"))
	}
	res = w.admin.post("/admin/gates", url.Values{"document": {w.document.ID.String()}, "slug": {old}})
	if res.Code != http.StatusUnprocessableEntity {
		t.Errorf("an address that leads elsewhere was taken: %d", res.Code)
	}
	w.refresh()
	gatePost("unpublish")(w)
	if code := w.visitor().get("/g/eight-questions").Code; code != http.StatusNotFound {
		t.Errorf("unpublished: %d", code)
	}
	res = w.admin.post("/admin/gates", url.Values{"document": {w.document.ID.String()}, "slug": {"fresh"}})
	fresh := res.Header().Get("Location")
	w.admin.post(fresh+"/publish", url.Values{"version": {"1"}})
	has(t, "an empty draft", w.admin.page(fresh), "Please fill this in.")
	if code := w.visitor().get("/g/fresh").Code; code != http.StatusNotFound {
		t.Errorf("an unfinished page is public: %d", code)
	}
}

func TestDocumentUploads(t *testing.T) {
	w := newWorld(t)
	refused := map[string]struct {
		file []byte
		says string
	}{
		"a picture": {[]byte("\x89PNG\r\n\x1a\n and more"), "This is a picture, not a PDF."},
		"nothing":   {nil, "The file is empty."},
		"cut off":   {samplePDF(t, "")[:20_000], "cut off"},
	}
	for name, r := range refused {
		res := w.admin.uploadTo("/admin/documents", url.Values{"title": {"Typed title"}, "language": {"de"}}, "x.pdf", r.file)
		if res.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, res.Code)
		}
		has(t, name, res.Body.String(), r.says, `value="Typed title"`, `value="de"`, `aria-invalid="true"`)
	}
	res := w.admin.uploadTo("/admin/documents", url.Values{"title": {"a\x00b"}, "language": {"??"}}, "", nil)
	has(t, "all faults at once", res.Body.String(), "control character", "Please give a language", "Please choose a PDF file.")
	if n := w.Count("select count(*) from documents"); n != 1 {
		t.Fatalf("%d documents", n)
	}
	kept := 0
	if err := w.Files.Walk(t.Context(), func(document.Info) error { kept++; return nil }); err != nil || kept != 1 {
		t.Errorf("%d files kept after refusals (%v)", kept, err)
	}

	own := "/admin/documents/" + w.document.ID.String()
	res = w.admin.uploadTo(own+"/versions", url.Values{}, "same.pdf", samplePDF(t, ""))
	has(t, "same file", res.Body.String(), "the very same file as version 1")
	if res := w.admin.uploadTo(own+"/versions", url.Values{}, "second.pdf", samplePDF(t, "two")); res.Code != http.StatusSeeOther {
		t.Fatalf("second version: %d %s", res.Code, res.Body)
	}
	before := *w.document.CurrentVersionID
	if w.refresh(); *w.document.CurrentVersionID != before {
		t.Error("a version that was not to be served is served")
	}
	second := w.id("select id::text from document_versions where number = 2")
	got := w.admin.get(own + "/versions/" + second + "/file")
	if got.Code != http.StatusOK || got.Body.String() != string(samplePDF(t, "two")) {
		t.Errorf("download of version 2: %d, %d bytes", got.Code, got.Body.Len())
	}
	res = w.admin.post(own+"/serve", url.Values{"version": {version(w.document.Version)}, "serve": {second}})
	if w.refresh(); res.Code != http.StatusSeeOther || w.document.CurrentVersionID.String() != second {
		t.Errorf("serve: %d", res.Code)
	}
	has(t, "in use", w.admin.page(own), "Landing pages that offer it", "8-questions")
	documentPost("archive")(w)
	if w.refresh(); w.document.ArchivedAt != nil {
		t.Error("a document on a published page was archived")
	}
}

func TestUsersKeepAnAdministrator(t *testing.T) {
	w := newWorld(t)
	res := w.admin.post("/admin/users", url.Values{"name": {"Sam"}, "email": {"sam@gatehouse.example"}, "role": {"sales"}})
	has(t, "invitation", res.Body.String(), testBase+"/admin/setup/")
	if cc := res.Header().Get("Cache-Control"); !strings.Contains(cc, "no-store") {
		t.Errorf("the link may be kept: %q", cc)
	}
	has(t, "list", w.admin.page("/admin/users"), ">Sam</a>", "!/admin/setup/")
	self := "/admin/users/" + w.admin.user.ID.String()
	w.admin.post(self+"/disable", url.Values{"version": {"1"}})
	w.admin.post(self+"/role", url.Values{"version": {"1"}, "role": {"sales"}})
	if w.Count("select count(*) from users where role = 'admin' and disabled_at is null") != 1 {
		t.Fatal("somebody has locked himself out")
	}
	other := w.login(auth.Admin)
	w.admin.post("/admin/users/"+other.user.ID.String()+"/disable", url.Values{"version": {"1"}})
	if code := other.get("/admin/users").Code; code != http.StatusSeeOther {
		t.Errorf("a disabled account sees pages: %d", code)
	}
	if res := w.admin.post("/admin/users/"+other.user.ID.String()+"/role", url.Values{"version": {"1"}, "role": {"sales"}}); res.Code != http.StatusConflict {
		t.Errorf("stale role: %d", res.Code)
	}
	res = w.admin.post("/admin/account/password", url.Values{"current": {"not it at all, sorry"}, "password": {"twelve quiet herons at dusk"}})
	has(t, "wrong password", res.Body.String(), "This is not your present password.", "!not it at all")
}

func TestKeysAndSettings(t *testing.T) {
	w := newWorld(t)
	res := w.admin.post("/admin/keys", url.Values{"name": {"The shop"}, "scopes": {"leads:read"}})
	has(t, "new key", res.Body.String(), "Authorization: Bearer gh_", "/api/v1/leads")
	if !strings.Contains(res.Header().Get("Cache-Control"), "no-store") {
		t.Error("the key may be kept by a cache")
	}
	has(t, "keys", w.admin.page("/admin/keys"), "The shop", "leads:read", "!Bearer")
	res = w.admin.post("/admin/keys", url.Values{"name": {""}, "scopes": {"leads:write"}})
	if res.Code != http.StatusUnprocessableEntity {
		t.Errorf("a key without a name: %d", res.Code)
	}

	bad := settingsForm(1)
	bad.Set("time_zone", "Local")
	bad.Set("currency", "euro")
	bad.Set("privacy_url", "javascript:alert(1)")
	bad.Set("contact_email", "nobody")
	bad.Set("company_name", "Typed & kept")
	res = w.admin.post("/admin/settings", bad)
	has(t, "faulty settings", res.Body.String(), "Please choose a time zone of the list.", "by its three letters", "a path of this site", "not an e-mail address", `value="Typed & kept"`)
	if res := w.admin.post("/admin/settings", settingsForm(1)); res.Code != http.StatusSeeOther {
		t.Fatalf("settings: %d %s", res.Code, res.Body)
	}
	has(t, "public page", w.visitor().page("/"), "Hofmann & Partners")
	has(t, "audit", w.admin.page("/admin/audit?action=settings.edit"), "time zone", "!1 Long Lane")
	stale := settingsForm(1)
	stale.Set("company_name", "Mine, typed meanwhile")
	res = w.admin.post("/admin/settings", stale)
	if res.Code != http.StatusConflict {
		t.Errorf("stale settings: %d", res.Code)
	}
	has(t, "stale settings", res.Body.String(), "Somebody else changed this meanwhile", `value="Mine, typed meanwhile"`)
	if err := w.App.HoldMail(t.Context(), "After a restore.", store.Actor{Kind: "command", Name: "=cmd()"}); err != nil {
		t.Fatal(err)
	}
	has(t, "held", w.admin.page("/admin/settings"), "After a restore.", "Let mail go")
	w.admin.post("/admin/settings/release-mail", nil)
	has(t, "released", w.admin.page("/admin/settings"), "!After a restore.", "nothing was waiting")
	csv := w.admin.page("/admin/audit.csv")
	has(t, "csv", csv, "'=cmd()", "settings.edit", "\r\n")
	has(t, "filter", w.admin.page("/admin/audit?actor=nobody"), "No entry fits")
	has(t, "verify", w.admin.page("/admin/verify"), "Nothing unexplained")
}
