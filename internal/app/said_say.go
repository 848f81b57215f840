package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

const (
	askLength = 500 // characters of a question to the author
	asksADay  = 10  // through one door
)

// SayOurs records "this one is us", or takes it back. It says what is to be, not what is to change, so that any number of
// equal taps are one.
func (a *App) SayOurs(ctx context.Context, d Door, who Visitor, question uuid.UUID, ours bool) error {
	return a.speak(ctx, d, who, func(tx *store.Tx, v voice) (bool, error) {
		var q store.DocumentQuestion
		if err := tx.Where("id = ? and document_id = ?", question, v.document).Take(&q).Error; err != nil {
			return false, a.store.Translate(err)
		}
		if !ours {
			return takeBack(tx, v, q.ID)
		}
		if q.ArchivedAt != nil {
			return false, errs.New(errs.Gone, "This question is not asked any more.")
		}
		return sayOurs(tx, v, q)
	})
}

func sayOurs(tx *store.Tx, v voice, q store.DocumentQuestion) (bool, error) {
	now := tx.Now()
	if v.page == DoorPersonal { // claimed before: it is the mailbox's owner who says it now
		res := tx.Model(&store.Saying{}).Where("address_id = ? and question_id = ? and taken_back_at is null and state = 'claimed'", *v.address, q.ID).
			Updates(map[string]any{"state": "confirmed", "confirmed_at": now})
		if res.Error != nil || res.RowsAffected > 0 {
			return res.RowsAffected > 0, res.Error
		}
	}
	cond, arg := v.own()
	var n int64
	err := tx.Model(&store.Saying{}).Where("kind = 'ours' and question_id = ? and taken_back_at is null", q.ID).Where(cond, arg).Count(&n).Error
	if err != nil || n > 0 {
		return false, err
	}
	s := store.Saying{ID: store.NewID(), LeadID: v.lead, AddressID: v.address, DocumentID: v.document, QuestionID: &q.ID, SubmissionID: v.submission,
		Kind: "ours", Text: q.Text, Page: v.page, At: now}
	s.State, s.ConfirmedAt = v.state(now)
	return true, tx.Create(&s).Error
}

// takeBack ends a saying. Whoever holds a receipt takes back what was claimed with it and nothing that the mailbox's owner
// has confirmed; the owner takes back everything that the address said to the question.
func takeBack(tx *store.Tx, v voice, question uuid.UUID) (bool, error) {
	cond, arg := v.own()
	q := tx.Model(&store.Saying{}).Where("kind = 'ours' and question_id = ? and taken_back_at is null", question).Where(cond, arg)
	if !v.confirmed {
		q = q.Where("state = 'claimed'")
	}
	res := q.Update("taken_back_at", tx.Now())
	return res.RowsAffected > 0, res.Error
}

// AskAuthor keeps a question in the reader's own words. The same words again through the same door are the same question.
func (a *App) AskAuthor(ctx context.Context, d Door, who Visitor, typed string) error {
	text, err := sentence("text", typed, askLength)
	if err == nil && text == "" {
		err = errs.InvalidFields(errs.Field{Field: "text", Code: lead.Required, Message: "Please type your question."})
	}
	if err != nil {
		return err
	}
	return a.speak(ctx, d, who, func(tx *store.Tx, v voice) (bool, error) {
		cond, arg := v.own()
		var earlier []store.Saying
		err := tx.Where("kind = 'ask' and document_id = ? and at > ?", v.document, tx.Now().AddDate(0, 0, -1)).Where(cond, arg).Find(&earlier).Error
		if err != nil {
			return false, err
		}
		for _, s := range earlier {
			if s.Text == text && s.Page == v.page {
				return false, nil
			}
		}
		if len(earlier) >= asksADay {
			return false, errs.New(errs.TooMany, "That is a good many questions for one day. Please put the rest of them together tomorrow.")
		}
		now := tx.Now()
		s := store.Saying{ID: store.NewID(), LeadID: v.lead, AddressID: v.address, DocumentID: v.document, SubmissionID: v.submission,
			Kind: "ask", Text: text, Page: v.page, At: now}
		s.State, s.ConfirmedAt = v.state(now)
		return true, tx.Create(&s).Error
	})
}
