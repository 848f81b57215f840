package app

import (
	"encoding/json"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

func scoringKind() ruleKind {
	return ruleKind{
		title: "Scoring",
		check: func(definition json.RawMessage) error { _, err := compileScoring(definition); return err },
		first: func() any { return lead.UsualScore() },
	}
}

// installRules publishes the usual scoring rules of a new installation.
func installRules(tx *store.Tx) error {
	definition, err := json.Marshal(lead.UsualScore())
	if err != nil {
		return err
	}
	if _, err := compileScoring(definition); err != nil {
		return err
	}
	now := tx.Now()
	return tx.Create(&store.RuleSet{ID: store.NewID(), Kind: store.RulesScoring, Number: 1, State: store.RulesPublished, Definition: definition,
		Note: "What is usual where companies buy from companies", CreatedAt: now, UpdatedAt: now, PublishedAt: &now, Version: 1}).Error
}
