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

// Whoever leads a team sees the leads of its members and those that the team answers for, whatever the policy: they are
// told when one waits too long, and decide about it. Whoever leads all of sales sees all.

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
	settings, err := store.ReadSalesSettings(a.store.DB(ctx))
	if m := settings.ManagerUserID; err != nil || settings.Visibility == VisibleAll || m != nil && *m == u.ID {
		return Sight{}, a.store.Translate(err)
	}
	return Sight{policy: settings.Visibility, user: u.ID, now: a.now()}, nil
}

// All tells that nothing is hidden.
func (s Sight) All() bool { return s.policy == "" }

// On is the condition on a column that holds an owner (l.owner_id, d.owner_id), with its arguments. "true" where nothing
// is hidden.
func (s Sight) On(column string) (cond string, args []any) {
	if s.All() {
		return "true", nil
	}
	mine := "with recursive mine(id) as (" + actingFor + `) select id from mine union select led.user_id from teams t join team_members led on led.team_id = t.id
		where t.manager_id = ? and t.archived_at is null`
	args = []any{s.user, s.now, s.now, s.user}
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
	cond, args = s.OnHeld("seen.owner_id", "seen.id")
	return column + " in (select seen.id from leads seen where " + cond + ")", args
}

// OnHeld is the condition on the columns of a row that hold an owner and a lead's id (d.owner_id, d.lead_id): what On lets
// through, and what a team answers for that one leads. "true" where nothing is hidden.
func (s Sight) OnHeld(owner, lead string) (cond string, args []any) {
	if s.All() {
		return "true", nil
	}
	cond, args = s.On(owner)
	return "(" + cond + " or " + lead + " in (" + ledTeamsAnswer + "))", append(args, s.user)
}

// ledTeamsAnswer are the leads that the teams which somebody leads answer for.
const ledTeamsAnswer = `select a.lead_id from teams t join assignments a on a.answering_team_id = t.id and a.state in ('open','accepted') where t.manager_id = ? and t.archived_at is null`

// MaySeeLead answers as if there were no such lead where the policy hides it from the member of staff. A lead that was
// merged is seen by whoever sees the one that stays.
func (a *App) MaySeeLead(ctx context.Context, u store.User, id uuid.UUID) error {
	sight, err := a.VisibleTo(ctx, u)
	if err != nil || sight.All() {
		return err
	}
	cond, args := sight.OnHeld("seen.owner_id", "seen.id")
	var n int64
	err = a.store.DB(ctx).Raw(`with recursive same(id, merged_into, n) as (select l.id, l.merged_into, 0 from leads l where l.id = ?
			union all select l.id, l.merged_into, s.n + 1 from leads l join same s on l.id = s.merged_into where s.n < 10)
		select count(*) from same s join leads seen on seen.id = s.id where s.merged_into is null and `+cond, append([]any{id}, args...)...).Scan(&n).Error
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "There is no such thing here.")
	}
	return a.store.Translate(err)
}

// OwnersSeen are those whose leads and deals a member of staff may see; nil where nothing is hidden.
func (a *App) OwnersSeen(ctx context.Context, u store.User) ([]uuid.UUID, error) {
	sight, err := a.VisibleTo(ctx, u)
	if err != nil || sight.All() {
		return nil, err
	}
	cond, args := sight.On("x.id")
	owners := []uuid.UUID{}
	err = a.store.DB(ctx).Raw("select x.id from users x where "+cond, args...).Scan(&owners).Error
	return owners, a.store.Translate(err)
}
