package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadFilter is a view of the leads: what the list shows, what its export writes, and what a figure opens. Did is "asked"
// (or "", the same) or "opened"; From (included) and To (not included), GateID and Source speak of that act. With Since,
// it is the first such act at or after Since that lies between From and To. Sort is name, company, first or last.
type LeadFilter struct {
	Search    string
	Did       string
	From, To  *time.Time
	Since     *time.Time
	GateID    string
	Source    string
	Confirmed string // yes, no, ""
	State     string // active, erased, ""
	Company   *uuid.UUID
	Returned  string     // the reason with which sales gave it back
	BackSince *time.Time // since when it came back
	Sort      string
	Ascending bool
	Sight     Sight // what the reader may see
}

// LeadLine is one line of the list. Mail is the last message to the lead, nil when there is none.
type LeadLine struct {
	store.Lead
	Confirmed bool
	Gate      string // title of the gate where they asked first
	Downloads int
	Grade     string         // "" while it is not scored
	Total     int            // lines of the view in all
	Mail      *store.Message `gorm:"-"`
}

var leadOrders = map[string]string{
	"name": "lower(coalesce(nullif(l.family_name, ''), l.email))", "company": "lower(l.company)", "first": "l.created_at", "last": "l.last_at",
}

// where gives the condition on leads l.
func (f LeadFilter) where() (string, []any) {
	conds, args := []string{"true"}, []any{}
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	for i, word := range strings.Fields(f.Search) {
		if i == 5 {
			break
		}
		like := "%" + likeEscape.Replace(word) + "%"
		add(`(l.given_name || ' ' || l.family_name || ' ' || l.company ilike ? or l.id in (select a.lead_id from lead_addresses a where a.address like ?)
			or l.company_id in (select c.id from companies c where c.name ilike ?))`, like, strings.ToLower(like), like)
	}
	if !f.Sight.All() {
		cond, seen := f.Sight.OnHeld("l.owner_id", "l.id")
		add(cond, seen...)
	}
	if f.State != "" {
		add("l.state = ?", f.State)
	}
	if f.Company != nil {
		add("l.company_id = ?", *f.Company)
	}
	if f.Returned != "" {
		since := time.Time{}
		if f.BackSince != nil {
			since = *f.BackSince
		}
		add(report.ReturnedLeads, f.Returned, since)
	}
	switch f.Confirmed {
	case "yes":
		add("exists (select 1 from lead_addresses a where a.lead_id = l.id and a.confirmed_at is not null)")
	case "no":
		add("not exists (select 1 from lead_addresses a where a.lead_id = l.id and a.confirmed_at is not null)")
	}
	if cond, a := f.act(); cond != "" {
		add(cond, a...)
	}
	return strings.Join(conds, " and "), args
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// act is the condition on what the lead did; "" when any lead will do.
func (f LeadFilter) act() (string, []any) {
	if f.Did != "opened" && f.From == nil && f.To == nil && f.Since == nil && f.GateID == "" && f.Source == "" {
		return "", nil
	}
	from, at, gate := "outcomes o join submissions s on s.id = o.submission_id", "s.received_at", "s.gate_id"
	lead, source, counted := "o.lead_id", report.SourceOf, report.Counted
	if f.Did == "opened" {
		from, at, gate, lead, source, counted = "downloads d", "d.at", "d.gate_id", "d.lead_id", report.SourceOfDownload, "true"
	}
	conds, args := []string{counted}, []any{}
	add := func(cond string, a any) { conds, args = append(conds, cond), append(args, a) }
	if f.GateID != "" {
		add(gate+"::text = ?", f.GateID)
	}
	if f.Source != "" {
		add(source+" = ?", f.Source)
	}
	first := "distinct " + lead
	group := ""
	if f.Since != nil {
		add(at+" >= ?", *f.Since)
		first, group = lead, " group by 1 having true"
		if f.From != nil {
			group, args = group+" and min("+at+") >= ?", append(args, *f.From)
		}
		if f.To != nil {
			group, args = group+" and min("+at+") < ?", append(args, *f.To)
		}
	} else {
		if f.From != nil {
			add(at+" >= ?", *f.From)
		}
		if f.To != nil {
			add(at+" < ?", *f.To)
		}
	}
	return "l.id in (select " + first + " from " + from + " where " + strings.Join(conds, " and ") + group + ")", args
}

func (f LeadFilter) order() string {
	by, ok := leadOrders[f.Sort]
	if !ok {
		by = leadOrders["last"]
	}
	way := " desc"
	if f.Ascending {
		way = ""
	}
	return by + way + ", l.id" + way
}

// ListLeads reads one page of a view, and how many lines it has in all.
func (a *App) ListLeads(ctx context.Context, f LeadFilter, limit, offset int) (lines []LeadLine, total int, err error) {
	where, args := f.where()
	db := a.store.DB(ctx)
	fits, page := "", "select l.* from leads l"
	if where != "true" { // what fits is looked for once, and counted and cut from that
		fits = "fits as materialized (select l.id from leads l where " + where + "), "
		page += " join fits on fits.id = l.id"
	}
	count := "(select count(*) from " + map[bool]string{true: "leads", false: "fits"}[fits == ""] + ")"
	err = db.Raw(`with `+fits+`page as materialized (`+page+` order by `+f.order()+` limit ? offset ?)
		select l.*, exists (select 1 from lead_addresses a where a.lead_id = l.id and a.confirmed_at is not null) as confirmed,
			`+gateTitle+` as gate, (select count(*) from downloads d where d.lead_id = l.id) as downloads, coalesce(c.grade, '') as grade, `+count+` as total
		from page l left join scores c on c.lead_id = l.id left join gates g on g.id = l.first_gate_id left join gate_versions v on v.id = g.published_version_id
		order by `+f.order(), append(args, limit, offset)...).Scan(&lines).Error
	if err != nil {
		return nil, 0, a.store.Translate(err)
	}
	if len(lines) == 0 {
		if offset > 0 {
			err = db.Raw("select count(*) from leads l where "+where, args...).Scan(&total).Error
		}
		return nil, total, a.store.Translate(err)
	}
	total = lines[0].Total
	ids := make([]uuid.UUID, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	var mails []store.Message
	err = db.Raw("select distinct on (lead_id) * from messages where lead_id in ? and kind <> 'staff' order by lead_id, created_at desc, id desc", ids).Scan(&mails).Error
	last := map[uuid.UUID]*store.Message{}
	for i := range mails {
		last[*mails[i].LeadID] = &mails[i]
	}
	for i := range lines {
		lines[i].Mail = last[lines[i].ID]
	}
	return lines, total, a.store.Translate(err)
}

// gateTitle is the title of gate g with its published version v.
const gateTitle = "coalesce(nullif(v.definition->>'title', ''), nullif(g.draft->>'title', ''), g.slug, '')"

// GateName is what a list calls a gate.
type GateName struct {
	ID    uuid.UUID
	Slug  string
	Title string
}

// GateNames lists every gate, by title.
func (a *App) GateNames(ctx context.Context) (out []GateName, err error) {
	err = a.store.DB(ctx).Raw("select g.id, g.slug, " + gateTitle + " as title from gates g left join gate_versions v on v.id = g.published_version_id order by 3, 2").Scan(&out).Error
	return out, a.store.Translate(err)
}

// SubmissionFilter is a view of the submissions. State is a state, or "" for those that count as asked.
type SubmissionFilter struct {
	From, To *time.Time
	GateID   string
	Source   string
	State    string
	Sight    Sight // what the reader may see
}

// SubmissionLine is one line of the list. Address and the lead's name are empty once the person is erased.
type SubmissionLine struct {
	store.Submission
	Gate       string
	Source     string
	Address    string
	LeadID     *uuid.UUID
	GivenName  string
	FamilyName string
}

// ListSubmissions reads one page of a view, the newest first, and how many lines it has in all.
func (a *App) ListSubmissions(ctx context.Context, f SubmissionFilter, limit, offset int) (lines []SubmissionLine, total int, err error) {
	conds, args := []string{report.Counted}, []any{}
	if f.State != "" {
		conds[0], args = "s.state = ?", append(args, f.State)
	}
	if !f.Sight.All() {
		cond, seen := f.Sight.OnLead("o.lead_id")
		conds, args = append(conds, "s.id in (select o.submission_id from outcomes o where "+cond+")"), append(args, seen...)
	}
	if a.mutant("number-without-rows") {
		conds = append(conds, "s.state <> 'erased'")
	}
	for _, c := range []struct {
		set  bool
		cond string
		arg  any
	}{
		{f.From != nil, "s.received_at >= ?", f.From}, {f.To != nil, "s.received_at < ?", f.To},
		{f.GateID != "", "s.gate_id::text = ?", f.GateID}, {f.Source != "", report.SourceOf + " = ?", f.Source},
	} {
		if c.set {
			conds, args = append(conds, c.cond), append(args, c.arg)
		}
	}
	where := " where " + strings.Join(conds, " and ")
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from submissions s"+where, args...).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	err = db.Raw(`select s.*, `+report.SourceOf+` as source, coalesce(p.address, '') as address, o.lead_id, coalesce(l.given_name, '') as given_name,
		coalesce(l.family_name, '') as family_name, `+gateTitle+` as gate
		from submissions s left join submission_payloads p on p.submission_id = s.id left join outcomes o on o.submission_id = s.id
		left join leads l on l.id = o.lead_id join gates g on g.id = s.gate_id left join gate_versions v on v.id = g.published_version_id`+
		where+" order by s.received_at desc, s.id desc limit ? offset ?", append(args, limit, offset)...).Scan(&lines).Error
	return lines, total, a.store.Translate(err)
}
