package crash

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// A week of a house that sells, told from outside: what prospects send, what staff see and do on the pages, what is
// mailed, what the CRM holds. In early May 2026 Friday is a public holiday in Germany, and Monday is one in England.
func TestAWeek(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London", "2026-04-30 10:00")
	h.fridayNight()
	h.monday()
	h.tuesday()
	h.cleoIsAway()
	h.crmIsAway()
	h.crmIsBack()
	h.doraLeaves()
	h.cleoIsBack()
	h.accounts()
}

// fridayNight: two people come when everybody has gone home. Each is given to somebody at once, whose clock starts with
// their own next working hour; nobody is hurried over the weekend.
func (h *house) fridayNight() {
	h.t.Helper()
	h.clock("2026-05-01 17:40") // 18:40 in Berlin
	h.comes("Anna", "anna.example", "DE")
	h.mail(h.greta, "Anna Archer", "The clock starts on Monday 4 May, 09:00", "expected by Monday 4 May, 10:00", "rule 1, German-speaking")
	h.isWith("Anna", h.greta, "The clock starts on 4 May 2026")
	h.clock("2026-05-01 18:40")
	h.comes("Bob", "bob.example", "GB")
	h.mail(h.brian, "Bob Archer", "The clock starts on Tuesday 5 May, 09:00", "expected by Tuesday 5 May, 10:00")
	h.isWith("Bob", h.brian, "The clock starts on 5 May 2026")
	for _, at := range []string{"2026-05-01 23:59", "2026-05-02 09:30", "2026-05-02 15:00", "2026-05-03 12:00", "2026-05-03 23:00"} {
		h.clock(at)
	}
	h.nobodyMailed("over the weekend")
}

// monday: nothing is done about Anna, so the clock warns after an hour of Greta's work and tells Ada after two. A signed
// call stops it. In England nobody works, and nobody's clock runs.
func (h *house) monday() {
	h.t.Helper()
	h.clock("2026-05-04 08:58") // 09:58 in Berlin
	h.nobodyMailed("in the first hour")
	h.clock("2026-05-04 09:00")
	h.mail(h.greta, "One of your leads waits for a first answer", "The clock has been running since Monday 4 May, 09:00")
	h.clock("2026-05-04 09:58")
	h.nobodyMailed("in the second hour")
	h.clock("2026-05-04 10:00")
	h.mail(h.ada, "A lead of Greta waits for a first answer", "Anna Archer")
	h.isWith("Anna", h.greta, "the manager was told")
	h.clock("2026-05-04 10:30")
	h.greta.calls(h, "Anna")
	h.isWith("Anna", h.greta, "First answer after 2 hours 30 minutes of working time: call by Greta")
	h.clock("2026-05-04 16:30")
	h.clock("2026-05-05 08:59")
	h.nobodyMailed("on the bank holiday, or after the call")
}

// tuesday: an ordinary day. Calls, deals, and the CRM hears of them.
func (h *house) tuesday() {
	h.t.Helper()
	h.clock("2026-05-05 09:30")
	h.brian.calls(h, "Bob")
	h.isWith("Bob", h.brian, "First answer after 30 minutes of working time")
	h.accepts(h.brian, "Bob")
	h.answered("Carl", h.cleo, "2026-05-05 10:00", "2026-05-05 10:21")
	h.accepts(h.cleo, "Carl")
	h.answered("Dave", h.dora, "2026-05-05 11:00", "2026-05-05 11:16")
	h.accepts(h.dora, "Dave")
	h.clock("2026-05-05 11:30")
	h.told()
	h.crmHolds(4, 3)
	if p := h.theirs("contacts", "Carl").Props; p["jobtitle"] != nil || p["lastname"] != "Archer" || p["hubspot_owner_id"] != "72" {
		h.t.Errorf("the CRM holds of Carl: %v", p) // the mapping tells nobody's job title
	}
	h.clock("2026-05-05 16:30")
	h.comes("Emma", "emma.example", "GB")
	h.mail(h.brian, "Emma Archer")
	h.clock("2026-05-05 16:35")
	h.comes("Finn", "finn.example", "GB")
	h.mail(h.cleo, "Finn Archer")
	h.clock("2026-05-05 16:40")
	h.comes("Gina", "gina.example", "GB")
	h.mail(h.dora, "Gina Archer")
	h.sharp("2026-05-05 16:46")
	h.brian.calls(h, "Emma")
	h.sharp("2026-05-05 16:51")
	h.dora.calls(h, "Gina")
	h.cleo.fill("/admin/account/profile", "/absences", "from", "2026-05-06", "until", "2026-05-07", "deputy", h.brian.id).says("The deputy takes over by itself.", "Brian stands in")
	h.clock("2026-05-05 23:50")
	h.isWith("Finn", h.cleo)
	h.nobodyMailed("before Cleo is away")
}

// cleoIsAway: what waits for its first answer goes to the deputy with the time that was used, due steps stand on the
// deputy's home, new leads of hers go to the deputy, and the rotation passes her over.
func (h *house) cleoIsAway() {
	h.t.Helper()
	h.clock("2026-05-06 00:05")
	h.mail(h.brian, "Finn Archer", "Cleo is away until 7 May; Brian stands in")
	h.isWith("Finn", h.brian, "Taken by the deputy")
	h.isWith("Carl", h.cleo)    // has had his answer, and stays hers
	h.clock("2026-05-06 09:33") // 25 minutes were used yesterday
	h.nobodyMailed("before Finn's hour is over")
	h.clock("2026-05-06 09:37")
	h.mail(h.brian, "One of your leads waits for a first answer", "Finn Archer")
	h.sharp("2026-05-06 09:51")
	h.brian.calls(h, "Finn")
	h.isWith("Finn", h.brian, "First answer after 1 hour 15 minutes of working time")
	h.brian.open("/admin").says("Carl Archer", "for Cleo")
	h.clock("2026-05-06 10:00")
	h.comes("Carla", "carl.example", "GB")
	h.mail(h.brian, "Carla Archer", "existing owner Cleo (has other leads of this company) is away until 7 May; deputy Brian")
	h.sharp("2026-05-06 10:11")
	h.brian.calls(h, "Carla")
	h.answered("Hugo", h.brian, "2026-05-06 10:30", "2026-05-06 10:41")
	h.isWith("Hugo", h.brian, "Cleo is away")
	h.answered("Ivan", h.dora, "2026-05-06 10:42", "2026-05-06 10:58")
	if got := h.mailsTo(h.cleo.email); len(got) > 0 {
		h.t.Errorf("Cleo is away and got %q", subjects(got))
	}
	h.clock("2026-05-06 11:50")
	h.told()
	h.crmHolds(10, 3)
}

// crmIsAway: from Wednesday noon the CRM hangs, then fails. Mails and the other receiver wait for nobody; the breaker
// opens and Ada is told, once. Meanwhile people go on here and there.
func (h *house) crmIsAway() {
	h.t.Helper()
	h.clock("2026-05-06 12:00")
	h.hubspot.Forget()
	h.hubspot.Always(crmtest.Hangs)
	h.moves(h.brian, "Bob", "proposal", "9000")
	h.pushing("On its way")
	h.answered("Jane", h.brian, "2026-05-06 12:05", "2026-05-06 12:16")
	h.heard("lead.assigned", "Jane")
	h.pushing("On its way") // it hung all the while
	h.hubspot.Always(crmtest.Fails)
	h.passes("2026-05-06 12:20", 10*time.Minute, 10)
	h.ada.open("/admin/connectors").says("Away")
	h.mail(h.ada, "Needs attention: HubSpot cannot be told anything")

	carl, bob, dave := h.theirDeal("Carl"), h.theirDeal("Bob"), h.theirDeal("Dave")
	h.hubspot.Change("deals", bob, map[string]any{"hubspot_owner_id": "73"})
	h.hubspot.Change("deals", carl, map[string]any{"amount": "4000"})
	h.hubspot.Change("deals", dave, map[string]any{"amount": "12000", "dealstage": "closedwon"})
	h.hubspot.Change("contacts", h.theirs("contacts", "Carl").ID, map[string]any{"phone": "+44 1632 960000"})
	h.moves(h.brian, "Carl", "proposal", "3500") // for Cleo
	h.passes("2026-05-06 15:00", 90*time.Minute, 14)
	h.nobodyMailed("while the CRM was away")
	h.isWith("Bob", h.brian)
	h.heard("deal.stage_changed", "Carl")
	if tries := h.mostTries(); tries < 2 || tries > 20 {
		h.t.Errorf("the push that was tried most often in a day has %d tries", tries)
	}
}

// crmIsBack: after a day it answers again. What only one side changed holds on both, what both changed is theirs, and
// then there is silence.
func (h *house) crmIsBack() {
	h.t.Helper()
	h.hubspot.Trouble(nil)
	h.passes("2026-05-07 12:00", 20*time.Minute, 4)
	h.told()
	h.ada.open("/admin/connectors").silent("Away")
	h.crmHolds(11, 3)
	h.agree("Bob", h.dora, "Proposal", "£9,000", "73", "presentationscheduled", "9000")
	h.isWith("Bob", h.dora, "given to Dora in HubSpot")
	h.agree("Carl", h.cleo, "Proposal", "£4,000", "72", "presentationscheduled", "4000")
	h.agree("Dave", h.dora, "Won", "£12,000", "73", "closedwon", "12000")
	if p := h.theirs("contacts", "Carl").Props; p["phone"] != "+44 1632 960000" {
		h.t.Errorf("what they wrote was overwritten with %v", p["phone"])
	}
	writes := h.writes()
	h.passes("2026-05-07 13:30", 30*time.Minute, 5)
	if more := h.writes() - writes; more > 0 {
		h.t.Errorf("%d calls changed something in the CRM after both agreed", more)
	}
	h.mail(h.dora, "A lead is yours", "Bob Archer", "given to Dora in HubSpot")
	h.nobodyMailed("after the CRM was back")
}

// doraLeaves: her last day is Thursday. What she had goes to Brian at midnight, with reasons, the deal, the steps, and a
// clock that has run for half an hour; with her account disabled nothing opens for her.
func (h *house) doraLeaves() {
	h.t.Helper()
	h.clock("2026-05-07 16:30")
	h.comes("Kate", "kate.example", "GB")
	h.mail(h.dora, "Kate Archer")
	h.clock("2026-05-07 16:40")
	person := "/admin/teams/people/" + h.dora.id
	h.ada.fill(person, "/leaving", "leaves", "2026-05-08", "heir", h.brian.id).says("Saved.")
	h.clock("2026-05-07 23:50")
	h.isWith("Kate", h.dora)
	h.nobodyMailed("before Dora has left")
	h.clock("2026-05-08 00:05")
	h.mails(h.brian, []string{"Bob Archer", "Gina Archer", "Ivan Archer", "Kate Archer"}, "Dora sells no more; Brian takes over")
	for _, given := range []string{"Kate", "Gina", "Ivan", "Bob"} {
		h.isWith(given, h.brian, "Dora sells no more; Brian takes over", "Hands before")
	}
	h.brian.open("/admin").says("Bob Archer")
	h.ada.open(person).says("Has left")
	h.ada.fill("/admin/users/"+h.dora.id, "/disable").says("its sessions have ended")
	if at := h.dora.open("/admin").path; at != "/admin/login?next=%2Fadmin" {
		h.t.Errorf("Dora opens %s", at)
	}
	if s := h.dora.ask("POST", "/admin/login", form("email", h.dora.email, "password", staffPassword)); s.status != 401 {
		h.t.Errorf("Dora logs in: %d: %s", s.status, s.text())
	}
	h.sharp("2026-05-08 09:11")
	h.brian.calls(h, "Kate")
	h.isWith("Kate", h.brian, "First answer after 40 minutes of working time")
}

// cleoIsBack: she starts at the team's average, so that she is neither flooded nor passed over. What stayed hers is hers,
// and whoever comes from a company of Dora's is not given to Dora.
func (h *house) cleoIsBack() {
	h.t.Helper()
	h.isWith("Carl", h.cleo)
	h.isWith("Finn", h.brian)
	h.cleo.open("/admin").says("Carl Archer")
	h.brian.open("/admin").silent("for Cleo")
	h.clock("2026-05-08 10:00")
	h.comes("Liam", "liam.example", "GB")
	h.mail(h.cleo, "Liam Archer", "Cleo had 3.0, Brian 3.0 and was asked more recently; Dora does not sell")
	team := h.ada.open("/admin/teams")
	if row := team.row("Cleo"); !strings.Contains(row, "2.0 credited") {
		h.t.Errorf("Cleo's place in the rotation: %s", row)
	}
	h.clock("2026-05-08 10:05")
	h.comes("Mona", "mona.example", "GB")
	h.mail(h.brian, "Mona Archer")
	h.clock("2026-05-08 10:10")
	h.comes("Nora", "nora.example", "GB")
	h.mail(h.cleo, "Nora Archer")
	h.sharp("2026-05-08 10:31")
	h.cleo.calls(h, "Liam")
	h.comes("Dana", "dave.example", "GB")
	h.mail(h.brian, "Dana Archer", "existing owner Brian (has other leads of this company)")
	if text := h.hands("Dana"); strings.Contains(text, "Dora") {
		h.t.Errorf("Dana's reason names who has left: %s", text)
	}
}
