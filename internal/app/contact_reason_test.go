package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// sues has Ann forbid every approach, and Ruth write to her all the same from her own program.
func (p *post) sues() (act store.Activity) {
	p.t.Helper()
	if err := p.App.BlockApproach(p.t.Context(), p.ann, "all", "They sued us", p.actor(p.ruth, "Ruth")); err != nil {
		p.t.Fatal(err)
	}
	p.comes(email.Inbound{MessageID: "beyond@z", From: "ruth@gatehouse.example", To: []string{p.box}, Subject: "Hello", Text: "buy"})
	p.Clock.Move(time.Second)
	if err := p.Store.DB(p.t.Context()).Where("how = 'bcc' and beyond <> ''").Take(&act).Error; err != nil {
		p.t.Fatal(err)
	}
	return act
}

func (p *post) actor(id uuid.UUID, name string) store.Actor {
	return store.Actor{Kind: "user", ID: &id, Name: name}
}

// staff is one more colleague.
func (p *post) staff(name, role string) store.Actor {
	p.t.Helper()
	id := store.NewID()
	mustExec(p.t, p.Kit, "insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values (?, ?, ?, ?, '', 1, 1, now())", id, strings.ToLower(name)+"@gatehouse.example", name, role)
	return p.actor(id, name)
}

func (p *post) due(id uuid.UUID) []app.ReasonDue {
	p.t.Helper()
	h, err := p.App.SalesHome(p.t.Context(), id, "")
	if err != nil {
		p.t.Fatal(err)
	}
	return h.Reasons
}

// A mail by BCC is held against the policy as well: it stands as beyond, the manager is told, and whoever sent it is asked
// why, until somebody who may has said it. The first answer stands.
func TestCopiesKeepThePolicy(t *testing.T) {
	p := newPost(t)
	ctx, ruth := t.Context(), p.actor(p.ruth, "Ruth")
	told := func() int { return p.Count("select count(*) from alarms where kind = 'beyond-policy'") }
	p.comes(email.Inbound{MessageID: "within@z", From: "ruth@gatehouse.example", To: []string{p.box}, Subject: "Hello", Text: "as you asked"})
	p.Clock.Move(time.Second)
	if n := p.Count("select count(*) from activities where how = 'bcc' and beyond = '' and reason_asked_at is null and sender = 'verified'"); n != 1 || told() != 0 || len(p.due(p.ruth)) != 0 {
		t.Fatalf("within the policy: %d, %d told, due %v", n, told(), p.due(p.ruth))
	}
	act := p.sues()
	if act.Beyond != "do-not-approach" || !strings.HasPrefix(act.Why, "Do not approach") || act.BeyondReason != "" || !act.ReasonOpen() || *act.UserID != p.ruth {
		t.Fatalf("beyond it: %+v", act)
	}
	const said = "Ruth Adler approached a lead (mail) beyond the contact policy: there is a “do not approach”. Nobody could be asked before: whoever sent it is asked now"
	if told() != 1 || p.Count("select count(*) from alarms where kind = 'beyond-policy' and strpos(sentence, ?) = 1", said) != 1 {
		t.Error("the manager is not told that the reason is still to come")
	}
	ben, boss, admin := p.staff("Ben", "sales"), p.staff("Boss", "sales"), p.staff("Ada", "admin")
	mustExec(t, p.Kit, "update sales_settings set manager_user_id = ?", *boss.ID)
	if due := p.due(p.ruth); len(due) != 1 || due[0].ID != act.ID || due[0].LeadID != p.ann {
		t.Errorf("Ruth's day: %+v", due)
	}
	if due := p.due(*ben.ID); len(due) != 0 {
		t.Errorf("Ben is asked: %+v", due)
	}
	if r := verify(t, p.Kit); !r.OK() {
		t.Errorf("while it is open: %+v", r.Unexplained)
	}
	give := func(by store.Actor, text string) errs.Code {
		err := p.App.GiveReason(ctx, p.ann, act.ID, text, by)
		if err == nil {
			return ""
		}
		return errs.CodeOf(err)
	}
	for _, c := range []struct {
		name string
		by   store.Actor
		text string
		want errs.Code
	}{
		{"nothing", ruth, "  ", errs.Invalid}, {"a book", ruth, strings.Repeat("x", 501), errs.Invalid}, {"a colleague", ben, "I know why", errs.Forbidden},
		{"nobody", store.Actor{Kind: "system", Name: "nobody"}, "So it is", errs.Forbidden}, {"Ruth", ruth, "The court asked us to", ""}, {"Ruth, twice", ruth, "The court asked us to", ""},
		{"Ruth, otherwise", ruth, "It was Ben", errs.Conflict}, {"the manager, after her", boss, "It was Ben", errs.Conflict}, {"an administrator, after her", admin, "The court asked us to", errs.Conflict},
	} {
		if got := give(c.by, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		p.Clock.Move(time.Second)
	}
	if n := p.Count("select count(*) from activities where id = ? and beyond = 'do-not-approach' and beyond_reason = 'The court asked us to' and reason_given_by = ? and reason_given_at is not null", act.ID, p.ruth); n != 1 {
		t.Error("her first words do not stand")
	}
	if n := p.Count("select count(*) from audit_log where action = 'activity.reason' and actor_id = ? and detail::text not like '%court%'", p.ruth); n != 1 || told() != 1 {
		t.Errorf("%d lines of audit, told %d times", n, told())
	}
	if len(p.due(p.ruth)) != 0 {
		t.Error("it is still due")
	}
	if r := verify(t, p.Kit); !r.OK() {
		t.Errorf("once it is given: %+v", r.Unexplained)
	}
}

// The manager of sales, of the team that answered, or an administrator may say it in the sender's place; nobody says why
// of what needed no reason, of another lead's, or of somebody who is gone.
func TestWhoMayGiveAReason(t *testing.T) {
	p := newPost(t)
	act := p.sues()
	boss, lead, other, admin := p.staff("Boss", "sales"), p.staff("Lea", "sales"), p.staff("Olga", "sales"), p.staff("Ada", "admin")
	team, elsewhere, as := store.NewID(), store.NewID(), store.NewID()
	for id, manager := range map[uuid.UUID]store.Actor{team: lead, elsewhere: other} {
		mustExec(t, p.Kit, "insert into teams (id, name, manager_id, version, created_at) values (?, ?, ?, 1, now())", id, id.String(), *manager.ID)
	}
	mustExec(t, p.Kit, `insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version, answering_team_id)
		values (?, ?, ?, '', 'by-hand', 'for the test', '{}', 'open', now(), now(), now(), '', '', '', 1, ?)`, as, p.ann, p.ruth, team)
	mustExec(t, p.Kit, "update activities set assignment_id = ? where id = ?", as, act.ID)
	mustExec(t, p.Kit, "update sales_settings set manager_user_id = ?", *boss.ID)
	for _, c := range []struct {
		by  store.Actor
		may bool
	}{{boss, true}, {lead, true}, {other, false}, {admin, true}, {p.actor(p.ruth, "Ruth"), true}} {
		mustExec(t, p.Kit, "update activities set beyond_reason = '', reason_given_at = null, reason_given_by = null")
		if err := p.App.GiveReason(t.Context(), p.ann, act.ID, "So it was", c.by); (err == nil) != c.may {
			t.Errorf("%s: %v", c.by.Name, err)
		}
	}
	note, err := p.App.NoteActivity(t.Context(), app.Note{Lead: p.ann, Kind: "note", Text: "quiet"}, p.actor(p.ruth, "Ruth"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.GiveReason(t.Context(), p.ann, note.ID, "So it was", admin); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("of what asked for none: %v", err)
	}
	if err := p.App.GiveReason(t.Context(), store.NewID(), act.ID, "So it was", admin); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("of another lead: %v", err)
	}
	if _, err := p.App.EraseLead(t.Context(), p.ann, byTest); err != nil {
		t.Fatal(err)
	}
	if n := p.Count("select count(*) from activities where beyond_reason <> ''"); n != 0 {
		t.Error("the reason outlives the person")
	}
	mustExec(t, p.Kit, "update activities set reason_given_at = null, reason_given_by = null where id = ?", act.ID)
	if err := p.App.GiveReason(t.Context(), p.ann, act.ID, "So it was", admin); errs.CodeOf(err) != errs.Conflict || len(p.due(p.ruth)) != 0 {
		t.Errorf("of somebody who was erased: %v, due %v", err, p.due(p.ruth))
	}
}

// What nobody was asked about is found.
func TestAnUnaskedCopyIsFound(t *testing.T) {
	p := newPost(t, testkit.Mutant("copy-unasked"))
	p.sues()
	if r := verify(t, p.Kit); r.OK() {
		t.Error("a mail beyond the policy has no reason, nobody was asked, and verify is content")
	}
}

// A reason is asked of whoever still sees the lead.
func TestReasonsDueAreOfLeadsThatAreSeen(t *testing.T) {
	p := newPost(t)
	p.sues()
	ben := p.staff("Ben", "sales")
	mustExec(t, p.Kit, "update sales_settings set visibility = 'own'")
	if len(p.due(p.ruth)) != 1 {
		t.Error("her own lead is hidden from her")
	}
	mustExec(t, p.Kit, "update leads set owner_id = ?", *ben.ID)
	if len(p.due(p.ruth)) != 0 {
		t.Error("a link that leads nowhere")
	}
}
