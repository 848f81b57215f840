package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// Here is one test for each of the ten promises, short and in one process. Each is a witness that returns what it found
// broken. It runs against the product, where it must find nothing, and against mutants that break the promise on
// purpose, where it must find just that: a witness that sees nothing is noticed. What a promise means in full is tested
// where the work is done; what it is worth when processes die, internal/crash shows against the real program.

// Commit is the promise: where the database refuses the commit, nobody is told that it was taken.
// Against the real process: TestMutantAnswerBeforeCommit, TestMutantAsynchronousCommit, TestMutantNoTakeover.
func TestPromise1CommitIsThePromise(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		mustExec(t, k, `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$`)
		mustExec(t, k, `create constraint trigger refuse after insert on submissions deferrable initially deferred for each row execute function refuse()`)
		_, err := k.App.SubmitForm(t.Context(), testkit.Submit("ann@example.org"))
		v.must(err != nil, "LOST: a submission was acknowledged whose commit was refused")
		mustExec(t, k, `drop trigger refuse on submissions`)
		if _, err = k.App.SubmitForm(t.Context(), testkit.Submit("bob@example.org")); err != nil {
			t.Fatal(err)
		}
		rows := k.Count("select count(*) from submissions where state = 'received'")
		v.must(rows == 1 && k.Count("select count(*) from river_job where kind = 'submission_accept'") == 1, "LOST: an acknowledged submission or its job is not there")
		return v
	}, breaks("answer-before-commit", "LOST: a submission was acknowledged"))
}

// One intent, one result; and months later, a new one.
// Against the real process: TestMutantNoOnceKey, TestMutantSentBeforeSend, TestMutantDoubleSend.
func TestPromise2OneIntentOneResult(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		var posts sync.WaitGroup
		for range 50 {
			posts.Go(func() { _, _ = k.App.SubmitForm(t.Context(), testkit.Submit("ann@example.org")) })
		}
		posts.Wait()
		k.Mail.Events = true
		k.Mail.Answer = func(m email.Message) email.Result { // it takes the mail, and its answer is lost
			v.must(k.Count("select count(*) from messages where id = ? and state = 'sent'", m.ID) == 0, "UNSENT: a mail counts as sent before it is")
			return email.Result{Outcome: email.Unknown}
		}
		k.Work()
		for what, sql := range map[string]string{"submissions": "select count(*) from submissions", "leads": "select count(*) from leads", "messages": "select count(*) from messages"} {
			n := k.Count(sql)
			v.must(n == 1, "TWICE: 50 equal posts made %d %s", n, what)
		}
		k.Mail.Answer = nil
		for _, m := range k.Mail.All() {
			body := fmt.Sprintf(`[{"event":"delivered","sg_event_id":%q,"timestamp":%d,"message_id":%q}]`, m.ID, k.Clock.Now().Unix(), m.ID)
			if err := k.App.KeepEvents(t.Context(), "sendgrid", []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		taken := len(k.Mail.All())
		k.Clock.Move(time.Hour)
		k.Deliver()
		v.must(len(k.Mail.All()) == taken, "DOUBLE: a mail went out again although its event had come")
		k.Clock.Move(90 * 24 * time.Hour)
		k.Take(testkit.Submit("ann@example.org"))
		k.Deliver()
		v.must(len(k.Mail.All()) > taken, "months later the same person got no new mail")
		return v
	}, breaks("no-once-key", "TWICE"), breaks("sent-before-send", "UNSENT"), breaks("double-send", "DOUBLE"))
}

// Nothing is thrown away in silence: what looks like a robot waits, staff are told, a person releases it, the page is honest.
func TestPromise3NothingInSilence(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		staff := store.User{ID: store.NewID(), Email: "staff@gatehouse.example", Name: "Staff", Role: "marketing", Version: 1, CreatedAt: k.Clock.Now()}
		if err := k.Store.DB(t.Context()).Create(&staff).Error; err != nil {
			t.Fatal(err)
		}
		in := robot("ann@example.org")
		res, err := k.App.SubmitForm(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		page := get(t, site(t, k), "/g/"+app.SampleSlug+"/thanks?r="+res.Receipt)
		v.must(strings.Contains(page, "We look at this first"), "the page does not say that somebody looks at it first")
		k.Clock.Move(time.Hour)
		if err := k.App.Digest(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Deliver()
		v.must(mailsTo(k, staff.Email) == 1, "staff were not told")
		waiting, _, err := k.App.ListQuarantine(t.Context(), false, 10, 0)
		v.must(err == nil && len(waiting) == 1 && waiting[0].Payload != nil && len(waiting[0].Reasons) > 0, "it does not wait with its reasons: %v", err)
		err = k.App.Decide(t.Context(), res.SubmissionID, true, byTest)
		v.must(err == nil, "it cannot be released: %v", err)
		k.Work()
		v.must(mailsTo(k, "ann@example.org") == 1, "released, and yet the person got nothing")
		return v
	}, breaks("silent-discard", "staff were not told", "cannot be released", "the page does not say"))
}

// A visitor's request never waits for a third party: it is answered although whoever calls the provider hangs.
func TestPromise4NoWaitingForOthers(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		called, hangs, answered := make(chan struct{}, 99), make(chan struct{}), make(chan int, 1)
		k.Mail.Answer = func(email.Message) email.Result {
			called <- struct{}{}
			<-hangs
			return email.Result{Outcome: email.Accepted, Status: 202}
		}
		s := site(t, k)
		go func() {
			form := url.Values{"email": {"ann@example.org"}, "given_name": {"Ann"}, "family_name": {"Archer"}, "company": {"Archer"}, "country": {"GB"}}
			answered <- ask(s, http.MethodPost, "/g/"+app.SampleSlug, form, "").Code
		}()
		select {
		case code := <-answered:
			v.must(code == http.StatusSeeOther, "the request failed: %d", code)
		case <-called:
			v.must(false, "WAITS: the request stands at the mail provider")
		}
		close(hangs)
		k.Work()
		v.must(mailsTo(k, "ann@example.org") == 1, "the mail never came")
		return v
	}, breaks("wait-for-provider", "WAITS"))
}

// People are not machines: what a scanner does to a link counts for nothing. Through the pages: TestPersonsPostServesTheFile of internal/web.
func TestPromise5PeopleAreNotMachines(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		k.Take(testkit.Submit("ann@example.org"))
		k.Deliver()
		token := link(t, k.Mail.All()[0])
		o, err := k.App.OpenGrant(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []guard.Hit{
			{Method: "GET", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0", AcceptLanguage: "en", FetchUser: "?1"},
			{Method: "HEAD", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0"},
			{Method: "GET", UserAgent: "Barracuda Sentinel (EE)"},
			{Method: "GET", UserAgent: "Mozilla/5.0 Chrome/141.0", Purpose: "prefetch"},
			{Method: "GET", UserAgent: "Mozilla/5.0 Chrome/141.0", Range: "bytes=0-1"},
		} {
			if err := k.App.SeeHit(t.Context(), o.Grant.ID, "view", app.Visitor{Hit: h}); err != nil {
				t.Fatal(err)
			}
		}
		machine := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: "Barracuda Sentinel (EE)"}}
		_, err = k.App.TakeDocument(t.Context(), token, "download", machine)
		v.must(err == nil, "a machine is refused the file: %v", err)
		v.must(k.Count("select count(*) from hits where reason <> ''") == 6, "raw hits are not kept with their reasons")
		for what, sql := range map[string]string{
			"downloads": "select count(*) from downloads", "confirmed addresses": "select count(*) from lead_addresses where confirmed_at is not null",
			"confirmed values": "select count(*) from lead_values where state = 'confirmed'", "human hits": "select count(*) from hits where label = 'human'",
		} {
			n := k.Count(sql)
			v.must(n == 0, "machines made %d %s", n, what)
		}
		_, err = k.App.TakeDocument(t.Context(), token, "download", person())
		v.must(err == nil && k.Count("select count(*) from downloads") == 1, "the link is burnt for the person: %v", err)
		return v
	}, breaks("machines-are-people", "machines made 1 downloads", "confirmed values"))
}

// The address says who you are, and anyone can type anyone's: a stranger changes nothing, and a forwarded link shows nothing.
func TestPromise6AnyoneCanTypeAnyonesAddress(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		k.Take(as("ann.archer@example.org", "Ann", "Archer"))
		k.Deliver()
		mail := k.Mail.All()[0]
		prefs := preferences(t, mail)
		if _, err := k.App.TakeDocument(t.Context(), link(t, mail), "download", person()); err != nil {
			t.Fatal(err)
		}
		if err := k.App.Choose(t.Context(), prefs, app.ChoiceRequested, "preferences"); err != nil {
			t.Fatal(err)
		}
		k.Clock.Move(time.Hour)
		stranger := as("ann.archer@example.org", "Mallory", "Malice")
		stranger.Input.Fields["tel"], stranger.Input.Consents["marketing"] = "+44 20 7946 0000", true
		k.Take(stranger)
		v.must(k.Count("select count(*) from leads where given_name = 'Ann' and family_name = 'Archer'") == 1, "a claim replaced a confirmed value")
		v.must(k.Count("select count(*) from leads") == 1, "one address is two people")
		choice, err := k.App.Preferences(t.Context(), prefs)
		v.must(err == nil && choice == app.ChoiceRequested, "a claim lifted a withdrawal: %s, %v", choice, err)
		s := site(t, k)
		for what, path := range map[string]string{"a forwarded link": "/d/" + link(t, mail), "the preferences": "/u/" + prefs, "a form": "/g/" + app.SampleSlug} {
			body := get(t, s, path)
			for _, secret := range []string{"ann.archer", "Archer", "Mallory", "Malice", "7946"} {
				v.must(!strings.Contains(body, secret), "%s shows %q to whoever opens it", what, secret)
			}
		}
		return v
	}, breaks("claim-overwrites", "replaced a confirmed value"), breaks("link-shows-data", "a forwarded link shows"))
}

// A requested document is sent even to somebody who unsubscribed from marketing, and marketing mail never is.
func TestPromise7RequestedIsSent(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		k.Take(testkit.Submit("ann@example.org"))
		k.Deliver()
		if err := k.App.Choose(t.Context(), preferences(t, k.Mail.All()[0]), app.ChoiceRequested, "one-click"); err != nil {
			t.Fatal(err)
		}
		k.Clock.Move(48 * time.Hour)
		k.Take(testkit.Submit("ann@example.org"))
		k.Deliver()
		v.must(mailsTo(k, "ann@example.org") == 2, "NOT SENT: a requested document, to somebody who unsubscribed from marketing")
		var news store.Message
		if err := k.Store.DB(t.Context()).Where("lead_id is not null").Order("created_at").Take(&news).Error; err != nil {
			t.Fatal(err)
		}
		news.ID, news.Kind, news.State, news.DueAt, news.SentAt = store.NewID(), string(email.Marketing), store.MessagePending, k.Clock.Now(), nil
		for kind, address := range map[string]string{"hard_bounce": "b@example.org", "spam_report": "s@example.org", "never": "n@example.org"} {
			k.Take(testkit.Submit(address))
			stop := store.Suppression{AddressKey: k.App.AddressKey(address), Kind: kind, At: k.Clock.Now()}
			if err := k.Store.DB(t.Context()).Create(&stop).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Store.DB(t.Context()).Create(&news).Error; err != nil {
			t.Fatal(err)
		}
		k.Deliver()
		for _, m := range k.Mail.All() {
			v.must(m.Kind != email.Marketing, "SENT: marketing mail to somebody who unsubscribed")
			v.must(m.To == "ann@example.org", "SENT: a mail to %s, which must not be written to", m.To)
		}
		v.must(k.Count("select count(*) from messages where state = 'ended' and reason <> ''") == 4, "what was not sent does not say why")
		return v
	}, breaks("unsubscribed-stops-all", "NOT SENT"))
}

// Every number opens the rows that it counts, an erased person's among them. All figures and filters: TestEveryFigureOpensItsRows of internal/web.
func TestPromise8EveryNumberOpens(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		for _, address := range []string{"ann@example.org", "bob@example.org", "cat@example.org"} {
			k.Take(testkit.Submit(address))
			k.Deliver()
			mails := k.Mail.All()
			if _, err := k.App.TakeDocument(t.Context(), link(t, mails[len(mails)-1]), "read", person()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.App.SubmitForm(t.Context(), robot("robot@example.org")); err != nil {
			t.Fatal(err)
		}
		if _, err := k.App.EraseAddress(t.Context(), "cat@example.org", byTest); err != nil {
			t.Fatal(err)
		}
		s := site(t, k)
		cookie := login(t, k, s)
		snap, err := k.App.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		today := report.DayOf(k.Clock.Now(), snap.Settings.Zone())
		f := report.Filter{From: today.Add(-6), To: today, Zone: snap.Settings.Zone()}
		sum := int64(0)
		for _, r := range report.List() {
			rows, err := report.Run(t.Context(), k.Store.Pool(), r, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for col, n := range row.Figures {
					path := r.Drill(f, row.Key, col)
					opened := strings.Count(ask(s, http.MethodGet, path, nil, cookie).Body.String(), `class="row-link"`)
					v.must(int64(opened) == n, "%s, %s: %d is counted, %s shows %d", r.Name, row.Key, n, path, opened)
					sum += n
				}
			}
		}
		v.must(sum > 20, "the figures count nearly nothing: %d in all", sum)
		return v
	}, breaks("number-without-rows", "3 is counted"))
}

// Every decision explains itself: a verdict is the sum of its reasons, and a mail that waits, ends or comes back says why.
func TestPromise9EveryDecisionExplainsItself(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		first := k.Take(testkit.Submit("ann@example.org"))
		k.Deliver()
		for _, in := range []app.Submit{robot("robot@example.org"), testkit.Submit("info@example.org")} {
			if _, err := k.App.SubmitForm(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		held := testkit.Submit("ann@example.org")
		held.Input.Fields["job_title"] = "Chair"
		k.Take(held) // the same document went a moment ago
		o, err := k.Store.Outcome(t.Context(), first.SubmissionID)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.App.KeepEvents(t.Context(), "sendgrid", bounce(*o.MessageID, "bounce", k.Clock.Now())); err != nil {
			t.Fatal(err)
		}
		applyAll(t, k)
		k.Take(testkit.Submit("refused@example.org"))
		k.Mail.Answer = func(email.Message) email.Result { return email.Result{Outcome: email.Refused, Status: 400} }
		k.Deliver()
		k.Take(testkit.Submit("lost@example.org"))
		k.Mail.Events, k.Mail.Answer = true, func(email.Message) email.Result { return email.Result{Outcome: email.Unknown} }
		k.Deliver()
		k.Clock.Move(24 * time.Hour)
		k.Deliver() // what was held meets the bounce
		v.must(k.Count("select count(*) from submissions where verdict = 'quarantine'") == 1, "no verdict to explain")
		for what, sql := range map[string]string{
			"verdicts are not the sum of their reasons": `select count(*) from submissions s
				where weight <> (select coalesce(sum((r->>'weight')::int), 0) from jsonb_array_elements(s.reasons) r)`,
			"reasons say nothing":           "select count(*) from submissions, jsonb_array_elements(reasons) r where coalesce(r->>'sentence', '') = '' or coalesce(r->>'code', '') = ''",
			"messages do not say their why": "select count(*) from messages where (state in ('held','unknown','ended') or delivery in ('dropped','blocked','bounced','spamreport')) and reason = ''",
		} {
			n := k.Count(sql)
			v.must(n == 0, "UNEXPLAINED: %d %s", n, what)
		}
		states := k.Count("select count(distinct case when delivery = 'bounced' then delivery else state end) from messages where reason <> ''")
		v.must(states >= 3, "only %d states of messages were tried", states)
		return v
	}, breaks("verdict-without-reasons", "verdicts are not the sum"))
}

// Erased is erased, in every column of every table; a fact without a person remains. Files, logs and backups:
// TestErasedIsErasedEverywhere and those beside it.
func TestPromise10ErasedIsErased(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		id := happens(t, k)
		facts := k.Count("select count(*) from submissions")
		if _, err := k.App.EraseLead(t.Context(), id, byTest); err != nil {
			t.Fatal(err)
		}
		for _, column := range stillHold(t, k) {
			v.must(false, "%s still holds the person", column)
		}
		v.must(k.Count("select count(*) from submissions") == facts && k.Count("select count(*) from leads where state = 'erased' and merged_into is null") == 1, "the fact is gone with the person")
		return v
	}, breaks("half-erased", "visits.utm_source still holds", "hits.user_agent still holds"))
}
