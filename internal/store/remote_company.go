package store

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// KeepRemoteCompanies remembers who owns them. The moment of the owner stays while the owner does; what is older than what is
// known says nothing. Each may come once.
func (tx *Tx) KeepRemoteCompanies(rows []RemoteCompany) error {
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b RemoteCompany) int { return strings.Compare(a.RemoteID, b.RemoteID) }) // as everybody locks
	return translate(tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "connector_id"}, {Name: "remote_id"}},
		DoUpdates: clause.Set{
			{Column: clause.Column{Name: "known_by"}, Value: gorm.Expr("excluded.known_by")},
			{Column: clause.Column{Name: "owner_at"}, Value: gorm.Expr("case when remote_companies.owner_id <> excluded.owner_id then excluded.owner_at else remote_companies.owner_at end")},
			{Column: clause.Column{Name: "owner_id"}, Value: gorm.Expr("excluded.owner_id")},
			{Column: clause.Column{Name: "at"}, Value: gorm.Expr("excluded.at")},
		},
		Where: clause.Where{Exprs: []clause.Expression{gorm.Expr("excluded.at >= remote_companies.at")}},
	}).CreateInBatches(&rows, 500).Error)
}
