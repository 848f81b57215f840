package app

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// house is what routing looks at: settings, who sells and when, teams with their turns, the published rules.
type house struct {
	now      time.Time
	zone     *time.Location
	settings store.SalesSettings
	rules    *store.RuleSet // nil: none are published
	routing  pipeline.Routing
	period   time.Time
	staff    map[uuid.UUID]*staffer
	teams    map[uuid.UUID]store.Team
	teamsOf  map[uuid.UUID][]uuid.UUID // of each member, the first one joined first
	world    *pipeline.World
	alerts   map[uuid.UUID]int // of the last quarter of an hour, by owner, once they were counted

	facts     map[uuid.UUID]*lead.Facts // of the leads that routing asked about
	templates []readyTemplate           // of plans, once they were read
}

// staffer is one member of staff as routing sees them. Those who do not sell may lead a team.
type staffer struct {
	store.User
	Profile  store.UserProfile
	Absences []store.Absence // those that are not long over, in order
	Calendar pipeline.Calendar
}

// present tells whether somebody still works here.
func (s *staffer) present() bool { return s.DisabledAt == nil && s.Profile.LeftAt == nil }

// sells tells whether somebody may be given leads.
func (s *staffer) sells() bool {
	role := auth.Role(s.Role)
	return s.present() && (role == auth.Sales || role == auth.Admin)
}

// PeriodOf is the day on which the rotation's period of a moment began, as the column holds it.
func PeriodOf(at time.Time, kind string, weekStart int16, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	switch kind {
	case "week":
		back := (int(at.In(zone).Weekday()) - int(weekStart) + 7) % 7
		return time.Date(y, m, d-back, 0, 0, 0, 0, time.UTC)
	case "quarter":
		return time.Date(y, (m-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// inZone is the moment at which a day of a date column begins in a zone.
func inZone(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// house reads all of it. With lock, nobody else chooses from the teams' rotations until the transaction ends.
func (a *App) house(db *store.Query, lock bool) (*house, error) {
	h := &house{now: a.now(), staff: map[uuid.UUID]*staffer{}, teams: map[uuid.UUID]store.Team{}, teamsOf: map[uuid.UUID][]uuid.UUID{}, alerts: map[uuid.UUID]int{}}
	var general store.Settings
	if err := db.Where("id = 1").Take(&general).Error; err != nil {
		return nil, err
	}
	var err error
	if h.settings, err = store.ReadSalesSettings(db); err != nil {
		return nil, err
	}
	h.zone = general.Zone()
	h.period = PeriodOf(h.now, h.settings.RotationPeriod, general.WeekStart, h.zone)
	teams, err := store.Teams(db, lock)
	if err != nil {
		return nil, err
	}
	for _, t := range teams {
		h.teams[t.ID] = t
	}
	if h.rules, err = publishedRouting(db); err != nil {
		return nil, err
	}
	if h.rules != nil {
		if err := json.Unmarshal(h.rules.Definition, &h.routing); err != nil {
			return nil, err
		}
	}
	if err := h.readStaff(db); err != nil {
		return nil, err
	}
	if err := h.readTeams(db); err != nil {
		return nil, err
	}
	a.unfair(h.world)
	return h, nil
}

// unfair is the mutants of the rotation: what routing is told is not so.
func (a *App) unfair(w *pipeline.World) {
	if a.o.Mutant == "" {
		return
	}
	for _, t := range w.Teams {
		for i := range t.Members {
			if a.mutant("weight-ignored") {
				t.Members[i].Weight = 1
			}
			if a.mutant("newcomer-at-zero") {
				t.Members[i].BackAt = time.Time{}
			}
		}
	}
	for _, p := range w.People {
		for i := range p.Deputies {
			if a.mutant("no-deputy") {
				p.Deputies[i].Deputy = uuid.Nil
			}
		}
	}
}

func publishedRouting(db *store.Query) (*store.RuleSet, error) {
	var rows []store.RuleSet
	err := db.Where("kind = 'routing' and state = 'published'").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func (h *house) readStaff(db *store.Query) error {
	var users []store.User
	if err := db.Order("created_at, id").Find(&users).Error; err != nil {
		return err
	}
	var profiles []store.UserProfile
	if err := db.Find(&profiles).Error; err != nil {
		return err
	}
	var absences []store.Absence
	if err := db.Where("ends_at > ?", inZone(h.period, h.zone).Add(-48*time.Hour)).Order("starts_at, id").Find(&absences).Error; err != nil {
		return err
	}
	var days []store.Holiday
	if err := db.Where("day between ? and ?", h.now.AddDate(-1, 0, 0), h.now.AddDate(2, 0, 0)).Find(&days).Error; err != nil {
		return err
	}
	for _, u := range users {
		h.staff[u.ID] = &staffer{User: u}
	}
	for _, p := range profiles {
		if s := h.staff[p.UserID]; s != nil {
			s.Profile = p
		}
	}
	for _, x := range absences {
		if s := h.staff[x.UserID]; s != nil {
			s.Absences = append(s.Absences, x)
		}
	}
	free := map[string]map[pipeline.Day]string{}
	for _, s := range h.staff {
		region := s.Profile.HolidayRegion
		if _, ok := free[region]; !ok {
			free[region] = holidaysOf(region, days, h.now)
		}
		s.Calendar = calendarOf(s.Profile, s.Absences, free[region], h.zone)
	}
	return nil
}

// holidaysOf are the public holidays of a region with what staff added and took away. Those of the region "" hold for all.
func holidaysOf(region string, changes []store.Holiday, now time.Time) map[pipeline.Day]string {
	out := pipeline.Holidays(region, now.Year()-1, now.Year()+2)
	for _, c := range changes {
		if c.Region != region && c.Region != "" {
			continue
		}
		day := pipeline.DayOf(c.Day, time.UTC)
		if c.Works {
			delete(out, day)
		} else {
			out[day] = c.Name
		}
	}
	return out
}

// calendarOf is when somebody works; whoever has said nothing works office hours in the installation's zone.
func calendarOf(p store.UserProfile, absences []store.Absence, free map[pipeline.Day]string, zone *time.Location) pipeline.Calendar {
	c := pipeline.Calendar{Zone: zone, Week: p.Hours, Holidays: free}
	if z, err := time.LoadLocation(p.TimeZone); err == nil && p.TimeZone != "" {
		c.Zone = z
	}
	if c.Week.Empty() {
		c.Week = pipeline.OfficeWeek()
	}
	for _, x := range absences {
		c.Absences = append(c.Absences, pipeline.Absence{From: x.StartsAt, Until: x.EndsAt})
	}
	return c
}

func (h *house) readTeams(db *store.Query) error {
	h.world = &pipeline.World{Now: h.now, People: map[uuid.UUID]*pipeline.Person{}, Teams: map[uuid.UUID]*pipeline.Team{}}
	for id, s := range h.staff {
		p := &pipeline.Person{ID: id, Name: s.Name, Sells: s.sells(), Zone: s.Calendar.Zone}
		for _, x := range s.Absences {
			d := pipeline.Deputy{Absence: pipeline.Absence{From: x.StartsAt, Until: x.EndsAt}}
			if x.DeputyID != nil {
				d.Deputy = *x.DeputyID
			}
			p.Deputies = append(p.Deputies, d)
		}
		h.world.People[id] = p
	}
	h.world.Fallback = h.fallback()
	var members []store.TeamMember
	if err := db.Order("joined_at, user_id, team_id").Find(&members).Error; err != nil {
		return err
	}
	var places []store.RotationPlace
	if err := db.Where("period = ?", h.period).Find(&places).Error; err != nil {
		return err
	}
	today, err := h.countToday(db, members)
	if err != nil {
		return err
	}
	for id, t := range h.teams {
		h.world.Teams[id] = &pipeline.Team{ID: id, Name: t.Name}
	}
	for _, m := range members {
		t := h.world.Teams[m.TeamID]
		if t == nil {
			continue
		}
		h.teamsOf[m.UserID] = append(h.teamsOf[m.UserID], m.TeamID)
		x := pipeline.Member{User: m.UserID, Weight: int(m.Weight), Capacity: int(m.DailyCapacity), Today: today[m.UserID], BackAt: h.backAt(m)}
		if i := slices.IndexFunc(places, func(p store.RotationPlace) bool { return p.TeamID == m.TeamID && p.UserID == m.UserID }); i >= 0 {
			p := places[i]
			x.Turns, x.Credit = int(p.Turns), int(p.Credit)
			if p.LastAt != nil {
				x.Last = *p.LastAt
			}
			if p.CreditAt != nil {
				x.CreditAt = *p.CreditAt
			}
		}
		t.Members = append(t.Members, x)
	}
	for _, p := range places {
		if t := h.world.Teams[p.TeamID]; t != nil {
			t.CountGuest(p.UserID, int(p.Turns))
		}
	}
	return nil
}

// backAt is when a member last joined the team, or sold again, or came back from an absence, within the period; zero when
// neither.
func (h *house) backAt(m store.TeamMember) time.Time {
	began := inZone(h.period, h.zone)
	last := m.JoinedAt
	if s := h.staff[m.UserID]; s != nil {
		for _, x := range s.Absences {
			if !x.EndsAt.After(h.now) && x.EndsAt.After(last) {
				last = x.EndsAt
			}
		}
	}
	if last.Before(began) {
		return time.Time{}
	}
	return last
}

// countToday counts the leads of today of those who have a daily capacity; what was taken away again left room.
func (h *house) countToday(db *store.Query, members []store.TeamMember) (map[uuid.UUID]int, error) {
	var capped []uuid.UUID
	for _, m := range members {
		if m.DailyCapacity > 0 {
			capped = append(capped, m.UserID)
		}
	}
	out := map[uuid.UUID]int{}
	if len(capped) == 0 {
		return out, nil
	}
	y, m, d := h.now.In(h.zone).Date()
	var rows []struct {
		OwnerID uuid.UUID
		N       int
	}
	err := db.Raw("select owner_id, count(*) as n from assignments where owner_id in ? and at >= ? and (state <> 'reassigned' or close_reason = ?) group by 1",
		capped, time.Date(y, m, d, 0, 0, 0, 0, h.zone), store.TakenNoResponse).Scan(&rows).Error
	for _, r := range rows {
		out[r.OwnerID] = r.N
	}
	return out, err
}

// email is the address of the first of some people who is there, as conditions know an owner; "" for nobody.
func (h *house) email(people ...uuid.UUID) string {
	for _, id := range people {
		if s := h.staff[id]; s != nil {
			return s.Email
		}
	}
	return ""
}

// fallback is who is asked when nobody else is left: whoever is named, then the admins, the oldest account first.
func (h *house) fallback() []uuid.UUID {
	var out []uuid.UUID
	if f := h.settings.FallbackUserID; f != nil && h.staff[*f] != nil && h.staff[*f].sells() {
		out = append(out, *f)
	}
	var admins []*staffer
	for _, s := range h.staff {
		if auth.Role(s.Role) == auth.Admin && s.sells() {
			admins = append(admins, s)
		}
	}
	slices.SortFunc(admins, func(x, y *staffer) int {
		if d := x.CreatedAt.Compare(y.CreatedAt); d != 0 {
			return d
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	for _, s := range admins {
		if !slices.Contains(out, s.ID) {
			out = append(out, s.ID)
		}
	}
	return out
}

// standIn is who acts for somebody now: themselves, or along their deputies; themselves again where no deputy is there.
func (h *house) standIn(id uuid.UUID) uuid.UUID {
	seen := map[uuid.UUID]bool{}
	for at := id; !seen[at]; {
		seen[at] = true
		s := h.staff[at]
		if s == nil || !s.sells() {
			return id
		}
		x := s.absence(h.now)
		if x == nil {
			return at
		}
		if x.DeputyID == nil {
			return id
		}
		at = *x.DeputyID
	}
	return id
}

// absence is the one that somebody is on; nil while they are here.
func (s *staffer) absence(now time.Time) *store.Absence {
	for i := range s.Absences {
		if x := &s.Absences[i]; !now.Before(x.StartsAt) && now.Before(x.EndsAt) {
			return x
		}
	}
	return nil
}
