package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadPushes is what other systems were told, and told.
type LeadPushes struct {
	Pushes  []PushLine // newest first
	Told    []ToldLine // by them, newest first
	Remotes []RemoteLine
}

// ToldLine is what a connector told, with its name.
type ToldLine struct {
	store.Pull
	Connector string
}

// RemoteLine is their object for this person or a deal, with the connector's name.
type RemoteLine struct {
	store.RemoteObject
	Connector string
	Kind      string
}

// toldShown bounds what the lead page lists; the list of pushes has all.
const toldShown = 50

// leadPushes reads what other systems were told, and told.
func (a *App) leadPushes(db *store.Query, d *LeadDetail) error {
	err := db.Raw(pushLines+"where p.lead_id = ? and p.state <> 'superseded' order by p.created_at desc, p.id desc limit ?", d.ID, toldShown).Scan(&d.Pushes).Error
	if err != nil {
		return err
	}
	const ours = " object_id in (select ?::uuid union select id from deals where lead_id = ?) "
	err = db.Raw("select p.*, c.name as connector from pulls p join connectors c on c.id = p.connector_id where p."+ours[1:]+"and p.outcome in ('applied','refused') order by p.at desc, p.id desc limit ?",
		d.ID, d.ID, toldShown).Scan(&d.Told).Error
	if err != nil {
		return err
	}
	return db.Raw("select o.*, c.name as connector, c.kind from remote_objects o join connectors c on c.id = o.connector_id where o."+ours[1:]+"order by c.name, o.object_kind", d.ID, d.ID).Scan(&d.Remotes).Error
}
