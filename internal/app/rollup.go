package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
)

// rollAfter is how long after its end an hour is rolled up. Whoever changes rows marks their hours from markAfter on,
// so that a change that is under way while its hour is rolled up is marked too: no transaction of ours lasts an hour.
const (
	rollAfter = 2 * time.Hour
	markAfter = time.Hour
)

// rollAtOnce is how many hours one transaction rolls up. rollPause is how long the upkeep goes on with it before it looks
// after its other work; the rest waits for the next time, and figures count it from the rows meanwhile.
const (
	rollAtOnce = 24
	rollPause  = 2 * time.Second
)

// RollUp counts the hours that are over into the roll-ups, and those anew whose rows have changed since. It tells how many
// hours it counted. Any number of processes may try at once: one does it. Figures are exact before, during and after.
func (a *App) RollUp(ctx context.Context) (hours int, err error) {
	for {
		n, more, err := a.rollSome(ctx)
		if hours += n; err != nil || !more {
			return hours, err
		}
	}
}

// rollFor goes on with the roll-up for a while.
func (a *App) rollFor(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if _, more, err := a.rollSome(ctx); err != nil || !more {
			return err
		}
	}
	return nil
}

func (a *App) rollSome(ctx context.Context) (n int, more bool, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		state, ok, err := tx.LockRollup()
		if err != nil || !ok {
			return err
		}
		n, more = 0, false
		if state.Until != nil {
			if n, more, err = rebuild(tx, *state.Until); err != nil || more {
				return err
			}
		}
		added, left, err := rollOn(tx, state.Until)
		n, more = n+added, left
		return err
	})
	return n, more && err == nil, err
}

// rebuild counts dirty hours anew, but those with a submission that is still to become a lead: they change once more. The
// marks go first: a change that the count below does not see has a mark that this does not see either.
func rebuild(tx *store.Tx, until time.Time) (n int, more bool, err error) {
	var hours []time.Time
	err = tx.Raw(`with due as (select distinct hour from rollup_dirty where hour not in (`+report.OpenHours+`) order by hour limit ?)
		delete from rollup_dirty d using due where d.hour = due.hour returning d.hour`, rollAtOnce).Scan(&hours).Error
	if err != nil {
		return 0, false, err
	}
	done := map[time.Time]bool{}
	for _, h := range hours {
		if h = h.UTC(); done[h] {
			continue
		}
		done[h] = true
		if !h.Before(until) { // not rolled up yet: it is counted when it is
			continue
		}
		n++
		if err := count(tx, h, h.Add(time.Hour)); err != nil {
			return 0, false, err
		}
	}
	return n, len(done) == rollAtOnce, nil
}

// rollOn rolls up the next hours that are over. Those with a submission that is still to become a lead are dirty from the
// first.
func rollOn(tx *store.Tx, until *time.Time) (n int, more bool, err error) {
	end := tx.Now().Add(-rollAfter).Truncate(time.Hour)
	if until == nil {
		var first time.Time
		if err := tx.Raw("select least(min(received_at), ?) from submissions", end).Scan(&first).Error; err != nil {
			return 0, false, err
		}
		first = first.UTC().Truncate(time.Hour)
		until = &first
	}
	next := until.UTC().Add(rollAtOnce * time.Hour)
	if next.After(end) {
		next = end
	}
	if !until.Before(next) {
		return 0, false, nil
	}
	if err := count(tx, until.UTC(), next); err != nil {
		return 0, false, err
	}
	if err := tx.Exec("update rollup_state set until = ?", next).Error; err != nil {
		return 0, false, err
	}
	err = tx.Exec(`insert into rollup_dirty (id, hour) select gen_random_uuid(), hour from (select distinct hour from (`+report.OpenHours+`) o where hour >= ?) h`, *until).Error
	return int(next.Sub(*until) / time.Hour), next.Before(end), err
}

// count writes the roll-ups of [since, until).
func count(tx *store.Tx, since, until time.Time) error {
	if err := tx.Exec("delete from rollup_hours where hour >= ? and hour < ?", since, until).Error; err != nil {
		return err
	}
	return tx.Exec(`insert into rollup_hours (hour, gate_id, source, submissions) `+report.Hourly("@since", "@until"),
		map[string]any{"since": since, "until": until}).Error
}

// markLate marks the hours of submissions that become leads long after they came.
func (a *App) markLate(tx *store.Tx, subs []store.Submission) error {
	var late []uuid.UUID
	for _, s := range subs {
		if s.ReceivedAt.Before(tx.Now().Add(-markAfter)) {
			late = append(late, s.ID)
		}
	}
	return a.markRolled(tx, late...)
}

// markRolled marks the hours of submissions whose state changes in this transaction.
func (a *App) markRolled(tx *store.Tx, submissions ...uuid.UUID) error {
	if a.mutant("stale-rollup") {
		return nil
	}
	return tx.MarkHours(submissions, tx.Now().Add(-markAfter))
}
