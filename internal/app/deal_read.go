package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DealDetail is one deal with where it may go and what was changed, newest first.
type DealDetail struct {
	DealCard
	Stages  pipeline.Stages
	Changes []DealChangeLine
}

// DealChangeLine is one change with who made it.
type DealChangeLine struct {
	store.DealChange
	By string
}

// DealDetail reads one, if the member of staff may see it.
func (a *App) DealDetail(ctx context.Context, u store.User, id uuid.UUID) (DealDetail, error) {
	var d DealDetail
	sight, err := a.VisibleTo(ctx, u)
	if err != nil {
		return d, err
	}
	cards, err := a.dealCards(ctx, sight, "d.id = ?", id)
	if err != nil {
		return d, err
	}
	if len(cards) == 0 {
		return d, errNoDeal
	}
	d.DealCard = cards[0]
	if d.Stages, err = a.Stages(ctx); err != nil {
		return d, err
	}
	d.Changes, err = dealChanges(a.store.DB(ctx), "c.deal_id = ?", id)
	return d, a.store.Translate(err)
}

func (a *App) dealCards(ctx context.Context, sight Sight, cond string, args ...any) (cards []DealCard, err error) {
	seen, more := sight.OnHeld("d.owner_id", "d.lead_id")
	top := "(select d.* from deals d where " + cond + " and " + seen + ")"
	err = a.store.DB(ctx).Raw("select d.*,"+dealsOf(top)+"order by d.opened_at desc, d.id", append(args, more...)...).Scan(&cards).Error
	return cards, a.store.Translate(err)
}

func dealChanges(db *store.Query, cond string, args ...any) (out []DealChangeLine, err error) {
	var rows []store.DealChange
	if err := db.Table("deal_changes c").Select("c.*").Where(cond, args...).Order("c.at desc, c.id desc").Limit(100).Find(&rows).Error; err != nil {
		return nil, err
	}
	ids := []uuid.UUID{}
	for _, r := range rows {
		if r.ByID != nil {
			ids = append(ids, *r.ByID)
		}
	}
	names, err := userNames(db, ids...)
	for _, r := range rows {
		line := DealChangeLine{DealChange: r, By: map[string]string{"crm": "the CRM", "system": "Gatehouse"}[r.How]}
		if r.ByID != nil {
			line.By = orElse(names[*r.ByID], line.By)
		}
		out = append(out, line)
	}
	return out, err
}

// MayWorkDeal answers as if there were no such deal where the policy hides it from the member of staff.
func (a *App) MayWorkDeal(ctx context.Context, u store.User, id uuid.UUID) (store.Deal, error) {
	var d store.Deal
	sight, err := a.VisibleTo(ctx, u)
	if err != nil {
		return d, err
	}
	cond, args := sight.OnHeld("owner_id", "lead_id")
	err = a.store.Translate(a.store.DB(ctx).Where("id = ? and "+cond, append([]any{id}, args...)...).Take(&d).Error)
	if errs.Is(err, errs.NotFound) {
		return d, errNoDeal
	}
	return d, err
}
