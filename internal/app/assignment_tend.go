package app

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// tendMost is how many assignments one round looks at; the next round does the rest.
const tendMost = 200

// system is who acts where nobody does.
var system = store.Actor{Kind: "system", Name: "Gatehouse"}

// TendAssignments does what is due with assignments: leavers hand over, deputies take running clocks, clocks warn, tell the
// manager, and pass on. All of it is a question to the rows, so that any number of processes may ask it.
func (a *App) TendAssignments(ctx context.Context) error {
	now := a.now()
	return errors.Join(
		a.leaveHouse(ctx),
		a.eachDue(ctx, a.handOver, `select a.id from assignments a join users u on u.id = a.owner_id left join user_profiles p on p.user_id = u.id`+stuckLast+`
			where a.state in ('open','accepted') and (u.disabled_at is not null or u.role = 'marketing' or p.left_at is not null)
			and (x.last_at is null or x.last_at <= ?) order by x.last_at nulls first, a.at, a.id limit ?`, now.Add(-againAfter), tendMost),
		a.eachDue(ctx, a.deputise, `select a.id from assignments a join absences b on b.user_id = a.owner_id and b.starts_at <= ? and b.ends_at > ?`+stuckLast+`
			where a.state in ('open','accepted') and a.first_response_at is null and (a.state = 'open' or b.deputy_id is not null)
			and (x.last_at is null or x.last_at <= ?) order by x.last_at nulls first, a.at, a.id limit ?`, now, now, now.Add(-againAfter), tendMost),
		a.eachDue(ctx, a.warn, `select a.id from assignments a where a.state in ('open','accepted') and a.first_response_at is null
			and a.warn_at <= ? and a.warned_at is null order by a.warn_at, a.id limit ?`, now, tendMost),
		a.eachDue(ctx, a.escalate, `select a.id from assignments a where a.state in ('open','accepted') and a.first_response_at is null
			and a.escalate_at <= ? and a.escalated_at is null order by a.escalate_at, a.id limit ?`, now, tendMost),
		a.eachDue(ctx, a.passOn, `select a.id from assignments a where a.state = 'open' and a.first_response_at is null
			and a.reassign_at <= ? order by a.reassign_at, a.id limit ?`, now, tendMost),
		a.askAgain(ctx),
		a.tendAlarms(ctx),
	)
}

// stuckLast lets those wait that nobody could be found for a moment ago: they must not stand in the way of the others.
const stuckLast = ` left join alarms x on x.kind = 'lead-stuck' and x.object = a.lead_id::text and x.cleared_at is null`

// againAfter is how long a lead whom nobody could take waits before everybody is asked again.
const againAfter = 15 * time.Minute

// askAgain routes the leads that are in nobody's hands once more: somebody may be back, or have joined.
func (a *App) askAgain(ctx context.Context) error {
	var waiting []uuid.UUID
	err := a.store.DB(ctx).Raw(`select l.id from alarms x join leads l on l.id::text = x.object and l.state = 'active'
		where x.kind = ? and x.cleared_at is null and x.last_at <= ? order by x.last_at, l.id limit ?`, nobodyToSell, a.now().Add(-againAfter), tendMost).Scan(&waiting).Error
	if err != nil || len(waiting) == 0 {
		return a.store.Translate(err)
	}
	slices.SortFunc(waiting, func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
	return a.RouteLeads(ctx, waiting)
}

// eachDue does one thing with each assignment that a query names, each in a transaction of its own.
func (a *App) eachDue(ctx context.Context, do func(*grip) error, sql string, args ...any) error {
	var due []uuid.UUID
	if err := a.store.DB(ctx).Raw(sql, args...).Scan(&due).Error; err != nil {
		return a.store.Translate(err)
	}
	var all []error
	for _, id := range due {
		err := a.store.Tx(ctx, func(tx *store.Tx) error {
			g, err := a.grasp(tx, id, 0, system)
			if err != nil || !g.as.Held() {
				return err
			}
			return do(g)
		})
		if err != nil && !errs.Is(err, errs.Conflict) { // somebody else was quicker
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// leaveHouse marks those whose last day has come, and gives what they own without an assignment to the heir.
func (a *App) leaveHouse(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var gone []store.UserProfile
		err := tx.ForUpdate().Where("leaves_at <= ? and left_at is null", tx.Now()).Order("user_id").Find(&gone).Error
		for _, p := range gone {
			if err == nil {
				err = tx.Model(&store.UserProfile{}).Where("user_id = ?", p.UserID).Updates(map[string]any{"left_at": tx.Now(), "version": p.Version + 1}).Error
			}
			var left []uuid.UUID
			if err == nil {
				err = tx.Raw(`update leads set owner_id = ? where owner_id = ? and not exists (select 1 from assignments a where a.lead_id = leads.id
					and a.state in ('open','accepted')) returning id`, p.HeirID, p.UserID).Scan(&left).Error
			}
			if err == nil && len(left) > 0 {
				err = a.tellKept(tx, left...)
			}
			if err == nil {
				err = tx.Audit(system, "user.left", "user", p.UserID.String(), nil)
			}
		}
		return err
	})
}

// handOver gives the lead of somebody who sells no more to the heir, or lets the rules choose.
func (a *App) handOver(g *grip) error {
	s := g.h.staff[g.as.OwnerID]
	if s != nil && s.sells() {
		return nil
	}
	why := g.h.name(g.as.OwnerID) + " sells no more"
	if s != nil && s.Profile.HeirID != nil {
		if heir := g.h.staff[*s.Profile.HeirID]; heir != nil && heir.sells() {
			owner := g.h.standIn(heir.ID)
			c := pipeline.Choice{Owner: owner, RuleKey: "hand-over", Text: why + "; " + heir.Name + " takes over", Why: pipeline.Why{Key: "hand-over", For: g.h.name(g.as.OwnerID)}}
			if owner != heir.ID {
				c.Text += ", and " + g.h.name(owner) + " stands in"
				c.Why.ForID = &heir.ID
			}
			_, err := a.takeOver(g, c, "hand-over", store.TakenHandOver, "", true)
			return err
		}
	}
	return a.passToRules(g, why, "hand-over", store.TakenHandOver)
}

// deputise gives a lead that waits for its first answer to who stands in for its owner, together with the running clock;
// where nobody does, the rules choose: the lead does not wait for the end of a holiday.
func (a *App) deputise(g *grip) error {
	s := g.h.staff[g.as.OwnerID]
	if s == nil || g.as.FirstResponseAt != nil {
		return nil
	}
	x := s.absence(g.h.now)
	if x == nil {
		return nil
	}
	away := s.Name + " is away until " + x.EndsAt.Add(-time.Minute).In(s.Calendar.Zone).Format("2 January")
	if owner := g.h.standIn(s.ID); owner != s.ID {
		c := pipeline.Choice{Owner: owner, RuleKey: "deputy", Text: away + "; " + g.h.name(owner) + " stands in", Why: g.deputyWhy()}
		_, err := a.takeOver(g, c, "deputy", store.TakenByDeputy, "", true)
		return err
	}
	if g.as.State != store.AssignmentOpen {
		return g.tx.Raise("lead-stuck", g.lead.ID.String(), "An accepted lead waits for its first answer: its owner is away, and so is everybody who stands in. Give it to somebody on its page.")
	}
	return a.passToRules(g, away+" and nobody stands in", "hand-over", store.TakenHandOver)
}

// deputyWhy is the reason of whoever takes the lead over as a deputy: in the place of the owner, or of whom the owner stood in
// for already.
func (g *grip) deputyWhy() pipeline.Why {
	meant := pipeline.Choice{Owner: g.as.OwnerID, Why: g.as.ReasonData}.Meant()
	return pipeline.Why{Key: "deputy", For: g.h.name(meant), ForID: &meant}
}

// passToRules lets the rules choose a new owner; where they find nobody the lead stays, and somebody is told.
func (a *App) passToRules(g *grip, why, how, reason string) error {
	c, err := a.goOn(g)
	if err != nil {
		return err
	}
	if c.Owner == uuid.Nil || c.Owner == g.as.OwnerID {
		return g.tx.Raise("lead-stuck", g.lead.ID.String(), "A lead waits, and nobody else could be asked: "+why+". Give it to somebody on its page.")
	}
	c.Text = why + "; " + c.Text
	_, err = a.takeOver(g, c, how, reason, "", true)
	return err
}

// warn tells the owner, or who stands in, that the clock runs.
func (a *App) warn(g *grip) error {
	if g.as.WarnedAt != nil || g.as.FirstResponseAt != nil {
		return nil
	}
	lead := g.lead.ID
	if _, err := a.staffAlert(g.tx, g.h.standIn(g.as.OwnerID), email.TemplateClock, &lead, map[string]any{"assignment": g.as.ID.String(), "to": "owner"}, 0); err != nil {
		return err
	}
	return g.tx.Model(&store.Assignment{}).Where("id = ?", g.as.ID).Update("warned_at", g.h.now).Error
}

// escalate tells the manager of the team; where there is nobody, an alarm says so.
func (a *App) escalate(g *grip) error {
	if g.as.EscalatedAt != nil || g.as.FirstResponseAt != nil {
		return nil
	}
	manager := g.h.manager(g.as.AnsweringTeamID)
	if manager == uuid.Nil {
		if err := g.tx.Raise("lead-waits", g.as.ID.String(), "A lead waits too long for its first answer, and no manager is named whom that could be told. Name one under Teams."); err != nil {
			return err
		}
	} else {
		lead := g.lead.ID
		if _, err := a.staffAlert(g.tx, g.h.standIn(manager), email.TemplateClock, &lead, map[string]any{"assignment": g.as.ID.String(), "to": "manager"}, 0); err != nil {
			return err
		}
	}
	return g.tx.Model(&store.Assignment{}).Where("id = ?", g.as.ID).Update("escalated_at", g.h.now).Error
}

// passOn gives a lead whose owner did not answer in time to the next one, never round. With nobody else it stays.
func (a *App) passOn(g *grip) error {
	if g.as.State != store.AssignmentOpen || g.as.FirstResponseAt != nil || g.as.ReassignAt == nil || g.as.ReassignAt.After(g.h.now) {
		return nil
	}
	asks, err := a.readAsks(g.tx.DB, g.h, []store.Lead{g.lead})
	if err != nil {
		return err
	}
	q := asks[g.lead.ID]
	q.Refused[g.as.OwnerID] = true
	c := pipeline.NewRouter(g.h.routing, g.h.world).Choose(q)
	if c.Owner == uuid.Nil {
		if err := g.tx.Model(&store.Assignment{}).Where("id = ?", g.as.ID).Update("reassign_at", nil).Error; err != nil {
			return err
		}
		return g.tx.Raise("lead-stuck", g.lead.ID.String(), "A lead waits too long for its first answer, and nobody else could be asked. Give it to somebody on its page.")
	}
	c.Text = g.h.name(g.as.OwnerID) + " did not answer in time; " + c.Text
	_, err = a.takeOver(g, c, "escalated", store.TakenNoResponse, "", false)
	return err
}

// resetRegion sets the running clocks anew of everybody who works in a region; "" is everybody.
func (a *App) resetRegion(tx *store.Tx, region string) error {
	var users []uuid.UUID
	err := tx.Raw(`select distinct a.owner_id from assignments a left join user_profiles p on p.user_id = a.owner_id
		where a.state in ('open','accepted') and a.first_response_at is null and (? = '' or p.holiday_region = ?)`, region, region).Scan(&users).Error
	if err != nil || len(users) == 0 {
		return err
	}
	return a.resetClocks(tx, users...)
}

// resetClocks sets when the running clocks of some people strike, after their hours, absences or holidays changed. What
// has struck has struck.
func (a *App) resetClocks(tx *store.Tx, users ...uuid.UUID) error {
	h, err := a.house(tx.DB, false)
	if err != nil {
		return err
	}
	var rows []store.Assignment
	if err := tx.ForUpdate().Where("owner_id in ? and state in ('open','accepted') and first_response_at is null", users).Order("id").Find(&rows).Error; err != nil {
		return err
	}
	for _, as := range rows {
		s := h.staff[as.OwnerID]
		if s == nil {
			continue
		}
		if as.ClockFrom.After(h.now) {
			if from, ok := s.Calendar.NextWorking(as.At); ok {
				as.ClockFrom = from
			}
		}
		h.strike(&as, ownClock(as))
		err := tx.Model(&store.Assignment{}).Where("id = ?", as.ID).Updates(map[string]any{"clock_from": as.ClockFrom, "warn_at": as.WarnAt, "escalate_at": as.EscalateAt, "reassign_at": as.ReassignAt}).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// sellers are those who may be given leads, by name.
func (h *house) sellers() []*staffer {
	var out []*staffer
	for _, s := range h.staff {
		if s.sells() {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y *staffer) int {
		if d := strings.Compare(x.Name, y.Name); d != 0 {
			return d
		}
		return strings.Compare(x.ID.String(), y.ID.String())
	})
	return out
}
