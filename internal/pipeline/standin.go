package pipeline

import (
	"math/big"
	"time"

	"github.com/google/uuid"
)

// Person is somebody who may be given leads.
type Person struct {
	ID       uuid.UUID
	Name     string
	Sells    bool // may log in, has not left, has working hours
	Deputies []Deputy
	Zone     *time.Location // that the days away are whole days of; nil: UTC
}

// Deputy is who stands in during an absence; Nil where none was named.
type Deputy struct {
	Absence
	Deputy uuid.UUID
}

// away tells whether somebody is away at a time, until which day, and who stands in.
func (p *Person) away(at time.Time) (deputy uuid.UUID, until string, yes bool) {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, d := range p.Deputies {
		if !at.Before(d.From) && at.Before(d.Until) {
			return d.Deputy, d.Until.Add(-time.Minute).In(zone).Format("2 January"), true
		}
	}
	return uuid.Nil, "", false
}

// state is "" for somebody who can be given a lead now.
func (r *Router) state(id uuid.UUID, refused map[uuid.UUID]bool) string {
	p := r.world.People[id]
	switch {
	case p == nil || !p.Sells:
		return LoadGone
	case refused[id]:
		return LoadRefused
	}
	if _, _, away := p.away(r.world.Now); away {
		return LoadAway
	}
	return ""
}

// standIn is the person, or who stands in for them while they are away: the deputy, the deputy's deputy, and so on, never
// twice the same. Nil where nobody can: in the place of somebody who had the lead before nobody gets it either. why goes on
// from the name.
func (r *Router) standIn(id uuid.UUID, refused map[uuid.UUID]bool) (_ uuid.UUID, why string) {
	who, seen := " ", map[uuid.UUID]bool{}
	for !seen[id] {
		seen[id] = true
		switch r.state(id, refused) {
		case LoadGone:
			return uuid.Nil, why + who + "gets no leads any more"
		case LoadRefused:
			return uuid.Nil, why + who + "had this lead before"
		case "":
			return id, why
		}
		deputy, until, _ := r.world.People[id].away(r.world.Now)
		why += who + "is away until " + until
		if deputy == uuid.Nil {
			return uuid.Nil, why + " and named no deputy"
		}
		why += "; deputy " + r.name(deputy)
		id, who = deputy, ", who "
	}
	return uuid.Nil, why + ", who is away too"
}

// forTeam is who stands in for a member who is away, when nobody of the team is left: of the member whose turn it is, where
// what the deputy got from this rotation counts too. Nil where nobody can.
func (r *Router) forTeam(t *Team, loads []Load, refused map[uuid.UUID]bool) (meant, deputy uuid.UUID, stands string) {
	var least *big.Rat
	for _, l := range loads { // members with smaller loads come first
		if l.State != LoadAway {
			continue
		}
		d, why := r.standIn(l.User, refused)
		if d == uuid.Nil || t.has(d) { // a member who could take it would have been chosen
			continue
		}
		load := big.NewRat(int64(l.Had)+int64(t.Guests[d])*1000, int64(l.Weight)*1000)
		if least == nil || load.Cmp(least) < 0 {
			least, meant, deputy, stands = load, l.User, d, why
		}
	}
	return meant, deputy, stands
}

// Meant is whose the lead is: the owner's, or theirs in whose place the owner stands in.
func (c Choice) Meant() uuid.UUID {
	if c.Why.ForID != nil {
		return *c.Why.ForID
	}
	return c.Owner
}

// inPlaceOf says in whose place a deputy gets the lead.
func (r *Router) inPlaceOf(meant, got uuid.UUID, c Choice) Choice {
	if meant != got {
		c.Why.For, c.Why.ForID = r.name(meant), &meant
	}
	return c
}
