package app

import (
	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// calendar is when one member of staff works: hours, public holidays, absences.
func (a *App) calendar(db *store.Query, user uuid.UUID) (pipeline.Calendar, error) {
	var general store.Settings
	if err := db.Where("id = 1").Take(&general).Error; err != nil {
		return pipeline.Calendar{}, err
	}
	var profiles []store.UserProfile
	if err := db.Where("user_id = ?", user).Find(&profiles).Error; err != nil {
		return pipeline.Calendar{}, err
	}
	var p store.UserProfile
	if len(profiles) > 0 {
		p = profiles[0]
	}
	now := a.now()
	var absences []store.Absence
	if err := db.Where("user_id = ? and ends_at > ?", user, now.AddDate(-1, 0, 0)).Order("starts_at").Find(&absences).Error; err != nil {
		return pipeline.Calendar{}, err
	}
	var days []store.Holiday
	err := db.Where("region in ? and day between ? and ?", []string{"", p.HolidayRegion}, now.AddDate(-1, 0, 0), now.AddDate(2, 0, 0)).Find(&days).Error
	return calendarOf(p, absences, holidaysOf(p.HolidayRegion, days, now), general.Zone()), err
}
