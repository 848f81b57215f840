package store

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// KeepMail stores a captured mail; the same message again is no second mail.
func (s *Store) KeepMail(ctx context.Context, row CapturedMail) error {
	return translate(s.DB(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "message_id"}}, DoNothing: true}).Create(&row).Error)
}

// CapturedMails lists them, the newest first, without the sources.
func (s *Store) CapturedMails(ctx context.Context, limit, offset int) (rows []CapturedMail, total int, err error) {
	var n int64
	db := s.DB(ctx)
	if err := db.Model(&CapturedMail{}).Count(&n).Error; err != nil {
		return nil, 0, translate(err)
	}
	err = db.Omit("raw", "html").Order("at desc, id desc").Limit(limit).Offset(offset).Find(&rows).Error
	return rows, int(n), translate(err)
}

// CapturedMail reads one.
func (s *Store) CapturedMail(ctx context.Context, id uuid.UUID) (CapturedMail, error) {
	var m CapturedMail
	err := s.DB(ctx).Where("id = ?", id).Take(&m).Error
	return m, translate(err)
}
