package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

const (
	repAddress  = "rita@gatehouse.example"
	reader      = "ann.archer@archer-and-sons.example"
	hubspotHook = "a client secret of HubSpot's app"
)

// journey is one lead's way from the form to a deal that is won, through the windows of the three people who see it.
type journey struct {
	*site
	hubspot  *crmtest.Double
	prospect *prospect
	admin    *looker
	rep      *looker
	hook     string // where HubSpot may tell us
	lead     string // its page
}

// A lead's whole way: the form, what the reader says, the alert, the board, the CRM, and back.
func TestSalesJourney(t *testing.T) {
	hub := crmtest.HubSpot(t, nil)
	hub.Users = []crm.User{{ID: "7", Name: "Rita Rep", Email: repAddress}}
	at, err := url.Parse(hub.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Without limits nobody has to wait for the time that a person takes to fill a form in.
	o := with(database(t), map[string]string{"GATEHOUSE_CONNECT_ALLOW": "127.0.0.1,port:" + at.Port(), "GATEHOUSE_LIMITS": "off"})
	s, b := open(t, o), browser.Start(t)
	j := &journey{site: s, hubspot: hub}
	j.admin = look(t, s.admin(b).Page)
	j.rep = look(t, b.NewPage(t, s.URL()))
	j.prospect = visit(t, b, s)

	j.repJoins()
	j.readerAsks()
	j.alertIsClaimed()
	j.systemIsConnected()
	j.cardMovesByKeyboard()
	j.wonThere()
	j.figuresTell()
	j.admin.verdict()
	j.rep.verdict()
}

// repJoins: an account, and a place in the team that the rules give everything to.
func (j *journey) repJoins() {
	j.t.Helper()
	j.rep.Open(j.invited(repAddress, "sales", "Rita Rep"))
	j.rep.Type(`[name=password]`, adminPassword)
	j.rep.Click(`main button[type=submit]`)
	j.rep.At("/admin")
	j.rep.See("Nothing waits for you")
	j.admin.Open("/admin/teams")
	j.admin.Click(`main h2 a[href^="/admin/teams/"]`)
	j.admin.At("/admin/teams/")
	user := browser.Eval[string](j.admin.Page, `[...document.querySelectorAll("#f-new-user option")].find(o => o.text === "Rita Rep").value`)
	j.admin.Choose(`#f-new-user`, user)
	j.admin.Press("Add to the team")
	j.admin.See("Newcomers start at the team’s average")
}

// readerAsks fills the form in, says what is theirs and how to go on, and follows the mail: only then it is the mailbox's
// owner who said so.
func (j *journey) readerAsks() {
	j.t.Helper()
	p := j.prospect
	p.BypassPolicy()
	l := &looker{Page: p.Page, t: j.t}
	p.opens(gate)
	answers := good(reader)
	answers["job_title"] = "Analyst" // not one for sales by the form alone: it is what they say that makes them one
	delete(answers, "tel")
	p.fill(answers)
	p.Click(sendButton)
	p.At(gate + "/thanks")
	p.Click(`.said-questions li:nth-child(2) button`)
	p.See("Noted: this one is you.")
	p.Click(`#open-call`)
	p.Type(`#f-tel`, "+44 20 7946 0018")
	for n, days := range []int{7, 8} { // the page's own field of a day takes no keys of a known order
		day := time.Now().AddDate(0, 0, days).Format(time.DateOnly)
		for name, value := range map[string]string{"day": day, "from": "10:00", "until": "11:30"} {
			browser.Eval[bool](p.Page, fmt.Sprintf(`(() => { document.getElementById("f-%s%d").value = "%s"; return true })()`, name, n+1, value))
		}
	}
	p.Click(`#tap-call`)
	p.Until(`document.querySelector("#said [aria-pressed=true]#way-call, #said .notice-done")`)
	l.shown("journey-thanks")

	handedOver := time.Now()
	link := p.findsMail(reader)
	asPersonWould(j.t, handedOver)
	p.Open(link)
	p.At("/d/")
	p.See("Read it here")
	p.downloads()
	l.verdict()
}

// alertIsClaimed: the mail to the rep leads to a page with one button, and only that button takes the lead.
func (j *journey) alertIsClaimed() {
	j.t.Helper()
	first := `(document.querySelector("[data-waits]")?.innerText ?? "")`
	j.rep.Open("/admin/pipeline")
	eventually(j.t, "a card in the first column", func() error {
		j.rep.Open("/admin/pipeline")
		return j.rep.Within(0, first+`.includes("Archer & Sons")`)
	})
	j.rep.Until(first + `.includes("“Where do we lose them?”")`)
	j.rep.shown("journey-waits")

	claim := j.alert()
	resp, err := http.Get(claim) // a scanner: it follows every link of a mail
	if err != nil {
		j.t.Fatal(err)
	}
	_ = resp.Body.Close()
	path := strings.TrimPrefix(claim, j.URL())
	j.rep.Open(path)
	j.rep.See("Take this lead")
	j.rep.See("“Where do we lose them?”: this one is us")
	j.rep.See("Call them on +442079460018")
	if n := browser.Eval[int](j.rep.Page, `document.querySelectorAll("main button").length`); n != 1 {
		j.t.Errorf("the page of the mail has %d buttons", n)
	}
	j.rep.shown("journey-claim")
	j.rep.Open("/admin/pipeline")
	if !browser.Eval[bool](j.rep.Page, first+`.includes("Archer & Sons")`) {
		j.t.Error("a page that was only opened took the lead")
	}
	j.rep.Open(path)
	j.rep.Press("Take this lead")
	j.rep.See("It is yours")
	j.lead = j.rep.Path()
	j.rep.shown("journey-lead")
}

// alert opens the newest mail to the rep and returns the link in it.
func (j *journey) alert() (link string) {
	j.t.Helper()
	p := j.prospect
	row := rowOf(repAddress)
	eventually(j.t, "a mail to the rep", func() error {
		p.Open("/dev/mail")
		return p.Within(0, row)
	})
	browser.Eval[bool](p.Page, row+`.querySelector("a").click(), true`)
	p.At("/dev/mail/")
	p.Press("Plain text") // the letter itself stands in a frame of its own
	p.See("Archer & Sons")
	p.See("Call them on +442079460018")
	p.See("“Where do we lose them?”: this one is us")
	p.See("Why you: ")
	return browser.Eval[string](p.Page, `[...document.querySelectorAll(".mail-links a")].map(a => a.href).find(h => new URL(h).pathname.startsWith("/admin/claim/"))`)
}

// systemIsConnected: the form, the test, the dry run with this very lead, and only then the switch.
func (j *journey) systemIsConnected() {
	j.t.Helper()
	a := j.admin
	a.Open("/admin/connectors/new")
	a.Press("HubSpot")
	a.Until(`document.querySelector("[name=token]")`)
	for name, value := range map[string]string{"token": crmtest.HubSpotToken, "base": j.hubspot.URL, "client_secret": hubspotHook} {
		a.Type(`[name=`+name+`]`, value)
	}
	a.shown("journey-connector-new")
	a.Press("Connect, held at first")
	a.See("Connected, and held")
	page := a.Path()
	a.Press("Test the connection")
	a.See("It works")
	a.shown("journey-connector")
	j.hook = browser.Eval[string](a.Page, `document.querySelector(".hook").textContent.replace(/[\u200b\u00ad]/g, "")`)

	a.Press("Mapping and dry run")
	a.Type(`[name=lead]`, reader)
	a.Press("Show what would be sent")
	a.See("Nothing was written")
	for _, part := range []string{`"email": "` + reader + `"`, "Where do we lose them?", `"dealstage": "appointmentscheduled"`} {
		a.Until(`document.querySelector("#dry").textContent.includes(` + browser.Quote(part) + `)`)
	}
	a.shown("journey-dry-run")
	for _, r := range j.hubspot.Requests() {
		if crmtest.Writes(r) {
			j.t.Errorf("a dry run writes: %s %s", r.Method, r.Path)
		}
	}
	a.Open(page)
	a.Press("Switch on")
	a.See("It is on")
}

// cardMovesByKeyboard takes the card two stages on, each with what it asks for; HubSpot hears of it.
func (j *journey) cardMovesByKeyboard() {
	j.t.Helper()
	r := j.rep
	r.Open("/admin/pipeline")
	card := `[...document.querySelectorAll("[data-focus]")].find(n => n.textContent.includes("Archer & Sons"))`
	j.press(card, "ArrowRight", true)
	r.Until(`document.querySelector("dialog[open] [name=value]")`)
	r.Type(`dialog [name=value]`, "12,500")
	r.Click(`dialog button[type=submit]`)
	r.Until(inColumn("proposal", "£12,500"))
	j.press(card, "ArrowRight", true)
	r.Until(`document.querySelector("dialog[open] [name=expected_on]")`)
	browser.Eval[bool](r.Page, `(() => { document.querySelector("dialog [name=expected_on]").value = "`+time.Now().AddDate(0, 1, 0).Format(time.DateOnly)+`"; return true })()`)
	r.shown("journey-asks")
	r.Click(`dialog button[type=submit]`)
	r.Until(inColumn("negotiation", "Archer & Sons"))
	j.press(card, "m", false)
	r.Until(`document.querySelector("dialog[open] [name=text]")`)
	r.Type(`dialog [name=text]`, "sent the offer")
	r.shown("journey-note")
	r.Click(`dialog button[type=submit]`)
	r.See("Noted: mail")
	r.shown("journey-board")

	eventually(j.t, "the deal in HubSpot", func() error {
		contacts, deals := j.hubspot.Live("contacts"), j.hubspot.Live("deals")
		if len(contacts) != 1 || len(deals) != 1 {
			return fmt.Errorf("%d contacts, %d deals", len(contacts), len(deals))
		}
		if p := deals[0].Props; p["dealstage"] != "contractsent" || p["amount"] != "12500" || p["hubspot_owner_id"] != "7" {
			return fmt.Errorf("it holds %v", p)
		}
		return nil
	})
	eventually(j.t, "the push on the lead's page", func() error {
		r.Open(j.lead)
		return r.Within(0, `document.querySelector("main").innerText.includes("Told HubSpot")`)
	})
	j.admin.page("journey-pushes", "/admin/pushes")
}

// press is one key on what has the focus, as a keyboard sends it.
func (j *journey) press(on, key string, shift bool) {
	j.t.Helper()
	j.rep.Until(on)
	browser.Eval[bool](j.rep.Page, fmt.Sprintf(`(n => { n.focus(); n.dispatchEvent(new KeyboardEvent("keydown", {key: %q, shiftKey: %t, bubbles: true, cancelable: true})); return true })(%s)`, key, shift, on))
}

func inColumn(column, text string) string {
	return `document.querySelector('[data-column="` + column + `"]').innerText.includes(` + browser.Quote(text) + `)`
}

// wonThere: somebody closes the deal in HubSpot, which tells us so; the rep's open board shows it by itself.
func (j *journey) wonThere() {
	j.t.Helper()
	j.rep.Open("/admin/pipeline")
	j.rep.Until(inColumn("negotiation", "Archer & Sons"))
	deal := j.hubspot.Live("deals")[0].ID
	j.hubspot.Change("deals", deal, map[string]any{"dealstage": "closedwon"})
	now := time.Now().UnixMilli()
	body := fmt.Sprintf(`[{"eventId":1,"subscriptionType":"deal.propertyChange","objectId":%s,"propertyName":"dealstage","propertyValue":"closedwon","occurredAt":%d}]`, deal, now)
	for range 2 { // they tell some things twice
		if err := j.tell(body, now); err != nil {
			j.t.Fatal(err)
		}
	}
	j.rep.Until(inColumn("won", "Archer & Sons"))
	j.rep.shown("journey-won")
	j.rep.Open(j.lead)
	j.rep.See("HubSpot: deal changed there")
	j.rep.See("Rita Rep had it, and the deal was won.")
	j.rep.shown("journey-lead-won")
}

// tell posts as HubSpot does, signed.
func (j *journey) tell(body string, at int64) error {
	m := hmac.New(sha256.New, []byte(hubspotHook))
	_, _ = fmt.Fprintf(m, "POST%s%s%d", j.hook, body, at)
	req, err := http.NewRequest(http.MethodPost, j.hook, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-HubSpot-Request-Timestamp", fmt.Sprint(at))
	req.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("the webhook is answered with " + resp.Status)
	}
	return nil
}

// figuresTell: it is counted where it was won, and no longer where it is only hoped for.
func (j *journey) figuresTell() {
	j.t.Helper()
	j.rep.page("journey-home", "/admin")
	numbers := browser.Eval[string](j.rep.Page, `document.querySelector(".stats").innerText.replace(/\s+/g, " ")`)
	for _, want := range []string{"accepted, last 30 days 1", "won, last 30 days 1", "worth of what was won £12,500"} {
		if !strings.Contains(numbers, want) {
			j.t.Errorf("my numbers do not say %q: %s", want, numbers)
		}
	}
	j.admin.page("journey-tactics", "/admin/reports/plan-and-tactics")
	j.admin.See("1 decided deal")
	j.admin.page("journey-forecast", "/admin/reports/forecast")
	j.admin.See("No open deals")
}
