package app_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// post is a house that takes mail in: Ann's lead, in the hands of Ruth.
type post struct {
	*testkit.Kit
	t    *testing.T
	ann  uuid.UUID
	box  string // Ann's own address
	ruth uuid.UUID
}

func newPost(t *testing.T, opts ...testkit.Option) *post {
	t.Helper()
	k := testkit.New(t, opts...)
	mustExec(t, k, "update sales_settings set inbound_domain = 'in.gatehouse.example'")
	k.Take(testkit.Submit("ann@example.org"))
	p := &post{Kit: k, t: t, ruth: givenOwner(t, k)}
	var l store.Lead
	err := k.Store.DB(t.Context()).Take(&l).Error
	if p.ann = l.ID; err != nil {
		t.Fatal(err)
	}
	if p.box, err = k.App.LeadMailbox(t.Context(), p.ann); err != nil || !strings.HasSuffix(p.box, "@in.gatehouse.example") {
		t.Fatalf("%q, %v", p.box, err)
	}
	return p
}

// comes delivers a mail and tells what came of it.
func (p *post) comes(in email.Inbound) string {
	p.t.Helper()
	if in.Proof == "" {
		in.Proof = email.Proved
	}
	if in.Raw == nil {
		in.Raw = []byte("From: " + in.From + "\r\n\r\n" + in.Text)
	}
	if err := p.App.KeepInbound(p.t.Context(), in, true); err != nil {
		p.t.Fatal(err)
	}
	var row store.InboundMail
	if err := p.Store.DB(p.t.Context()).Order("received_at desc, id desc").Take(&row).Error; err != nil {
		p.t.Fatal(err)
	}
	return row.Outcome
}

func TestInboundMail(t *testing.T) {
	p := newPost(t)
	shouted := strings.ToUpper(p.box)
	if local, _, _ := strings.Cut(p.box, "@"); len(local) > 64 {
		t.Fatalf("%q is longer than an address may be", local)
	}
	flip := map[bool]string{true: "b", false: "a"}[p.box[44] == 'a']
	for i, c := range []struct {
		name, want string
		in         email.Inbound
		activity   string // how and direction; "" none
	}{
		{"a copy of what Ruth wrote", app.InboundCopy, email.Inbound{From: "ruth@gatehouse.example", To: []string{"ann@example.org", p.box}, Subject: "Your question", Text: "Hello Ann"}, "bcc out"},
		{"the address shouted", app.InboundCopy, email.Inbound{From: "ruth@gatehouse.example", To: []string{shouted}}, "bcc out"},
		{"nobody verified the sender", app.InboundCopy, email.Inbound{From: "ruth@gatehouse.example", To: []string{p.box}, Proof: email.Unproved}, "bcc out"},
		{"somebody passes for Ruth", app.InboundUnverified, email.Inbound{From: "ruth@gatehouse.example", To: []string{p.box}, Proof: email.Refuted}, ""},
		{"Ann answers", app.InboundReply, email.Inbound{From: "ann@example.org", To: []string{p.box}, Text: "Yes."}, "reply in"},
		{"somebody passes for Ann", app.InboundUnverified, email.Inbound{From: "ann@example.org", To: []string{p.box}, Proof: email.Refuted}, ""},
		{"Ann is away", app.InboundAutomatic, email.Inbound{From: "ann@example.org", To: []string{p.box}, Auto: "it says so itself"}, ""},
		{"somebody else", app.InboundStranger, email.Inbound{From: "eve@evil.example", To: []string{p.box}}, ""},
		{"nobody", app.InboundStranger, email.Inbound{From: "", To: []string{p.box}}, ""},
		{"a guessed address", app.InboundNobody, email.Inbound{From: "ann@example.org", To: []string{p.box[:44] + flip + p.box[45:]}}, ""},
		{"another domain", app.InboundNobody, email.Inbound{From: "ann@example.org", To: []string{strings.Replace(p.box, "@in.", "@out.", 1)}}, ""},
		{"another local part", app.InboundNobody, email.Inbound{From: "ann@example.org", To: []string{"x" + p.box}}, ""},
		{"no lead's address", app.InboundNobody, email.Inbound{From: "ann@example.org", To: []string{"hello@in.gatehouse.example"}}, ""},
	} {
		before := p.Count("select count(*) from activities")
		c.in.MessageID = fmt.Sprintf("%d@example.org", i)
		if got := p.comes(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		p.Clock.Move(time.Second)
		made := p.Count("select count(*) from activities") - before
		if (made == 1) != (c.activity != "") {
			t.Errorf("%s: %d activities", c.name, made)
		}
		if c.activity != "" && p.Count("select count(*) from activities where source_key = ? and how || ' ' || direction = ?", "mail:"+c.in.MessageID+":"+p.ann.String(), c.activity) != 1 {
			t.Errorf("%s: not %q", c.name, c.activity)
		}
	}
	if n := p.Count("select count(*) from activities where user_id = ? and text = E'Your question\nHello Ann' and kind = 'mail' and why like '%verified%'", p.ruth); n != 1 {
		t.Error("Ruth's mail does not stand there in her name")
	}
	if n := p.Count("select count(*) from activities where direction = 'in' and user_id is not null"); n != 0 {
		t.Error("an answer stands in the name of staff")
	}
	if n := p.Count("select count(*) from inbound_mails where length(raw) > 0"); n != 13 {
		t.Errorf("%d of 13 mails are kept", n)
	}
}

func TestEachMessageIDOnce(t *testing.T) {
	p := newPost(t)
	in := email.Inbound{MessageID: "same@example.org", From: "ann@example.org", To: []string{p.box}, Raw: []byte("x"), Proof: email.Proved}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := p.App.KeepInbound(t.Context(), in, true); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if mails, acts := p.Count("select count(*) from inbound_mails"), p.Count("select count(*) from activities"); mails != 1 || acts != 1 {
		t.Errorf("%d mails, %d activities", mails, acts)
	}
}

// The letter with the document asks for answers where they are read, and an answer stands beside the lead.
func TestAnswerToALetter(t *testing.T) {
	p := newPost(t)
	p.Deliver()
	m := p.Mail.All()[0]
	if m.ReplyTo != p.box || !strings.Contains(m.Text, "answer this mail") {
		t.Fatalf("answers go to %q", m.ReplyTo)
	}
	in, err := email.ParseMail([]byte("From: Ann <ann@example.org>\r\nTo: " + m.ReplyTo + "\r\nMessage-ID: <re@example.org>\r\nSubject: Re: your copy\r\n\r\nThank you.\r\n\r\n> Hello,\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.comes(in); got != app.InboundReply {
		t.Errorf("%q", got)
	}
	if n := p.Count("select count(*) from activities where how = 'reply' and text = E'Re: your copy\nThank you.'"); n != 1 {
		t.Error("the answer does not stand there")
	}
	if n := p.Count("select count(*) from outbox where type = 'lead.changed'"); n != 1 {
		t.Errorf("%d announcements", n)
	}
}

func TestMailToSomebodyErasedIsNotKept(t *testing.T) {
	p := newPost(t)
	if _, err := p.App.EraseLead(t.Context(), p.ann, byTest); err != nil {
		t.Fatal(err)
	}
	if got := p.comes(email.Inbound{MessageID: "late@example.org", From: "ann@example.org", To: []string{p.box}, Text: "Ann Archer"}); got != app.InboundErased {
		t.Errorf("%q", got)
	}
	if n := p.Count("select count(*) from inbound_mails where sender <> '' or length(raw) > 0 or message_id like '%example%' or lead_id is not null") + p.Count("select count(*) from activities"); n != 0 {
		t.Error("something of the mail is kept")
	}
}

// Tests of these tests: who claims is believed, a forged sender is staff, a note of absence is a person's answer.
func TestMutantsOfWhatIsSaid(t *testing.T) {
	t.Run("claim-binds", func(t *testing.T) {
		k := testkit.New(t, testkit.Mutant("claim-binds"))
		newReader(t, k, "ann@example.org")
		choose(t, k, mailed(t, k), app.ContactWish{How: "mail"})
		k.Clock.Move(time.Hour)
		choose(t, k, thanksOf(k.Take(as("ann@example.org", "Mallory", "Malice"))), call)
		if got := current(t, k); got != "call confirmed" {
			t.Errorf("the mutant goes unseen: %q", got)
		}
	})
	for mutant, in := range map[string]email.Inbound{"impersonated": {From: "ruth@gatehouse.example", Proof: email.Refuted}, "machines-are-people": {From: "ann@example.org", Auto: "it says so"}} {
		t.Run(mutant, func(t *testing.T) {
			p := newPost(t, testkit.Mutant(mutant))
			in.MessageID, in.To = "m@example.org", []string{p.box}
			if p.comes(in); p.Count("select count(*) from activities") != 1 {
				t.Error("the mutant goes unseen")
			}
		})
	}
}
