package app

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Page is one page of a list; Next is the cursor of the following one, "" at the end.
type Page[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next"`
}

// readPage reads the rows that follow the cursor, the newest first: ids sort by time. The column is that of the id.
func readPage[R, T any](db *store.Query, column string, limit int, after *uuid.UUID, id func(R) uuid.UUID, view func(R) T) (Page[T], error) {
	out := Page[T]{Data: []T{}}
	if after != nil {
		db = db.Where(column+" < ?", *after)
	}
	var rows []R
	if err := db.Order(column + " desc").Limit(limit + 1).Find(&rows).Error; err != nil {
		return out, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		out.Next = id(rows[limit-1]).String()
	}
	for _, r := range rows {
		out.Data = append(out.Data, view(r))
	}
	return out, nil
}

// apiFilter is one filter of a list: of a closed list of words, or the id of something.
type apiFilter struct {
	name, column, value string
	options             []string // nil: an id
	what                string   // whose id it is
}

// narrow applies the filters that are set, and names all that do not fit at once.
func narrow(db *store.Query, filters ...apiFilter) (*store.Query, error) {
	var faults []errs.Field
	for _, f := range filters {
		switch id, err := uuid.Parse(f.value); {
		case f.value == "":
		case f.options != nil && !slices.Contains(f.options, f.value):
			faults = append(faults, errs.Field{Field: f.name, Code: "not-an-option", Message: "This is one of " + strings.Join(f.options, ", ") + "."})
		case f.options != nil:
			db = db.Where(f.column+" = ?", f.value)
		case err != nil:
			faults = append(faults, errs.Field{Field: f.name, Code: "invalid", Message: "This is the id of " + f.what + "."})
		default:
			db = db.Where(f.column+" = ?", id)
		}
	}
	if len(faults) > 0 {
		return db, errs.InvalidFields(faults...)
	}
	return db, nil
}
