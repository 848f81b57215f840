package app

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// OpenedGrant is what a personal link leads to. Expired or Superseded: it was real once, and a fresh one is offered to
// the same address. It holds nothing personal on purpose.
type OpenedGrant struct {
	Grant      store.Grant
	Gate       store.Gate
	Definition store.GateVersion
	Document   store.Document
	File       store.DocumentVersion
	Expires    time.Time // of the link, to the second: it tells which message carried it
	Expired    bool
	Superseded bool
}

var errNoLink = errs.New(errs.NotFound, "There is no page at this address.")

// OpenGrant reads what a link opens. It changes nothing.
func (a *App) OpenGrant(ctx context.Context, link string) (OpenedGrant, error) {
	var o OpenedGrant
	c, err := a.keys.Open(token.Grant, link)
	if err != nil {
		return o, errNoLink
	}
	db := a.store.DB(ctx)
	if err := db.Where("id = ?", c.ID).Take(&o.Grant).Error; err != nil {
		return o, a.store.Translate(err)
	}
	if int64(c.Serial) > int64(o.Grant.Serial) {
		return o, errNoLink
	}
	var erased int64
	if err := db.Table("lead_addresses a").Joins("join leads l on l.id = a.lead_id").
		Where("a.id = ? and l.state = 'erased'", o.Grant.AddressID).Count(&erased).Error; err != nil {
		return o, a.store.Translate(err)
	}
	if erased > 0 {
		return o, errNoLink
	}
	o.Expires, o.Expired, o.Superseded = c.Expiry, c.Expired(a.now()), int64(c.Serial) < int64(o.Grant.Serial)
	if err := db.Where("id = ?", o.Grant.GateID).Take(&o.Gate).Error; err != nil {
		return o, a.store.Translate(err)
	}
	if o.Gate.PublishedVersionID != nil {
		if err := db.Where("id = ?", *o.Gate.PublishedVersionID).Take(&o.Definition).Error; err != nil {
			return o, a.store.Translate(err)
		}
	}
	d, v, err := a.store.Document(ctx, o.Grant.DocumentID)
	if err != nil {
		return o, err
	}
	if v == nil {
		return o, errNoLink
	}
	o.Document, o.File = d, *v
	if a.mutant("link-shows-data") {
		err = db.Table("lead_addresses").Where("id = ?", o.Grant.AddressID).Pluck("address", &o.Document.Byline).Error
	}
	return o, err
}

// Visitor is what the network tells about a request to a personal link.
type Visitor struct {
	Hit guard.Hit
	IP  netip.Addr
}

// SeeHit keeps a raw request with its label. It is a note, not a fact that anything is derived from.
func (a *App) SeeHit(ctx context.Context, grant uuid.UUID, kind string, v Visitor) error {
	label := guard.Classify(v.Hit)
	return a.store.Tx(ctx, func(tx *store.Tx) error { return keepHit(tx, grant, kind, label, v) })
}

// FileLink is what a person's POST gets: an address that serves bytes for fifteen minutes and counts nothing.
type FileLink struct{ Key string }

const fileLinkLife = 15 * time.Minute

// TakeDocument is the person's POST on the personal page: it records the person once, confirms the address and what was
// claimed for it, and gives the key of the file. kind is "read" or "download". A machine's POST gets the file and counts
// for nothing.
func (a *App) TakeDocument(ctx context.Context, link, kind string, v Visitor) (FileLink, error) {
	o, err := a.OpenGrant(ctx, link)
	if err != nil {
		return FileLink{}, err
	}
	if o.Expired || o.Superseded {
		return FileLink{}, errs.New(errs.Gone, "This link is over. We can send a fresh one to the same address.")
	}
	if err := a.checkFile(ctx, o); err != nil {
		return FileLink{}, err
	}
	label := guard.Classify(v.Hit)
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := keepHit(tx, o.Grant.ID, kind, label, v); err != nil {
			return err
		}
		if label.Kind != guard.Human && !a.mutant("machines-are-people") {
			return nil
		}
		return a.recordPerson(tx, o, kind)
	})
	if err != nil {
		return FileLink{}, err
	}
	a.Metrics.download(kind, string(label.Kind))
	return FileLink{Key: a.keys.Mint(token.File, token.Claims{ID: o.File.ID, Expiry: a.now().Add(fileLinkLife)})}, nil
}

// keepHit stores the raw request of a link whose person has not been erased meanwhile; the address is held so that an
// erasure comes before or after it, never in between.
func keepHit(tx *store.Tx, grant uuid.UUID, kind string, label guard.Label, v Visitor) error {
	return tx.Exec(`with there as (select g.id from grants g join lead_addresses a on a.id = g.address_id join leads l on l.id = a.lead_id
			where g.id = ? and l.state <> 'erased' for share of a)
		insert into hits (id, at, grant_id, kind, label, reason, block, user_agent) select ?, ?, id, ?, ?, ?, ?, ? from there`,
		grant, store.NewID(), tx.Now(), kind, string(label.Kind), label.Reason, blockText(v.IP), lead.CleanText(v.Hit.UserAgent, 400)).Error
}

// recordPerson counts the person once per version and way, and confirms what this address claimed.
func (a *App) recordPerson(tx *store.Tx, o OpenedGrant, kind string) error {
	var ad store.LeadAddress
	if err := tx.ForUpdate().Where("id = ?", o.Grant.AddressID).Take(&ad).Error; err != nil {
		return err
	}
	now := tx.Now()
	err := tx.Exec(`insert into downloads (id, grant_id, lead_id, document_id, document_version_id, gate_id, kind, at, last_at, times)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
		on conflict (grant_id, document_version_id, kind) do update set last_at = excluded.last_at, times = downloads.times + 1`,
		store.NewID(), o.Grant.ID, ad.LeadID, o.Document.ID, o.File.ID, o.Grant.GateID, kind, now, now).Error
	if err != nil {
		return err
	}
	// Who clicks twice within the hour has not come back once more.
	err = tx.Exec(`insert into document_returns (id, download_id, at) select ?, d.id, d.last_at from downloads d where d.grant_id = ? and d.document_version_id = ? and d.kind = ? and d.times > 1
		and not exists (select 1 from document_returns r where r.download_id = d.id and r.at > ?)`, store.NewID(), o.Grant.ID, o.File.ID, kind, now.Add(-time.Hour)).Error
	if err != nil {
		return err
	}
	if err := a.confirmClaims(tx, ad, o); err != nil {
		return err
	}
	if err := a.tellEvents(tx, store.OutboxEvent{Type: DocumentDownloaded, LeadID: ad.LeadID}); err != nil {
		return err
	}
	return a.learnt(tx, ad.LeadID)
}
