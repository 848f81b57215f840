package app

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

const (
	questionsMost  = 20
	questionLength = 200
)

// QuestionLine is one question of a document with how many people said that it is theirs.
type QuestionLine struct {
	store.DocumentQuestion
	Ours int // people, claims included
}

// DocumentQuestions are those that a document asks now, in their order.
func (a *App) DocumentQuestions(ctx context.Context, document uuid.UUID) (out []QuestionLine, err error) {
	err = a.store.DB(ctx).Raw(`select q.*, (select count(distinct s.lead_id) from sayings s where s.question_id = q.id and s.taken_back_at is null) as ours
		from document_questions q where q.document_id = ? and q.archived_at is null order by q.number`, document).Scan(&out).Error
	return out, a.store.Translate(err)
}

// QuestionEdit is one line of the form: the question that it was (zero: a new one) and what it says now; empty: taken off.
type QuestionEdit struct {
	ID   uuid.UUID
	Text string
}

// EditQuestions makes a document ask what the lines say, in their order. A question keeps its id, and with it what readers
// said about it; one that is taken off is archived, never deleted. What a reader said keeps the words that it had then.
func (a *App) EditQuestions(ctx context.Context, document uuid.UUID, read int64, lines []QuestionEdit, by store.Actor) error {
	var e edits
	var kept []QuestionEdit
	for i, l := range lines {
		if strings.TrimSpace(l.Text) == "" {
			continue
		}
		l.Text = e.line(QuestionField(i), l.Text, 1, questionLength)
		if slices.ContainsFunc(kept, func(k QuestionEdit) bool { return k.Text == l.Text }) {
			e.add(QuestionField(i), "twice", "This question is there already.")
		}
		kept = append(kept, l)
	}
	if len(kept) > questionsMost {
		e.add(QuestionField(questionsMost), "too-many", "At most "+plural(questionsMost, "question", "questions")+", please.")
	}
	if err := e.err(); err != nil {
		return err
	}
	return a.editDocument(ctx, document, read, func(tx *store.Tx, d *store.Document) error {
		if err := keepQuestions(tx, d.ID, kept); err != nil {
			return err
		}
		return tx.Audit(by, "document.questions", "document", d.ID.String(), map[string]any{"questions": len(kept)})
	})
}

// QuestionField names the input of a line, counted from 0.
func QuestionField(i int) string { return "question" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }

func keepQuestions(tx *store.Tx, document uuid.UUID, kept []QuestionEdit) error {
	// The numbers are unique among those that are asked: all step aside before each takes its place.
	err := tx.Exec("update document_questions set archived_at = ?, number = number + 1000 where document_id = ? and archived_at is null", tx.Now(), document).Error
	if err != nil {
		return err
	}
	for i, l := range kept {
		if l.ID == uuid.Nil {
			q := store.DocumentQuestion{ID: store.NewID(), DocumentID: document, Number: int32(i + 1), Text: l.Text, CreatedAt: tx.Now()}
			if err := tx.Create(&q).Error; err != nil {
				return err
			}
			continue
		}
		res := tx.Model(&store.DocumentQuestion{}).Where("id = ? and document_id = ?", l.ID, document).
			Updates(map[string]any{"number": i + 1, "text": l.Text, "archived_at": nil})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errs.New(errs.Conflict, "One of the questions belongs to another document. Reload the page and try again.")
		}
	}
	return nil
}
