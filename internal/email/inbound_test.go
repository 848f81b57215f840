package email_test

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// letter is a mail with CRLF line ends.
func letter(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

func TestParseMail(t *testing.T) {
	deep := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 200) + "--b\r\n\r\nhidden"
	for _, c := range []struct {
		name                string
		raw                 []byte
		from, subject, text string
		auto                bool
	}{
		{"plain", letter("From: Ann <Ann@Example.org>", "To: ruth@house.example", "Subject: =?utf-8?q?Caf=C3=A9?=", "", "Hello", "", "-- ", "Ann", "+44"), "ann@example.org", "Café", "Hello", false},
		{"an answer", letter("From: ann@example.org", "Subject: Re: x", "", "Yes, on Monday.", "", "On Tue, 3 Mar 2026 at 09:00, Ruth <ruth@house.example> wrote:", "> Shall we talk?"), "ann@example.org", "Re: x", "Yes, on Monday.", false},
		{"latin one", append(letter("From: a@b.example", "Content-Type: text/plain; charset=iso-8859-1", "", "caf"), 0xe9), "a@b.example", "", "café", false},
		{"base64", letter("From: a@b.example", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString([]byte("Grüße"))), "a@b.example", "", "Grüße", false},
		{"html alone", letter("From: a@b.example", "Content-Type: text/html", "", "<style>p{}</style><p>One</p><p>Two &amp; three</p><script>x</script><blockquote>old</blockquote>"), "a@b.example", "", "One\nTwo & three", false},
		{"alternative", letter("From: a@b.example", "Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Type: text/plain", "", "plain", "--x", "Content-Type: text/html", "", "<p>html</p>", "--x--"), "a@b.example", "", "plain", false},
		{"an attachment is no text", letter("From: a@b.example", "Content-Type: multipart/mixed; boundary=x", "", "--x", "Content-Type: text/plain", "Content-Disposition: attachment", "", "secret file", "--x", "Content-Type: text/plain", "", "hello", "--x--"), "a@b.example", "", "hello", false},
		{"away", letter("From: a@b.example", "Auto-Submitted: auto-replied (vacation)", "", "I am away"), "a@b.example", "", "I am away", true},
		{"said not to be automatic", letter("From: a@b.example", "Auto-Submitted: no", "", "x"), "a@b.example", "", "x", false},
		{"bulk", letter("From: a@b.example", "Precedence: bulk", "", "x"), "a@b.example", "", "x", true},
		{"a bounce", letter("From: mailer-daemon@b.example", "Content-Type: multipart/report; boundary=x", "", "--x", "", "gone", "--x--"), "mailer-daemon@b.example", "", "gone", true},
		{"a name that is an address", letter(`From: "ruth@house.example" <eve@evil.example>`, "", "x"), "eve@evil.example", "", "x", false},
		{"two senders", letter("From: ruth@house.example, eve@evil.example", "", "x"), "", "", "x", false},
		{"two From", letter("From: ruth@house.example", "From: eve@evil.example", "", "x"), "", "", "x", false},
		{"hostile text", letter("From: a@b.example", "", "a\x00b\u202ec\x1b[31m"), "a@b.example", "", "abc[31m", false},
		{"very deep", []byte("From: a@b.example\r\n" + deep), "a@b.example", "", "", false},
		{"no boundary", letter("From: a@b.example", "Content-Type: multipart/mixed", "", "x"), "a@b.example", "", "", false},
		{"no such charset", letter("From: a@b.example", "Content-Type: text/plain; charset=klingon", "", "x"), "a@b.example", "", "x", false},
	} {
		in, err := email.ParseMail(c.raw)
		if err != nil || in.From != c.from || in.Subject != c.subject || in.Text != c.text || (in.Auto != "") != c.auto {
			t.Errorf("%s: from %q, subject %q, text %q, auto %q, %v", c.name, in.From, in.Subject, in.Text, in.Auto, err)
		}
	}
	if in, err := email.ParseMail([]byte("no mail at all")); !errs.Is(err, errs.Malformed) || len(in.Raw) == 0 || !strings.HasPrefix(in.MessageID, "sha256:") {
		t.Errorf("%+v, %v", in, err)
	}
}

// posted is SendGrid's post of a mail.
func posted(t testing.TB, fields map[string]string) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := w.CreateFormFile("attachment1", "big.bin"); err != nil || w.Close() != nil {
		t.Fatal(err, f)
	}
	return w.FormDataContentType(), b.Bytes()
}

func TestParseInbound(t *testing.T) {
	mail := string(letter("From: Ruth <ruth@house.example>", "To: ann@example.org", "Message-ID: <one@house.example>", "Date: Tue, 3 Mar 2026 09:00:00 +0100", "", "Hello Ann"))
	envelope := `{"to":["lead+x@in.house.example"],"from":"bounces@mail.house.example"}`
	for _, c := range []struct {
		name   string
		fields map[string]string
		proof  email.Proof
	}{
		{"nobody looked", map[string]string{"email": mail, "envelope": envelope}, email.Unproved},
		{"DKIM", map[string]string{"email": mail, "envelope": envelope, "dkim": "{@house.example : pass}", "SPF": "fail"}, email.Proved},
		{"SPF of the envelope", map[string]string{"email": mail, "envelope": envelope, "dkim": "none", "SPF": "pass"}, email.Proved},
		{"DKIM of somebody else", map[string]string{"email": mail, "envelope": envelope, "dkim": "{@evil.example : pass}", "SPF": "none"}, email.Refuted},
		{"SPF of somebody else", map[string]string{"email": mail, "envelope": `{"to":["lead+x@in.house.example"],"from":"x@evil.example"}`, "SPF": "pass"}, email.Refuted},
		{"failed", map[string]string{"email": mail, "envelope": envelope, "dkim": "{@house.example : fail}", "SPF": "softfail"}, email.Refuted},
		{"taken apart", map[string]string{"headers": strings.SplitN(mail, "\r\n\r\n", 2)[0], "text": "Hello Ann", "envelope": envelope}, email.Unproved},
	} {
		in, err := email.ParseInbound(posted(t, c.fields))
		if err != nil || in.Proof != c.proof || in.MessageID != "one@house.example" || in.Text != "Hello Ann" || strings.Join(in.To, " ") != "ann@example.org lead+x@in.house.example" {
			t.Errorf("%s: %+v, %v", c.name, in, err)
		}
		if at := in.Date.Format(time.RFC3339); at != "2026-03-03T08:00:00Z" {
			t.Errorf("%s: sent at %s", c.name, at)
		}
	}
	for name, kind := range map[string]string{"JSON": "application/json", "no boundary": "multipart/form-data", "nothing": ""} {
		if _, err := email.ParseInbound(kind, []byte(mail)); !errs.Is(err, errs.Malformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInboundKey(t *testing.T) {
	now := time.Unix(1614265330, 0)
	body := []byte(`{"test": 2432232314}`) // the vector of the Standard Webhooks specification
	good := email.SignedPost{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp: "1614265330", Signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
	key := email.InboundKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	late, other, rotated := good, good, good
	late.Timestamp = "1614265029"
	other.ID = "msg_other"
	rotated.Signature = "v1,bm8= v1a,x " + good.Signature
	for name, c := range map[string]struct {
		key  email.InboundKey
		post email.SignedPost
		body []byte
		want errs.Code
	}{
		"signed": {key, good, body, ""}, "one of several": {key, rotated, body, ""}, "too late": {key, late, body, errs.Unauthorized}, "another id": {key, other, body, errs.Unauthorized},
		"another body": {key, good, []byte("{}"), errs.Unauthorized}, "another key": {"whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw", good, body, errs.Unauthorized},
		"password": {"a long secret of the tests", email.SignedPost{Password: "a long secret of the tests"}, nil, ""}, "wrong password": {"a long secret of the tests", email.SignedPost{Password: "a long secret"}, nil, errs.Unauthorized},
		"no password": {"a long secret of the tests", email.SignedPost{}, nil, errs.Unauthorized}, "no secret": {"", email.SignedPost{}, nil, errs.Unavailable},
	} {
		if err := c.key.Verify(c.post, c.body, now); errs.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever comes in, the parser ends, keeps its bounds, and gives text that a page and a database can hold.
func FuzzParseInbound(f *testing.F) {
	kind, body := posted(f, map[string]string{"email": "From: a@b.example\r\nTo: c@d.example\r\n\r\nhello", "envelope": `{"to":["e@f.example"]}`, "dkim": "{@b.example : pass}"})
	f.Add(kind, body)
	f.Add("message/rfc822", letter("From: =?utf-8?q?x?= <a@b.example>", "Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Transfer-Encoding: quoted-printable", "", "a=C3=A9", "--x", "Content-Type: text/html", "", "<p>b", "--x--"))
	f.Add("message/rfc822", []byte("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		in, err := email.ParseInbound(kind, body)
		for _, text := range append([]string{in.Subject, in.Text, in.MessageID, in.From}, in.To...) {
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\u202e") {
				t.Fatalf("%q is not fit to be shown (%v)", text, err)
			}
		}
		if utf8.RuneCountInString(in.Text) > 4100 || len(in.To) > 100 || len(in.Raw) > 1<<20 {
			t.Fatal("it keeps more than its bounds")
		}
	})
}
