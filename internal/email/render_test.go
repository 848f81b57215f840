package email

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/gatehouse/gatehouse/internal/errs"
)

var preview = flag.String("preview", "", "folder to write the rendered sample mails to, for looking at them")

func renderer(t *testing.T) *Renderer {
	t.Helper()
	r, err := NewRenderer(os.DirFS("../../templates"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must says what each mail has to show in both parts; never what must not be there.
func TestRender(t *testing.T) {
	prospect := []string{"12 Castle Street", "typed this address at papers.example.com", "https://papers.example.com/u/", "https://papers.example.com/privacy", "https://papers.example.com/imprint", "Ruth Adler"}
	tests := []struct {
		name, subject string
		must, never   []string
	}{
		{TemplateRequested, "Your copy: 8 Questions to Ask Your Marketing Team",
			append([]string{"Thank you for asking.", "PDF, 14 pages", "30 days", "write to me about once a month", "https://papers.example.com/d/", "a person reads it"}, prospect...), nil},
		{TemplateFreshLink, "A fresh link: 8 Questions to Ask Your Marketing Team",
			append([]string{"no longer worked", "https://papers.example.com/d/"}, prospect...), []string{"once a month"}},
		{TemplateQuarantineDigest, "3 submissions wait for a look", []string{"Tuesday 3 March 2026, 09:40", "to its staff"}, []string{"typed this address", "/u/"}},
		{TemplatePassword, "Set a new password for Gatehouse at Ace & Partners", []string{"works once", "to its staff"}, []string{"/u/"}},
		{TemplateAlarm, "Needs attention: SendGrid refuses our key", []string{"answered with 401", "gatehouse doctor", "to its staff"}, []string{"/u/"}},
		{TemplateAssigned, "A lead is yours. Ann Weatherby", []string{"Managing director, Weatherby Ltd", "Asked for “8 Questions”.", "this one is us", "Grade A1, 74 points", "First step: Call", "Why you: rule 2", "to its staff"}, []string{"/u/"}},
		{TemplateAssignedDigest, "A lead is yours.", []string{"Weatherby Ltd", "/admin/claim/1", "to its staff"}, []string{"/u/", "Ann"}},
		{TemplateClock, "A lead is yours.", []string{"An answer is expected", "Ann Weatherby", "to its staff"}, []string{"/u/"}},
	}
	r := renderer(t)
	if len(tests) != len(Templates()) {
		t.Errorf("%d templates, %d tested", len(Templates()), len(tests))
	}
	everywhere := []string{"<img", "<script", "http-equiv", "ZgotmplZ", "<no value>", "gate ", "grant", "receipt", "!"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			subject, h, text, err := r.Render(tt.name, Sample())
			if err != nil {
				t.Fatal(err)
			}
			if subject != tt.subject {
				t.Errorf("subject %q", subject)
			}
			flat := strings.Join(strings.Fields(text), " ")
			for _, want := range tt.must {
				if !strings.Contains(flat, want) {
					t.Errorf("text lacks %q:\n%s", want, text)
				}
				if !strings.Contains(h, strings.ReplaceAll(want, "&", "&amp;")) {
					t.Errorf("html lacks %q", want)
				}
			}
			for _, no := range append(tt.never, everywhere...) {
				visible := regexp.MustCompile(`(?s)<style>.*?</style>|<!.*?>|!important`).ReplaceAllString(h, "")
				if strings.Contains(strings.ToLower(visible), no) {
					t.Errorf("html must not hold %q", no)
				}
				if strings.Contains(text, no) {
					t.Errorf("text must not hold %q", no)
				}
			}
			for _, part := range []string{`color-scheme`, `role="article"`, `lang="en"`, `<!--[if mso]>`, `max-width:560px`, `prefers-color-scheme: dark`} {
				if !strings.Contains(h, part) {
					t.Errorf("html lacks %s", part)
				}
			}
			if strings.Contains(h, "url(") || strings.Contains(h, " src=") {
				t.Error("html loads something from elsewhere")
			}
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\n")
				if utf8.RuneCountInString(line) > textWidth && strings.ContainsAny(line, " ") {
					t.Errorf("a line of %d characters: %s", utf8.RuneCountInString(line), line)
				}
				if strings.Contains(line, "://") && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("a link shares its line: %s", line)
				}
			}
			if *preview != "" {
				for ext, body := range map[string]string{".html": h, ".txt": "Subject: " + subject + "\n\n" + text} {
					if err := os.WriteFile(filepath.Join(*preview, tt.name+ext), []byte(body), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestRenderLeavesOutWhatIsNotThere(t *testing.T) {
	v := View{CompanyName: "Ace", DocumentTitle: "Eight questions", Link: "https://x.example/d/1"}
	_, h, text, err := renderer(t).Render(TemplateRequested, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"ticked", "Privacy", "Imprint", "a person reads it", "You get this", "works for"} {
		if strings.Contains(h, no) || strings.Contains(text, no) {
			t.Errorf("%q is shown although the view says nothing of it", no)
		}
	}
	if strings.Contains(text, "\n\n\n") {
		t.Errorf("holes in the text:\n%s", text)
	}
	if !strings.Contains(text, "Here is the document you asked for.") {
		t.Error("no standard sentence in place of the opening")
	}
}

func TestRenderIsSafe(t *testing.T) {
	v := Sample()
	v.DocumentTitle = "A \r\nBcc: x@example.com\u202e<script>alert(1)</script>" + strings.Repeat("long ", 60)
	v.CompanyName = "<b>Bold</b>"
	subject, h, _, err := renderer(t).Render(TemplateRequested, v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(subject, "\r\n\u202e") || utf8.RuneCountInString(subject) > maxSubject {
		t.Errorf("subject %q", subject)
	}
	if strings.Contains(h, "<script") || strings.Contains(h, "<b>") {
		t.Error("html is not escaped")
	}
	for _, bad := range []string{"", "javascript:alert(1)", "/d/relative", "ftp://x.example/"} {
		v := Sample()
		v.Link = bad
		if _, _, _, err := renderer(t).Render(TemplateRequested, v); err == nil {
			t.Errorf("rendered with the link %q", bad)
		}
	}
	if _, _, _, err := renderer(t).Render("nonsense", Sample()); err == nil {
		t.Error("an unknown template was rendered")
	}
	v = Sample()
	v.CompanyName = " "
	if _, _, _, err := renderer(t).Render(TemplateRequested, v); err == nil {
		t.Error("rendered without a company")
	}
}

func TestOverrides(t *testing.T) {
	base := os.DirFS("../../templates")
	good := fstest.MapFS{"email/requested.txt": {Data: []byte(`{{define "subject"}}Ours: {{.DocumentTitle}}{{end}}{{define "content"}}Read {{.Link}}{{end}}`)}}
	r, err := NewRenderer(base, good)
	if err != nil {
		t.Fatal(err)
	}
	subject, _, text, err := r.Render(TemplateRequested, Sample())
	if err != nil || !strings.HasPrefix(subject, "Ours: ") || !strings.Contains(text, "Read") {
		t.Errorf("override not taken: %q %v", subject, err)
	}
	if subject, _, _, _ := r.Render(TemplateFreshLink, Sample()); !strings.HasPrefix(subject, "A fresh link") {
		t.Errorf("an override changed another mail: %q", subject)
	}
	faults := []struct{ name, file, source, place string }{
		{"does not parse", "email/requested.html", "line one\n{{if}}\n", "overrides/email/requested.html:2"},
		{"unknown field", "email/password.txt", "{{define \"subject\"}}x{{end}}\n{{define \"content\"}}\n{{.Nonsense}}{{end}}", "overrides/email/password.txt:3"},
		{"unsafe html", "email/alarm.html", "{{define \"title\"}}{{end}}{{define \"preheader\"}}{{end}}\n{{define \"content\"}}<a href={{.Link}}\n{{end}}", "overrides/email/alarm.html"},
		{"no content", "email/fresh_link.html", "{{define \"title\"}}t{{end}}", "content"},
	}
	for _, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewRenderer(base, fstest.MapFS{tt.file: {Data: []byte(tt.source)}})
			if err == nil || !strings.Contains(err.Error(), tt.place) || errs.CodeOf(err) != errs.Invalid {
				t.Errorf("want a fault at %s, got %v", tt.place, err)
			}
		})
	}
	if _, err := NewRenderer(fstest.MapFS{}, nil); err == nil {
		t.Error("started without templates")
	}
}

func TestWrapText(t *testing.T) {
	long := "https://x.example/" + strings.Repeat("a", 100)
	got := wrapText("\n\n  one two\n\n\n\n" + strings.Repeat("word ", 30) + "\n- " + strings.Repeat("item ", 20) + "\n" + long + "\n\n")
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > textWidth && !strings.Contains(line, long) {
			t.Errorf("%d: %s", n, line)
		}
	}
	if !strings.HasPrefix(got, "  one two\n\nword") || !strings.Contains(got, "\n  item") || !strings.HasSuffix(got, long+"\n") {
		t.Errorf("got\n%s", got)
	}
}
