package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

const openWork = `select (select count(*) from submissions where state in ('received','released'))
	+ (select count(*) from messages where state in ('pending','sending','unknown','held'))
	+ (select count(*) from river_job where kind in ('submission_accept','message_deliver','provider_events_apply') and state not in ('completed','cancelled','discarded'))`

// settles waits until everything that was promised has been done; the error says what is left.
func (w *world) settles(within time.Duration) error {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	return proc.Poll(ctx, 100*time.Millisecond, func() error {
		if n := w.number(openWork); n > 0 {
			return fmt.Errorf("%d things are still open: %s", n, w.open())
		}
		return nil
	})
}

func (w *world) open() string {
	var text string
	err := w.pool.QueryRow(w.t.Context(), `select coalesce(string_agg(line, ', '), '') from (
		select 'submission ' || state || ' ' || count(*) as line from submissions where state in ('received','released') group by state
		union all select 'message ' || state || ' ' || count(*) from messages where state in ('pending','sending','unknown','held') group by state
		union all select 'push to ' || c.kind || ' ' || p.state || ' ' || (p.due_at <= now()) || ' tries ' || p.tries || ' making ' || (p.making is not null) || ' ' || p.reason || ' ' || count(*) from pushes p join connectors c on c.id = p.connector_id where p.state in ('waiting','sending') group by c.kind, p.state, p.due_at <= now(), p.tries, p.making is not null, p.reason
		union all select 'job ' || kind || ' ' || state || ' ' || count(*) from river_job where state not in ('completed','cancelled','discarded') group by kind, state) x`).Scan(&text)
	if err != nil {
		return err.Error()
	}
	return text
}

// fate is what became of one address.
type fate struct {
	submission                             uuid.UUID
	submissions, outcomes, leads, messages int
	message                                uuid.UUID
	state                                  string
	second                                 bool
	unknown                                int // tries whose answer got lost
}

// audit compares what people were told with what the database holds and what the provider took. It returns every
// violation: none is what the product promises.
func (w *world) audit(loads ...*load) (faults []string) {
	w.t.Helper()
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	fates := w.fates()
	people := 0
	mailed := map[string]int{}
	for _, m := range w.double.All() {
		mailed[m.To]++
	}
	for _, l := range loads {
		faults = append(faults, l.faults...)
		people += len(l.acks)
		for address, receipt := range l.acks {
			id, err := w.submissionOf(receipt)
			if err != nil {
				fault("%s was given a receipt that is none: %v", address, err)
				continue
			}
			f, ok := fates[address]
			switch {
			case !ok || f.submission != id && f.submissions == 1:
				fault("LOST: %s was acknowledged and is not there", address)
				continue
			case f.submissions != 1 || f.outcomes != 1 || f.leads != 1 || f.messages != 1:
				fault("TWICE: %s has %d submissions, %d outcomes, %d leads, %d messages", address, f.submissions, f.outcomes, f.leads, f.messages)
				continue
			}
			if why := w.mailedRight(f, mailed[address]); why != "" {
				fault("%s: %s", address, why)
			}
		}
	}
	if n := w.number("select count(*) from submissions"); n != people {
		fault("%d submissions are stored for %d people", n, people)
	}
	return faults
}

// mailedRight: exactly once; without events exactly once but for those that are marked.
func (w *world) mailedRight(f fate, toAddress int) string {
	n := w.double.Accepted(f.message.String())
	switch {
	case n != toAddress:
		return fmt.Sprintf("the provider took %d mails to the address and %d of the message", toAddress, n)
	case n == 0:
		return fmt.Sprintf("UNSENT: never mailed, the message is %q", f.state)
	case f.state != "sent":
		return fmt.Sprintf("mailed, and the message is %q", f.state)
	case n > 1 && !w.o.noEvents:
		return fmt.Sprintf("DOUBLE: mailed %d times although events arrive (marked: %v)", n, f.second)
	case n > 1 && !f.second:
		return fmt.Sprintf("DOUBLE: mailed %d times and not marked", n)
	case n > 1+f.unknown:
		return fmt.Sprintf("DOUBLE: mailed %d times with %d lost answers", n, f.unknown)
	}
	return ""
}

func (w *world) fates() map[string]fate {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select p.address, (array_agg(s.id))[1], count(distinct s.id), count(distinct o.submission_id), count(distinct l.id),
			count(distinct m.id), coalesce((array_agg(m.id))[1], '00000000-0000-0000-0000-000000000000'), coalesce(min(m.state), ''), coalesce(bool_or(m.second_send), false),
			coalesce((select count(*) from attempts t where t.outcome = 'unknown' and t.message_id = (array_agg(m.id))[1]), 0)
		from submission_payloads p join submissions s on s.id = p.submission_id left join outcomes o on o.submission_id = s.id
		left join leads l on l.email = p.address left join lead_addresses a on a.address = p.address left join messages m on m.address_id = a.id
		group by p.address`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]fate{}
	for rows.Next() {
		var address string
		var f fate
		if err := rows.Scan(&address, &f.submission, &f.submissions, &f.outcomes, &f.leads, &f.messages, &f.message, &f.state, &f.second, &f.unknown); err != nil {
			w.t.Fatal(err)
		}
		out[address] = f
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// backlogPace is the slowest pace at which a backlog may be worked off: many kills in a row leave thousands of people to mail.
const backlogPace = 25 * time.Millisecond

// clean fails the test for every violation, and asks the program's own witness.
func (w *world) clean(within time.Duration, loads ...*load) {
	w.t.Helper()
	people, retries, busy := 0, 0, 0
	for _, l := range loads {
		people, retries, busy = people+len(l.acks), retries+l.retries, busy+l.busy
	}
	within += time.Duration(people) * backlogPace
	if err := w.settles(within); err != nil {
		w.t.Errorf("not everything was done within %s: %v", within, err)
	}
	show(w, w.audit(loads...))
	w.verify()
	w.t.Logf("%d people acknowledged, %d tries repeated (%d after a 503), %d mails taken, %d answers lost, %d second sends marked", people, retries, busy,
		len(w.double.All()), w.number("select count(*) from attempts where outcome = 'unknown'"), w.number("select count(*) from messages where second_send"))
}

func show(w *world, faults []string) {
	w.t.Helper()
	for i, f := range faults {
		if i == 10 {
			w.t.Errorf("... and %d more", len(faults)-i)
			return
		}
		w.t.Error(f)
	}
}

// blames are what verify cannot explain, in its own words.
var blames = regexp.MustCompile(`"(kind|sentence)": "[^"]*"`)

// verify runs the product's own reconciliation: it must find nothing unexplained.
func (w *world) verify() {
	w.t.Helper()
	code, out, text := proc.Run(w.t, w.options(), "verify", "--json")
	if code != 0 {
		w.t.Errorf("verify exits %d: %q %.500s", code, blames.FindAllString(out, 20), text)
		return
	}
	if !json.Valid([]byte(out)) {
		w.t.Errorf("verify --json prints no JSON: %.300s", out)
	}
}
