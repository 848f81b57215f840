package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadSaid is what the reader said: the first thing that whoever comes back reads.
type LeadSaid struct {
	Sayings []SayingLine          // what stands; questions to the author first
	Taken   []SayingLine          // what was taken back, newest first
	Choices []store.ContactChoice // newest first; the current one binds
	Inbound []store.InboundMail   // mails that came in and made no activity, newest first; without their text
}

// SayingLine is one saying with its document and who answered it.
type SayingLine struct {
	store.Saying
	Document string
	Answerer string
}

// Choice is the one that binds; nil while none was made.
func (l LeadSaid) Choice() *store.ContactChoice {
	for i := range l.Choices {
		if l.Choices[i].Current {
			return &l.Choices[i]
		}
	}
	return nil
}

// leadSaid reads what the reader said.
func (a *App) leadSaid(db *store.Query, d *LeadDetail) error {
	choices, standing, err := readSaid(db, []uuid.UUID{d.ID})
	if err != nil {
		return err
	}
	d.Choices = choices
	var taken []store.Saying
	if err := db.Where("lead_id = ? and taken_back_at is not null", d.ID).Order("taken_back_at desc, id").Limit(50).Find(&taken).Error; err != nil {
		return err
	}
	if err := db.Omit("raw").Where("lead_id = ? and activity_id is null", d.ID).Order("received_at desc, id").Limit(50).Find(&d.Inbound).Error; err != nil {
		return err
	}
	var names []struct {
		ID    uuid.UUID
		Title string
	}
	if len(standing)+len(taken) == 0 { // nothing to name
		return nil
	}
	if err := db.Raw("select id, title from documents where id in (select document_id from sayings where lead_id = ?) union all select id, name from users where id in (select answered_by from sayings where lead_id = ?)",
		d.ID, d.ID).Scan(&names).Error; err != nil {
		return err
	}
	name := map[uuid.UUID]string{}
	for _, n := range names {
		name[n.ID] = n.Title
	}
	lines := func(rows []store.Saying) (out []SayingLine) {
		for _, s := range rows {
			l := SayingLine{Saying: s, Document: name[s.DocumentID]}
			if s.AnsweredBy != nil {
				l.Answerer = name[*s.AnsweredBy]
			}
			out = append(out, l)
		}
		return out
	}
	d.Sayings, d.Taken = lines(standing), lines(taken)
	return nil
}

// MarkAnswered says that a reader's question has had its answer, or that it has not after all.
func (a *App) MarkAnswered(ctx context.Context, leadID, saying uuid.UUID, answered bool, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var s store.Saying
		if err := tx.ForUpdate().Where("id = ? and lead_id = ? and kind = 'ask'", saying, leadID).Take(&s).Error; err != nil {
			return a.store.Translate(err)
		}
		if (s.AnsweredAt != nil) == answered { // somebody was faster; the page will show who
			return nil
		}
		change, action := map[string]any{"answered_at": nil, "answered_by": nil}, "question.reopen"
		if answered {
			change, action = map[string]any{"answered_at": tx.Now(), "answered_by": by.ID}, "question.answered"
		}
		if err := tx.Model(&store.Saying{}).Where("id = ?", s.ID).Updates(change).Error; err != nil {
			return err
		}
		return tx.Audit(by, action, "lead", leadID.String(), map[string]any{"question": s.ID.String()})
	})
}
