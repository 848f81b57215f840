package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// AuditFilter chooses lines of the audit log; empty parts choose all.
type AuditFilter struct {
	Actor  string // name
	Action string // "gate.publish"
	Object string // kind, "gate"
	ID     string // of the object
	From   time.Time
	Before time.Time
}

func (f AuditFilter) apply(db *store.Query) *store.Query {
	db = db.Model(&store.Audit{})
	for _, c := range []struct{ column, value string }{{"actor_name", f.Actor}, {"action", f.Action}, {"object_kind", f.Object}, {"object_id", f.ID}} {
		if c.value != "" {
			db = db.Where(c.column+" = ?", c.value)
		}
	}
	if !f.From.IsZero() {
		db = db.Where("at >= ?", f.From)
	}
	if !f.Before.IsZero() {
		db = db.Where("at < ?", f.Before)
	}
	return db
}

// AuditPage is one page of the log, newest first, and what can be filtered by.
type AuditPage struct {
	Lines   []store.Audit
	Total   int
	Actors  []string
	Actions []string
	Objects []string
}

// AuditLog reads size lines of the log from the line after skip.
func (a *App) AuditLog(ctx context.Context, f AuditFilter, skip, size int) (p AuditPage, err error) {
	var total int64
	if err := f.apply(a.store.DB(ctx)).Count(&total).Error; err != nil {
		return p, a.store.Translate(err)
	}
	p.Total = int(total)
	if err := f.apply(a.store.DB(ctx)).Order("at desc, id desc").Offset(skip).Limit(size).Find(&p.Lines).Error; err != nil {
		return p, a.store.Translate(err)
	}
	for _, c := range []struct {
		column string
		into   *[]string
	}{{"actor_name", &p.Actors}, {"action", &p.Actions}, {"object_kind", &p.Objects}} {
		if err := a.store.DB(ctx).Model(&store.Audit{}).Distinct().Order(c.column).Limit(200).Pluck(c.column, c.into).Error; err != nil {
			return p, a.store.Translate(err)
		}
	}
	return p, nil
}

// auditBatch is how many lines an export holds in memory.
const auditBatch = 1000

// EachAudit calls fn for every line that the filter chooses, newest first, until fn returns an error, which it passes on.
func (a *App) EachAudit(ctx context.Context, f AuditFilter, fn func(store.Audit) error) error {
	var at time.Time
	var id uuid.UUID
	for {
		q := f.apply(a.store.DB(ctx)).Order("at desc, id desc").Limit(auditBatch)
		if !at.IsZero() {
			q = q.Where("(at, id) < (?, ?)", at, id)
		}
		var lines []store.Audit
		if err := q.Find(&lines).Error; err != nil {
			return a.store.Translate(err)
		}
		for _, l := range lines {
			if err := fn(l); err != nil {
				return err
			}
		}
		if len(lines) < auditBatch {
			return nil
		}
		at, id = lines[len(lines)-1].At, lines[len(lines)-1].ID
	}
}
