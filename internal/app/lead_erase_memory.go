package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// erasuresFile stands beside the database in the data folder: a backup that is older than an erasure knows nothing of
// it, this file does. It holds ids and keyed hashes, which name nobody.
const erasuresFile = "erasures.jsonl"

// memory is one line of the file.
type memory struct {
	ID          uuid.UUID `json:"id"`
	LeadID      uuid.UUID `json:"lead_id"`
	AddressKeys []string  `json:"address_keys"`
	At          time.Time `json:"at"`
}

// remember writes the erasure down: in the database, in the audit log, and last in the file. A line whose transaction
// then fails does no harm: the person was to be erased.
func (p *erased) remember(by store.Actor) error {
	r := &p.receipt
	r.LeadID = p.lead
	counts := map[string]any{}
	for _, c := range r.Counts {
		counts[c.Table+", "+c.What] = c.Rows
	}
	keys := p.hexKeys()
	if by.Name == reapplying.Name && by.Kind == reapplying.Kind {
		keys = nil // it is written down already, with its own time: somebody who came back after it must stay
	}
	if len(keys) > 0 {
		row := store.Erasure{ID: r.ID, LeadID: r.LeadID, AddressKeys: keys, Receipt: counts, At: r.At}
		if err := p.tx.Create(&row).Error; err != nil {
			return err
		}
	}
	if err := p.tx.Audit(by, "lead.erase", "lead", r.LeadID.String(), map[string]any{"erasure": r.ID.String()}); err != nil || len(keys) == 0 {
		return err
	}
	return p.app.appendMemory(memory{ID: r.ID, LeadID: r.LeadID, AddressKeys: keys, At: r.At})
}

func (a *App) appendMemory(m memory) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	file := filepath.Join(a.o.DataDir, erasuresFile)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "The list of erased people in the data folder cannot be written, so nothing was erased.")
	}
	_, werr := f.Write(append(line, '\n'))
	if err := errors.Join(werr, f.Sync(), f.Close(), syncFolder(a.o.DataDir)); err != nil {
		return errs.Wrap(err, errs.Unavailable, "The list of erased people in the data folder cannot be written, so nothing was erased.")
	}
	return nil
}

// syncFolder makes a new file's name durable. Not every system can; the file itself is.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// memories reads the file and the table. A last line that a crash cut short is passed over.
func (a *App) memories(ctx context.Context) ([]memory, error) {
	raw, err := os.ReadFile(filepath.Join(a.o.DataDir, erasuresFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(err, errs.Unavailable, "The list of erased people in the data folder cannot be read.")
	}
	var out []memory
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m memory
		if json.Unmarshal(lines.Bytes(), &m) == nil {
			out = append(out, m)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	var rows []store.Erasure
	if err := a.store.DB(ctx).Order("at").Find(&rows).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	for _, r := range rows {
		if !slices.ContainsFunc(out, func(m memory) bool { return m.ID == r.ID }) {
			out = append(out, memory{ID: r.ID, LeadID: r.LeadID, AddressKeys: r.AddressKeys, At: r.At})
		}
	}
	return out, nil
}

// reapplying is who erases again after a restore.
var reapplying = store.Actor{Kind: "system", Name: "erased people of a restored backup"}

// ReapplyErasures erases again whoever a restored backup brought back, and tells how many that were. A person who came
// again after being erased is known by nothing but what came later, and stays.
func (a *App) ReapplyErasures(ctx context.Context) (int, error) {
	list, err := a.memories(ctx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	leads, keys := map[uuid.UUID]bool{}, map[string]time.Time{}
	for _, m := range list {
		leads[m.LeadID] = m.LeadID != uuid.Nil
		for _, k := range m.AddressKeys {
			if m.At.After(keys[k]) {
				keys[k] = m.At
			}
		}
	}
	back, err := a.broughtBack(ctx, leads, keys)
	if err != nil {
		return 0, err
	}
	by := reapplying
	for id := range back.leads {
		if _, err := a.EraseLead(ctx, id, by); err != nil {
			return 0, err
		}
	}
	for address := range back.addresses {
		if _, err := a.EraseAddress(ctx, address, by); err != nil && !errs.Is(err, errs.NotFound) {
			return 0, err
		}
	}
	return len(back.leads) + len(back.addresses), nil
}

type returned struct {
	leads     map[uuid.UUID]bool
	addresses map[string]bool // that never became a lead
}

// broughtBack finds leads by their id, and leads and lone submissions by the keyed hash of an address that is older than
// its erasure.
func (a *App) broughtBack(ctx context.Context, leads map[uuid.UUID]bool, keys map[string]time.Time) (returned, error) {
	out := returned{map[uuid.UUID]bool{}, map[string]bool{}}
	known := func(address string, at time.Time) bool {
		return slices.ContainsFunc(a.addressKeys(address), func(k []byte) bool {
			erasedAt, ok := keys[hex.EncodeToString(k)]
			return ok && !at.After(erasedAt)
		})
	}
	rows, err := a.store.Pool().Query(ctx, `select l.id, d.address, d.created_at from lead_addresses d join leads l on l.id = d.lead_id where l.state <> 'erased'`)
	if err != nil {
		return out, a.store.Translate(err)
	}
	for rows.Next() {
		var id uuid.UUID
		var address string
		var at time.Time
		if err := rows.Scan(&id, &address, &at); err != nil {
			rows.Close()
			return out, err
		}
		if leads[id] || known(address, at) {
			out.leads[id] = true
		}
	}
	if err := rows.Err(); err != nil {
		return out, a.store.Translate(err)
	}
	rows, err = a.store.Pool().Query(ctx, `select p.address, min(s.received_at) from submission_payloads p join submissions s on s.id = p.submission_id
		where not exists (select 1 from lead_addresses d where d.address = p.address) group by p.address`)
	if err != nil {
		return out, a.store.Translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var address string
		var at time.Time
		if err := rows.Scan(&address, &at); err != nil {
			return out, err
		}
		if known(address, at) {
			out.addresses[address] = true
		}
	}
	return out, a.store.Translate(rows.Err())
}
