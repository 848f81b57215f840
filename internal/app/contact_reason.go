package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ReasonDue is something that went beyond the contact policy before anybody could be asked why: the reason is still open.
type ReasonDue struct {
	ID, LeadID                            uuid.UUID
	Kind, Beyond                          string
	At                                    time.Time
	GivenName, FamilyName, Company, Email string
}

// reasonsDue are those that a member of staff is asked for, the oldest first. Nobody else knows why: a deputy is not asked.
// What the reader may not see any more is for whoever leads sales to ask about.
func (a *App) reasonsDue(ctx context.Context, user uuid.UUID) (out []ReasonDue, err error) {
	u, err := a.store.User(ctx, user)
	if err != nil {
		return nil, err
	}
	sight, err := a.VisibleTo(ctx, u)
	if err != nil {
		return nil, err
	}
	seen, args := sight.OnLead("l.id")
	err = a.store.DB(ctx).Raw(`select v.id, v.lead_id, v.kind, v.beyond, v.at, l.given_name, l.family_name, l.company, l.email
		from activities v join leads l on l.id = v.lead_id and l.state = 'active'
		where v.user_id = ? and v.reason_asked_at is not null and v.reason_given_at is null and v.taken_back_at is null and `+seen+`
		order by v.reason_asked_at, v.id limit ?`, append(append([]any{user}, args...), dueShown)...).Scan(&out).Error
	return out, a.store.Translate(err)
}

// MayGiveReason tells whether somebody may say why an activity went beyond the contact policy: whoever signed it, or
// whoever leads sales or the team that answered for the lead.
func (a *App) MayGiveReason(ctx context.Context, act store.Activity, u store.User) (bool, error) {
	may, err := mayGiveReason(a.store.DB(ctx), act, u)
	return may, a.store.Translate(err)
}

func mayGiveReason(db *store.Query, act store.Activity, u store.User) (bool, error) {
	if act.UserID != nil && *act.UserID == u.ID {
		return true, nil
	}
	var team *uuid.UUID
	if act.AssignmentID != nil {
		var as store.Assignment
		if err := db.Select("answering_team_id").Where("id = ?", *act.AssignmentID).Take(&as).Error; err != nil {
			return false, err
		}
		team = as.AnsweringTeamID
	}
	return leadsSales(db, u, team)
}

// Activity is one activity of a lead.
func (a *App) Activity(ctx context.Context, lead, id uuid.UUID) (act store.Activity, err error) {
	err = a.store.DB(ctx).Where("id = ? and lead_id = ?", id, lead).Take(&act).Error
	return act, a.store.Translate(err)
}

// GiveReason says why an activity went beyond the contact policy, where that was asked after it happened. The first answer
// stands: whoever comes second is told what is there, and nothing is written over it. The same answer again is no second
// one.
func (a *App) GiveReason(ctx context.Context, lead, id uuid.UUID, typed string, by store.Actor) error {
	var e edits
	text := e.line("reason", typed, 1, 500)
	if err := e.err(); err != nil {
		return err
	}
	if by.ID == nil {
		return errs.New(errs.Forbidden, "A reason is signed: there is nobody here to sign it.")
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var l store.Lead // as an erasure does: the lead first
		var act store.Activity
		var u store.User
		if err := tx.ForUpdate().Where("id = ?", lead).Take(&l).Error; err != nil {
			return err
		}
		if err := tx.ForUpdate().Where("id = ? and lead_id = ?", id, lead).Take(&act).Error; err != nil {
			return err
		}
		if err := tx.Where("id = ?", *by.ID).Take(&u).Error; err != nil {
			return err
		}
		may, err := mayGiveReason(tx.DB, act, u)
		switch {
		case err != nil:
			return err
		case l.State != "active":
			return errs.New(errs.Conflict, "Nothing can be noted here: this lead was erased or merged.")
		case !may:
			return errs.New(errs.Forbidden, "Only whoever did this can say why, or whoever leads sales.")
		case act.ReasonGivenAt != nil && act.BeyondReason == text && act.ReasonGivenBy != nil && *act.ReasonGivenBy == *by.ID:
			return nil
		case act.ReasonGivenAt != nil:
			return errs.New(errs.Conflict, "A reason stands there already, and it stays. Add a line that says more.")
		case act.ReasonAskedAt == nil:
			return errs.New(errs.Conflict, "Nobody asks for a reason here.")
		}
		err = tx.Model(&store.Activity{}).Where("id = ?", id).Updates(map[string]any{"beyond_reason": text, "reason_given_at": tx.Now(), "reason_given_by": by.ID}).Error
		if err != nil {
			return err
		}
		return tx.Audit(by, "activity.reason", "activity", id.String(), map[string]any{"lead": lead.String()})
	})
}
