package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ConnectorLine is one connector with how it goes.
type ConnectorLine struct {
	store.Connector
	Waiting   int
	Refused   int
	Oldest    *time.Time // of what waits
	AlertName string
}

const connectorLinesSQL = `select c.*, coalesce(w.n, 0) as waiting, coalesce(r.n, 0) as refused, w.oldest, coalesce(u.name, '') as alert_name from connectors c
	left join (select connector_id, count(*) as n, min(created_at) as oldest from pushes where state in ('waiting','held','sending') group by 1) w on w.connector_id = c.id
	left join (select connector_id, count(*) as n from pushes where state = 'refused' group by 1) r on r.connector_id = c.id
	left join users u on u.id = c.alert_user_id `

// Connectors lists them all.
func (a *App) Connectors(ctx context.Context) (out []ConnectorLine, err error) {
	err = a.store.DB(ctx).Raw(connectorLinesSQL + "order by c.name, c.id").Scan(&out).Error
	return out, a.store.Translate(err)
}

// ConnectorDetail is one connector, opened except for its secrets: of those it tells which are set.
type ConnectorDetail struct {
	ConnectorLine
	About   crm.About
	Mapping []crm.Line
	Set     map[string]bool // secrets by name
	Lost    bool            // the secrets can no longer be opened
	Pulls   []store.Pull    // the latest
	Users   []store.RemoteUser
}

// ConnectorDetail reads one.
func (a *App) ConnectorDetail(ctx context.Context, id uuid.UUID) (out ConnectorDetail, err error) {
	var lines []ConnectorLine
	db := a.store.DB(ctx)
	if err := db.Raw(connectorLinesSQL+"where c.id = ?", id).Scan(&lines).Error; err != nil {
		return out, a.store.Translate(err)
	}
	if len(lines) == 0 {
		return out, errNoSuch
	}
	out.ConnectorLine = lines[0]
	sys, cfg, err := a.unsealed(lines[0].Connector)
	if sys == nil {
		return out, err
	}
	if out.Lost = errs.Is(err, errs.Unavailable); err != nil && !out.Lost {
		cfg.Mapping = sys.About().Mapping // to begin with anew: what is kept cannot be read
	}
	out.About, out.Mapping, out.Set = sys.About(), cfg.Mapping, map[string]bool{}
	for name, v := range cfg.Secrets {
		out.Set[name] = v != ""
	}
	if err := db.Where("connector_id = ?", id).Order("at desc, id desc").Limit(20).Find(&out.Pulls).Error; err != nil {
		return out, a.store.Translate(err)
	}
	err = db.Where("connector_id = ?", id).Order("name, remote_id").Limit(200).Find(&out.Users).Error
	return out, a.store.Translate(err)
}

// PushFilter is a view of the pushes.
type PushFilter struct {
	Connector *uuid.UUID
	LeadID    *uuid.UUID
	State     string
	Type      string
}

// PushLine is a push with the names of what it belongs to.
type PushLine struct {
	store.Push
	Connector string
	Kind      string // of the connector
	Person    string // empty once erased
	Erased    bool
}

const pushLines = `select p.*, c.name as connector, c.kind, l.state = 'erased' as erased, case when l.state = 'erased' then '' else coalesce(nullif(trim(l.given_name || ' ' || l.family_name), ''), l.email) end as person
	from pushes p join connectors c on c.id = p.connector_id join leads l on l.id = p.lead_id `

func (f PushFilter) where() (string, []any) {
	conds, args := []string{"true"}, []any{}
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	if f.Connector != nil {
		add("p.connector_id = ?", *f.Connector)
	}
	if f.LeadID != nil {
		add("p.lead_id = ?", *f.LeadID)
	}
	switch f.State {
	case "":
	case "open": // not told yet
		add("p.state in ('waiting','held','sending')")
	default:
		add("p.state = ?", f.State)
	}
	if f.Type != "" {
		add("p.type = ?", f.Type)
	}
	return "where " + strings.Join(conds, " and "), args
}

// ListPushes reads one page of a view, the newest first, and how many lines it has in all.
func (a *App) ListPushes(ctx context.Context, f PushFilter, limit, offset int) (lines []PushLine, total int, err error) {
	where, args := f.where()
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from pushes p "+where, args...).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	err = db.Raw(pushLines+where+" order by p.created_at desc, p.id desc limit ? offset ?", append(args, limit, offset)...).Scan(&lines).Error
	return lines, total, a.store.Translate(err)
}

// PushDetail is one push with each try.
type PushDetail struct {
	PushLine
	Attempts []store.PushAttempt
	Objects  []store.RemoteObject
}

// PushDetail reads one.
func (a *App) PushDetail(ctx context.Context, id uuid.UUID) (out PushDetail, err error) {
	var lines []PushLine
	db := a.store.DB(ctx)
	if err := db.Raw(pushLines+"where p.id = ?", id).Scan(&lines).Error; err != nil {
		return out, a.store.Translate(err)
	}
	if len(lines) == 0 {
		return out, errNoSuch
	}
	out.PushLine = lines[0]
	if err := db.Where("push_id = ?", id).Order("number").Find(&out.Attempts).Error; err != nil {
		return out, a.store.Translate(err)
	}
	err = db.Where("connector_id = ? and object_id in ?", out.ConnectorID, []uuid.UUID{out.ObjectID, out.LeadID}).Order("object_kind").Find(&out.Objects).Error
	return out, a.store.Translate(err)
}
