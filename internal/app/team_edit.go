package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// TeamView is a team as staff look at it, with where its rotation stands.
type TeamView struct {
	store.Team
	Manager     string
	ManagerGone bool      // has left, or may not log in any more
	Period      time.Time // the day on which it began
	Members     []MemberView
}

// MemberView is one place in a team. Credit is in thousandths of a turn.
type MemberView struct {
	User     uuid.UUID
	Name     string
	Weight   int
	Capacity int
	Turns    int
	Credit   int
	Open     int       // leads in hand
	Away     time.Time // until when, where they work; zero: here
	Deputy   string
	Leaves   time.Time
	Sells    bool
}

// TeamViews reads the teams that are in use, by name.
func (a *App) TeamViews(ctx context.Context) ([]TeamView, error) {
	db := a.store.DB(ctx)
	h, err := a.house(db, false)
	if err != nil {
		return nil, a.store.Translate(err)
	}
	var open []struct {
		OwnerID uuid.UUID
		N       int
	}
	if err := db.Raw("select owner_id, count(*) as n from assignments where state in ('open','accepted') group by 1").Scan(&open).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	out := []TeamView{}
	for id, t := range h.teams {
		v := TeamView{Team: t, Period: h.period}
		if t.ManagerID != nil {
			s := h.staff[*t.ManagerID]
			v.Manager, v.ManagerGone = h.name(*t.ManagerID), s == nil || !s.present()
		}
		for _, m := range h.world.Teams[id].Members {
			x := MemberView{User: m.User, Name: h.name(m.User), Weight: m.Weight, Capacity: m.Capacity, Turns: m.Turns, Credit: m.Credit}
			for _, o := range open {
				if o.OwnerID == m.User {
					x.Open = o.N
				}
			}
			if s := h.staff[m.User]; s != nil {
				x.Sells = s.sells()
				if b := s.absence(h.now); b != nil {
					x.Away = b.EndsAt.In(s.Calendar.Zone)
					if b.DeputyID != nil {
						x.Deputy = h.name(*b.DeputyID)
					}
				}
				if s.Profile.LeavesAt != nil {
					x.Leaves = s.Profile.LeavesAt.In(s.Calendar.Zone)
				}
			}
			v.Members = append(v.Members, x)
		}
		slices.SortFunc(v.Members, func(x, y MemberView) int { return strings.Compare(x.Name, y.Name) })
		out = append(out, v)
	}
	slices.SortFunc(out, func(x, y TeamView) int { return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	return out, nil
}

// TeamView reads one.
func (a *App) TeamView(ctx context.Context, id uuid.UUID) (TeamView, error) {
	all, err := a.TeamViews(ctx)
	if err != nil {
		return TeamView{}, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return TeamView{}, errs.New(errs.NotFound, "There is no such team.")
}

// TeamEdit is what staff type of a team. Manager is a user's id, or "".
type TeamEdit struct {
	Name    string
	Manager string
}

func (a *App) checkTeam(tx *store.Tx, id uuid.UUID, in TeamEdit) (name string, manager *uuid.UUID, err error) {
	var e edits
	name = e.line("name", in.Name, 1, 80)
	if manager, err = a.staffID(tx, in.Manager); err != nil {
		return name, nil, err
	}
	if in.Manager != "" && manager == nil {
		e.add("manager", "not-an-option", "Please choose somebody of the list.")
	}
	var n int64
	if err := tx.Model(&store.Team{}).Where("lower(name) = lower(?) and id <> ? and archived_at is null", name, id).Count(&n).Error; err != nil {
		return name, nil, err
	}
	if n > 0 {
		e.add("name", "taken", "There is a team of this name already.")
	}
	return name, manager, e.err()
}

// staffID is a user's id out of a form, if it is one of somebody who may log in.
func (a *App) staffID(tx *store.Tx, typed string) (*uuid.UUID, error) {
	id, err := uuid.Parse(typed)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody was chosen
	}
	var n int64
	err = tx.Model(&store.User{}).Where("id = ? and disabled_at is null", id).Count(&n).Error
	if err != nil || n == 0 {
		return nil, err
	}
	return &id, nil
}

// AddTeam makes a team without members.
func (a *App) AddTeam(ctx context.Context, in TeamEdit, by store.Actor) (t store.Team, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		t = store.Team{ID: store.NewID(), Version: 1, CreatedAt: tx.Now()}
		if t.Name, t.ManagerID, err = a.checkTeam(tx, t.ID, in); err != nil {
			return err
		}
		if err := tx.Create(&t).Error; err != nil {
			return err
		}
		return tx.Audit(by, "team.add", "team", t.ID.String(), nil)
	})
	return t, err
}

// EditTeam changes name and manager.
func (a *App) EditTeam(ctx context.Context, id uuid.UUID, read int64, in TeamEdit, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		t, err := tx.LockTeam(id)
		if err != nil {
			return err
		}
		if t.Version != read {
			return errChanged
		}
		name, manager, err := a.checkTeam(tx, id, in)
		if err != nil {
			return err
		}
		if err := tx.Model(&store.Team{}).Where("id = ?", id).Updates(map[string]any{"name": name, "manager_id": manager, "version": read + 1}).Error; err != nil {
			return err
		}
		return tx.Audit(by, "team.edit", "team", id.String(), nil)
	})
}

// ArchiveTeam takes a team out of use, unless the published rules give it leads.
func (a *App) ArchiveTeam(ctx context.Context, id uuid.UUID, read int64, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		t, err := tx.LockTeam(id)
		if err != nil {
			return err
		}
		h, err := a.house(tx.DB, false)
		if err != nil {
			return err
		}
		uses := slices.ContainsFunc(h.routing.Rules, func(r pipeline.RouteRule) bool { return r.Team != nil && *r.Team == id })
		switch {
		case t.Version != read:
			return errChanged
		case t.ArchivedAt != nil:
			return nil
		case uses:
			return errs.New(errs.Conflict, "The routing rules give leads to this team. Publish rules without it first.")
		}
		if err := tx.Model(&store.Team{}).Where("id = ?", id).Updates(map[string]any{"archived_at": tx.Now(), "version": read + 1}).Error; err != nil {
			return err
		}
		return tx.Audit(by, "team.archive", "team", id.String(), nil)
	})
}

// SetMember gives somebody a place in a team, or changes weight and daily capacity (0: no limit). A newcomer starts at the
// team's average with the next lead.
func (a *App) SetMember(ctx context.Context, team, user uuid.UUID, weight, capacity int, by store.Actor) error {
	var e edits
	if weight < 1 || weight > 100 {
		e.add("weight", "invalid", "Please give a weight from 1 to 100.")
	}
	if capacity < 0 || capacity > 1000 {
		e.add("capacity", "invalid", "Please give a number of leads a day, or 0 for no limit.")
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		t, err := tx.LockTeam(team)
		if err != nil {
			return err
		}
		if t.ArchivedAt != nil {
			return errs.New(errs.Conflict, "This team is not in use any more.")
		}
		ok, err := a.mayStandIn(tx, user)
		if err != nil {
			return err
		}
		if !ok {
			e.add("user", "not-an-option", "Please choose somebody who sells.")
		}
		if err := e.err(); err != nil {
			return err
		}
		if err := a.keepLoad(tx, team, user, weight); err != nil {
			return err
		}
		m := store.TeamMember{TeamID: team, UserID: user, Weight: int32(weight), DailyCapacity: int32(capacity), JoinedAt: tx.Now()}
		err = tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "team_id"}, {Name: "user_id"}}, DoUpdates: store.Updated("weight", "daily_capacity")}).Create(&m).Error
		if err != nil {
			return err
		}
		return tx.Audit(by, "team.member", "team", team.String(), map[string]any{"user": user.String(), "weight": weight, "capacity": capacity})
	})
}

// keepLoad keeps a change of weight in the middle of a period from flooding a member with leads, or from drying them up.
func (a *App) keepLoad(tx *store.Tx, team, user uuid.UUID, weight int) error {
	h, err := a.house(tx.DB, false)
	if err != nil {
		return err
	}
	for _, m := range h.world.Teams[team].Members {
		if m.User == user && m.Weight != weight {
			why := fmt.Sprintf("the weight was %d and is %d; goes on with the load of before", m.Weight, weight)
			return tx.KeepLoad(team, user, h.period, m.Reweigh(weight), why)
		}
	}
	return nil
}

// RemoveMember takes somebody out of a team's rotation. Leads in hand stay in hand.
func (a *App) RemoveMember(ctx context.Context, team, user uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockTeam(team); err != nil {
			return err
		}
		res := tx.Where("team_id = ? and user_id = ?", team, user).Delete(&store.TeamMember{})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return tx.Audit(by, "team.remove-member", "team", team.String(), map[string]any{"user": user.String()})
	})
}
