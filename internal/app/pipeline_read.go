package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// stagesOf reads the pipeline, in the order of the board.
func stagesOf(db *store.Query) (pipeline.Stages, error) {
	var rows []store.DealStage
	if err := db.Order("position, key").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(pipeline.Stages, len(rows))
	for i, r := range rows {
		out[i] = pipeline.Stage{Key: r.Key, Title: r.Title, Kind: r.Kind, Next: r.Next, Required: r.Required, Probability: int(r.Probability), Archived: r.ArchivedAt != nil}
	}
	return out, nil
}

// Stages is the pipeline.
func (a *App) Stages(ctx context.Context) (pipeline.Stages, error) {
	out, err := stagesOf(a.store.DB(ctx))
	return out, a.store.Translate(err)
}

// Reasons lists the reasons of a kind (return, decline, won, lost) that are in use.
func (a *App) Reasons(ctx context.Context, kind string) (out []store.PipelineReason, err error) {
	err = a.store.DB(ctx).Where("kind = ? and archived_at is null", kind).Order("position, key").Find(&out).Error
	return out, a.store.Translate(err)
}

// Sellers lists those who may have leads: sales and administrators who can log in.
func (a *App) Sellers(ctx context.Context) (out []store.User, err error) {
	err = a.store.DB(ctx).Where("role in ('sales','admin') and disabled_at is null").Order("name, email").Find(&out).Error
	return out, a.store.Translate(err)
}

// DealCurrencies are the installation's own currency and those that deals are in.
func (a *App) DealCurrencies(ctx context.Context) (codes []string, err error) {
	err = a.store.DB(ctx).Raw("select currency from deals union select currency from settings order by 1").Scan(&codes).Error
	return codes, a.store.Translate(err)
}

// SalesTeams lists the teams that are in use.
func (a *App) SalesTeams(ctx context.Context) (out []store.Team, err error) {
	err = a.store.DB(ctx).Where("archived_at is null").Order("name").Find(&out).Error
	return out, a.store.Translate(err)
}

// userNames are the names of members of staff, by id.
func userNames(db *store.Query, ids ...uuid.UUID) (map[uuid.UUID]string, error) {
	var users []store.User
	out := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	err := db.Select("id, name, email").Where("id in ?", ids).Find(&users).Error
	for _, u := range users {
		out[u.ID] = orElse(u.Name, u.Email)
	}
	return out, err
}

// settingsOf reads the settings within a transaction.
func settingsOf(db *store.Query) (s store.Settings, err error) {
	err = db.Where("id = 1").Take(&s).Error
	return s, err
}
