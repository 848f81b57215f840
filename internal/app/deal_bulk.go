package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
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

// MoveDeals moves many deals, each as if it were alone: one that cannot go is told of and holds up no other.
func (a *App) MoveDeals(ctx context.Context, u store.User, moves []DealMove, by store.Actor) (BulkResult, error) {
	var r BulkResult
	if len(moves) > mostBulk {
		return r, errs.New(errs.TooLarge, "At most %d deals at once, please.", mostBulk)
	}
	for _, m := range moves {
		d, err := a.MayWorkDeal(ctx, u, m.ID)
		if err == nil {
			_, err = a.MoveDeal(ctx, m, by)
		}
		if err != nil {
			switch errs.CodeOf(err) {
			case errs.Conflict, errs.Invalid, errs.NotFound:
			default:
				return r, err
			}
			if r.Failed++; len(r.Why) < 3 {
				r.Why = append(r.Why, bulkSentence(d, err))
			}
			continue
		}
		r.Done++
	}
	return r, nil
}

func bulkSentence(d store.Deal, err error) string {
	e := errs.Public(err)
	text := e.Message
	if len(e.Fields) > 0 {
		text = e.Fields[0].Message
	}
	if d.Title != "" {
		text = d.Title + ": " + text
	}
	return text
}

// GiveDeals gives many leads with their deals to somebody else, each as if it were alone.
func (a *App) GiveDeals(ctx context.Context, u store.User, deals []DealMove, to uuid.UUID, note string, by store.Actor) (BulkResult, error) {
	var r BulkResult
	if len(deals) > mostBulk {
		return r, errs.New(errs.TooLarge, "At most %d deals at once, please.", mostBulk)
	}
	for _, m := range deals {
		d, err := a.MayWorkDeal(ctx, u, m.ID)
		if err == nil {
			err = a.ReassignLead(ctx, d.AssignmentID, 0, to, note, by)
		}
		if err != nil {
			switch errs.CodeOf(err) {
			case errs.Conflict, errs.Invalid, errs.NotFound, errs.Forbidden:
			default:
				return r, err
			}
			if r.Failed++; len(r.Why) < 3 {
				r.Why = append(r.Why, bulkSentence(d, err))
			}
			continue
		}
		r.Done++
	}
	return r, nil
}
