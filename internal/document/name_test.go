package document

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	for _, c := range []struct{ title, want string }{
		{"8 Questions to Ask Your Marketing Team", "8 Questions to Ask Your Marketing Team.pdf"},
		{"Über die Größe", "Über die Größe.pdf"},
		{"日本語", "日本語.pdf"},
		{"Report.pdf", "Report.pdf"},
		{"Report.PDF", "Report.pdf"},
		{"v1.2 of it", "v1.2 of it.pdf"},
		{"", "document.pdf"},
		{"...", "document.pdf"},
		{".pdf", "pdf.pdf"},
		{"../../etc/passwd", "etc passwd.pdf"},
		{`C:\Windows\x`, "C Windows x.pdf"},
		{"-rf", "rf.pdf"},
		{"~root", "root.pdf"},
		{"CON", "document CON.pdf"},
		{"nul.txt", "document nul.txt.pdf"},
		{"Console", "Console.pdf"},
		{"a\r\nSet-Cookie: x=1", "a Set-Cookie x=1.pdf"},
		{"a\x00b\x7fc\u200bd\u202ee", "abcde.pdf"},
		{"a  b\t\u00a0c", "a b c.pdf"},
		{"bad\xffutf", "badutf.pdf"},
		{`What "is" <it>? *`, "What is it.pdf"},
	} {
		if got := FileName(c.title); got != c.want {
			t.Errorf("FileName(%q) = %q, want %q", c.title, got, c.want)
		}
	}
}

func TestContentDisposition(t *testing.T) {
	for _, c := range []struct {
		title string
		want  string
	}{
		{"8 Questions", `attachment; filename="8 Questions.pdf"`},
		{"Größe & Zweck", `attachment; filename="Grosse & Zweck.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20&%20Zweck.pdf`},
		{"日本語", `attachment; filename="document.pdf"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.pdf`},
		{"100% sure", `attachment; filename="100_ sure.pdf"; filename*=UTF-8''100%25%20sure.pdf`},
		{"It’s here", `attachment; filename="It's here.pdf"; filename*=UTF-8''It%E2%80%99s%20here.pdf`},
		{`a"; filename="b.exe`, `attachment; filename="a ; filename= b.exe.pdf"`},
		{"\uff0fetc\uff0fpasswd", `attachment; filename="etcpasswd.pdf"; filename*=UTF-8''%EF%BC%8Fetc%EF%BC%8Fpasswd.pdf`},
		{"ＣＯＮ", `attachment; filename="document.pdf"; filename*=UTF-8''%EF%BC%A3%EF%BC%AF%EF%BC%AE.pdf`},
	} {
		if got := ContentDisposition(false, c.title); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.title, got, c.want)
		}
	}
	if got := ContentDisposition(true, "x"); got != `inline; filename="x.pdf"` {
		t.Errorf("inline: %s", got)
	}
}

func FuzzContentDisposition(f *testing.F) {
	for _, s := range []string{"", "8 Questions", "日本語", "a\r\nb", `"\`, strings.Repeat("ä", 500), "\xff", "CON", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, title string) {
		name, header := FileName(title), ContentDisposition(false, title)
		if len(name) > 220 || !utf8.ValidString(name) || !strings.HasSuffix(name, ".pdf") || strings.ContainsAny(name, "/\\\x00\r\n\"") || name[0] == '.' || name[0] == '-' {
			t.Errorf("%q is called %q", title, name)
		}
		for _, b := range []byte(header) {
			if b < ' ' || b >= 0x7f {
				t.Fatalf("%q gives the header %q", title, header)
			}
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%q gives %q, which reads %q %v %v; want %q", title, header, kind, params, err, name)
		}
	})
}
