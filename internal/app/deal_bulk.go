package app

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// mostBulk is how many deals are changed at once.
const mostBulk = 200

// BulkResult is what became of many: how many were done, and why the others were not, in the words of the first few.
type BulkResult struct {
	Done   int
	Failed int
	Why    []string
}

// ViewedDeals are the deals of a view, each as it is now; more than can be changed at once are refused.
func (a *App) ViewedDeals(ctx context.Context, f DealFilter) (moves []DealMove, err error) {
	where, args := f.where(a.now())
	err = a.store.DB(ctx).Raw("select d.id, d.version from deals d where "+where+" order by d.stage_at, d.id limit ?", append(args, mostBulk+1)...).Scan(&moves).Error
	if len(moves) > mostBulk {
		return nil, errs.New(errs.TooLarge, "At most %d deals at once, please: narrow the view first.", mostBulk)
	}
	return moves, a.store.Translate(err)
}

// MoveDeals moves many deals, each as if it were alone: one that cannot go is told of and holds up no other.
func (a *App) MoveDeals(ctx context.Context, u store.User, moves []DealMove, by store.Actor) (BulkResult, error) {
	return a.eachDeal(ctx, u, moves, func(_ store.Deal, m DealMove) error {
		_, err := a.MoveDeal(ctx, m, by)
		return err
	})
}

// GiveDeals gives many leads with their deals to somebody else, each as if it were alone.
func (a *App) GiveDeals(ctx context.Context, u store.User, deals []DealMove, to uuid.UUID, note string, by store.Actor) (BulkResult, error) {
	var e edits
	note = e.text("note", note, 1, 1000)
	if err := e.err(); err != nil {
		return BulkResult{}, err
	}
	return a.eachDeal(ctx, u, deals, func(d store.Deal, m DealMove) error {
		return a.store.Tx(ctx, func(tx *store.Tx) error {
			_, err := a.giveDeal(tx, d, m.Version, to, note, by)
			return err
		})
	})
}

// giveDeal gives a deal away as it was seen. Whoever changed it between the look and the locks is found by its version
// afterwards.
func (a *App) giveDeal(tx *store.Tx, d store.Deal, seen int64, to uuid.UUID, note string, by store.Actor) (got string, err error) {
	if err := tx.Where("id = ?", d.ID).Take(&d).Error; err != nil {
		return "", err
	}
	if err := seenDeal(tx, d, seen); err != nil {
		return "", err
	}
	if got, err = a.reassign(tx, d.AssignmentID, 0, to, note, by); err != nil {
		return "", err
	}
	var now store.Deal
	if err := tx.Where("id = ?", d.ID).Take(&now).Error; err != nil {
		return "", err
	}
	if now.Version != seen && (now.OwnerID == d.OwnerID || now.Version != seen+1) {
		return "", errChanged
	}
	return got, nil
}

func (a *App) eachDeal(ctx context.Context, u store.User, moves []DealMove, do func(store.Deal, DealMove) error) (r BulkResult, err error) {
	if len(moves) > mostBulk {
		return r, errs.New(errs.TooLarge, "At most %d deals at once, please.", mostBulk)
	}
	for _, m := range moves {
		d, err := a.MayWorkDeal(ctx, u, m.ID)
		if err == nil {
			err = do(d, m)
		}
		if err == nil {
			r.Done++
			continue
		}
		if !keeps(err) {
			return r, err
		}
		if r.Failed++; len(r.Why) < 3 {
			r.Why = append(r.Why, bulkSentence(d, err))
		}
	}
	return r, nil
}

// keeps tells that an error is about one deal, and the others may go on.
func keeps(err error) bool {
	switch errs.CodeOf(err) {
	case errs.Conflict, errs.Invalid, errs.NotFound, errs.Forbidden:
		return true
	}
	return false
}

func bulkSentence(d store.Deal, err error) string {
	if d.Title == "" {
		return whyNot(err)
	}
	return d.Title + ": " + whyNot(err)
}

func whyNot(err error) string {
	e := errs.Public(err)
	if len(e.Fields) > 0 {
		return e.Fields[0].Message
	}
	return e.Message
}

// DealLook is what would become of one deal: where it or who has it now, where or who then, or why it stays.
type DealLook struct {
	Move      DealMove
	Deal      store.Deal
	Now, Then string
	Why       string // empty: it can be done
}

// errLooked ends a transaction that was only to be looked at.
var errLooked = errors.New("app: only a look")

// LookMoves tells what MoveDeals would do, by doing it and taking it back. A reason that is still to be chosen counts as
// given.
func (a *App) LookMoves(ctx context.Context, u store.User, moves []DealMove, by store.Actor) ([]DealLook, error) {
	stages, err := a.Stages(ctx)
	if err != nil {
		return nil, err
	}
	return a.lookDeals(ctx, u, moves, func(tx *store.Tx, l *DealLook) error {
		from, _ := stages.Find(l.Deal.Stage)
		to, ok := stages.Find(l.Move.To)
		if !ok {
			return errs.New(errs.Malformed, "There is no such stage.")
		}
		l.Now, l.Then = from.Title, to.Title
		if from.Key == to.Key {
			return errs.New(errs.Conflict, "It stands there already.")
		}
		m := l.Move
		if to.Kind != pipeline.Open && m.Reason == "" {
			reasons, err := a.Reasons(ctx, to.Kind)
			if err != nil {
				return err
			}
			if len(reasons) > 0 {
				m.Reason = reasons[0].Key
			}
		}
		_, err := a.moveDeal(tx, m, by)
		return err
	})
}

// LookGive tells what GiveDeals would do.
func (a *App) LookGive(ctx context.Context, u store.User, deals []DealMove, to uuid.UUID, by store.Actor) ([]DealLook, error) {
	return a.lookDeals(ctx, u, deals, func(tx *store.Tx, l *DealLook) (err error) {
		names, err := userNames(tx.DB, l.Deal.OwnerID)
		if err != nil {
			return err
		}
		l.Now = names[l.Deal.OwnerID]
		l.Then, err = a.giveDeal(tx, l.Deal, l.Move.Version, to, "a look", by)
		if err == nil && l.Now == l.Then {
			return errs.New(errs.Conflict, "It is theirs already.")
		}
		return err
	})
}

func (a *App) lookDeals(ctx context.Context, u store.User, moves []DealMove, do func(*store.Tx, *DealLook) error) ([]DealLook, error) {
	if len(moves) > mostBulk {
		return nil, errs.New(errs.TooLarge, "At most %d deals at once, please.", mostBulk)
	}
	out := []DealLook{}
	for _, m := range moves {
		d, err := a.MayWorkDeal(ctx, u, m.ID)
		l := DealLook{Move: m, Deal: d}
		if err == nil {
			err = a.store.Tx(ctx, func(tx *store.Tx) error {
				if err := do(tx, &l); err != nil {
					return err
				}
				return errLooked
			})
		}
		switch {
		case errors.Is(err, errLooked):
		case keeps(err):
			l.Why = whyNot(err)
		default:
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}
