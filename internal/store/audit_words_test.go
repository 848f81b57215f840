package store_test

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// What an earlier version wrote of rules is found under the names of today; nothing else is renamed.
func TestOldWordsOfTheAuditLogAreRenamed(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{URL: testkit.EmptyURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.MigrateTo(ctx, 9); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ kind, was, want string }{
		{"scoring-rules", "draft", "rules.draft"}, {"scoring-rules", "edit", "rules.edit"}, {"routing-rules", "publish", "rules.publish"}, {"routing-rules", "roll-back", "rules.roll-back"},
		{"routing-rules", "discard", "rules.discard"}, {"scoring-rules", "rehearse", "rules.rehearse"}, {"scoring-rules", "rescore", "rules.rescore"},
		{"rehearsal", "cancel", "rehearsal.cancel"}, {"rescore", "cancel", "rescore.cancel"}, {"gate", "gate.publish", "gate.publish"}, {"database", "restore", "restore"},
	} {
		err := s.DB(ctx).Exec("insert into audit_log (id, at, actor_kind, actor_name, action, object_kind, object_id, detail) values (?, now(), 'user', 'Ana', ?, ?, ?, '{}')", store.NewID(), x.was, x.kind, x.want).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var lines []store.Audit
	if err := s.DB(ctx).Find(&lines).Error; err != nil || len(lines) != 11 {
		t.Fatal(len(lines), err)
	}
	for _, l := range lines {
		if l.Action != l.ObjectID {
			t.Errorf("%s: %s, want %s", l.ObjectKind, l.Action, l.ObjectID)
		}
	}
}
