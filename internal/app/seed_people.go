package app

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// arrivals are the moments at which people come, oldest first: few at weekends and at night, slowly more over the weeks.
func (s *sower) arrivals(n int) []time.Time {
	var hours []time.Time
	var sums []float64
	total := 0.0
	span := s.end.Sub(s.start).Hours()
	for at := s.start; at.Before(s.end); at = at.Add(time.Hour) {
		local := at.In(s.zone)
		growth := 0.8 + 0.4*at.Sub(s.start).Hours()/span
		total += seedDays[local.Weekday()] * seedHours[local.Hour()] * growth
		hours, sums = append(hours, at), append(sums, total)
	}
	out := make([]time.Time, n)
	for i := range out {
		h := sort.SearchFloat64s(sums, s.rnd.Float64()*total)
		at := hours[min(h, len(hours)-1)].Add(time.Duration(s.rnd.Int64N(int64(time.Hour))))
		if latest := s.end.Add(-2 * time.Minute); at.After(latest) { // all of it is over: nothing waits
			at = latest
		}
		out[i] = at.Truncate(time.Millisecond)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Before(out[j]) })
	return out
}

type seedCompany struct {
	id           uuid.UUID
	name, domain string
	people       int
}

// company is one that is known already, the more so the more people it has, or a new one.
func (s *sower) company(at time.Time) *seedCompany {
	if len(s.companies) > 0 && s.rnd.Float64() < 0.6 {
		c := s.companies[s.rnd.IntN(len(s.companies))]
		if other := s.companies[s.rnd.IntN(len(s.companies))]; other.people > c.people && other.people < 40 {
			c = other
		}
		return c
	}
	name := s.fake.LastName()
	if s.rnd.IntN(3) == 0 {
		name += " & " + s.fake.LastName()
	}
	name += " " + seedTrades[s.rnd.IntN(len(seedTrades))]
	c := &seedCompany{name: name + pick(s, seedForms), domain: slug(name) + ".example"}
	for i := 2; s.domains[c.domain] != uuid.Nil; i++ {
		c.domain = fmt.Sprintf("%s-%d.example", slug(name), i)
	}
	c.id = s.id(at)
	s.domains[c.domain] = c.id
	s.companies = append(s.companies, c)
	s.report.Companies++
	s.rows.company(c, at)
	return c
}

// slug keeps small letters and hyphens.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// seedPerson is somebody who comes once or more.
type seedPerson struct {
	lead, address uuid.UUID
	company       *seedCompany
	ad            lead.Address
	answers       map[string]string
	country       string
	agent         string
	source        seedSource
	grant         uuid.UUID
	confirmed     *time.Time
	visits        []*seedVisit
}

// seedVisit is one request and what came of it.
type seedVisit struct {
	id, message uuid.UUID
	at          time.Time
	gate        seedGate
	source      seedSource
	agreed      bool
	fate        string // of the mail: "", delivered, bounced, deferred
	view        *time.Time
	take        *time.Time
	kind        string // read, download
	scanned     bool
}

// person makes one person with everything that happened.
func (s *sower) person(at time.Time) {
	if s.rnd.Float64() < 0.03 { // beside the people, what looks like a robot
		s.quarantined(at)
	}
	p := s.somebody(s.company(at))
	coming := at
	for range 4 {
		p.visits = append(p.visits, s.visit(p, coming))
		last := p.visits[len(p.visits)-1]
		if last.fate == "bounced" || s.rnd.Float64() > 0.17 {
			break
		}
		next := coming.Add(26*time.Hour + time.Duration(s.rnd.Int64N(int64(30*24*time.Hour)))).Truncate(time.Millisecond)
		if next.After(s.end.Add(-2 * time.Minute)) {
			break
		}
		coming = next
	}
	p.lead, p.address, p.grant = s.id(at), s.id(at), s.id(at)
	s.leads = append(s.leads, p.lead)
	s.rows.person(s, p)
	s.report.Leads++
}

func (s *sower) somebody(at *seedCompany) *seedPerson {
	p := &seedPerson{company: at, country: pick(s, seedCountries), agent: pick(s, seedAgents), source: pick(s, seedSources)}
	given, family := s.fake.FirstName(), s.fake.LastName()
	local := slug(given) + "." + slug(family)
	address := local + "@" + p.company.domain
	for i := 2; s.addresses[address]; i++ {
		address = fmt.Sprintf("%s%d@%s", local, i, p.company.domain)
	}
	s.addresses[address] = true
	p.company.people++
	p.ad, _ = lead.ParseAddress(address)
	p.answers = map[string]string{"email": address, "given_name": given, "family_name": family, "company": p.company.name, "country": p.country}
	if s.rnd.IntN(5) > 0 {
		p.answers["job_title"] = pick(s, seedTitles)
	}
	return p
}

// visit is one request: its mail's fate, who opened the link, and whether a person took the document.
func (s *sower) visit(p *seedPerson, at time.Time) *seedVisit {
	v := &seedVisit{id: s.id(at), message: s.id(at.Add(time.Second)), at: at, gate: s.gates[0], source: p.source, agreed: s.rnd.Float64() < 0.34}
	if len(s.gates) > 1 && s.rnd.IntN(4) == 0 {
		v.gate = s.gates[1]
	}
	if len(p.visits) > 0 {
		v.source = pick(s, seedSources)
	}
	v.fate = pick(s, []weighted[string]{{93, "delivered"}, {3, "bounced"}, {1, "deferred"}, {3, ""}})
	v.scanned = s.rnd.IntN(4) == 0
	if v.fate != "delivered" || s.rnd.Float64() > 0.66 {
		return v
	}
	view := at.Add(20*time.Second + time.Duration(s.rnd.ExpFloat64()*float64(5*time.Hour))).Truncate(time.Millisecond)
	if view.After(s.end.Add(-time.Minute)) {
		return v
	}
	v.view = &view
	if s.rnd.Float64() < 0.82 {
		take := view.Add(3*time.Second + time.Duration(s.rnd.Int64N(int64(40*time.Second)))).Truncate(time.Millisecond)
		v.take, v.kind = &take, pick(s, []weighted[string]{{3, "download"}, {1, "read"}})
		if p.confirmed == nil {
			p.confirmed = &take
		}
	}
	return v
}

// quarantined is what looked like a robot: the older ones are decided, the last days' wait for staff.
func (s *sower) quarantined(at time.Time) {
	p := s.somebody(&seedCompany{name: "Links " + s.fake.LastName(), domain: "links.example"})
	age := time.Duration(s.rnd.IntN(2000)) * time.Millisecond
	agents := []string{"python-requests/2.32", "curl/8.9", "Go-http-client/2.0"}
	agent := agents[s.rnd.IntN(len(agents))]
	verdict := guard.Judge(guard.Evidence{Door: "page", HoneypotFilled: true, UserAgent: agent, FormAge: &age, Values: p.answers}, guard.DefaultSettings())
	reasons := make([]store.Reason, 0, len(verdict.Reasons))
	for _, r := range verdict.Reasons {
		reasons = append(reasons, store.Reason{Code: r.Code, Weight: r.Weight, Sentence: r.Sentence})
	}
	state, decided := store.StateQuarantined, at
	if s.end.Sub(at) > 3*24*time.Hour {
		state, decided = store.StateDiscarded, at.Add(time.Duration(1+s.rnd.IntN(20))*time.Hour)
	}
	p.agent = agent
	v := &seedVisit{id: s.id(at), at: at, gate: s.gates[0], source: p.source}
	s.rows.submission(s, p, v, seedVerdict{verdict: "quarantine", weight: verdict.Weight, reasons: reasons, state: state, at: decided})
	s.report.Quarantined++
}
