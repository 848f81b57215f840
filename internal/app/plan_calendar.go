package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadStep reads a step of a lead.
func (a *App) LeadStep(ctx context.Context, lead, id uuid.UUID) (s store.Step, err error) {
	err = a.store.DB(ctx).Where("id = ? and lead_id = ?", id, lead).Take(&s).Error
	return s, a.store.Translate(err)
}

// StepCalendar is a step as a calendar file: half an hour that ends when it is due. It names the lead by a link, which
// asks for a login, and by no name: calendars are shared.
func (a *App) StepCalendar(ctx context.Context, lead, id uuid.UUID) ([]byte, error) {
	s, err := a.LeadStep(ctx, lead, id)
	if err != nil {
		return nil, err
	}
	link := a.absolute("/admin/leads/" + lead.String())
	return pipeline.CalendarFile(pipeline.Appointment{UID: s.ID.String() + "@" + a.host(), Made: a.now(), From: s.DueAt.Add(-30 * time.Minute), Until: s.DueAt,
		Summary: s.Title, Text: link, URL: link}), nil
}
