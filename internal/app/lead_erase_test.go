package app_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

var byTest = store.Actor{Kind: "command", Name: "test"}

// canary is in every text that the person gives, and in nothing else.
const canary = "xqzcanary"

// theCanary fills every field, the source and what the network tells with unmistakable text.
func theCanary() app.Submit {
	in := testkit.Submit("Ann." + canary + "@Archers-" + canary + ".example")
	for _, f := range []string{"given_name", "family_name", "company", "job_title"} {
		in.Input.Fields[f] = f + " " + canary
	}
	in.UserAgent += " " + canary
	in.Source = store.Source{UTMSource: canary + "s", UTMMedium: "cpc-" + canary, UTMCampaign: canary + "c", UTMTerm: canary + "t", UTMContent: canary + "n",
		Referrer: "https://" + canary + ".example/from", Page: "https://gatehouse.example/g/" + canary}
	return in
}

// colleague is a second person of the same company, who must come to no harm.
func colleague() app.Submit {
	in := testkit.Submit("bob@archers-" + canary + ".example")
	in.Input.Fields["given_name"], in.Input.Fields["family_name"], in.Input.Fields["company"] = "Bob", "Brown", "The archery"
	return in
}

func canaryAddress() string { return "ann." + canary + "@archers-" + canary + ".example" }

func everything(t *testing.T) (*testkit.Kit, uuid.UUID) {
	t.Helper()
	k := testkit.New(t)
	return k, happens(t, k)
}

// happens is everything to the canary: a mail that is kept as well, events, hits, downloads, a submission in quarantine.
func happens(t *testing.T, k *testkit.Kit) uuid.UUID {
	t.Helper()
	sub := k.Take(theCanary())
	k.Take(colleague())
	k.Deliver()
	robot := theCanary()
	robot.Input.Fields["job_title"] = "Robot " + canary
	robot.Honeypot, robot.Language = "filled", ""
	robot.UserAgent = "curl/8 " + canary
	if res, err := k.App.SubmitForm(t.Context(), robot); err != nil || res.Status != "quarantined" {
		t.Fatalf("not quarantined: %+v %v", res, err)
	}
	later := theCanary()
	later.Input.Fields["job_title"] = "Chair " + canary
	k.Take(later) // held
	o, err := k.Store.Outcome(t.Context(), sub.SubmissionID)
	if err != nil || o == nil {
		t.Fatal(err)
	}
	for _, m := range k.Mail.All() {
		if m.ID == *o.MessageID {
			if err := (app.Inbox{Store: k.Store}).Keep(t.Context(), m, []byte("To: "+m.To)); err != nil {
				t.Fatal(err)
			}
			link := m.Text[strings.Index(m.Text, "/d/")+3:]
			link = strings.Fields(link)[0]
			since := time.Hour
			v := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: theCanary().UserAgent, AcceptLanguage: "en", FetchUser: "?1", SinceSent: &since}, IP: theCanary().IP}
			if _, err := k.App.TakeDocument(t.Context(), link, "download", v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := k.App.KeepEvents(t.Context(), "sendgrid", bounce(*o.MessageID, "before", k.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	if err := k.Store.DB(t.Context()).Exec(`update messages set reason = ? where id = ?`, canary, *o.MessageID).Error; err != nil {
		t.Fatal(err)
	}
	mustExec(t, k, `update attempts set reason = ? where message_id = ?`, canary, *o.MessageID)
	mustExec(t, k, `insert into provider_events (event_id, at, received_at, provider, type, message_id, machine, reason, raw) values ('old', now(), now(), 'sendgrid', 'bounce', null, false, ?, ?::jsonb)`, canaryAddress(), `{"email":"`+canaryAddress()+`"}`)
	mustExec(t, k, `insert into suppressions (address_key, kind, reason, message_id, at, lifted_at) values (decode(?, 'hex'), 'hard_bounce', ?, null, now(), null)`, hex.EncodeToString(k.App.AddressKey(canaryAddress())), canary)
	mustExec(t, k, `insert into audit_log (id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail) values (gen_random_uuid(), now(), 'user', null, 'Staff', 'lead.edit', 'lead', ?, ?::jsonb)`, o.LeadID.String(), `{"was":"`+canary+`"}`)
	mustExec(t, k, `update lead_addresses set strict_key = address`)
	happensInSales(t, k, o.LeadID)
	return o.LeadID
}

func mustExec(t *testing.T, k *testkit.Kit, sql string, args ...any) {
	t.Helper()
	if err := k.Store.DB(t.Context()).Exec(sql, args...).Error; err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func bounce(id uuid.UUID, event string, at time.Time) []byte {
	return fmt.Appendf(nil, `[{"email":%q,"event":"bounce","type":"bounce","status":"5.1.1","reason":"550 no such user %s here <%s>","sg_event_id":%q,
		"timestamp":%d,"message_id":%q,"kind":"requested","ip":"203.0.113.9","useragent":"%s/1","smtp-id":"<%s>","url":"https://x.example/d/%s"}]`,
		canaryAddress(), canary, canaryAddress(), event, at.Unix(), id, canary, canary, canary)
}

// dump is every row of every table as text, by "table" and by "table.column".
func dump(t *testing.T, k *testkit.Kit) map[string]string {
	t.Helper()
	out := map[string]string{}
	var tables []string
	db := k.Store.DB(t.Context())
	if err := db.Raw("select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r','p')").Scan(&tables).Error; err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var columns []string
		if err := db.Raw("select column_name from information_schema.columns where table_schema = 'public' and table_name = ?", table).Scan(&columns).Error; err != nil {
			t.Fatal(err)
		}
		for _, c := range columns {
			var text string
			q := fmt.Sprintf(`select coalesce(string_agg(case when pg_typeof(%[1]q) = 'bytea'::regtype then encode(%[1]q::text::bytea, 'escape') || convert_from(decode(replace(%[1]q::text, '\x', ''), 'hex'), 'LATIN1')
				else %[1]q::text end, E'\n'), '') from %[2]q`, c, table)
			if err := db.Raw(q).Scan(&text).Error; err != nil {
				q = fmt.Sprintf(`select coalesce(string_agg(%q::text, E'\n'), '') from %q`, c, table)
				if err := db.Raw(q).Scan(&text).Error; err != nil {
					t.Fatalf("%s.%s: %v", table, c, err)
				}
			}
			out[table+"."+c] = text
		}
	}
	return out
}

func withCanary(columns map[string]string) (out []string) {
	for name, text := range columns {
		if strings.Contains(strings.ToLower(text), canary) {
			out = append(out, name)
		}
	}
	return out
}

// stillHold names the columns that hold something of the canary and not of the colleague, who is of the same company.
func stillHold(t *testing.T, k *testkit.Kit) (out []string) {
	t.Helper()
	left := dump(t, k)
	for _, c := range withCanary(left) {
		text := strings.ToLower(left[c])
		switch {
		case c == "company_domains.domain", !strings.Contains(strings.ReplaceAll(text, "bob@archers-"+canary, ""), canary):
		case c == "lead_addresses.domain" && strings.Count(text, canary) == 1:
		default:
			out = append(out, c)
		}
	}
	return out
}

// The columns that are personal and hold nothing of a prospect, or keep what names nobody.
var notOfProspects = map[string]string{
	"settings.contact_email":       "staff's own address",
	"users.email":                  "staff",
	"users.name":                   "staff",
	"users.password_hash":          "staff",
	"sessions.data":                "staff",
	"login_attempts.account_key":   "staff, a keyed hash",
	"login_attempts.block_key":     "staff, a keyed hash",
	"api_keys.name":                "named by staff",
	"audit_log.actor_name":         "staff",
	"alarms.sentence":              "names documents and transports, never a person",
	"leads.source":                 "a word of a closed list of channels",
	"remote_objects.remote_id":     "an id in another system, kept until that was told",
	"remote_companies.known_by":    "a keyed hash of a company, as another system keeps it",
	"remote_users.name":            "staff",
	"remote_users.email":           "staff",
	"contact_choices.tel":          "digits only, so no canary fits; blanked with the rest",
	"leads.tel":                    "digits only, so no canary fits; blanked with the rest",
	"leads.country":                "a code of a closed list; blanked with the rest",
	"submission_payloads.flags":    "codes of the form's checks; the row is deleted",
	"submission_payloads.block":    "a network block; the row is deleted",
	"submission_payloads.consents": "our own texts; the row is deleted",
	"hits.block":                   "a network block; blanked",
	"messages.data":                "staff mail only; blanked with the rest",
	"captured_mails.subject":       "our own text; the row is deleted",
	"captured_mails.html":          "holds the link only; the row is deleted",
	"captured_mails.text":          "holds the link only; the row is deleted",
	"captured_mails.unsubscribe":   "holds the link only; the row is deleted",
	"suppressions.address_key":     "a keyed hash, kept so that nobody writes there again",
	"erasures.address_keys":        "keyed hashes, kept so that a restored backup can be cleansed",
}

func TestErasedIsErasedEverywhere(t *testing.T) {
	k, id := everything(t)
	before := dump(t, k)
	held := map[string]bool{}
	for _, c := range withCanary(before) {
		held[c] = true
	}
	checkPersonalColumnsAreTried(t, k, held)
	rec, err := k.App.EraseLead(t.Context(), id, byTest)
	if err != nil {
		t.Fatal(err)
	}
	if rec.LeadID != id || len(rec.Counts) == 0 {
		t.Errorf("receipt: %+v", rec)
	}
	for _, c := range stillHold(t, k) {
		t.Errorf("%s still holds the person", c)
	}
	if n := k.Count("select count(*) from leads where state = 'active' and given_name = 'Bob' and company = 'The archery' and company_id is not null"); n != 1 {
		t.Error("the colleague came to harm")
	}
	if n := k.Count("select count(*) from companies where name = 'The archery'"); n != 1 {
		t.Error("the company keeps the erased person's text, or is gone")
	}
	if n := k.Count("select count(*) from suppressions where kind = 'hard_bounce'"); n != 1 {
		t.Error("the suppression is gone: we might write there again")
	}
	if n := k.Count("select count(*) from river_job where args::text ilike '%" + canary + "%' or errors::text ilike '%" + canary + "%'"); n != 0 {
		t.Error("a job holds the person")
	}
	filesHoldNo(t, k.Dir)
	if strings.Contains(strings.ToLower(k.Log.String()), canary) {
		t.Error("the log holds the person")
	}
	if r := verify(t, k); !r.OK() {
		t.Errorf("verify after the erasure: %+v", r.Unexplained)
	}
	sent := len(k.Mail.All())
	k.Clock.Move(48 * time.Hour)
	k.Deliver()
	if len(k.Mail.All()) != sent {
		t.Error("a mail went to somebody who was erased")
	}
}

// checkPersonalColumnsAreTried sees that the test's person was in every column that may hold one.
func checkPersonalColumnsAreTried(t *testing.T, k *testkit.Kit, held map[string]bool) {
	t.Helper()
	for column, tag := range tags(t, k) {
		if tag != "personal" || held[column] {
			continue
		}
		if _, ok := notOfProspects[column]; !ok {
			t.Errorf("%s may hold a person, but the test put none there: erase it, and try it here", column)
		}
	}
}

// tags are the comments of every column of our own tables.
func tags(t *testing.T, k *testkit.Kit) map[string]string {
	t.Helper()
	var rows []struct{ Name, Tag string }
	err := k.Store.DB(t.Context()).Raw(`select c.relname || '.' || a.attname as name, coalesce(col_description(c.oid, a.attnum), '') as tag
		from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where n.nspname = 'public' and c.relkind in ('r','p') and not c.relispartition and c.relname not like 'river%' and c.relname not like 'goose%'`).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		t.Fatal("no columns", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.Name] = r.Tag
	}
	return out
}

func TestEveryColumnSaysWhetherItIsPersonal(t *testing.T) {
	for column, tag := range tags(t, testkit.New(t)) {
		if tag != "personal" && tag != "not personal" && column != "schema_minimum.id" {
			t.Errorf("%s has the tag %q: say in a migration whether it is 'personal' or 'not personal'", column, tag)
		}
	}
}

func filesHoldNo(t *testing.T, dir string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		b, err := os.ReadFile(path)
		if strings.Contains(strings.ToLower(path+string(b)), canary) {
			t.Errorf("%s holds the person", path)
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Errorf("%d files: %v", seen, err)
	}
	info, err := os.Stat(filepath.Join(dir, "erasures.jsonl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the list of the erased: %v, %v", info, err)
	}
}

func TestEraseByAddress(t *testing.T) {
	k := testkit.New(t)
	robot := theCanary()
	robot.Honeypot, robot.UserAgent, robot.Language = "filled", "curl/8", ""
	if res, err := k.App.SubmitForm(t.Context(), robot); err != nil || res.Status != "quarantined" {
		t.Fatalf("not quarantined: %+v %v", res, err)
	}
	rec, err := k.App.EraseAddress(t.Context(), " "+strings.ToUpper(canaryAddress()), byTest)
	if err != nil || rec.LeadID != uuid.Nil {
		t.Fatalf("%+v, %v", rec, err)
	}
	if left := withCanary(dump(t, k)); len(left) > 0 {
		t.Errorf("still in %v", left)
	}
	if n := k.Count("select count(*) from submissions where state = 'erased'"); n != 1 {
		t.Error("the submission does not say that it was erased")
	}
	for _, address := range []string{canaryAddress(), "nobody@nowhere.example"} {
		if _, err := k.App.EraseAddress(t.Context(), address, byTest); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := k.App.EraseAddress(t.Context(), "no address", byTest); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	if _, err := k.App.EraseLead(t.Context(), uuid.New(), byTest); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

func TestErasingOneWhoCorrectedTheAddress(t *testing.T) {
	k := testkit.New(t)
	wrong := theCanary()
	wrong.Input.Fields["email"] = "an@wrong.example"
	first := k.Take(wrong)
	base := testkit.Submit("")
	second, err := k.App.CorrectAddress(t.Context(), app.SampleSlug, first.Receipt, canaryAddress(), "", base)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.App.AcceptSubmissions(t.Context(), []uuid.UUID{second.SubmissionID}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.App.EraseAddress(t.Context(), canaryAddress(), byTest); err != nil {
		t.Fatal(err)
	}
	if left := withCanary(dump(t, k)); len(left) > 0 {
		t.Errorf("still in %v", left)
	}
}

func oneText(t *testing.T, k *testkit.Kit, sql string, args ...any) string {
	t.Helper()
	var out string
	if err := k.Store.DB(t.Context()).Raw(sql+" limit 1", args...).Scan(&out).Error; err != nil {
		t.Fatal(err)
	}
	return out
}
