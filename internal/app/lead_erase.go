package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// EraseReceipt says what an erasure touched; it names nobody. Counts are rows per table, in the order of the work.
type EraseReceipt struct {
	ID     uuid.UUID    `json:"id"`
	LeadID uuid.UUID    `json:"lead_id"` // uuid.Nil when there were only submissions that never became a lead
	At     time.Time    `json:"at"`
	Counts []EraseCount `json:"counts"`
}

// EraseCount is how many rows of a table were deleted or blanked.
type EraseCount struct {
	Table string `json:"table"`
	What  string `json:"what"` // deleted, blanked, ended ...
	Rows  int64  `json:"rows"`
}

// EraseLead erases one person everywhere: the payload goes, the fact without a person remains. Again changes nothing more.
func (a *App) EraseLead(ctx context.Context, leadID uuid.UUID, by store.Actor) (EraseReceipt, error) {
	return a.erase(ctx, by, func(tx *store.Tx, p *erased) error {
		var n int64
		if err := tx.Model(&store.Lead{}).Where("id = ?", leadID).Count(&n).Error; err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "There is no such lead.")
		}
		p.lead, p.leads = leadID, []uuid.UUID{leadID}
		return nil
	})
}

// EraseAddress erases the person behind an address, also one whose submissions were never accepted. errs.NotFound says
// that nobody is known by it.
func (a *App) EraseAddress(ctx context.Context, address string, by store.Actor) (EraseReceipt, error) {
	ad, err := lead.ParseAddress(address)
	if err != nil {
		return EraseReceipt{}, errs.New(errs.Invalid, "This is not an e-mail address.")
	}
	return a.erase(ctx, by, func(tx *store.Tx, p *erased) error {
		var rows []store.LeadAddress
		if err := tx.Where("address = ?", ad.Normal).Find(&rows).Error; err != nil {
			return err
		}
		p.names = []string{ad.Normal}
		if len(rows) > 0 {
			p.lead, p.leads = rows[0].LeadID, []uuid.UUID{rows[0].LeadID}
			return nil
		}
		var n int64
		err := tx.Model(&store.Payload{}).Where("address = ?", ad.Normal).Count(&n).Error
		if err == nil && n == 0 {
			err = errs.New(errs.NotFound, "Nobody with this address is here; there is nothing to erase.")
		}
		return err
	})
}

// erased is the working set of one erasure: everything that hangs off the person.
type erased struct {
	app       *App
	tx        *store.Tx
	lead      uuid.UUID
	leads     []uuid.UUID // the person's, and those that came of nothing but this person's submissions
	addresses []uuid.UUID
	names     []string // the addresses in clear, while they are there
	subs      []uuid.UUID
	messages  []uuid.UUID
	grants    []uuid.UUID
	companies []uuid.UUID
	keys      [][]byte
	receipt   EraseReceipt
}

// eraseTries is how often an erasure begins anew when somebody else is at work on the same rows.
const eraseTries = 20

func (a *App) erase(ctx context.Context, by store.Actor, find func(*store.Tx, *erased) error) (EraseReceipt, error) {
	for try := 1; ; try++ {
		p := &erased{app: a, receipt: EraseReceipt{ID: store.NewID(), At: a.now()}}
		err := a.store.Tx(ctx, func(tx *store.Tx) error {
			p.tx = tx
			if err := find(tx, p); err != nil {
				return err
			}
			return p.run(by)
		})
		if err == nil || try == eraseTries || !busy(err) {
			return p.receipt, err
		}
		if err := pause(ctx, time.Duration(try)*20*time.Millisecond); err != nil {
			return EraseReceipt{}, err
		}
	}
}

// busy tells that another transaction stands in the way for a moment: a lock that is held, a deadlock, a row that it referred to.
func busy(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains([]string{"55P03", "40P01", "40001"}, pg.Code)
}

func (p *erased) run(by store.Actor) error {
	for _, step := range []func() error{p.mergedToo, p.gather, p.lock, p.views, p.people, p.mail, p.traces, p.hands, p.sales, p.company} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := p.app.tellErased(p.tx, p.leads...); err != nil {
		return err
	}
	if err := p.app.markRolled(p.tx, p.subs...); err != nil {
		return err
	}
	return p.remember(by)
}

// gather collects the submissions and messages and locks them in the order in which everybody locks them: submissions,
// messages, and only then the addresses.
func (p *erased) gather() error {
	if err := p.readAddresses(); err != nil {
		return err
	}
	if err := p.readSubmissions(); err != nil {
		return err
	}
	if err := p.ids(&p.subs, "select id from submissions where id in ? order by id for update", p.subs); err != nil {
		return err
	}
	if err := p.readSubmissions(); err != nil { // an accept job that held them has told us now whose they are
		return err
	}
	return p.ids(&p.messages, "select id from messages where lead_id in ? or submission_id in ? order by id for update", p.leads, p.subs)
}

func (p *erased) readAddresses() error {
	var rows []store.LeadAddress
	if err := p.tx.Where("lead_id in ?", p.leads).Order("address").Find(&rows).Error; err != nil {
		return err
	}
	p.addresses = nil
	for _, r := range rows {
		p.addresses = append(p.addresses, r.ID)
		if r.Domain != "" && !slices.Contains(p.names, r.Address) {
			p.names = append(p.names, r.Address)
		}
	}
	return nil
}

// readSubmissions finds all that the person sent: what became of the lead, what carries the address and never became
// anything, and what the person took back by correcting the address. A lead that came of nothing else goes with it.
func (p *erased) readSubmissions() error {
	err := p.ids(&p.subs, `with recursive mine(id) as (
		select submission_id from outcomes where lead_id in ?
		union select submission_id from submission_payloads where address in ?
		union select s.corrects_id from submissions s join mine m on m.id = s.id where s.corrects_id is not null)
		select id from mine order by id`, p.leads, p.names)
	if err != nil {
		return err
	}
	var more []uuid.UUID
	err = p.ids(&more, `select distinct o.lead_id from outcomes o where o.submission_id in ?
		and not exists (select 1 from outcomes x where x.lead_id = o.lead_id and x.submission_id not in ?)`, p.subs, p.subs)
	if err != nil {
		return err
	}
	for _, id := range more {
		if !slices.Contains(p.leads, id) {
			p.leads = append(p.leads, id)
		}
	}
	if p.lead == uuid.Nil && len(p.leads) > 0 {
		p.lead = p.leads[0]
	}
	return p.readAddresses()
}

// lock holds the addresses and leads, so that no accept job, no download and no second request brings the person back.
// A submission that slipped in meanwhile makes the erasure begin anew.
func (p *erased) lock() error {
	if err := p.ids(new([]uuid.UUID), "select id from lead_addresses where id in ? order by address for update", p.addresses); err != nil {
		return err
	}
	var late []uuid.UUID
	err := p.ids(&late, "select id from submissions where id in (select submission_id from submission_payloads where address in ?) and id not in ? for update nowait",
		p.names, p.subs)
	if err != nil {
		return err
	}
	p.subs = append(p.subs, late...)
	if err := p.ids(&p.companies, `select id from companies where id in (select company_id from leads where id in ?) order by id for update`, p.leads); err != nil {
		return err
	}
	if err := p.ids(new([]uuid.UUID), "select id from leads where id in ? order by id for update", p.leads); err != nil {
		return err
	}
	if err := p.ids(&p.messages, "select id from messages where lead_id in ? or address_id in ? or submission_id in ? order by id for update", p.leads, p.addresses, p.subs); err != nil {
		return err
	}
	if err := p.ids(&p.grants, "select id from grants where address_id in ?", p.addresses); err != nil {
		return err
	}
	for _, name := range p.names {
		p.keys = append(p.keys, p.app.addressKeys(name)...)
	}
	return nil
}

// ids runs a query that gives ids. An empty list in an argument matches nothing.
func (p *erased) ids(into *[]uuid.UUID, sql string, args ...any) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case []uuid.UUID:
			if len(v) == 0 {
				args[i] = []uuid.UUID{uuid.Nil}
			}
		case []string:
			if len(v) == 0 {
				args[i] = []string{""}
			}
		}
	}
	var out []uuid.UUID
	if err := p.tx.Raw(sql, args...).Scan(&out).Error; err != nil {
		return err
	}
	*into = out
	return nil
}

// change runs a statement and adds its rows to the receipt.
func (p *erased) change(table, what, sql string, args ...any) error {
	for _, arg := range args {
		switch v := arg.(type) {
		case []uuid.UUID:
			if len(v) == 0 {
				return nil
			}
		case [][]byte:
			if len(v) == 0 {
				return nil
			}
		}
	}
	res := p.tx.Exec(sql, args...)
	if res.Error != nil {
		return fmt.Errorf("erase %s: %w", table, res.Error)
	}
	for i, c := range p.receipt.Counts {
		if c.Table == table && c.What == what {
			p.receipt.Counts[i].Rows += res.RowsAffected
			return nil
		}
	}
	p.receipt.Counts = append(p.receipt.Counts, EraseCount{table, what, res.RowsAffected})
	return nil
}

// hexKeys are the keyed hashes of the addresses, as they are remembered.
func (p *erased) hexKeys() []string {
	out := make([]string, len(p.keys))
	for i, k := range p.keys {
		out[i] = hex.EncodeToString(k)
	}
	return out
}
