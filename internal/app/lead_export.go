package app

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
)

var exportHead = []string{"id", "state", "given_name", "family_name", "email", "confirmed", "company", "job_title", "tel", "country", "source", "gate",
	"submissions", "downloads", "marketing_consent", "first_asked", "last_asked", "legal_basis", "basis_covers"}

// enteredByHand are the rights by which leads by hand are kept, and the ways of approaching them that these cover, with those
// of the leads that were merged into them: what the contact policy goes by.
const enteredByHand = `with recursive up(origin, id) as (select o.lead_id, o.lead_id from lead_origins o
		union all select u.origin, l.merged_into from up u join leads l on l.id = u.id and l.merged_into is not null),
	hand(lead_id, basis, covers) as (select u.id, string_agg(distinct o.legal_basis, ' '), string_agg(distinct c.way, ' ')
		from up u join lead_origins o on o.lead_id = u.origin left join lateral jsonb_array_elements_text(o.covers) c(way) on true group by u.id) `

// agreedToMarketing is lead.Consent in SQL, for lead l: a confirmed consent that was not withdrawn since. What nobody
// confirmed, and a box left empty, change nothing.
const agreedToMarketing = `select 1 from consents c where c.lead_id = l.id and c.purpose = '` + purposeMarketing + `' and c.given and c.state = 'confirmed'
	and not exists (select 1 from consents w where w.lead_id = c.lead_id and w.purpose = c.purpose and not w.given and w.how <> 'form' and w.at >= c.at)`

// ExportLeads writes a view of the leads as CSV (UTF-8 with a byte order mark, RFC 4180), line by line, and leaves a line
// in the audit log before the first. Formulas are defused. filter says in the log what was chosen, without what was
// searched for: that may be somebody's address. flush, called now and then, may be nil.
func (a *App) ExportLeads(ctx context.Context, w io.Writer, f LeadFilter, filter map[string]any, by store.Actor, flush func()) error {
	if err := a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(by, "leads.export", "leads", "", filter) }); err != nil {
		return err
	}
	where, args := f.where()
	rows, err := a.store.DB(ctx).Raw(enteredByHand+`select l.id::text, l.state, l.given_name, l.family_name, l.email,
			exists (select 1 from lead_addresses a where a.lead_id = l.id and a.confirmed_at is not null), l.company, l.job_title, l.tel, l.country, l.source,
			`+gateTitle+`, l.submissions, (select count(*) from downloads d where d.lead_id = l.id),
			exists (`+agreedToMarketing+`),
			l.created_at, l.last_at, coalesce(h.basis, ''), coalesce(h.covers, '')
		from leads l left join hand h on h.lead_id = l.id left join gates g on g.id = l.first_gate_id left join gate_versions v on v.id = g.published_version_id
		where `+where+" order by "+f.order(), args...).Rows()
	if err != nil {
		return a.store.Translate(err)
	}
	defer func() { _ = rows.Close() }()
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(exportHead); err != nil {
		return err
	}
	for n := 1; rows.Next(); n++ {
		var t [11]string // id, state, given, family, email, company, job, tel, country, source, gate
		var confirmed, consent bool
		var submissions, downloads int64
		var first, last time.Time
		var basis, covers string
		err := rows.Scan(&t[0], &t[1], &t[2], &t[3], &t[4], &confirmed, &t[5], &t[6], &t[7], &t[8], &t[9], &t[10], &submissions, &downloads, &consent, &first, &last, &basis, &covers)
		if err != nil {
			return a.store.Translate(err)
		}
		for i := range t {
			t[i] = DefuseCell(t[i])
		}
		err = out.Write([]string{t[0], t[1], t[2], t[3], t[4], yesNo(confirmed), t[5], t[6], t[7], t[8], t[9], t[10], strconv.FormatInt(submissions, 10),
			strconv.FormatInt(downloads, 10), yesNo(consent), first.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339), basis, covers})
		if err != nil {
			return err
		}
		if n%500 == 0 && flush != nil {
			out.Flush()
			flush()
		}
	}
	if err := rows.Err(); err != nil {
		return a.store.Translate(err)
	}
	out.Flush()
	return out.Error()
}

// DefuseCell makes a text harmless in a spreadsheet: what a program would take for a formula is led by an apostrophe, and
// NUL, which ends a cell early in some of them, is taken out (OWASP, "CSV Injection").
func DefuseCell(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
