package app

import (
	"context"
	"time"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ChangedHolidays are the days that staff added to the public holidays or took away from them, from this year on.
func (a *App) ChangedHolidays(ctx context.Context) (out []store.Holiday, err error) {
	err = a.store.DB(ctx).Where("day >= ?", a.now().AddDate(0, -1, 0)).Order("day, region").Find(&out).Error
	return out, a.store.Translate(err)
}

// SetHoliday adds a day off, or with works a day on which is worked although it is a public holiday. Region "" is everybody.
// Clocks that run are set anew.
func (a *App) SetHoliday(ctx context.Context, region, day, name string, works bool, by store.Actor) error {
	var e edits
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		e.add("day", "invalid", "Please give a day.")
	}
	if _, ok := pipeline.RegionOf(region); region != "" && !ok {
		e.add("region", "not-an-option", "Please choose a region of the list.")
	}
	name = e.line("name", name, 1, 80)
	if err := e.err(); err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		row := store.Holiday{Region: region, Day: at, Name: name, Works: works}
		err := tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "region"}, {Name: "day"}}, DoUpdates: store.Updated("name", "works")}).Create(&row).Error
		if err == nil {
			err = a.resetRegion(tx, region)
		}
		if err != nil {
			return err
		}
		return tx.Audit(by, "holiday.set", "settings", "sales", map[string]any{"day": day, "region": region})
	})
}

// RemoveHoliday takes such a day back.
func (a *App) RemoveHoliday(ctx context.Context, region, day string, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exec("delete from holidays where region = ? and day::text = ?", region, day).Error; err != nil {
			return err
		}
		if err := a.resetRegion(tx, region); err != nil {
			return err
		}
		return tx.Audit(by, "holiday.remove", "settings", "sales", map[string]any{"day": day, "region": region})
	})
}
