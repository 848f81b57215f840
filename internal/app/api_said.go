package app

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// APISaid is what a lead said, as programs see it. How is "" while no choice was made.
type APISaid struct {
	How       string       `json:"how"` // "", mail, call, booking, none
	Confirmed bool         `json:"confirmed"`
	At        *time.Time   `json:"at"`
	Tel       string       `json:"tel"`
	Slots     []store.Slot `json:"slots"`
	Ours      []APISaying  `json:"ours"`
	Asked     []APISaying  `json:"asked"`
}

// APISaying is one saying. Answered is of questions to the author.
type APISaying struct {
	Text      string    `json:"text"`
	Confirmed bool      `json:"confirmed"`
	Answered  bool      `json:"answered"`
	At        time.Time `json:"at"`
}

// apiSaid is nil for somebody who said nothing.
func apiSaid(db *store.Query, leadID uuid.UUID) (*APISaid, error) {
	choices, sayings, err := readSaid(db, []uuid.UUID{leadID})
	if err != nil || len(choices)+len(sayings) == 0 {
		return nil, err
	}
	out := &APISaid{Slots: []store.Slot{}, Ours: []APISaying{}, Asked: []APISaying{}}
	if c := (LeadSaid{Choices: choices}).Choice(); c != nil {
		out.How, out.Confirmed, out.At, out.Tel, out.Slots = c.How, c.State == "confirmed", &c.At, c.Tel, c.Slots
	}
	for _, s := range sayings {
		x := APISaying{Text: s.Text, Confirmed: s.State == "confirmed", Answered: s.AnsweredAt != nil, At: s.At}
		if s.Kind == "ours" {
			out.Ours = append(out.Ours, x)
		} else {
			out.Asked = append(out.Asked, x)
		}
	}
	return out, nil
}
