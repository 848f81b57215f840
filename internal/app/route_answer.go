package app

import (
	"slices"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// answering is the team that answers for a lead in somebody's hands: the one whose rotation chose; else the one that did
// before, unless the lead went to somebody of another team for good; else the owner's.
func (h *house) answering(row store.Assignment, previous *store.Assignment) *uuid.UUID {
	if row.TeamID != nil {
		return row.TeamID
	}
	own := h.teamsOf[row.OwnerID]
	if previous != nil && previous.AnsweringTeamID != nil && (row.How == "deputy" || len(own) == 0 || slices.Contains(own, *previous.AnsweringTeamID)) {
		return previous.AnsweringTeamID
	}
	if len(own) == 0 {
		return nil
	}
	return &own[0]
}

// manager is who is told when somebody of a team does not answer: the team's manager, else whoever is named for all, else
// the fallback. Nil where there is nobody.
func (h *house) manager(team *uuid.UUID) uuid.UUID {
	var asked []uuid.UUID
	if team != nil {
		if m := h.teams[*team].ManagerID; m != nil {
			asked = append(asked, *m)
		}
	}
	if m := h.settings.ManagerUserID; m != nil {
		asked = append(asked, *m)
	}
	for _, id := range append(asked, h.fallback()...) {
		if s := h.staff[id]; s != nil && s.present() {
			return id
		}
	}
	return uuid.Nil
}
