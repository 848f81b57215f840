package crash

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// Templates of the operator's own that fail only for real data, which no check at the start can see: a page and a mail. The
// visitor gets a whole page with a reference, other pages answer, other mail leaves, staff see it, the log says where. Once
// the templates are mended, the mail goes out by itself, once.
func TestTemplatesThatFail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	overrides := map[string]string{
		"public/gate.html":     `{{if .Heading}}{{slice .Heading 9999}}{{end}}<h1>`,
		"email/requested.html": `{{if and .CompanyName (ne .CompanyName "Ace & Partners")}}{{index .Todo 99}}{{end}}`,
	}
	for name, fault := range overrides {
		text, err := os.ReadFile(filepath.Join(testkit.Root(), "templates", name))
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]string{"public/gate.html": "<h1>", "email/requested.html": `{{template "open" .}}`}[name]
		write(t, filepath.Join(dir, name), strings.Replace(string(text), at, fault+at, 1))
	}
	w := newWorld(t, worldOptions{env: map[string]string{"GATEHOUSE_OVERRIDES_DIR": dir}})
	p := w.start()
	status, body := w.read("/g/8-questions")
	if status != http.StatusInternalServerError || !reference.MatchString(body) || !strings.HasSuffix(strings.TrimSpace(body), "</html>") || strings.Contains(body, "gate-cover") || strings.Contains(body, "template") {
		t.Errorf("%d\n%s", status, body)
	}
	for _, path := range []string{"/", "/admin/login", "/readyz", "/api/docs"} {
		if status, _ := w.read(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	id := w.one("ann@firm-1.example")
	w.until(20*time.Second, 1, "a mail that cannot be written", "select count(*) from messages where id = $1 and state = 'pending' and reason <> '' and tries > 1", id)
	p.WaitLog(`request failed.*public/gate.html:\d+`, 5*time.Second)
	p.WaitLog(`mail not handed over.*`+id.String()+`.*email/requested.html:\d+`, 5*time.Second)
	if strings.Contains(p.Log(), "ann@firm-1") || strings.Contains(p.Log(), "Archer") {
		t.Errorf("the log names people:\n%s", p.Log())
	}
	home := w.boss(p)
	if !strings.Contains(home, "cannot be written") {
		t.Error("staff do not see it on their home page")
	}
	if m := w.message(id); len(m.outcomes) == 0 || w.double.Accepted(id.String()) != 0 {
		t.Errorf("%+v", m)
	}
	w.otherMailLeaves()
	for name := range overrides {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("a graceful stop ends with %d", code)
	}
	w.start()
	if status, _ := w.read("/g/8-questions"); status != http.StatusOK {
		t.Errorf("mended: %d", status)
	}
	if m := w.reaches(id, "sent", 60*time.Second); m.second || w.double.Accepted(id.String()) != 1 {
		t.Errorf("%+v, %d accepted", m, w.double.Accepted(id.String()))
	}
	w.verify()
}

var reference = regexp.MustCompile(`<code>[0-9a-f-]{36}</code>`)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) read(path string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.front.Addr()+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	r, err := w.do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.status, r.body
}

// boss sets the first account up and gives the home page.
func (w *world) boss(p *proc.Process) string {
	w.t.Helper()
	link := firstAdmin.FindStringSubmatch(p.Log())
	if link == nil {
		w.t.Fatalf("no setup link:\n%s", p.Log())
	}
	resp, err := w.client.PostForm("http://"+w.front.Addr()+link[1], url.Values{"name": {"Boss"}, "email": {"boss@gatehouse.example"}, "password": {staffPassword}})
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	status, body := w.read("/admin")
	if status != http.StatusOK {
		w.t.Errorf("the home page answers %d", status)
	}
	return body
}

// otherMailLeaves asks for a new password: a mail of another template.
func (w *world) otherMailLeaves() {
	w.t.Helper()
	resp, err := w.staff.PostForm("http://"+w.front.Addr()+"/admin/reset", url.Values{"email": {"boss@gatehouse.example"}})
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	w.until(20*time.Second, 1, "a mail of another kind that leaves", "select count(*) from messages where template = 'password' and state = 'sent'")
}
