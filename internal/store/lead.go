package store

import (
	"context"
	"sort"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/gatehouse/gatehouse/internal/lead"
)

// Lead is one person. The answer columns repeat the current lead_values, for lists and search.
type Lead struct {
	ID          uuid.UUID  `gorm:"primaryKey;type:uuid"`
	CompanyID   *uuid.UUID `gorm:"type:uuid"`
	State       string
	GivenName   string
	FamilyName  string
	Company     string
	JobTitle    string
	Tel         string
	Country     string
	Email       string
	FirstGateID *uuid.UUID `gorm:"type:uuid"`
	Source      string
	Submissions int32 `gorm:"type:integer"`
	Version     int64
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	LastAt      time.Time
	ErasedAt    *time.Time
	OwnerID     *uuid.UUID `gorm:"type:uuid"` // in whose hands it is; a repeat of the assignment, for lists
	MergedInto  *uuid.UUID `gorm:"type:uuid"`
}

// LeadAddress is one e-mail address of a lead, unique over all leads.
type LeadAddress struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	LeadID      uuid.UUID `gorm:"type:uuid"`
	Address     string
	Typed       string
	StrictKey   string
	Domain      string
	ConfirmedAt *time.Time
	LinkSerial  int32     `gorm:"type:integer"`
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
}

// LeadValue is one answer about a lead with where it came from. Current marks the one that counts.
type LeadValue struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AddressID    *uuid.UUID `gorm:"type:uuid"`
	SubmissionID *uuid.UUID `gorm:"type:uuid"`
	Field        string
	Value        string
	State        string
	Current      bool
	KnownAt      time.Time
	ConfirmedAt  *time.Time
}

// Company is the organisation behind one or more registrable domains.
type Company struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	Name      string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

// CompanyDomain says whose domain it is.
type CompanyDomain struct {
	Domain    string    `gorm:"primaryKey"`
	CompanyID uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

// Consent is one answer to one box: given or not, claimed until the person's own POST confirms it.
type Consent struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AddressID    uuid.UUID  `gorm:"type:uuid"`
	SubmissionID *uuid.UUID `gorm:"type:uuid"`
	Purpose      string
	Text         string
	TextVersion  string
	Language     string
	Given        bool
	State        string
	How          string
	At           time.Time
	ConfirmedAt  *time.Time
}

// Visit is one coming of somebody with its source.
type Visit struct {
	ID           uuid.UUID `gorm:"primaryKey;type:uuid"`
	SubmissionID uuid.UUID `gorm:"type:uuid"`
	LeadID       uuid.UUID `gorm:"type:uuid"`
	At           time.Time `gorm:"primaryKey"`
	Page         string
	Referrer     string
	UTMSource    string `gorm:"column:utm_source"`
	UTMMedium    string `gorm:"column:utm_medium"`
	UTMCampaign  string `gorm:"column:utm_campaign"`
	UTMTerm      string `gorm:"column:utm_term"`
	UTMContent   string `gorm:"column:utm_content"`
	Channel      string
}

// Lead reads one.
func (s *Store) Lead(ctx context.Context, id uuid.UUID) (Lead, error) {
	var out Lead
	err := s.DB(ctx).Where("id = ?", id).Take(&out).Error
	return out, translate(err)
}

// LeadByAddress reads the lead that an address belongs to.
func (s *Store) LeadByAddress(ctx context.Context, address string) (Lead, LeadAddress, error) {
	var a LeadAddress
	if err := s.DB(ctx).Where("address = ?", address).Take(&a).Error; err != nil {
		return Lead{}, a, translate(err)
	}
	l, err := s.Lead(ctx, a.LeadID)
	return l, a, err
}

// Address reads one address.
func (s *Store) Address(ctx context.Context, id uuid.UUID) (LeadAddress, error) {
	var a LeadAddress
	err := s.DB(ctx).Where("id = ?", id).Take(&a).Error
	return a, translate(err)
}

// Consent is where an address stands with one purpose, beginning with c: its answers, told in the order of their time. A
// box on a form that was left empty is no answer; "no" anywhere else withdraws.
func (tx *Tx) Consent(address uuid.UUID, purpose string, c lead.Consent) (lead.Consent, error) {
	var rows []Consent
	if err := tx.Where("address_id = ? and purpose = ?", address, purpose).Order("at, id").Find(&rows).Error; err != nil {
		return c, translate(err)
	}
	for _, r := range rows {
		switch {
		case r.Given && r.State == "confirmed":
			c = c.Confirm(r.At)
		case r.Given:
			c = c.Claim(r.At)
		case r.How != "form":
			c = c.Withdraw(r.At)
		}
	}
	return c, nil
}

// LockAddresses locks the addresses in their order, creating those that are missing together with their lead. It returns
// them by address, and the leads that were made.
func (tx *Tx) LockAddresses(wanted []LeadAddress, fresh func(LeadAddress) Lead) (map[string]LeadAddress, []Lead, error) {
	sort.Slice(wanted, func(i, j int) bool { return wanted[i].Address < wanted[j].Address })
	names := make([]string, len(wanted))
	for i, w := range wanted {
		names[i] = w.Address
	}
	have, err := tx.lockByName(names)
	if err != nil {
		return nil, nil, err
	}
	var missing []LeadAddress
	for _, w := range wanted {
		if _, ok := have[w.Address]; !ok {
			missing = append(missing, w)
		}
	}
	if len(missing) == 0 {
		return have, nil, nil
	}
	// The foreign key to the lead is checked at commit, so that a lead is made only for an address that is really ours.
	res := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "address"}}, DoNothing: true}).Create(&missing)
	if res.Error != nil {
		return nil, nil, translate(res.Error)
	}
	mine := map[uuid.UUID]bool{}
	for _, m := range missing {
		mine[m.ID] = true
	}
	if have, err = tx.lockByName(names); err != nil {
		return nil, nil, err
	}
	var leads []Lead
	for _, w := range wanted {
		if a := have[w.Address]; mine[a.ID] {
			leads = append(leads, fresh(a))
		}
	}
	if len(leads) > 0 {
		if err := tx.Create(&leads).Error; err != nil {
			return nil, nil, translate(err)
		}
	}
	return have, leads, nil
}

// mailboxClass keeps these advisory locks apart from others.
const mailboxClass = 0x6d62

// LockMailboxes lets nobody else count the mails to these mailboxes until the transaction ends. Locked after addresses and leads.
func (tx *Tx) LockMailboxes(strict []string) error {
	return translate(tx.Exec(`select pg_advisory_xact_lock(?, box) from (select distinct hashtext(k) as box from jsonb_array_elements_text(?) k order by 1) b`,
		mailboxClass, list(strict)).Error)
}

func (tx *Tx) lockByName(names []string) (map[string]LeadAddress, error) {
	var rows []LeadAddress
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("address in ?", names).Order("address").Find(&rows).Error
	out := make(map[string]LeadAddress, len(rows))
	for _, r := range rows {
		out[r.Address] = r
	}
	return out, translate(err)
}

// EnsureCompanies gives each registrable domain its company, making those that are missing under the given name.
func (tx *Tx) EnsureCompanies(names map[string]string) (map[string]uuid.UUID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	domains := make([]string, 0, len(names))
	for d := range names {
		domains = append(domains, d)
	}
	sort.Strings(domains)
	have, err := tx.companiesOf(domains)
	if err != nil {
		return nil, err
	}
	var rows []CompanyDomain
	for _, d := range domains {
		if _, ok := have[d]; !ok {
			rows = append(rows, CompanyDomain{Domain: d, CompanyID: NewID(), CreatedAt: tx.Now()})
		}
	}
	if len(rows) == 0 {
		return have, nil
	}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error; err != nil {
		return nil, translate(err)
	}
	mine := map[string]uuid.UUID{}
	for _, r := range rows {
		mine[r.Domain] = r.CompanyID
	}
	if have, err = tx.companiesOf(domains); err != nil {
		return nil, err
	}
	var companies []Company
	for _, d := range domains {
		if id, ok := mine[d]; ok && have[d] == id {
			companies = append(companies, Company{ID: id, Name: names[d], CreatedAt: tx.Now()})
		}
	}
	if len(companies) == 0 {
		return have, nil
	}
	return have, translate(tx.Create(&companies).Error)
}

func (tx *Tx) companiesOf(domains []string) (map[string]uuid.UUID, error) {
	var rows []CompanyDomain
	err := tx.Where("domain in ?", domains).Find(&rows).Error
	out := make(map[string]uuid.UUID, len(rows))
	for _, r := range rows {
		out[r.Domain] = r.CompanyID
	}
	return out, translate(err)
}
