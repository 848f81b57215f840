package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/form"
)

// Gate is a landing page with its form. Draft is what staff edit; what the public sees is its published version.
type Gate struct {
	ID                 uuid.UUID `gorm:"primaryKey;type:uuid"`
	Slug               string
	DocumentID         uuid.UUID `gorm:"type:uuid"`
	State              string
	Draft              form.Gate  `gorm:"type:jsonb;serializer:json"`
	PublishedVersionID *uuid.UUID `gorm:"type:uuid"`
	Version            int64
	CreatedAt          time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt          time.Time `gorm:"autoUpdateTime:false"`
}

// GateVersion is what was published at a time. It is never changed.
type GateVersion struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	GateID      uuid.UUID `gorm:"type:uuid"`
	Number      int32     `gorm:"type:integer"`
	Definition  form.Gate `gorm:"type:jsonb;serializer:json"`
	Language    string
	PublishedBy *uuid.UUID `gorm:"type:uuid"`
	PublishedAt time.Time
}

// GateSlug is a slug's history: an older one redirects.
type GateSlug struct {
	Slug      string    `gorm:"primaryKey"`
	GateID    uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

// PublishedGate is all that a public page or a submission needs to know.
type PublishedGate struct {
	Gate
	Published GateVersion
	Document  Document
	File      DocumentVersion
}

// PublishedGates reads every published gate whose document has a file, by slug, with the older slugs that lead to it.
func (s *Store) PublishedGates(ctx context.Context) (gates []PublishedGate, aliases map[string]string, err error) {
	var rows []Gate
	db := s.DB(ctx)
	if err := db.Where("state = 'published'").Order("created_at").Find(&rows).Error; err != nil {
		return nil, nil, translate(err)
	}
	aliases = map[string]string{}
	for _, g := range rows {
		p := PublishedGate{Gate: g}
		if err := db.Where("id = ?", g.PublishedVersionID).Take(&p.Published).Error; err != nil {
			return nil, nil, translate(err)
		}
		d, v, err := s.Document(ctx, g.DocumentID)
		if err != nil {
			return nil, nil, err
		}
		if v == nil || d.ArchivedAt != nil {
			continue
		}
		p.Document, p.File = d, *v
		gates = append(gates, p)
		var old []GateSlug
		if err := db.Where("gate_id = ? and slug <> ?", g.ID, g.Slug).Find(&old).Error; err != nil {
			return nil, nil, translate(err)
		}
		for _, o := range old {
			aliases[o.Slug] = g.Slug
		}
	}
	return gates, aliases, nil
}

// GateDefinition is the definition a gate has published last, else its draft.
func (s *Store) GateDefinition(ctx context.Context, id uuid.UUID) (form.Gate, error) {
	var g Gate
	if err := s.DB(ctx).Where("id = ?", id).Take(&g).Error; err != nil {
		return form.Gate{}, translate(err)
	}
	if g.PublishedVersionID == nil {
		return g.Draft, nil
	}
	var v GateVersion
	err := s.DB(ctx).Where("id = ?", *g.PublishedVersionID).Take(&v).Error
	return v.Definition, translate(err)
}
