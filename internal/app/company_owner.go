package app

import (
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
)

// companyOwner is who a company's new leads go to first. Via names the system that knows; "" is our own record.
type companyOwner struct {
	ID  uuid.UUID
	At  time.Time // since when, as far as is known
	Via string
}

// later is whoever was named last: our own record may be years old, and so may theirs. Where both name the same, o says it.
func (o companyOwner) later(other companyOwner) companyOwner {
	if o.ID == uuid.Nil || other.ID != uuid.Nil && other.ID != o.ID && other.At.After(o.At) {
		return other
	}
	return o
}

// companyOwners are the existing owners of the leads' companies: who has the latest lead of each that is in somebody's hands,
// but for those that are left out, or whom another system has named since.
func (a *App) companyOwners(db *store.Query, leads []store.Lead, but ...uuid.UUID) (map[uuid.UUID]companyOwner, error) {
	companies := map[uuid.UUID]bool{}
	for _, l := range leads {
		if l.CompanyID != nil {
			companies[*l.CompanyID] = true
		}
	}
	if len(companies) == 0 {
		return map[uuid.UUID]companyOwner{}, nil
	}
	out, err := a.remoteOwners(db, keysOf(companies))
	if err != nil {
		return nil, err
	}
	var rows []struct {
		CompanyID, OwnerID uuid.UUID
		At                 time.Time
	}
	// Where a deputy got it, the company is theirs in whose place: the holiday ends.
	err = db.Raw(`select l.company_id, coalesce(cast(a.reason_data->>'for_id' as uuid), l.owner_id) as owner_id, coalesce(a.at, 'epoch') as at
		from (select distinct on (company_id) id, company_id, owner_id from leads where company_id in ? and owner_id is not null and state = 'active' and id <> all(?::uuid[])
			order by company_id, last_at desc, id desc) l
		left join lateral (select owner_id, reason_data, at from assignments where lead_id = l.id order by at desc, id desc limit 1) a on a.owner_id = l.owner_id`,
		keysOf(companies), store.UUIDs(but)).Scan(&rows).Error
	for _, r := range rows {
		out[r.CompanyID] = companyOwner{ID: r.OwnerID, At: r.At}.later(out[r.CompanyID])
	}
	return out, err
}

// remoteOwners are the people of ours whom other systems name as owners of companies.
func (a *App) remoteOwners(db *store.Query, companies []uuid.UUID) (map[uuid.UUID]companyOwner, error) {
	out := map[uuid.UUID]companyOwner{}
	var known []struct {
		ID           uuid.UUID
		Name, Domain string
	}
	err := db.Raw(`select c.id, c.name, coalesce(d.domain, '') as domain from companies c left join company_domains d on d.company_id = c.id
		where c.id in ? and exists (select 1 from remote_companies)`, companies).Scan(&known).Error
	if err != nil || len(known) == 0 {
		return out, err
	}
	var ids []uuid.UUID
	var keys []string
	for _, k := range known {
		for _, key := range append(a.companyKeys("domain", k.Domain), a.companyKeys("name", plainName(k.Name))...) {
			ids, keys = append(ids, k.ID), append(keys, key)
		}
	}
	var rows []struct {
		CompanyID, ID uuid.UUID
		At            time.Time
		Via           string
	}
	err = db.Raw(`with keyed(company_id, key) as (select * from unnest(cast(@ids as uuid[]), cast(@keys as text[]))), named as (
			select k.company_id, r.connector_id, r.owner_id, r.owner_at from keyed k join remote_companies r on r.known_by = k.key
			union all select o.object_id, r.connector_id, r.owner_id, r.owner_at from remote_objects o join remote_companies r using (connector_id, remote_id)
				where o.object_kind = 'company' and o.object_id = any(cast(@ids as uuid[])) and o.gone_at is null)
		select distinct on (n.company_id) n.company_id, x.id, n.owner_at as at, c.name as via from named n join connectors c on c.id = n.connector_id and c.state <> 'off'
		join remote_users u on u.connector_id = n.connector_id and u.remote_id = n.owner_id join users x on x.id = u.user_id and x.disabled_at is null
		order by n.company_id, n.owner_at desc, n.connector_id, x.id`, map[string]any{"ids": store.UUIDs(ids), "keys": "{" + strings.Join(keys, ",") + "}"}).Scan(&rows).Error
	for _, r := range rows {
		out[r.CompanyID] = companyOwner{ID: r.ID, At: r.At, Via: r.Via}
	}
	return out, err
}

// companyKeys are the keyed hashes by which another system's company is recognised: one per secret in use, the first one first.
func (a *App) companyKeys(by, text string) (out []string) {
	if text == "" {
		return nil
	}
	for _, k := range a.address {
		out = append(out, hex.EncodeToString(keyedHash(k, []string{"company", by, text})))
	}
	return out
}

// plainName is a company's name as two systems write it alike.
func plainName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// siteDomain is the registrable domain of a company's site, however it was written; "" where there is none.
func siteDomain(site string) string {
	site = strings.TrimSpace(site)
	if !strings.Contains(site, "://") {
		site = "https://" + site
	}
	u, err := url.Parse(site)
	if err != nil {
		return ""
	}
	return registrable(u.Hostname())
}

// keepCompanies remembers who owns which company there, and gives back the changes of people and deals. Nothing readable of a
// company is kept: most are nobody's business here.
func (a *App) keepCompanies(tx *store.Tx, connector uuid.UUID, changes []crm.Change) (rest []crm.Change, err error) {
	latest := map[string]crm.Change{}
	for _, ch := range changes {
		if ch.Object != crm.Company {
			rest = append(rest, ch)
		} else if was, twice := latest[ch.ID]; ch.ID != "" && (!twice || !ch.At.Before(was.At)) {
			latest[ch.ID] = ch
		}
	}
	var gone []string
	var rows []store.RemoteCompany
	for id, ch := range latest {
		key := a.companyKeys("domain", siteDomain(ch.Domain))
		if key == nil {
			key = a.companyKeys("name", plainName(ch.Name))
		}
		at := ch.At
		if now := tx.Now(); at.IsZero() || at.After(now) {
			at = now
		}
		switch {
		case ch.Deleted, ch.Owner != nil && *ch.Owner == "":
			gone = append(gone, id)
		case ch.Owner == nil:
		case key == nil: // only the owner is told
			err := tx.Exec(`update remote_companies set owner_at = case when owner_id <> @owner then @at else owner_at end, owner_id = @owner, at = @at
				where connector_id = @connector and remote_id = @id and at <= @at`, map[string]any{"connector": connector, "id": id, "owner": *ch.Owner, "at": at}).Error
			if err != nil {
				return nil, err
			}
		default:
			rows = append(rows, store.RemoteCompany{ConnectorID: connector, RemoteID: id, KnownBy: key[0], OwnerID: *ch.Owner, OwnerAt: at, At: at})
		}
	}
	if len(gone) > 0 {
		if err := tx.Exec("delete from remote_companies where connector_id = ? and remote_id in ?", connector, gone).Error; err != nil {
			return nil, err
		}
	}
	return rest, tx.KeepRemoteCompanies(rows)
}
