package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/token"
)

var operator = store.Actor{Kind: "command", Name: "test"}

// sums is a checksum of every table's rows: two databases with the same sums hold the same.
func tableSums(t *testing.T, s *store.Store, except ...string) map[string]string {
	t.Helper()
	ctx := t.Context()
	rows, err := s.Pool().Query(ctx, `select relname::text from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r','p') and not relispartition`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, n := range names {
		var sum string
		err := s.Pool().QueryRow(ctx, "select count(*) || ' ' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') from "+n+" t").Scan(&sum)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = sum
	}
	for _, n := range except {
		delete(out, n)
	}
	return out
}

func backup(t *testing.T, a *app.App) (string, app.Manifest) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gatehouse.backup")
	m, err := a.Backup(t.Context(), app.BackupOptions{File: file, Product: "test"})
	if err != nil {
		t.Fatalf("backup: %v", err)
	}
	return file, m
}

func restore(t *testing.T, a *app.App, file string, force bool) app.Restored {
	t.Helper()
	r, err := a.Restore(t.Context(), app.RestoreOptions{File: file, Force: force, By: operator})
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	return r
}

// busy is a kit with people: three sent mails, one waiting, one that was being sent, one submission not acted on.
func busy(t *testing.T) *testkit.Kit {
	t.Helper()
	k := testkit.New(t)
	if err := k.Store.EnsurePartitions(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		k.Take(testkit.Submit(fmt.Sprintf("person%d@example.org", i)))
	}
	odd := testkit.Submit("odd@example.org")
	odd.Input.Fields["company"] = "back\\slash, \\N, \\. Ünïcode 🚪"
	k.Take(odd)
	k.Deliver()
	k.Take(testkit.Submit("waiting@example.org"))
	k.Take(testkit.Submit("sending@example.org"))
	if err := k.Store.DB(t.Context()).Exec(`update messages set state = 'sending', tries = 1 where id = (select m.id from messages m join lead_addresses a on a.id = m.address_id
		where a.address = 'sending@example.org' limit 1)`).Error; err != nil {
		t.Fatal(err)
	}
	if _, err := k.App.SubmitForm(t.Context(), testkit.Submit("fresh@example.org")); err != nil {
		t.Fatal(err)
	}
	return k
}

var mailedLink = regexp.MustCompile(`/d/([A-Za-z0-9_-]+)`)

func mailedToken(t *testing.T, m email.Message) string {
	t.Helper()
	found := mailedLink.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("no link in: %s", m.Text)
	}
	return found[1]
}

func TestBackupRoundTrip(t *testing.T) {
	from, to := busy(t), testkit.New(t)
	file, m := backup(t, from.App)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the backup: %v %v", info, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left beside the backup: %v", left)
	}
	changes := []string{"settings", "audit_log", "messages", "attempts", "sessions", "user_tokens", "login_attempts", "schema_minimum", "file_store",
		"river_job", "river_migration", "river_leader", "river_queue", "goose_db_version"}
	before := tableSums(t, from.Store, changes...)
	r := restore(t, to.App, file, false)
	after := tableSums(t, to.Store, changes...)
	if !maps.Equal(before, after) {
		t.Errorf("not the same rows:\nbefore %v\nafter  %v", before, after)
	}
	if r.Rows != m.Rows() || r.Files != 1 || r.Erased != 0 || r.Unknown != 1 || r.Accepts != 1 || len(r.Warnings) != 0 {
		t.Errorf("restored %+v", r)
	}
	for query, want := range map[string]int{
		"select count(*) from messages where state = 'sending'":                                                      0,
		"select count(*) from messages where state = 'unknown'":                                                      1,
		"select count(*) from messages where state = 'sent'":                                                         4,
		"select count(*) from river_job where kind = 'submission_accept'":                                            1,
		"select count(*) from river_job where kind = 'message_deliver'":                                              r.Delivers,
		"select count(*) from audit_log where action = 'restore'":                                                    1,
		"select count(*) from visits where tableoid = to_regclass('visits_202603')":                                  from.Count("select count(*) from visits"),
		"select count(*) from pg_namespace where nspname = 'gatehouse_restore'":                                      0,
		"select count(*) from pg_class where relname = 'river_job_id_seq' and relnamespace = 'public'::regnamespace": 1,
	} {
		if got := to.Count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	link := mailedToken(t, from.Mail.All()[0])
	grant, err := to.App.OpenGrant(t.Context(), link)
	if err != nil {
		t.Fatalf("a link that was sent before the backup: %v", err)
	}
	if !to.App.FileThere(t.Context(), grant) {
		t.Error("the document's file did not come back")
	}
	to.Take(testkit.Submit("after@example.org")) // the restored database works
}

func TestRestoreHoldsMail(t *testing.T) {
	from, to := busy(t), testkit.New(t)
	file, _ := backup(t, from.App)
	restore(t, to.App, file, false)
	var open []store.Message
	if err := to.Store.DB(t.Context()).Where("state in ('pending','unknown')").Find(&open).Error; err != nil || len(open) < 2 {
		t.Fatalf("%d open messages, %v", len(open), err)
	}
	for _, m := range open {
		var later *app.Later
		if err := to.App.DeliverMessage(t.Context(), m.ID); !errors.As(err, &later) {
			t.Errorf("deliver while held: %v", err)
		}
	}
	if n := len(to.Mail.All()); n != 0 {
		t.Fatalf("%d mails went out while mail was held", n)
	}
	if _, err := to.App.ReleaseMail(t.Context(), operator); err != nil {
		t.Fatal(err)
	}
	to.Deliver()
	if n := len(to.Mail.All()); n != len(open) {
		t.Errorf("%d mails went out after the release, want %d", n, len(open))
	}
	if n := to.Count("select count(*) from messages where second_send"); n != 1 {
		t.Errorf("%d marked second sends, want the one that was being sent", n)
	}
}

func TestRestoreKeepsErasedPeopleErased(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@example.org"))
	k.Take(testkit.Submit("bob@example.org"))
	k.Deliver()
	file, _ := backup(t, k.App)
	k.Clock.Move(time.Hour)
	var lead store.LeadAddress
	if err := k.Store.DB(t.Context()).Where("address = 'ann@example.org'").Take(&lead).Error; err != nil {
		t.Fatal(err)
	}
	if _, err := k.App.EraseLead(t.Context(), lead.LeadID, operator); err != nil {
		t.Fatal(err)
	}
	k.Clock.Move(time.Hour)
	r := restore(t, k.App, file, true)
	if r.Erased != 1 {
		t.Errorf("%d erased again, want 1", r.Erased)
	}
	for _, q := range []string{"lead_addresses where address like '%@example.org'", "submission_payloads where address like '%@example.org'"} {
		if n := k.Count("select count(*) from " + q); n != 1 {
			t.Errorf("%s: %d, want bob alone", q, n)
		}
	}
	// Not even the data folder's list alone is needed: a fresh machine has just that file.
	other := testkit.New(t)
	list, err := os.ReadFile(filepath.Join(k.Dir, "erasures.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other.Dir, "erasures.jsonl"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := restore(t, other.App, file, false); r.Erased != 1 {
		t.Errorf("%d erased again from the list alone, want 1", r.Erased)
	}
}

func TestRestoreKeepsWhatWasClosedSince(t *testing.T) {
	k := testkit.New(t)
	key, id := newKey(t, k)
	file, _ := backup(t, k.App)
	for _, q := range []string{"update api_keys set revoked_at = '2026-03-04'", "insert into suppressions values ('\\x01', 'never', 'asked', null, '2026-03-04', null)"} {
		if err := k.Store.DB(t.Context()).Exec(q).Error; err != nil {
			t.Fatal(err)
		}
	}
	restore(t, k.App, file, true)
	if n := k.Count("select count(*) from api_keys where id = ? and revoked_at is not null", id); n != 1 {
		t.Errorf("the key %s… works again", key[:4])
	}
	if n := k.Count("select count(*) from suppressions where kind = 'never'"); n != 1 {
		t.Error("\"never write to me\" was forgotten")
	}
}

func newKey(t *testing.T, k *testkit.Kit) (string, uuid.UUID) {
	t.Helper()
	id := store.NewID()
	if err := k.Store.DB(t.Context()).Exec("insert into api_keys (id, name, prefix, hash, scopes, created_at) values (?, 'test', 'gh_x', '\\x01', '[]', '2026-03-03')", id).Error; err != nil {
		t.Fatal(err)
	}
	return "gh_x", id
}

// bare is an App over a database of the given URL, without a sample.
func bare(t *testing.T, url, dir string) *app.App {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	files, err := document.OpenFiles(filepath.Join(dir, "documents"))
	if err != nil {
		t.Fatal(err)
	}
	a := app.New(app.Options{BaseURL: "http://127.0.0.1:8080", DataDir: dir, Log: slog.New(slog.DiscardHandler), Store: s, Keys: token.NewKeys(testkit.Secret), Sender: testkit.NewRecorder(), Files: files})
	t.Cleanup(a.Close)
	return a
}

// A backup of an older schema is loaded into that schema and brought up to date; the target may be an empty database.
func TestRestoreOfAnOlderSchema(t *testing.T) {
	old := bare(t, testkit.EmptyURL(t), t.TempDir())
	if err := old.Store().MigrateTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	_, err := old.Store().Pool().Exec(t.Context(), `insert into settings values (1, 'Old Ltd', '', '', '', '', '1', '', '1', 'UTC', 1, 'GBP', 'en-GB', false, '', 1, '2026-01-01');
		insert into users values ('01890000-0000-7000-8000-000000000001', 'a@example.org', 'A', 'admin', '', 0, null, null, 1, '2026-01-01')`)
	if err != nil {
		t.Fatal(err)
	}
	file, m := backup(t, old)
	if m.Schema != 2 {
		t.Fatalf("schema %d", m.Schema)
	}
	target := bare(t, testkit.EmptyURL(t), t.TempDir())
	restore(t, target, file, false)
	sc, err := target.Store().Schema(t.Context())
	if err != nil || sc.Pending() {
		t.Errorf("schema after the restore: %+v %v", sc, err)
	}
	set, err := target.Store().Settings(t.Context())
	if err != nil || set.CompanyName != "Old Ltd" || !set.MailHold || !strings.Contains(set.MailHoldWhy, "Restored from the backup") {
		t.Errorf("settings: %+v %v", set, err)
	}
	if applied, err := target.Store().Migrate(t.Context()); err != nil || len(applied) != 0 {
		t.Errorf("migrating afterwards: %v %v", applied, err)
	}
}

func TestBackupSaysWhatIsMissing(t *testing.T) {
	k := testkit.New(t)
	var key string
	if err := k.Store.DB(t.Context()).Raw("select file_key from document_versions").Scan(&key).Error; err != nil {
		t.Fatal(err)
	}
	if err := k.Files.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	file, m := backup(t, k.App)
	if len(m.Missing) != 1 || m.Missing[0] != key || len(m.Files) != 0 {
		t.Errorf("missing %v, files %v", m.Missing, m.Files)
	}
	if r := restore(t, testkit.New(t).App, file, false); len(r.Warnings) != 1 {
		t.Errorf("warnings %v", r.Warnings)
	}
}

func TestBackupFileIsNeverHalf(t *testing.T) {
	k := testkit.New(t)
	file, _ := backup(t, k.App)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = k.App.Backup(ctx, app.BackupOptions{File: file, Progress: func(line string) {
		if strings.HasPrefix(line, "files") {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("a cancelled backup succeeded")
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, good) {
		t.Errorf("the older backup was touched: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSecretTravelsWithTheBackup(t *testing.T) {
	k := testkit.New(t)
	file := filepath.Join(t.TempDir(), "b")
	if _, err := k.App.Backup(t.Context(), app.BackupOptions{File: file, Secret: testkit.Secret}); err != nil {
		t.Fatal(err)
	}
	if secret, err := app.BackupSecret(t.Context(), file); err != nil || secret != testkit.Secret {
		t.Errorf("secret %q, %v", secret, err)
	}
	other := testkit.New(t, func(o *app.Options) { o.Keys = token.NewKeys("another secret of the tests, long enough too") })
	if r := restore(t, other.App, file, false); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "links in mails already sent") {
		t.Errorf("warnings %v", r.Warnings)
	}
	both := testkit.New(t, func(o *app.Options) {
		o.Keys = token.NewKeys("another secret of the tests, long enough too", testkit.Secret)
	})
	if r := restore(t, both.App, file, false); len(r.Warnings) != 0 {
		t.Errorf("with both secrets: %v", r.Warnings)
	}
}
