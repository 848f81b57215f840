package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

const (
	secretA = "first-secret-of-thirty-two-bytes!"
	secretB = "second-secret-of-thirty-two-bytes"
)

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gatehouse.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// faultsOf loads and gives the faults; an error that is not Faults fails the test.
func faultsOf(t *testing.T, file string, environ ...string) (Config, Faults) {
	t.Helper()
	c, err := Load(file, environ)
	var f Faults
	if err != nil && !errors.As(err, &f) {
		t.Fatalf("%T is not Faults: %v", err, err)
	}
	return c, f
}

func TestDefaults(t *testing.T) {
	c, faults := faultsOf(t, "", "HOME=/root", "PATH=", "no equals sign")
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	want := Defaults()
	want.Mail = "capture"
	abs, err := filepath.Abs("data")
	if err != nil {
		t.Fatal(err)
	}
	want.DataDir = abs
	if c != want {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
	if c.Listen != "127.0.0.1:8080" || c.Limits != "on" || c.DatabaseURL != "" || c.Secret != "" || c.TrustedProxies != "" || c.FilesShared {
		t.Errorf("an unsafe default: %+v", c)
	}
}

func TestFileThenEnvironment(t *testing.T) {
	name := file(t, "listen: 127.0.0.1:1000\nlog: json\nmail_workers: 3\nfiles_shared: true\nsecret: "+secretA+"\n")
	for _, tc := range []struct {
		about   string
		file    string
		environ []string
		want    Config // of the fields that are compared
	}{
		{"defaults", "", nil, Config{Listen: "127.0.0.1:8080", Log: "text", MailWorkers: 16}},
		{"the file wins over defaults", name, nil, Config{Listen: "127.0.0.1:1000", Log: "json", MailWorkers: 3, FilesShared: true, Secret: secretA}},
		{"the environment wins over the file", name,
			[]string{"GATEHOUSE_LISTEN=127.0.0.1:2000", "GATEHOUSE_MAIL_WORKERS=4", "GATEHOUSE_FILES_SHARED=false", "GATEHOUSE_SECRET=" + secretB},
			Config{Listen: "127.0.0.1:2000", Log: "json", MailWorkers: 4, Secret: secretB}},
		{"an empty variable is none", name, []string{"GATEHOUSE_LISTEN=", "GATEHOUSE_LOG="},
			Config{Listen: "127.0.0.1:1000", Log: "json", MailWorkers: 3, FilesShared: true, Secret: secretA}},
		{"a file of comments alone", file(t, Sample), nil, Config{Listen: "127.0.0.1:8080", Log: "text", MailWorkers: 16}},
		{"an empty file", file(t, ""), nil, Config{Listen: "127.0.0.1:8080", Log: "text", MailWorkers: 16}},
	} {
		c, faults := faultsOf(t, tc.file, tc.environ...)
		got := Config{Listen: c.Listen, Log: c.Log, MailWorkers: c.MailWorkers, FilesShared: c.FilesShared, Secret: c.Secret}
		if len(faults) != 0 || got != tc.want {
			t.Errorf("%s: got %+v, %v; want %+v", tc.about, got, faults, tc.want)
		}
	}
}

// The sample names every setting, and nothing else.
func TestSampleIsComplete(t *testing.T) {
	var named []string
	for _, m := range regexp.MustCompile(`(?m)^#([a-z_]+): `).FindAllStringSubmatch(Sample, -1) {
		named = append(named, m[1])
	}
	var known []string
	for f := range reflect.TypeFor[Config]().Fields() {
		known = append(known, f.Tag.Get("yaml"))
	}
	slices.Sort(named)
	slices.Sort(known)
	if !slices.Equal(named, known) {
		t.Errorf("in the sample %v\nin the program %v", named, known)
	}
	text := regexp.MustCompile(`(?m)^#([a-z_]+: )`).ReplaceAllString(Sample, "$1")
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	var c Config
	if err := dec.Decode(&c); err != nil {
		t.Error(err)
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	name := file(t, "listen: 127.0.0.1:80\nmial: smtp\nlog: xml\nscret: "+secretA+"\n")
	_, faults := faultsOf(t, name,
		"DATABASE_URL=mysql://someone:hunter2@db/x", "GATEHOUSE_BASE_URL=https://user:hunter2@papers.example/?q=1", "GATEHOUSE_METRICS_LISTEN=9090",
		"GATEHOUSE_MAIL=pigeon", "GATEHOUSE_MAIL_FROM=nobody", "GATEHOUSE_FILES_URL=ftp://someone:hunter2@host/x", "GATEHOUSE_OVERRIDES_DIR=/does/not/exist",
		"GATEHOUSE_TRUSTED_PROXIES=10.0.0.0/8, 10.0.0.0/33", "GATEHOUSE_LIMITS=maybe", "GATEHOUSE_CONNECT_ALLOW=10.0.0.0/8, port:none", "GATEHOUSE_LOG_LEVEL=loud", "GATEHOUSE_MAIL_WORKERS=0",
		"GATEHOUSE_CONNECTIONS=many", "GATEHOUSE_UNKNOWN_WAIT=soon", "GATEHOUSE_SECERT=hunter2", "GATEHOUSE_ZEBRA=1")
	want := []string{
		name + ": line 2: field mial not found", name + ": line 4: field scret not found",
		"GATEHOUSE_CONNECTIONS: ", "GATEHOUSE_SECERT is not a variable of Gatehouse", "GATEHOUSE_ZEBRA is not a variable of Gatehouse",
		"GATEHOUSE_METRICS_LISTEN: ", "GATEHOUSE_BASE_URL: ", "DATABASE_URL: not a postgres:// address", "GATEHOUSE_SECRET: required with DATABASE_URL",
		"GATEHOUSE_MAIL_FROM: ", "GATEHOUSE_MAIL: ", "GATEHOUSE_FILES_URL: ", "GATEHOUSE_OVERRIDES_DIR: ", `GATEHOUSE_TRUSTED_PROXIES: "10.0.0.0/33"`, `GATEHOUSE_CONNECT_ALLOW: "port:none"`,
		"GATEHOUSE_LIMITS: ", "GATEHOUSE_LOG: ", "GATEHOUSE_LOG_LEVEL: ", "GATEHOUSE_MAIL_WORKERS: ", "GATEHOUSE_UNKNOWN_WAIT: ",
	}
	if len(faults) != len(want) {
		t.Errorf("%d faults, want %d", len(faults), len(want))
	}
	for i := range min(len(faults), len(want)) {
		if !strings.HasPrefix(faults[i], want[i]) {
			t.Errorf("fault %d is %q, want %q", i, faults[i], want[i])
		}
		if strings.Contains(faults[i], "\n") {
			t.Errorf("fault %d is more than a line: %q", i, faults[i])
		}
	}
	text := faults.Error()
	if lines := strings.Count(text, "\n  - "); lines != len(want) {
		t.Errorf("%d lines of faults", lines)
	}
	for _, not := range []string{"hunter2", secretA, "config.Config"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is printed:\n%s", not, text)
		}
	}
}

// One thing wrong has one sentence; the empty want is a configuration without fault.
func TestOneFault(t *testing.T) {
	const db = "DATABASE_URL=postgres://u:hunter2@db.example/x"
	for _, tc := range []struct {
		about   string
		environ []string
		want    string
	}{
		{"secret beside a database", []string{db, "GATEHOUSE_SECRET=" + secretA}, ""},
		{"the other scheme", []string{"DATABASE_URL=postgresql://db/x", "GATEHOUSE_SECRET=" + secretA}, ""},
		{"no secret beside a database", []string{db}, "GATEHOUSE_SECRET: required with DATABASE_URL"},
		{"a list of secrets", []string{db, "GATEHOUSE_SECRET=" + secretA + " , " + secretB}, ""},
		{"31 bytes", []string{"GATEHOUSE_SECRET=" + secretA[:31]}, "GATEHOUSE_SECRET: entry 1 is shorter"},
		{"32 bytes", []string{"GATEHOUSE_SECRET=" + secretA[:32]}, ""},
		{"a short one in a list", []string{"GATEHOUSE_SECRET=" + secretA + ",hunter2"}, "GATEHOUSE_SECRET: entry 2 is shorter"},

		{"capture by default on loopback", nil, ""},
		{"no default at a public address", []string{"GATEHOUSE_LISTEN=0.0.0.0:80"}, "GATEHOUSE_MAIL: choose"},
		{"no default with a public base", []string{"GATEHOUSE_BASE_URL=https://papers.example"}, "GATEHOUSE_MAIL: choose"},
		{"capture on purpose", []string{"GATEHOUSE_LISTEN=0.0.0.0:80", "GATEHOUSE_MAIL=capture"}, ""},
		{"sendgrid", []string{"GATEHOUSE_MAIL=sendgrid", "SENDGRID_API_KEY=hunter2"}, ""},
		{"sendgrid without a key", []string{"GATEHOUSE_MAIL=sendgrid"}, "SENDGRID_API_KEY: required"},
		{"a double on this machine", []string{"GATEHOUSE_MAIL=sendgrid", "SENDGRID_API_KEY=hunter2", "SENDGRID_HOST=http://127.0.0.1:9000"}, ""},
		{"the key in the clear", []string{"GATEHOUSE_MAIL=sendgrid", "SENDGRID_API_KEY=hunter2", "SENDGRID_HOST=http://api.example"}, "SENDGRID_HOST: plain http"},
		{"no host", []string{"GATEHOUSE_MAIL=sendgrid", "SENDGRID_API_KEY=hunter2", "SENDGRID_HOST=api.sendgrid.com"}, "SENDGRID_HOST: "},
		{"smtp", []string{"GATEHOUSE_MAIL=smtp", "SMTP_URL=smtps://u:hunter2@mail.example:465"}, ""},
		{"smtp without a server", []string{"GATEHOUSE_MAIL=smtp"}, "SMTP_URL: required"},
		{"smtp by http", []string{"GATEHOUSE_MAIL=smtp", "SMTP_URL=https://u:hunter2@mail.example"}, "SMTP_URL: required"},

		{"base without scheme", []string{"GATEHOUSE_MAIL=capture", "GATEHOUSE_BASE_URL=papers.example"}, "GATEHOUSE_BASE_URL: "},
		{"base with a query", []string{"GATEHOUSE_MAIL=capture", "GATEHOUSE_BASE_URL=https://papers.example/?a=b"}, "GATEHOUSE_BASE_URL: "},
		{"no port", []string{"GATEHOUSE_LISTEN=127.0.0.1", "GATEHOUSE_MAIL=capture"}, "GATEHOUSE_LISTEN: "},
		{"a folder for documents", []string{"GATEHOUSE_FILES_URL=file:///srv/documents"}, ""},
		{"a bucket", []string{"GATEHOUSE_FILES_URL=s3://bucket"}, "GATEHOUSE_FILES_URL: s3:// is not supported"},
		{"not a number", []string{"GATEHOUSE_MAIL_WORKERS=x"}, "GATEHOUSE_MAIL_WORKERS: "},
		{"too many connections", []string{"GATEHOUSE_CONNECTIONS=1001"}, "GATEHOUSE_CONNECTIONS: "},
		{"not a truth value", []string{"GATEHOUSE_FILES_SHARED=perhaps"}, "GATEHOUSE_FILES_SHARED: "},
		{"a typing mistake", []string{"GATEHOUSE_LISTN=127.0.0.1:80"}, "GATEHOUSE_LISTN is not a variable"},
		{"the name in small letters", []string{"gatehouse_listen=nonsense"}, ""},
		{"variables of the tests", []string{"GATEHOUSE_SHARED=/x", "GATEHOUSE_TEST_ANYTHING=1", "GATEHOUSE_PG_BIN=/x"}, ""},
	} {
		_, faults := faultsOf(t, "", tc.environ...)
		switch {
		case tc.want == "" && len(faults) != 0, tc.want != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], tc.want)):
			t.Errorf("%s: %q, want %q", tc.about, []string(faults), tc.want)
		case strings.Contains(faults.Error(), "hunter2"):
			t.Errorf("%s: a secret is printed: %q", tc.about, []string(faults))
		}
	}
}

func TestFileFaults(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent.yaml")
	for _, tc := range []struct{ name, want string }{
		{absent, "--config: " + absent + " cannot be read: "},
		{file(t, "log: text\nlisten: [a, b]\n"), "line 2: "},
		{file(t, "log: text\nlog: json\n"), "line 2: "},
		{file(t, "log: \"text\n"), "line "},
		{file(t, "Listen: 127.0.0.1:80\n"), "line 1: field Listen not found"},
		{file(t, "mail_workers: many\n"), "line 1: "},
	} {
		_, faults := faultsOf(t, tc.name)
		if len(faults) != 1 || !strings.HasPrefix(strings.TrimPrefix(faults[0], tc.name+": "), tc.want) {
			t.Errorf("%q, want %q", []string(faults), tc.want)
		}
	}
}

func TestSecretsAreMaskedInEveryPrint(t *testing.T) {
	c := Defaults()
	all := []string{"canary-database", "canary-secret", "canary-sendgrid", "canary-smtp"}
	c.DatabaseURL, c.Secret, c.SendGridKey, c.SMTPURL = Secret(all[0]), Secret(all[1]), Secret(all[2]), Secret(all[3])
	prints := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		prints[verb] = fmt.Sprintf(verb, c)
		prints[verb+" of a pointer"] = fmt.Sprintf(verb, &c)
		prints[verb+" alone"] = fmt.Sprintf(verb, c.Secret)
		prints[verb+" in a list"] = fmt.Sprintf(verb, []Secret{c.Secret})
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("start", "config", c, "pointer", &c, "secret", c.Secret, slog.Group("g", "url", c.DatabaseURL))
		prints[name] = b.String()
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"yaml": yaml.Marshal, "json": json.Marshal} {
		raw, err := marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		prints[name] = string(raw)
	}
	for name, text := range prints {
		for _, secret := range all {
			for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
				if strings.Contains(text, form) {
					t.Errorf("%s prints %s: %s", name, secret, text)
				}
			}
		}
		if !strings.Contains(text, "***") {
			t.Errorf("%s does not show that there is a secret: %s", name, text)
		}
	}
	if got := c.Secret.Reveal(); got != all[1] {
		t.Errorf("the program itself gets %q", got)
	}
	if got := fmt.Sprintf("%v|%#v|%s", Secret(""), Secret(""), Secret("")); got != "||" {
		t.Errorf("no secret prints as %q: it must show that none is set", got)
	}
}

func TestSecretsList(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"", nil}, {" , ,", nil}, {"a", []string{"a"}}, {"new, old ,", []string{"new", "old"}},
	} {
		if got := (&Config{Secret: Secret(tc.text)}).Secrets(); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %v, want %v", tc.text, got, tc.want)
		}
	}
}

func TestProxies(t *testing.T) {
	for _, tc := range []struct {
		text string
		want string // empty: a fault
	}{
		{"", "[]"}, {" , ", "[]"}, {"10.0.0.0/8", "[10.0.0.0/8]"}, {"192.0.2.1, 2001:db8::/32", "[192.0.2.1/32 2001:db8::/32]"}, {"::1", "[::1/128]"},
		{"10.0.0.0/33", ""}, {"10.0.0/8", ""}, {"proxy.example", ""}, {"10.0.0.0/8;10.1.0.0/16", ""}, {"*", ""},
	} {
		got, err := (&Config{TrustedProxies: tc.text}).Proxies()
		if (err != nil) != (tc.want == "") || err == nil && fmt.Sprint(got) != tc.want {
			t.Errorf("%q: %v, %v; want %q", tc.text, got, err, tc.want)
		}
	}
}

func TestUnknownWaits(t *testing.T) {
	for _, tc := range []struct {
		text          string
		with, without time.Duration // zero: a fault
	}{
		{"2m/30s", 2 * time.Minute, 30 * time.Second}, {"45s", 45 * time.Second, 45 * time.Second}, {" 1h / 1s ", time.Hour, time.Second},
		{"", 0, 0}, {"2m/", 0, 0}, {"/30s", 0, 0}, {"999ms", 0, 0}, {"61m", 0, 0}, {"1m/2h", 0, 0}, {"30", 0, 0}, {"-1m", 0, 0}, {"1m/1m/1m", 0, 0},
	} {
		with, without, err := (&Config{UnknownWait: tc.text}).UnknownWaits()
		if with != tc.with || without != tc.without || (err != nil) != (tc.with == 0) {
			t.Errorf("%q: %v, %v, %v", tc.text, with, without, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for _, tc := range []struct {
		listen, base string
		want         bool
	}{
		{"127.0.0.1:8080", "", true}, {"127.9.9.9:0", "", true}, {"[::1]:80", "", true}, {"localhost:80", "", true},
		{"127.0.0.1:80", "http://localhost:80", true}, {"127.0.0.1:80", "http://[::1]", true},
		{"0.0.0.0:80", "", false}, {":80", "", false}, {"[::]:80", "", false}, {"192.0.2.1:80", "", false}, {"papers.example:80", "", false},
		{"127.0.0.1:80", "https://papers.example", false}, {"127.0.0.1:80", "http://127.0.0.1.evil.example", false}, {"127.0.0.1:80", "http://localhost.example", false},
		{"0.0.0.0:80", "http://127.0.0.1", false}, {"127.0.0.1", "", false}, {"127.0.0.1:80", "://", false},
	} {
		if got := (&Config{Listen: tc.listen, BaseURL: tc.base}).Loopback(); got != tc.want {
			t.Errorf("listen %q, base %q: %v", tc.listen, tc.base, got)
		}
	}
}

func TestBaseURLHasNoSlashAtTheEnd(t *testing.T) {
	c, faults := faultsOf(t, "", "GATEHOUSE_BASE_URL=http://localhost:8080//")
	if len(faults) != 0 || c.BaseURL != "http://localhost:8080" {
		t.Errorf("%q, %v", c.BaseURL, faults)
	}
}
