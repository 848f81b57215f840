package app

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// RemoveSecret behind the name of a secret that may be empty takes it away when it is "yes".
const RemoveSecret = ".remove"

// ConnectorEdit is what staff typed. Values holds settings and secrets by name; a secret left empty stays as it was.
type ConnectorEdit struct {
	Kind      string
	Name      string
	AlertUser string // who is told when it cannot be told; "" nobody
	Values    map[string]string
	Version   int64
}

// CreateConnector makes one. It is held at first: what happens is collected for it, and nothing goes out before somebody lets it.
func (a *App) CreateConnector(ctx context.Context, in ConnectorEdit, by store.Actor) (uuid.UUID, error) {
	sys := a.systems.Find(in.Kind)
	if sys == nil {
		return uuid.Nil, errs.New(errs.NotFound, "There is no such kind of connector.")
	}
	c := store.Connector{ID: store.NewID(), Kind: in.Kind, State: ConnectorHeld, Version: 1}
	secrets := map[string]string{}
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := a.fillConnector(tx, &c, sys.About(), in, secrets); err != nil {
			return err
		}
		var err error
		if c.Mapping, err = json.Marshal(append([]crm.Line{}, sys.About().Mapping...)); err != nil {
			return err
		}
		if c.Secrets, err = a.sealSecrets(c.ID, secrets); err != nil {
			return err
		}
		now := tx.Now()
		c.CreatedAt, c.UpdatedAt = now, now
		if sys.About().Pulls {
			c.PullDueAt = &now
		}
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return tx.Audit(by, "connector.create", "connector", c.ID.String(), map[string]any{"kind": c.Kind})
	})
	return c.ID, err
}

// EditConnector changes settings and secrets. A breaker that staff's mistake had opened closes: the next push tries anew.
func (a *App) EditConnector(ctx context.Context, id uuid.UUID, in ConnectorEdit, by store.Actor) error {
	return a.changeConnector(ctx, id, in.Version, by, "connector.edit", func(tx *store.Tx, c *store.Connector) (map[string]any, error) {
		sys, cfg, err := a.unsealed(*c)
		if sys == nil {
			return nil, err
		}
		if err := a.fillConnector(tx, c, sys.About(), in, cfg.Secrets); err != nil {
			return nil, err
		}
		if c.Secrets, err = a.sealSecrets(c.ID, cfg.Secrets); err != nil {
			return nil, err
		}
		return nil, a.tryAnew(tx, c)
	})
}

// tryAnew closes the breaker by hand.
func (a *App) tryAnew(tx *store.Tx, c *store.Connector) error {
	now := tx.Now()
	c.Failures, c.BrokenAt, c.BrokenWhy, c.ProbeAt, c.WaitUntil = 0, nil, "", nil, nil
	if err := tx.ClearAlarm("connector-away", c.ID.String()); err != nil {
		return err
	}
	if err := tx.Exec("update pushes set due_at = ? where connector_id = ? and state = 'waiting' and due_at > ?", now, c.ID, now).Error; err != nil {
		return err
	}
	return tx.Enqueue(river.InsertManyParams{Args: jobs.Push{ConnectorID: c.ID}})
}

func (a *App) fillConnector(tx *store.Tx, c *store.Connector, about crm.About, in ConnectorEdit, secrets map[string]string) error {
	var faults []errs.Field
	bad := func(field, message string) {
		faults = append(faults, errs.Field{Field: field, Code: "invalid", Message: message})
	}
	c.Name = strings.TrimSpace(in.Name)
	if c.Name == "" || len(c.Name) > 100 {
		bad("name", "Please give it a name of at most 100 characters.")
	}
	var taken int64
	if err := tx.Model(&store.Connector{}).Where("lower(name) = lower(?) and id <> ?", c.Name, c.ID).Count(&taken).Error; err != nil {
		return err
	}
	if taken > 0 {
		bad("name", "Another connector has this name.")
	}
	c.AlertUserID = nil
	if in.AlertUser != "" {
		var ids []uuid.UUID
		id, err := uuid.Parse(in.AlertUser)
		if err == nil {
			err = tx.Model(&store.User{}).Where("id = ? and disabled_at is null", id).Pluck("id", &ids).Error
		}
		if err != nil || len(ids) == 0 {
			bad("alert_user", "Please choose a member of staff.")
		} else {
			c.AlertUserID = &ids[0]
		}
	}
	settings := map[string]string{}
	moved := !about.Events && elsewhere(about, c.Settings, in.Values) // events carry a signature, never the secret
	for _, f := range about.Fields {
		v := strings.TrimSpace(strings.ReplaceAll(in.Values[f.Name], "\r\n", "\n"))
		if f.Secret {
			switch {
			case v != "":
				secrets[f.Name] = v
			case moved && f.Required && secrets[f.Name] != "":
				bad(f.Name, "Please enter it again: the address is another one, and what was kept for the old one does not go there.")
			case in.Values[f.Name+RemoveSecret] == "yes" && !f.Required:
				delete(secrets, f.Name)
			}
			v = secrets[f.Name]
		} else {
			settings[f.Name] = v
		}
		if fault := checkField(f, v); fault != "" {
			bad(f.Name, fault)
		}
	}
	c.Settings = settings
	if len(faults) > 0 {
		return errs.InvalidFields(faults...)
	}
	return nil
}

// elsewhere tells whether an address of a connector is at another host than before.
func elsewhere(about crm.About, before, after map[string]string) bool {
	host := func(values map[string]string, f crm.Field) string {
		u, err := url.Parse(orElse(strings.TrimSpace(values[f.Name]), f.Default))
		if err != nil {
			return ""
		}
		return strings.ToLower(u.Scheme + "://" + u.Host)
	}
	return slices.ContainsFunc(about.Fields, func(f crm.Field) bool { return f.Type == "url" && !f.Secret && host(before, f) != host(after, f) })
}

func checkField(f crm.Field, v string) string {
	switch {
	case v == "" && f.Required && f.Default == "":
		return f.Label + " is missing."
	case v == "":
		return ""
	case len(v) > 4000 || strings.ContainsRune(v, 0):
		return f.Label + " is too long."
	case f.Type == "url" || f.Name == "url":
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
			return "Please enter an address that begins with https://."
		}
	case f.Name == "secret" || f.Name == "in_secret":
		if err := crm.CheckSigning(v); err != nil {
			return errs.Public(err).Message
		}
	case f.Name == "stages":
		if _, err := crm.ParseStages(v); err != nil {
			return errs.Public(err).Fields[0].Message
		}
	case f.Name == "types":
		for t := range strings.FieldsSeq(strings.ReplaceAll(v, ",", " ")) {
			if !slices.Contains(crm.EventTypes, t) {
				return "There is no event named “" + t + "”."
			}
		}
	case f.Type == "select":
		if !slices.ContainsFunc(f.Options, func(o [2]string) bool { return o[0] == v }) {
			return "Please choose one of the list."
		}
	}
	return ""
}

// EditMapping changes which value goes where.
func (a *App) EditMapping(ctx context.Context, id uuid.UUID, read int64, lines []crm.Line, by store.Actor) error {
	if err := crm.CheckMapping(lines); err != nil {
		return err
	}
	return a.changeConnector(ctx, id, read, by, "connector.mapping", func(tx *store.Tx, c *store.Connector) (map[string]any, error) {
		var err error
		if c.Mapping, err = json.Marshal(append([]crm.Line{}, lines...)); err != nil {
			return nil, err
		}
		return map[string]any{"lines": len(lines)}, a.tryAnew(tx, c)
	})
}

// SetConnectorState switches one on, holds it, or switches it off. Off drops what waits: it says so in each push.
func (a *App) SetConnectorState(ctx context.Context, id uuid.UUID, read int64, state string, by store.Actor) error {
	if !slices.Contains([]string{ConnectorOn, ConnectorHeld, ConnectorOff}, state) {
		return errs.New(errs.Invalid, "A connector is on, held or off.")
	}
	return a.changeConnector(ctx, id, read, by, "connector."+state, func(tx *store.Tx, c *store.Connector) (map[string]any, error) {
		c.State = state
		if state == ConnectorOff {
			err := tx.Exec("update pushes set state = 'dropped', reason = 'the connector was switched off', state_at = ? where connector_id = ? and state in ('waiting','held')", tx.Now(), id).Error
			return nil, err
		}
		if state == ConnectorOn {
			return nil, a.tryAnew(tx, c)
		}
		return nil, nil
	})
}

func (a *App) changeConnector(ctx context.Context, id uuid.UUID, read int64, by store.Actor, action string, fn func(*store.Tx, *store.Connector) (map[string]any, error)) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var c store.Connector
		if err := tx.ForChange().Where("id = ?", id).Take(&c).Error; err != nil {
			return a.store.Translate(err)
		}
		if c.Version != read {
			return errChanged
		}
		detail, err := fn(tx, &c)
		if err != nil {
			return err
		}
		c.Version, c.UpdatedAt = c.Version+1, tx.Now()
		if err := tx.Model(&store.Connector{}).Where("id = ?", id).Select("*").Updates(&c).Error; err != nil {
			return err
		}
		return tx.Audit(by, action, "connector", id.String(), detail)
	})
}

// TestConnector asks the system whether we are let in and what we need is there. The answer holds no secret.
func (a *App) TestConnector(ctx context.Context, id uuid.UUID, by store.Actor) (crm.Outcome, error) {
	var c store.Connector
	if err := a.store.DB(ctx).Where("id = ?", id).Take(&c).Error; err != nil {
		return crm.Outcome{}, a.store.Translate(err)
	}
	sys, cfg, err := a.unsealed(c)
	if err != nil {
		return crm.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	out := sys.Test(ctx, cfg)
	return out, a.store.Tx(ctx, func(tx *store.Tx) error {
		return tx.Audit(by, "connector.test", "connector", id.String(), map[string]any{"outcome": string(out.Class)})
	})
}

// DryRun shows the exact requests that a push of a lead, with its newest deal, would make. It reads there, and writes nothing. lines, when
// not nil, takes the place of the mapping that is kept.
func (a *App) DryRun(ctx context.Context, id, lead uuid.UUID, lines []crm.Line) (crm.Outcome, error) {
	var t pushTry
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Where("id = ?", id).Take(&t.connector).Error; err != nil {
			return a.store.Translate(err)
		}
		now := tx.Now()
		t.push = store.Push{ID: store.NewID(), ConnectorID: id, ObjectKind: crm.Lead, ObjectID: lead, Revision: store.NewID(), Type: LeadChanged, LeadID: lead, CreatedAt: now}
		var deals []uuid.UUID
		if err := tx.Model(&store.Deal{}).Where("lead_id = ?", lead).Order("opened_at desc").Limit(1).Pluck("id", &deals).Error; err != nil {
			return err
		}
		sys := a.systems.Find(t.connector.Kind)
		if sys == nil {
			return errs.New(errs.NotFound, "There is no such kind of connector.")
		}
		if sys.About().Events {
			return a.dryEvent(tx, &t, lead)
		}
		if len(deals) > 0 {
			t.push.ObjectKind, t.push.ObjectID = crm.Deal, deals[0]
		}
		dropped, err := a.composePush(tx, &t)
		if err == nil && dropped != "" {
			err = errs.New(errs.Conflict, "There is nothing to tell: %s.", dropped)
		}
		return a.store.Translate(err)
	})
	if err != nil {
		return crm.Outcome{}, err
	}
	t.config.Dry = true
	if lines != nil {
		t.config.Mapping = lines
	}
	return a.callPush(ctx, &t), nil
}

func (a *App) dryEvent(tx *store.Tx, t *pushTry, lead uuid.UUID) error {
	var err error
	if t.system, t.config, err = a.unsealed(t.connector); err != nil {
		return err
	}
	n, err := a.tell(tx, lead, nil)
	if err != nil {
		return a.store.Translate(err)
	}
	var as []store.Assignment
	if err := tx.Where("lead_id = ?", lead).Order("at desc").Limit(1).Find(&as).Error; err != nil {
		return err
	}
	t.call = crm.Call{ID: t.push.ID.String(), Type: LeadAssigned, At: tx.Now(), Key: lead.String(), Values: n.values, Erase: n.erased}
	if len(as) == 0 {
		t.call.Data = n.eventData(store.OutboxEvent{LeadID: lead}, nil)
		return nil
	}
	t.call.Data = n.eventData(store.OutboxEvent{LeadID: lead}, &as[0])
	if !t.system.About().Alerts {
		return nil
	}
	return a.alertValues(tx, t.call.Values, as[0])
}
