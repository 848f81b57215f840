package app

import (
	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// forgetRemote forgets what a system held of an erased person: by now it says nothing but who that was.
func forgetRemote(tx *store.Tx, connector, lead uuid.UUID, companies []string) error {
	who := map[string]any{"connector": connector, "lead": lead, "companies": append(companies, "")}
	for _, q := range []string{
		"delete from remote_objects where connector_id = @connector and (object_id = @lead or object_id in (select id from deals where lead_id = @lead))",
		"delete from remote_objects where connector_id = @connector and object_kind = 'company' and remote_id in @companies",
		"update push_attempts set request = '', answer = '' where push_id in (select id from pushes where connector_id = @connector and lead_id = @lead) and (request <> '' or answer <> '')",
		"update pushes set remote_id = '' where connector_id = @connector and lead_id = @lead and remote_id <> ''",
		`update pulls set event_key = 'erased:' || id where connector_id = @connector and (object_id = @lead or object_id in (select id from deals where lead_id = @lead))
			and event_key not like 'erased:%'`,
	} {
		if err := tx.Exec(q, who).Error; err != nil {
			return err
		}
	}
	return nil
}

// forgetByHand does so once somebody says that they deleted there by hand what an alarm asked for.
func forgetByHand(tx *store.Tx, alarm uuid.UUID) error {
	var rows []store.Push
	err := tx.Raw("select p.* from alarms a join pushes p on p.id::text = a.object where a.id = ? and a.kind = 'connector-erase'", alarm).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	var companies []string
	err = tx.Raw("select remote_id from remote_objects where connector_id = ? and object_kind = 'company' and not exists (select 1 from companies c where c.id = object_id)", rows[0].ConnectorID).Scan(&companies).Error
	if err != nil {
		return err
	}
	if err := forgetRemote(tx, rows[0].ConnectorID, rows[0].LeadID, companies); err != nil {
		return err
	}
	return tx.Exec("update pushes set reason = 'deleted there by hand' where id = ?", rows[0].ID).Error
}
