package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

var errNoSuch = errs.New(errs.NotFound, "There is no such thing here.")

// Quarantined is a submission that waits for a decision, or was discarded, with everything that helps to decide. Payload
// is nil once the person is erased.
type Quarantined struct {
	store.Submission
	Gate      string
	DecidedBy string // name of who discarded it
	Payload   *store.Payload
	Fields    []form.Field // of the gate version it answered, in order
}

// ListQuarantine reads one page of what waits, the longest waiting first, or of what was discarded, the latest first; and
// how many there are in all.
func (a *App) ListQuarantine(ctx context.Context, discarded bool, limit, offset int) (out []Quarantined, total int, err error) {
	state, order := store.StateQuarantined, "s.received_at, s.id"
	if discarded {
		state, order = store.StateDiscarded, "s.state_at desc, s.id desc"
	}
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from submissions where state = ?", state).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	var subs []struct {
		store.Submission
		Gate   string
		Person string
	}
	err = db.Raw("select s.*, "+gateTitle+` as gate, coalesce(u.name, '') as person from submissions s join gates g on g.id = s.gate_id
		left join gate_versions v on v.id = g.published_version_id left join users u on u.id = s.decided_by
		where s.state = ? order by `+order+" limit ? offset ?", state, limit, offset).Scan(&subs).Error
	if err != nil {
		return nil, 0, a.store.Translate(err)
	}
	ids, versions := []uuid.UUID{}, map[uuid.UUID]bool{}
	for _, s := range subs {
		ids, versions[s.GateVersionID] = append(ids, s.ID), true
	}
	var payloads []store.Payload
	if err := db.Where("submission_id in ?", ids).Find(&payloads).Error; err != nil {
		return nil, 0, a.store.Translate(err)
	}
	var defs []store.GateVersion
	if err := db.Where("id in ?", keysOf(versions)).Find(&defs).Error; err != nil {
		return nil, 0, a.store.Translate(err)
	}
	byVersion := byID(defs, func(v store.GateVersion) uuid.UUID { return v.ID })
	byPayload := byID(payloads, func(p store.Payload) uuid.UUID { return p.SubmissionID })
	for _, s := range subs {
		q := Quarantined{Submission: s.Submission, Gate: s.Gate, DecidedBy: s.Person, Fields: byVersion[s.GateVersionID].Definition.Form.Fields}
		if p, ok := byPayload[s.ID]; ok {
			q.Payload = &p
		}
		out = append(out, q)
	}
	return out, total, nil
}
