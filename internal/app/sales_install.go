package app

import (
	"encoding/json"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// installSales makes a team, and routing rules that give it everything: what a fresh installation needs in order to route
// its first lead. While the team has no members, the first admin gets the leads.
func installSales(tx *store.Tx) error {
	now := tx.Now()
	team := store.Team{ID: store.NewID(), Name: "Sales", Version: 1, CreatedAt: now}
	if err := tx.Create(&team).Error; err != nil {
		return err
	}
	def, err := json.Marshal(pipeline.Routing{Existing: pipeline.ExistingCompany, Rules: []pipeline.RouteRule{{Key: "everything", Title: "Everything", Team: &team.ID}}})
	if err != nil {
		return err
	}
	return tx.Create(&store.RuleSet{ID: store.NewID(), Kind: "routing", Number: 1, State: "published", Definition: def, Note: "The rules of a fresh installation.",
		CreatedAt: now, UpdatedAt: now, PublishedAt: &now, Version: 1}).Error
}
