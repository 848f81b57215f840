package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// A wrong configuration names every fault at once, prints no secret, and ends with 2.
func TestBadConfiguration(t *testing.T) {
	o := proc.Options{Env: map[string]string{"GATEHOUSE_LISTEN": "nowhere", "GATEHOUSE_BASE_URL": "ftp://example.org", "GATEHOUSE_SECRET": "short-secret",
		"GATEHOUSE_LOG": "loud", "GATEHOUSE_LIMITS": "some", "GATEHOUSE_MAIL": "pigeon", "GATEHOUSE_TYPO": "1", "DATABASE_URL": "mysql://root:hunter2@db/x"}}
	code, out, fault := proc.Run(t, o, "serve")
	if code != 2 {
		t.Errorf("it ends with %d", code)
	}
	for _, name := range []string{"GATEHOUSE_LISTEN", "GATEHOUSE_BASE_URL", "GATEHOUSE_SECRET", "GATEHOUSE_LOG", "GATEHOUSE_LIMITS", "GATEHOUSE_MAIL:", "GATEHOUSE_TYPO", "DATABASE_URL"} {
		if !strings.Contains(fault, name) {
			t.Errorf("no word about %s in\n%s", name, fault)
		}
	}
	for _, word := range []string{"hunter2", "short-secret", "goroutine"} {
		if strings.Contains(out+fault, word) {
			t.Errorf("%q is printed:\n%s", word, fault)
		}
	}
}

// A template that does not parse stops the start, with the file and the line.
func TestBrokenOverride(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "public"), 0o750); err != nil {
		t.Fatal(err)
	}
	text := "{{define \"main\"}}\n<p>fine</p>\n{{if .Broken}}\n{{end}\n"
	if err := os.WriteFile(filepath.Join(dir, "public", "thanks.html"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, fault := proc.Run(t, proc.Options{Env: map[string]string{"GATEHOUSE_OVERRIDES_DIR": dir}}, "serve")
	if code == 0 || !strings.Contains(fault, "public/thanks.html:4") || strings.Contains(fault, "goroutine") {
		t.Errorf("it ends with %d and says\n%s", code, fault)
	}
}

// One data folder has one owner; the second is refused with a sentence and does no harm. A stop leaves nothing behind.
func TestOneOwnerOfTheFolder(t *testing.T) {
	o := embedded(t)
	s := open(t, o)
	code, _, fault := proc.Run(t, o, "serve")
	if code != 1 || !strings.Contains(fault, "folder") || strings.Contains(fault, "goroutine") {
		t.Errorf("the second one ends with %d and says\n%s", code, fault)
	}
	resp, err := http.Get(s.URL() + gate)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the first one suffers: %v", err)
	}
	_ = resp.Body.Close()
	s.reconciled()
	begun := time.Now()
	if code := s.Stop(); code != 0 || time.Since(begun) > 30*time.Second {
		t.Errorf("it stops with %d after %s", code, time.Since(begun))
	}
	if left := processesOf(t, s.options.Dir); len(left) > 0 {
		t.Errorf("these still run: %q", left)
	}
}

// processesOf finds processes whose command line names the folder.
func processesOf(t *testing.T, dir string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(all) == 0 {
		t.Logf("no /proc here: what is left behind is not looked at (%v)", err)
	}
	for _, file := range all {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), dir) { // a process that just ended has none
			found = append(found, strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	return found
}

// A document that is gone: the prospect meets a calm page, staff an alarm.
func TestMissingFile(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	a := s.admin(b)
	address := "gina.gray@example.org"
	s.posted(browserAgent, good(address))
	p := visit(t, b, s)
	p.Expect("status of 503")
	link := p.findsMail(address)
	p.Open(link)
	losePaper(t, s.options.Dir)
	p.Click(downloadButton)
	p.See("We have been told, and your link stays good")
	p.Open(link)
	p.See("We are putting this document back on its shelf")
	p.Never("Something went wrong")
	eventually(t, "the alarm", func() error {
		a.Open("/admin")
		return a.Within(0, `document.querySelector("#alarms") && document.querySelector("main").innerText.includes("8 Questions")`)
	})
}

// An upload is judged by its content: what only claims to be a PDF is refused with the reason.
func TestCorruptUpload(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	a := s.admin(b)
	a.Expect("status of 422")
	whole := paper(t)
	for name, content := range map[string][]byte{"letter.pdf": []byte("MZ this is a program, not a paper"), "half.pdf": whole[:len(whole)/3]} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		a.Open("/admin/documents/new")
		a.Type(`[name=title]`, "A paper of mine")
		a.Attach(`input[type=file]`, file)
		a.Click(`main form button[type=submit]`)
		a.See("PDF")
		a.Until(`document.querySelector("main [aria-invalid=true], main .field-faulty, main .notice-fault")`)
		a.Open("/admin/documents")
		a.Never("A paper of mine")
	}
}
