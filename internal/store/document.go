package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Document is what is offered; its current version is what every grant serves.
type Document struct {
	ID               uuid.UUID `gorm:"primaryKey;type:uuid"`
	Title            string
	Language         string
	Byline           string
	CurrentVersionID *uuid.UUID `gorm:"type:uuid"`
	ArchivedAt       *time.Time
	Version          int64
	CreatedAt        time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt        time.Time `gorm:"autoUpdateTime:false"`
}

// Sample is one page shown as a picture on the gate page.
type Sample struct {
	Key    string `json:"key"` // file key, or an asset path with the prefix "asset:"
	Alt    string `json:"alt"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Page   int    `json:"page,omitempty"` // counted from 1; 0: not a page of the file as it is
}

// Finding is what the check of an upload noticed and let through.
type Finding struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
}

// DocumentVersion is one file of a document. It is never changed.
type DocumentVersion struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	DocumentID  uuid.UUID `gorm:"type:uuid"`
	Number      int32     `gorm:"type:integer"`
	FileKey     string
	SHA256      string `gorm:"column:sha256"`
	Size        int64
	Pages       int32 `gorm:"type:integer"`
	ContentType string
	CoverKey    string     // like Sample.Key; "" when there is no picture
	Samples     []Sample   `gorm:"type:jsonb;serializer:json"`
	Findings    []Finding  `gorm:"type:jsonb;serializer:json"`
	CreatedBy   *uuid.UUID `gorm:"type:uuid"`
	CreatedAt   time.Time  `gorm:"autoCreateTime:false"`
}

// Document reads one with its current version (nil when it has none yet).
func (s *Store) Document(ctx context.Context, id uuid.UUID) (Document, *DocumentVersion, error) {
	var d Document
	if err := s.DB(ctx).Where("id = ?", id).Take(&d).Error; err != nil {
		return d, nil, translate(err)
	}
	if d.CurrentVersionID == nil {
		return d, nil, nil
	}
	v, err := s.DocumentVersion(ctx, *d.CurrentVersionID)
	return d, &v, err
}

// DocumentVersion reads one version.
func (s *Store) DocumentVersion(ctx context.Context, id uuid.UUID) (DocumentVersion, error) {
	var v DocumentVersion
	err := s.DB(ctx).Where("id = ?", id).Take(&v).Error
	return v, translate(err)
}
