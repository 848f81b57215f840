package app

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// errChanged is the answer to an edit of something that has changed since it was read.
var errChanged = errs.New(errs.Conflict, "Somebody else changed this meanwhile. Nothing was overwritten, and what you typed is still here.")

// edits gathers the faults of what staff typed, so that all of them come back at once.
type edits struct{ faults []errs.Field }

func (e *edits) add(field, code, message string) {
	e.faults = append(e.faults, errs.Field{Field: field, Code: code, Message: message})
}

func (e *edits) err() error {
	if len(e.faults) == 0 {
		return nil
	}
	return errs.InvalidFields(e.faults...)
}

// line reads one line of low to high runes, trimmed.
func (e *edits) line(field, typed string, low, high int) string {
	clean, code := lead.Line(typed, true)
	if code != "" {
		e.add(field, code, lead.LineSentence(code))
		return typed
	}
	return e.length(field, clean, low, high)
}

// text reads a text that may have line breaks, in the spelling \n, trimmed.
func (e *edits) text(field, typed string, low, high int) string {
	clean := strings.TrimSpace(strings.ReplaceAll(typed, "\r\n", "\n"))
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !utf8.ValidString(clean) || strings.ContainsFunc(clean, odd) {
		e.add(field, lead.ControlCharacter, "This holds a character that cannot be read. Please type it again.")
		return typed
	}
	return e.length(field, clean, low, high)
}

func (e *edits) length(field, clean string, low, high int) string {
	n := utf8.RuneCountInString(clean)
	switch {
	case n < low:
		e.add(field, lead.Required, "Please fill this in.")
	case n > high:
		e.add(field, lead.TooLong, "At most "+plural(high, "character", "characters")+", please.")
	}
	return clean
}

// languageTag takes what BCP 47 knows, spelt with hyphens.
func (e *edits) languageTag(field, typed string) string {
	typed = strings.TrimSpace(typed)
	if _, err := language.Parse(typed); err != nil || len(typed) > 35 || strings.Contains(typed, "_") {
		e.add(field, lead.Invalid, "Please give a language such as en-GB or de.")
	}
	return typed
}

// changedNames names the top-level parts, as JSON spells them, in which two values differ: for the audit log, which says
// what was changed without repeating it.
func changedNames(old, now any) []string {
	a, b := jsonParts(old), jsonParts(now)
	names := []string{}
	for name, part := range b {
		if !bytes.Equal(a[name], part) {
			names = append(names, name)
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func jsonParts(v any) map[string]json.RawMessage {
	parts := map[string]json.RawMessage{}
	if raw, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(raw, &parts)
	}
	return parts
}

// unchanged turns "no row matched" of a versioned update into the conflict.
func unchanged(res *store.Query) error {
	if res.Error == nil && res.RowsAffected == 0 {
		return errChanged
	}
	return res.Error
}

// plural is a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// renew shows a change in this process at once; the others hear of it from the database.
func (a *App) renew(ctx context.Context) {
	if _, err := a.loadSnapshot(ctx); err != nil {
		a.log.Warn("published gates could not be read", "error", err)
	}
}
