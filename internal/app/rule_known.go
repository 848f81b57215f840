package app

import "context"

// KnownValue is one value that a name of a condition may have here, with its words; Label is "" where the value says it.
type KnownValue struct {
	Name, Value, Label string
}

// mostKnown bounds how many values of one name are offered.
const mostKnown = 200

// KnownValues are what the house's own landing pages, documents, questions and people give conditions to ask for.
func (a *App) KnownValues(ctx context.Context) (out []KnownValue, err error) {
	err = a.store.DB(ctx).Raw(`with known(name, value, label) as (
			select 'gates', g.slug, d.title from gates g join documents d on d.id = g.document_id where g.state <> 'archived'
			union select 'event_gate', g.slug, d.title from gates g join documents d on d.id = g.document_id where g.state <> 'archived'
			union select 'documents', title, '' from documents where archived_at is null
			union select 'event_document', title, '' from documents where archived_at is null
			union select 'said', 'q' || number, min(text) from document_questions where archived_at is null group by number
			union select 'owner', email, name from users where role in ('admin','sales') and disabled_at is null)
		select name, value, label from (select *, row_number() over (partition by name order by value) as n from known) k where n <= ? order by name, value`, mostKnown).Scan(&out).Error
	return out, a.store.Translate(err)
}
