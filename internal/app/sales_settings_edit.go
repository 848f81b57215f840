package app

import (
	"context"
	"slices"
	"strings"

	"github.com/gatehouse/gatehouse/internal/store"
)

// SalesSettingsEdit is what staff decide for sales, as it is typed. Times of day are minutes since midnight.
type SalesSettingsEdit struct {
	store.SalesSettings
	Fallback, Manager string // users' ids, or ""
}

// EditSalesSettings changes it; in.Version is the version that the form showed.
func (a *App) EditSalesSettings(ctx context.Context, in SalesSettingsEdit, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var old store.SalesSettings
		if err := tx.ForUpdate().Where("id = 1").Take(&old).Error; err != nil {
			return err
		}
		if old.Version != in.Version {
			return errChanged
		}
		now, err := a.checkSalesSettings(tx, in)
		if err != nil {
			return err
		}
		changed := changedNames(old, now)
		if err := tx.SaveSalesSettings(now); err != nil {
			return err
		}
		return tx.Audit(by, "sales-settings.edit", "settings", "sales", map[string]any{"changed": changed})
	})
}

func (a *App) checkSalesSettings(tx *store.Tx, in SalesSettingsEdit) (store.SalesSettings, error) {
	var e edits
	s := in.SalesSettings
	if !slices.Contains([]string{VisibleAll, VisibleTeam, VisibleOwn}, s.Visibility) {
		e.add("visibility", "not-an-option", "Please say whose leads sales sees.")
	}
	if !slices.Contains([]string{"week", "month", "quarter"}, s.RotationPeriod) {
		e.add("rotation_period", "not-an-option", "Please choose a period.")
	}
	for _, m := range []struct {
		field string
		value int32
	}{{"warn_minutes", s.WarnMinutes}, {"escalate_minutes", s.EscalateMinutes}, {"reassign_minutes", s.ReassignMinutes}} {
		if m.value < 0 || m.value > 10_000 {
			e.add(m.field, "invalid", "Please give minutes of working time, at most 10,000; 0 switches it off.")
		}
	}
	if s.DigestOver < 1 || s.DigestOver > 100 {
		e.add("digest_over", "invalid", "Please give a number from 1 to 100.")
	}
	if s.TouchesPerWeek < 1 || s.TouchesPerWeek > 50 {
		e.add("touches_per_week", "invalid", "Please give a number from 1 to 50.")
	}
	for _, m := range []struct {
		field string
		value int16
	}{{"quiet_from", s.QuietFrom}, {"quiet_until", s.QuietUntil}} {
		if m.value < 0 || m.value > 1439 {
			e.add(m.field, "invalid", "Please give a time of day such as 19:00.")
		}
	}
	s.InboundDomain = strings.ToLower(e.line("inbound_domain", s.InboundDomain, 0, 253))
	if strings.ContainsAny(s.InboundDomain, "@/ ") {
		e.add("inbound_domain", "invalid", "Please give a domain such as in.example.com, or nothing.")
	}
	var err error
	if s.FallbackUserID, err = a.staffID(tx, in.Fallback); err != nil {
		return s, err
	}
	if s.ManagerUserID, err = a.staffID(tx, in.Manager); err != nil {
		return s, err
	}
	if s.FallbackUserID != nil {
		ok, err := a.mayStandIn(tx, *s.FallbackUserID)
		if err != nil {
			return s, err
		}
		if !ok {
			e.add("fallback", "not-an-option", "The fallback gets leads: please choose somebody who sells.")
		}
	}
	return s, e.err()
}
