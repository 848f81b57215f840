package crash

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// everybody who came in the week.
var everybody = []string{"Anna", "Bob", "Carl", "Dave", "Emma", "Finn", "Gina", "Carla", "Hugo", "Ivan", "Jane", "Kate", "Liam", "Mona", "Nora", "Dana"}

// accounts: at the end everything is explained, and the reports say what the week must give.
func (h *house) accounts() {
	h.t.Helper()
	h.clock("2026-05-08 10:50")
	h.told()
	h.crmHolds(len(everybody), 3)
	ids := map[string]string{"Greta": "", "Brian": "71", "Cleo": "72"}
	for _, given := range everybody {
		text := h.hands(given)
		owner, _, _ := strings.Cut(strings.TrimPrefix(text, "In whose hands "), " ")
		id, known := ids[owner]
		switch {
		case given == "Dave":
			if !strings.Contains(text, "Nobody’s. Dora had it, and the deal was won.") {
				h.t.Errorf("of Dave, whose deal is won, it says: %s", text)
			}
			id = "71" // who has taken over what is Dora's
		case !known || !strings.Contains(text, "Why: "):
			h.t.Errorf("%s has no owner, or no reason: %s", given, text)
		}
		if got, _ := h.theirs("contacts", given).Props["hubspot_owner_id"].(string); got != id {
			h.t.Errorf("in the CRM %s is with %q, here with %s", given, got, owner)
		}
	}
	h.agree("Bob", h.brian, "Proposal", "£9,000", "71", "presentationscheduled", "9000")
	first := h.ada.open("/admin/reports/first-response")
	first.says("Of 16 leads, 13 got a first answer, half of them within 15 minutes of working time; 3 wait for one.", "Figures of single people are not shown")
	for team, want := range map[string]string{
		"DACH":  "DACH 1 1 2 hours 30 minutes too few to tell 2 hours 30 minutes too few to tell 0 1",
		"Sales": "Sales 15 12 15 minutes too few to tell 40 minutes too few to tell 3 1",
	} {
		if got := first.row(team); got != want {
			h.t.Errorf("first responses: %s\n   instead of    %s", got, want)
		}
	}
	h.ada.open("/admin/reports/forecast").says("2 open deals worth £13,000; weighted by how far they are, £6,500.")
	h.ada.open("/admin/verify").says("Nothing unexplained.")
	h.verify()
}

// answered is somebody who comes, is given to a member of staff, and is called.
func (h *house) answered(given string, by *desk, comes, called string) {
	h.t.Helper()
	h.clock(comes)
	h.comes(given, strings.ToLower(given)+".example", "GB")
	h.mail(by, given+" Archer")
	h.sharp(called)
	by.calls(h, given)
	h.isWith(given, by, "First answer after ")
}

// accepts presses the button on the home page.
func (h *house) accepts(by *desk, given string) {
	h.t.Helper()
	by.fill("/admin", h.lead(given)+"/accept").says("Accepted. It is a deal now.")
	h.isWith(given, by, "Accepted")
}

// deal is the page of somebody's deal.
func (h *house) deal(given string) string {
	h.t.Helper()
	for a := range h.ada.open(h.lead(given)).nodes("a") {
		if link := attr(a, "href"); dealPage.MatchString(link) {
			return link
		}
	}
	h.t.Fatalf("%s has no deal", given)
	return ""
}

var dealPage = regexp.MustCompile(`^/admin/deals/[0-9a-f-]{36}$`)

func (h *house) moves(by *desk, given, to, value string) {
	h.t.Helper()
	deal := h.deal(given)
	by.fill(deal, "/move", "to", to, "value", value).says("£")
}

// theirs is the one object of the CRM that carries the key of somebody's lead.
func (h *house) theirs(kind, given string) *crmtest.Record {
	h.t.Helper()
	return h.keyed(kind, last(h.lead(given)))
}

// theirDeal is the id that somebody's deal has in the CRM.
func (h *house) theirDeal(given string) string {
	h.t.Helper()
	return h.keyed("deals", last(h.deal(given))).ID
}

func (h *house) keyed(kind, key string) *crmtest.Record {
	h.t.Helper()
	var found []*crmtest.Record
	for _, r := range h.hubspot.Live(kind) {
		if r.Props["gatehouse_key"] == key {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("the CRM holds %d %s for one of ours", len(found), kind)
	}
	return found[0]
}

// crmHolds counts the objects there: one for each of ours.
func (h *house) crmHolds(contacts, deals int) {
	h.t.Helper()
	for kind, want := range map[string]int{"contacts": contacts, "deals": deals} {
		keys := map[string]bool{}
		live := h.hubspot.Live(kind)
		for _, r := range live {
			keys[keyOf(r)] = true
		}
		if len(live) != want || len(keys) != want {
			h.t.Errorf("the CRM holds %d %s for %d of ours, not %d", len(live), kind, len(keys), want)
		}
	}
}

// agree compares a deal on both sides.
func (h *house) agree(given string, owner *desk, stage, value, theirOwner, theirStage, theirValue string) {
	h.t.Helper()
	h.ada.open(h.deal(given)).says("Stage "+stage, "Value "+value, "Owner "+owner.name)
	p := h.keyed("deals", last(h.deal(given))).Props
	if p["hubspot_owner_id"] != theirOwner || p["dealstage"] != theirStage || p["amount"] != theirValue {
		h.t.Errorf("the CRM holds the deal of %s with owner %v, stage %v, amount %v", given, p["hubspot_owner_id"], p["dealstage"], p["amount"])
	}
}

// writes counts the calls that changed something in the CRM.
func (h *house) writes() (n int) {
	for _, r := range h.hubspot.Requests() {
		if crmtest.Writes(r) {
			n++
		}
	}
	return n
}

// pushing waits until a push to the CRM is in a state.
func (h *house) pushing(state string) {
	h.t.Helper()
	if err := eventually(h.t, 15*time.Second, func() error {
		if row := h.ada.open("/admin/pushes?connector=" + last(h.crm)).row(state); row == "" {
			return fmt.Errorf("no push is %q", state)
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
}

// mostTries reads the list of pushes to the CRM that wait.
func (h *house) mostTries() (most int) {
	h.t.Helper()
	for tr := range h.ada.open("/admin/pushes?state=open&connector=" + last(h.crm)).nodes("tr") {
		var cells []string
		for n := range tr.ChildNodes() {
			if n.Data == "td" {
				cells = append(cells, textOf(n))
			}
		}
		if len(cells) == 5 {
			n, _ := strconv.Atoi(cells[3]) // a number, as the column says
			most = max(most, n)
		}
	}
	return most
}

// passes lets time pass in steps.
func (h *house) passes(from string, step time.Duration, steps int) {
	h.t.Helper()
	for i := range steps {
		h.clock(h.moment(h.t, from).Add(time.Duration(i) * step).Format("2006-01-02 15:04"))
	}
}

// heard waits until the receiver of events was told of somebody.
func (h *house) heard(event, given string) {
	h.t.Helper()
	id := last(h.lead(given))
	if err := eventually(h.t, 10*time.Second, func() error {
		for _, r := range h.events.Live("posts") {
			if body := fmt.Sprint(r.Props["body"]); strings.Contains(body, event) && strings.Contains(body, id) {
				return nil
			}
		}
		return fmt.Errorf("the receiver heard no %s of %s", event, given)
	}); err != nil {
		h.t.Error(err)
	}
}

func form(values ...string) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		out.Set(values[i], values[i+1])
	}
	return out
}
