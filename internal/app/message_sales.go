package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// mailMoment is how mails write a time, in the zone of their reader.
const mailMoment = "Monday 2 January, 15:04"

// composeSales renders what those who sell are told. It is written when it goes out: what is over by then is not sent.
func (a *App) composeSales(ctx context.Context, m store.Message, u store.User, settings store.Settings, v *email.View) error {
	db := a.store.DB(ctx)
	zone, err := zoneOf(db, u.ID)
	if err != nil {
		return a.store.Translate(err)
	}
	if m.Template == email.TemplateAssignedDigest {
		return a.composeDigest(db, m, zone, v)
	}
	id, _ := m.Data["assignment"].(string)
	var rows []store.Assignment
	if err := db.Where("id::text = ?", id).Find(&rows).Error; err != nil {
		return a.store.Translate(err)
	}
	if len(rows) == 0 || !rows[0].Held() {
		return errs.New(errs.Gone, "the lead is in other hands by now")
	}
	as := rows[0]
	if m.Template == email.TemplateClock && as.FirstResponseAt != nil {
		return errs.New(errs.Gone, "the lead has had its first answer by now")
	}
	l, err := a.store.Lead(ctx, as.LeadID)
	if err != nil {
		return err
	}
	if l.State != "active" {
		return errs.New(errs.Gone, "the person has been erased")
	}
	s := &email.Sales{To: u.Name, Who: orElse(strings.TrimSpace(l.GivenName+" "+l.FamilyName), l.Email), About: strings.Join(notBlank(l.JobTitle, l.Company, countryWord(l.Country)), ", "),
		Why: as.Reason, Button: "Look at it and take it", Opening: "A lead is yours."}
	v.Sales, v.Link = s, a.o.BaseURL+"/admin/claim/"+as.ID.String()
	said, err := whatTheySaid(db, []uuid.UUID{l.ID})
	if err != nil {
		return a.store.Translate(err)
	}
	if s.Said = said[l.ID]; len(s.Said) > 5 {
		s.Said = s.Said[:5]
	}
	if m.Template == email.TemplateClock {
		if err := a.composeClock(ctx, m, as, u, zone, v); err != nil {
			return err
		}
		s.Clock += zoneNote(zone, settings.Zone())
		return nil
	}
	if as.State == store.AssignmentAccepted { // it was taken in other hands: there is nothing to claim
		s.Button, v.Link = "Look at it", a.o.BaseURL+"/admin/leads/"+as.LeadID.String()
	}
	if as.WarnAt != nil {
		s.Clock = "A first answer is expected by " + as.WarnAt.In(zone).Format(mailMoment) + "."
		if as.ClockFrom.After(as.At) {
			s.Clock = "The clock starts on " + as.ClockFrom.In(zone).Format(mailMoment) + ", with your work. " + s.Clock
		}
		s.Clock += zoneNote(zone, settings.Zone())
	}
	if s.Asked, err = askedFor(db, l.ID); err != nil {
		return a.store.Translate(err)
	}
	if s.Score, s.Lines, err = weighsMost(db, l.ID); err != nil {
		return a.store.Translate(err)
	}
	s.FirstStep, err = firstStep(db, as.ID, zone)
	return a.store.Translate(err)
}

// zoneNote names the zone of a mail's times where the staff pages show those of another one; "" where they agree.
func zoneNote(zone, house *time.Location) string {
	if zone.String() == house.String() {
		return ""
	}
	return " Times here are those of " + zone.String() + "; the staff pages show those of " + house.String() + "."
}

// composeClock speaks to the owner, or to the manager about the owner.
func (a *App) composeClock(ctx context.Context, m store.Message, as store.Assignment, u store.User, zone *time.Location, v *email.View) error {
	s := v.Sales
	owner, err := a.store.User(ctx, as.OwnerID)
	if err != nil {
		return err
	}
	s.Clock = "The clock has been running since " + as.ClockFrom.In(zone).Format(mailMoment) + ", in " + owner.Name + "’s working hours."
	if u.ID == as.OwnerID {
		s.Opening = "One of your leads waits for a first answer"
		return nil
	}
	s.Opening = "A lead of " + owner.Name + " waits for a first answer"
	if word, _ := m.Data["to"].(string); word == "manager" {
		s.Button, v.Link = "Look at it", a.o.BaseURL+"/admin/leads/"+as.LeadID.String()
	}
	return nil
}

// composeDigest lists the assignments that share the mail and are still in the reader's hands. It names no person.
func (a *App) composeDigest(db *store.Query, m store.Message, zone *time.Location, v *email.View) error {
	var rows []struct {
		ID      uuid.UUID
		At      time.Time
		Company string
		Grade   string
		Rule    string
		State   string
		LeadID  uuid.UUID
	}
	err := db.Raw(`select a.id, a.lead_id, a.state, a.at, coalesce(c.name, '') as company, coalesce(s.grade, '') as grade, a.reason as rule from assignments a join leads l on l.id = a.lead_id
		left join companies c on c.id = l.company_id left join scores s on s.lead_id = l.id
		where a.alert_message_id = ? and a.state in ('open','accepted') and l.state = 'active' order by a.at, a.id`, m.ID).Scan(&rows).Error
	if err != nil {
		return a.store.Translate(err)
	}
	if len(rows) == 0 {
		return errs.New(errs.Gone, "nothing of it is open any more")
	}
	s := &email.Sales{Button: "Open your leads", Opening: plural(len(rows), "more lead is yours", "more leads are yours")}
	for i, r := range rows {
		if i == 30 {
			s.Items = append(s.Items, email.SaleItem{Title: fmt.Sprintf("and %d more", len(rows)-i), Link: a.o.BaseURL + "/admin"})
			break
		}
		note := "since " + r.At.In(zone).Format("15:04")
		if r.Grade != "" {
			note = "grade " + r.Grade + ", " + note
		}
		link := a.o.BaseURL + "/admin/claim/" + r.ID.String()
		if r.State == store.AssignmentAccepted { // in other hands, or by its new owner meanwhile
			link = a.o.BaseURL + "/admin/leads/" + r.LeadID.String()
		}
		s.Items = append(s.Items, email.SaleItem{Title: orElse(r.Company, "a person without a company"), Note: note, Link: link})
	}
	v.Sales, v.Link = s, a.o.BaseURL+"/admin"
	return nil
}

// weighsMost is the score in words and the three lines of its ledger that weigh most.
func weighsMost(db *store.Query, lead uuid.UUID) (score string, most []string, err error) {
	var scores []store.Score
	if err := db.Where("lead_id = ?", lead).Find(&scores).Error; err != nil || len(scores) == 0 {
		return "", nil, err
	}
	score = fmt.Sprintf("Grade %s, %s points", scores[0].Grade, points(scores[0].Fit+scores[0].Engagement))
	var lines []store.ScoreLine
	err = db.Where("lead_id = ? and points <> 0", lead).Order("abs(points) desc, number").Limit(3).Find(&lines).Error
	for _, l := range lines {
		sign := "+"
		if l.Points < 0 {
			sign = "−"
		}
		most = append(most, sign+points(max(l.Points, -l.Points))+"  "+l.Title)
	}
	return score, most, err
}

// points are hundredths as people read them: 1250 is "12.5".
func points(hundredths int32) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", float64(hundredths)/100), "0"), ".")
}

// zoneOf is the zone that a member of staff works in.
func zoneOf(db *store.Query, user uuid.UUID) (*time.Location, error) {
	var names []string
	err := db.Raw("select coalesce((select nullif(time_zone, '') from user_profiles where user_id = ?), (select time_zone from settings where id = 1))", user).Scan(&names).Error
	if err == nil && len(names) > 0 {
		if z, err := time.LoadLocation(names[0]); err == nil {
			return z, nil
		}
	}
	return time.UTC, err
}

func countryWord(code string) string {
	for _, o := range form.OptionsFor(form.Field{Type: "country"}) {
		if o.Value == code && code != "" {
			return o.Label
		}
	}
	return code
}

func notBlank(parts ...string) (out []string) {
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
