package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// zone is a name server of the test.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) { return z[name], nil }

// find gives the level of the first line that says text; "" when none does.
func find(lines []email.Finding, text string) email.Level {
	for _, l := range lines {
		if strings.Contains(l.Text, text) {
			return l.Level
		}
	}
	return ""
}

func TestDoctorFindsAHealthyInstallationWell(t *testing.T) {
	k := captured(t)
	k.Clock.Move(time.Since(k.Clock.Now()))
	lines := k.App.Doctor(t.Context(), app.DoctorOptions{LocalFiles: filepath.Join(k.Dir, "documents")})
	for _, l := range lines {
		// The tests' server runs without fsync on purpose.
		if l.Level != email.LevelOK && !strings.Contains(l.Text, "power cut") {
			t.Errorf("%+v", l)
		}
		if l.Level != email.LevelOK && l.Mend == "" {
			t.Errorf("no mend: %+v", l)
		}
	}
	for _, want := range []string{"PostgreSQL", "schema is up to date", "can be written", "1 of 1 current files", "kept here", "Europe/London", "No alarm", "Nothing has waited"} {
		if find(lines, want) != email.LevelOK {
			t.Errorf("no good line about %q", want)
		}
	}
	if entries, _ := filepath.Glob(filepath.Join(k.Dir, "documents", "*", "*")); len(entries) != 1 {
		t.Errorf("the probe is still there: %v", entries)
	}
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	k := testkit.New(t, func(o *app.Options) { o.From.Address = "papers@receivers.com" })
	k.Mail.Events = true
	k.Take(testkit.Submit("ann@one.example"))
	now := k.Clock.Now()
	mustExec(t, k, "update settings set mail_hold = true, mail_hold_why = 'a restore', time_zone = 'Nowhere/Town'")
	mustExec(t, k, "insert into alarms (id, kind, object, sentence, raised_at, last_at, times) values (gen_random_uuid(), 'x', 'y', 'Something burns.', ?, ?, 3)", now, now)
	mustExec(t, k, "insert into provider_state (provider, paused_until, paused_why) values ('sendgrid', ?, 'the key is refused')", now.Add(time.Hour))
	mustExec(t, k, "update river_job set scheduled_at = now() - interval '20 minutes', state = 'available'")
	mustExec(t, k, "update goose_db_version set version_id = 1 where version_id > 1")
	files, _ := filepath.Glob(filepath.Join(k.Dir, "documents", "*", "*"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Chmod(f, 0o600)
		if err := os.WriteFile(f, append(bytes.Clone(b), 'x'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opts := app.DoctorOptions{Resolver: zone{}, WebhookKey: "no key", External: true, LocalFiles: filepath.Join(k.Dir, "documents")}
	lines := k.App.Doctor(t.Context(), opts)
	for text, want := range map[string]email.Level{
		"missing or damaged": email.LevelFailed, "not base64": email.LevelFailed, "All mail is held": email.LevelWarning, "Mail pauses": email.LevelFailed,
		"no SPF": email.LevelWarning, "no DKIM": email.LevelFailed, "Nowhere/Town": email.LevelFailed, "Something burns": email.LevelWarning,
		"has waited": email.LevelFailed, "a second instance": email.LevelWarning, "this program needs": email.LevelFailed, "0 of 1 current files": email.LevelOK,
	} {
		if got := find(lines, text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
	opts.WebhookKey = ""
	if got := find(k.App.Doctor(t.Context(), opts), "never learnt"); got != email.LevelWarning {
		t.Errorf("no webhook key is %q", got)
	}
	if len(k.Mail.All()) != 0 {
		t.Error("the doctor sent mail")
	}
}
