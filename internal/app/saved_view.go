package app

import (
	"context"
	"net/url"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// mostViews bounds what one member of staff keeps of a page.
const mostViews = 20

// SavedViews are the filters that a member of staff keeps of a page.
func (a *App) SavedViews(ctx context.Context, user uuid.UUID, page string) (out []store.SavedView, err error) {
	err = a.store.DB(ctx).Where("user_id = ? and page = ?", user, page).Order("created_at, id").Find(&out).Error
	return out, a.store.Translate(err)
}

// SaveView keeps a filter under a name; the same name is overwritten.
func (a *App) SaveView(ctx context.Context, user uuid.UUID, page, name, query string) error {
	var e edits
	name = e.line("name", name, 1, 40)
	if _, err := url.ParseQuery(query); err != nil || len(query) > 1000 {
		e.add("name", "invalid", "This view cannot be kept.")
	}
	if err := e.err(); err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Model(&store.SavedView{}).Where("user_id = ? and page = ? and name <> ?", user, page, name).Count(&n).Error; err != nil {
			return err
		}
		if n >= mostViews {
			return errs.New(errs.Conflict, "You keep %d views of this page already. Drop one first.", n)
		}
		v := store.SavedView{ID: store.NewID(), UserID: user, Page: page, Name: name, Query: query, CreatedAt: tx.Now()}
		return tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "user_id"}, {Name: "page"}, {Name: "name"}}, DoUpdates: store.Updated("query")}).Create(&v).Error
	})
}

// DropView forgets one's own view.
func (a *App) DropView(ctx context.Context, user, id uuid.UUID) error {
	return a.store.Translate(a.store.DB(ctx).Where("id = ? and user_id = ?", id, user).Delete(&store.SavedView{}).Error)
}
