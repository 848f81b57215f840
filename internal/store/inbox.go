package store

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// KeepMail stores a captured mail; the same message again is no second mail. A message that was ended while it was on its
// way (its person was erased) leaves none: the row is locked, so that an erasure comes before this or after it.
func (s *Store) KeepMail(ctx context.Context, row CapturedMail) error {
	return s.Tx(ctx, func(tx *Tx) error {
		var held []Message
		err := tx.Select("id").Clauses(clause.Locking{Strength: "SHARE"}).Where("id = ?", row.MessageID).Limit(1).Find(&held).Error
		if err != nil {
			return err
		}
		var n int64
		if err := tx.Model(&Message{}).Where("id = ? and state = 'ended'", row.MessageID).Count(&n).Error; err != nil || n > 0 {
			return err
		}
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "message_id"}}, DoNothing: true}).Create(&row).Error
	})
}

// KeptMail is a captured mail with the kind of its message.
type KeptMail struct {
	CapturedMail
	Kind string
}

// CapturedMails lists them, the newest first, without the sources.
func (s *Store) CapturedMails(ctx context.Context, limit, offset int) (rows []KeptMail, total int, err error) {
	var n int64
	db := s.DB(ctx)
	if err := db.Model(&CapturedMail{}).Count(&n).Error; err != nil {
		return nil, 0, translate(err)
	}
	err = db.Table("captured_mails c").Select("c.id, c.message_id, c.recipient, c.subject, c.text, c.at, coalesce(m.kind, '') as kind").
		Joins("left join messages m on m.id = c.message_id").Order("c.at desc, c.id desc").Limit(limit).Offset(offset).Find(&rows).Error
	return rows, int(n), translate(err)
}

// CapturedMail reads one.
func (s *Store) CapturedMail(ctx context.Context, id uuid.UUID) (KeptMail, error) {
	var m KeptMail
	err := s.DB(ctx).Table("captured_mails c").Select("c.*, coalesce(m.kind, '') as kind").
		Joins("left join messages m on m.id = c.message_id").Where("c.id = ?", id).Take(&m).Error
	return m, translate(err)
}
