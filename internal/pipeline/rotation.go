package pipeline

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Member is one place in a team's rotation within the current period. A turn is one lead that the rotation gave.
type Member struct {
	User     uuid.UUID
	Weight   int       // of the share, at least 1
	Turns    int       // in the period
	Credit   int       // thousandths of a turn, with which a newcomer or returner starts at the team's average
	CreditAt time.Time // when the credit was given; zero: never in this period
	BackAt   time.Time // when the member last joined or came back within the period; zero: there since its start
	Capacity int       // leads a day, 0: no limit
	Today    int       // leads of today, from wherever
	Last     time.Time // when the rotation last chose the member; zero: never
}

// load is what is compared: (turns + credit) / weight.
func (m Member) load() *big.Rat {
	return big.NewRat(int64(m.Turns)*1000+int64(m.Credit), int64(max(1, m.Weight))*1000)
}

func (m Member) full() bool { return m.Capacity > 0 && m.Today >= m.Capacity }

// Credit is what a newcomer or returner is given.
type Credit struct {
	Team   uuid.UUID
	User   uuid.UUID
	Credit int
	Why    string
}

// Team is a rotation.
type Team struct {
	ID      uuid.UUID
	Name    string
	Members []Member
	Guests  map[uuid.UUID]int // turns of those who are no members: deputies, when all of the team were away
}

func (t *Team) has(user uuid.UUID) bool {
	return slices.ContainsFunc(t.Members, func(m Member) bool { return m.User == user })
}

// CountGuest counts turns of somebody who is no member; of a member it counts none.
func (t *Team) CountGuest(user uuid.UUID, turns int) {
	if t.has(user) {
		return
	}
	if t.Guests == nil {
		t.Guests = map[uuid.UUID]int{}
	}
	t.Guests[user] += turns
}

// Load is what one member had when the choice was made: turns and credit are thousandths of a lead.
type Load struct {
	User   uuid.UUID `json:"user"`
	Name   string    `json:"name"`
	Had    int       `json:"had"` // thousandths of a lead, credit included
	Credit int       `json:"credit,omitempty"`
	Weight int       `json:"weight"`
	State  string    `json:"state"` // chosen, more, later, away, full, refused, gone
}

// The states of a Load.
const (
	LoadChosen  = "chosen"
	LoadMore    = "more"    // had more for its weight
	LoadLater   = "later"   // had the same, and was chosen more recently
	LoadLevel   = "level"   // had the same, was chosen as long ago or never, and comes after in the order of the house
	LoadAway    = "away"    // is away
	LoadFull    = "full"    // has as many leads today as the daily capacity allows
	LoadRefused = "refused" // has declined, returned or let go of this lead before
	LoadGone    = "gone"    // sells no longer, or has no working hours
)

// settle gives credit to those who joined or came back since they were last credited: each starts at the average of the
// others who are there, never below what it has. present tells who is there.
func (t *Team) settle(present func(uuid.UUID) bool) []Credit {
	var out []Credit
	var there []*Member
	var fresh []*Member
	for i := range t.Members {
		m := &t.Members[i]
		switch {
		case !present(m.User):
		case !m.BackAt.IsZero() && m.CreditAt.Before(m.BackAt):
			fresh = append(fresh, m)
		default:
			there = append(there, m)
		}
	}
	sum := new(big.Rat)
	for _, m := range there {
		sum.Add(sum, m.load())
	}
	for _, m := range fresh {
		why := "joined or came back; nobody else was there to start level with"
		if len(there) > 0 {
			average := new(big.Rat).Quo(sum, big.NewRat(int64(len(there)), 1))
			if average.Cmp(m.load()) > 0 {
				m.Credit = thousandths(average, m.Weight) - m.Turns*1000
			}
			why = "joined or came back; starts at the team's average of " + decimal(average) + " for each weight"
		}
		m.CreditAt = m.BackAt
		out = append(out, Credit{t.ID, m.User, m.Credit, why})
	}
	return out
}

// Reweigh is the credit with which a member's load stays what it was when the weight changes: the share of what is still to
// come is another one, and nothing is made up for.
func (m Member) Reweigh(weight int) int {
	return thousandths(m.load(), weight) - m.Turns*1000
}

// thousandths is a load times a weight, in thousandths of a turn, rounded to the nearest.
func thousandths(load *big.Rat, weight int) int {
	x := new(big.Rat).Mul(load, big.NewRat(int64(max(1, weight))*1000, 1))
	x.Add(x, big.NewRat(1, 2))
	return int(new(big.Int).Div(x.Num(), x.Denom()).Int64())
}

// decimal is a load with one place.
func decimal(x *big.Rat) string { return x.FloatString(1) }

// next chooses whose turn it is among those of whom state says "": the smallest load; of equal ones the one that was
// chosen longest ago, then the smaller id. -1: nobody. The comparison lists all members, the chosen one first.
func (t *Team) next(state func(*Member) string, name func(uuid.UUID) string) (int, []Load) {
	best := -1
	loads := make([]Load, len(t.Members))
	for i := range t.Members {
		m := &t.Members[i]
		loads[i] = Load{User: m.User, Name: name(m.User), Had: m.Turns*1000 + m.Credit, Credit: m.Credit, Weight: max(1, m.Weight), State: state(m)}
		if loads[i].State == "" && m.full() {
			loads[i].State = LoadFull
		}
		if loads[i].State == "" && (best < 0 || before(m, &t.Members[best])) {
			best = i
		}
	}
	for i := range loads {
		switch {
		case loads[i].State != "":
		case i == best:
			loads[i].State = LoadChosen
		case t.Members[i].load().Cmp(t.Members[best].load()) == 0 && t.Members[i].Last.Equal(t.Members[best].Last):
			loads[i].State = LoadLevel
		case t.Members[i].load().Cmp(t.Members[best].load()) == 0:
			loads[i].State = LoadLater
		default:
			loads[i].State = LoadMore
		}
	}
	order := map[string]int{LoadChosen: 0, LoadLevel: 1, LoadLater: 1, LoadMore: 2, LoadFull: 3, LoadAway: 4, LoadRefused: 5, LoadGone: 6}
	slices.SortStableFunc(loads, func(a, b Load) int {
		if d := order[a.State] - order[b.State]; d != 0 {
			return d
		}
		if d := big.NewRat(int64(a.Had), int64(a.Weight)).Cmp(big.NewRat(int64(b.Had), int64(b.Weight))); d != 0 {
			return d
		}
		return bytes.Compare(a.User[:], b.User[:])
	})
	return best, loads
}

func before(a, b *Member) bool {
	if d := a.load().Cmp(b.load()); d != 0 {
		return d < 0
	}
	if !a.Last.Equal(b.Last) {
		return a.Last.Before(b.Last)
	}
	return bytes.Compare(a.User[:], b.User[:]) < 0
}

// namedLoads is how many members a sentence compares; the data holds all.
const namedLoads = 5

// compared says what the members had: "Ana had 3.0, Ben 3.5 of weight 2; Cleo is away".
func compared(loads []Load) string {
	var had, out []string
	verb, more := " had ", 0
	for _, l := range loads {
		switch l.State {
		case LoadChosen, LoadMore, LoadLater, LoadLevel:
			if len(had) == namedLoads {
				more++
				continue
			}
			s := l.Name + verb + Tenths(l.Had)
			if l.Weight != 1 {
				s += " of weight " + strconv.Itoa(l.Weight)
			}
			switch l.State {
			case LoadLater:
				s += " and was asked more recently"
			case LoadLevel:
				s += " and comes later"
			}
			had, verb = append(had, s), " "
		default:
			out = append(out, l.Name+" "+map[string]string{LoadAway: "is away", LoadFull: "has no room today", LoadRefused: "had it before", LoadGone: "does not sell"}[l.State])
		}
	}
	if more > 0 {
		had = append(had, fmt.Sprintf("%d others as much or more", more))
	}
	parts := []string{strings.Join(had, ", ")}
	if len(out) > namedLoads {
		out = append(out[:namedLoads], fmt.Sprintf("%d more could not", len(out)-namedLoads))
	}
	if len(had) == 0 {
		parts = nil
	}
	if len(out) > 0 {
		parts = append(parts, strings.Join(out, ", "))
	}
	return strings.Join(parts, "; ")
}

// Tenths writes thousandths of a lead with one place, rounded the same everywhere: 4250 is "4.3".
func Tenths(thousandth int) string {
	return big.NewRat(int64(thousandth), 1000).FloatString(1)
}
