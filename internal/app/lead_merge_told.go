package app

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Merging in other systems: for one lead there is one object. Where both leads have one, that of the lead that stays stays, and
// the other one is taken away so that their staff can bring it back; where only the other one has one, it becomes that of
// the lead that stays and carries its key and values from then on. Deals hang on the object that stays. Undone, an object
// goes back to whose it was, and one that was taken away is made anew.

// adoptRemotes gives the lead that stays the objects of the other one, in each system where it has none of its own.
func adoptRemotes(tx *store.Tx, m *store.LeadMerge) error {
	const without = ` and object_kind in ('person','lead') and connector_id not in (select connector_id from remote_objects where object_id = @into and object_kind = 'person' and gone_at is null)
		and connector_id in (select connector_id from remote_objects where object_id = @from and object_kind = 'person' and gone_at is null)`
	who := map[string]any{"into": m.IntoID, "from": m.FromID}
	if err := tx.Exec("delete from remote_objects where object_id = @into"+without, who).Error; err != nil {
		return err
	}
	var keys []string
	err := tx.Raw("update remote_objects set object_id = @into where object_id = @from and gone_at is null"+without+" returning connector_id::text || '/' || object_kind", who).Scan(&keys).Error
	if len(keys) > 0 {
		m.Moved.Rows["remote_objects"] = keys
	}
	return err
}

// returnRemotes gives them back.
func returnRemotes(tx *store.Tx, m store.LeadMerge) error {
	keys := orNone(m.Moved.Rows["remote_objects"])
	err := tx.Exec("delete from remote_objects where object_id = ? and gone_at is not null and connector_id::text || '/' || object_kind in ?", m.FromID, keys).Error
	if err != nil {
		return err
	}
	return tx.Exec("update remote_objects set object_id = ? where object_id = ? and connector_id::text || '/' || object_kind in ?", m.FromID, m.IntoID, keys).Error
}

// tellMerged tells others what became of the two and of the deals that went over.
func (a *App) tellMerged(tx *store.Tx, m store.LeadMerge, undone bool) error {
	detail, err := json.Marshal(map[string]any{"into": m.IntoID})
	if err != nil {
		return err
	}
	from, holds := store.OutboxEvent{Type: LeadMerged, LeadID: m.FromID, Detail: detail}, m.IntoID
	if undone {
		from.Type, holds = LeadUnmerged, m.FromID
	}
	events := []store.OutboxEvent{from, {Type: LeadChanged, LeadID: m.IntoID}}
	for _, key := range m.Moved.Rows["deals"] {
		id, err := uuid.Parse(key)
		if err != nil {
			return err
		}
		events = append(events, store.OutboxEvent{Type: DealChanged, LeadID: holds, DealID: &id})
	}
	return a.announce(tx, events...)
}
