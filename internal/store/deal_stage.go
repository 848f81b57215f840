package store

import "time"

// DealStage is one column of the pipeline.
type DealStage struct {
	Key         string `gorm:"primaryKey"`
	Title       string
	Kind        string
	Position    int32    `gorm:"type:integer"`
	Next        []string `gorm:"type:jsonb;serializer:json"`
	Required    []string `gorm:"type:jsonb;serializer:json"`
	Probability int16    `gorm:"type:smallint"`
	ArchivedAt  *time.Time
}

// TableName is the table's name.
func (DealStage) TableName() string { return "stages" }

// PipelineReason is one reason to return, decline, win or lose.
type PipelineReason struct {
	Kind       string `gorm:"primaryKey"`
	Key        string `gorm:"primaryKey"`
	Title      string
	Position   int32 `gorm:"type:integer"`
	ArchivedAt *time.Time
}
