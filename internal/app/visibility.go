package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Whose leads sales sees.
const (
	VisibleAll  = "all"  // everybody's, and those in nobody's hands
	VisibleTeam = "team" // one's own, those of one's team, and those of colleagues whose deputy one is
	VisibleOwn  = "own"  // one's own, and those of colleagues whose deputy one is
)

// Sight is what one member of staff may see of leads and deals. The zero value sees everything.
type Sight struct {
	policy string
	user   uuid.UUID
	now    any
}

// VisibleTo is what a member of staff may see: those who sell, what the policy of the installation says; everybody else
// everything.
func (a *App) VisibleTo(ctx context.Context, u store.User) (Sight, error) {
	if auth.Role(u.Role) != auth.Sales {
		return Sight{}, nil
	}
	var policy string
	err := a.store.DB(ctx).Model(&store.SalesSettings{}).Where("id = 1").Pluck("visibility", &policy).Error
	if err != nil || policy == VisibleAll {
		return Sight{}, a.store.Translate(err)
	}
	return Sight{policy: policy, user: u.ID, now: a.now()}, nil
}

// All tells that nothing is hidden.
func (s Sight) All() bool { return s.policy == "" }

// On is the condition on a column that holds an owner (l.owner_id, d.owner_id), with its arguments. "true" where nothing
// is hidden.
func (s Sight) On(column string) (cond string, args []any) {
	if s.All() {
		return "true", nil
	}
	mine := "select ?::uuid union select b.user_id from absences b where b.deputy_id = ? and b.starts_at <= ? and b.ends_at > ?"
	args = []any{s.user, s.user, s.now, s.now}
	if s.policy == VisibleTeam {
		mine += " union select other.user_id from team_members own join team_members other on other.team_id = own.team_id where own.user_id = ?"
		args = append(args, s.user)
	}
	return column + " in (" + mine + ")", args
}

// OnLead is the condition on a column that holds a lead's id (m.lead_id). "true" where nothing is hidden.
func (s Sight) OnLead(column string) (cond string, args []any) {
	if s.All() {
		return "true", nil
	}
	cond, args = s.On("seen.owner_id")
	return column + " in (select seen.id from leads seen where " + cond + ")", args
}

// MaySeeLead answers as if there were no such lead where the policy hides it from the member of staff.
func (a *App) MaySeeLead(ctx context.Context, u store.User, id uuid.UUID) error {
	sight, err := a.VisibleTo(ctx, u)
	if err != nil || sight.All() {
		return err
	}
	cond, args := sight.On("l.owner_id")
	var n int64
	err = a.store.DB(ctx).Raw("select count(*) from leads l where l.id = ? and "+cond, append([]any{id}, args...)...).Scan(&n).Error
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "There is no such thing here.")
	}
	return a.store.Translate(err)
}
