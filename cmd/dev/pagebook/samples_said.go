package main

import (
	"strconv"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// saidOn is what a reader can say on the page at a path.
func saidOn(at string) *templates.SaidView {
	v := &templates.SaidView{OursAction: at + "/ours", AskAction: at + "/ask", MeetAction: at + "/meet",
		Call: templates.CallView{Zone: "Europe/London", Zones: app.Zones(), MinDay: now.Format(time.DateOnly), MaxDay: now.AddDate(0, 0, 60).Format(time.DateOnly),
			Slots: []templates.SlotView{{Number: 1}, {Number: 2}, {Number: 3}}, Errors: map[string]string{}}}
	for i, q := range app.SampleQuestions() {
		v.Questions = append(v.Questions, templates.SaidQuestion{ID: strconv.Itoa(i), Number: int32(i + 1), Text: q})
	}
	return v
}

var ruth = &templates.HostView{Name: "Ruth Adler", JobTitle: "Adviser for manufacturers", BookingURL: "https://cal.example/ruth"}

// saidSamples are the states of that part, on the three pages that have it.
func saidSamples() []sample {
	claimed := thanks(templates.ThanksDelivered)
	claimed.Notice, claimed.Said = "", saidOn("/g/8-questions/thanks")
	claimed.Said.Claim, claimed.Said.Done = true, "ours"
	claimed.Said.Questions[1].Ours, claimed.Said.Questions[4].Ours = true, true
	early := thanks(templates.ThanksQuarantined)
	early.Said = saidOn("/g/8-questions/thanks")
	early.Said.Claim, early.Said.Early, early.Said.Done, early.Said.How = true, true, "mail", "mail"
	faults := thanks(templates.ThanksSent)
	faults.Said = saidOn("/g/8-questions/thanks")
	faults.Said.Claim, faults.Said.Call.Open, faults.Said.Call.Tel = true, true, "020 7946 0018"
	faults.Said.Call.Slots[1] = templates.SlotView{Number: 2, Day: "2026-03-04", From: "11:00", Until: "10:00"}
	faults.Said.Call.Errors = map[string]string{"tel": "Please begin with + and the country code, as in +44 20 7946 0018.", "slot2": "The end lies before the beginning."}
	faults.Said.AskValue, faults.Said.AskError = "How", "This holds an invisible character, often picked up by copying. Please type it in by hand."
	plain, met := document(), document()
	plain.Said = saidOn("/d/x")
	met.Said = saidOn("/d/x")
	met.Said.Host, met.Said.How, met.Said.CanCall, met.Said.Questions[2].Ours, met.Said.Done = ruth, "booking", true, true, "booking"
	met.Said.Contacts = []templates.ContactView{{At: now.AddDate(0, 0, -1), Kind: "call"}, {At: now.AddDate(0, 0, -3), Kind: "mail"}, {At: now.AddDate(0, 0, -4), Kind: "document"}}
	preferences := templates.PreferencesPage{Page: base, Action: "/u/x", Choice: "requested", Said: saidOn("/u/x")}
	preferences.Said.AskAction, preferences.Said.OursAction, preferences.Said.Questions = "", "", nil
	preferences.Said.Host, preferences.Said.How, preferences.Said.Contacts = ruth, "none", met.Said.Contacts
	return []sample{
		{name: "said/thanks", page: "public/thanks", data: claimed},
		{name: "said/early", page: "public/thanks", data: early},
		{name: "said/faults", page: "public/thanks", data: faults},
		{name: "said/document", page: "public/document", data: plain},
		{name: "said/met", page: "public/document", data: met},
		{name: "said/lead", page: "admin/lead", data: saidLead(false)},
		{name: "said/lead-stop", page: "admin/lead", data: saidLead(true)},
		{name: "said/questions", page: "admin/document", data: questionsPage()},
		{name: "said/preferences", page: "public/preferences", data: preferences},
	}
}

// saidLead is a lead page whose brief opens with what was said.
func saidLead(stop bool) templates.LeadPage {
	p := templates.LeadPage{AdminPage: staff("leads", "Ann Weatherby"), Timeline: sampleTimeline()}
	p.Crumbs = []templates.Link{{Label: "Leads", URL: "/admin/leads"}}
	mark := &templates.PageAction{Label: "Mark as answered", Icon: "check", URL: "/x", Method: "post"}
	p.Said = &templates.LeadSaidView{Choice: &templates.ChoiceView{Head: "Call them", Tel: "+441134960123", At: now.Add(-2 * time.Hour),
		Slots: []string{"Wed 4 March 14:00–15:30 (Europe/London)", "Thu 5 March 09:00–11:00 (Europe/London)", "“not before ten on Fridays”"}},
		Asked: []templates.SaidLine{{Text: "What did you stop first, and how did you tell the people who had built it?", About: title, At: now.Add(-3 * time.Hour), Mark: mark}},
		Ours:  []templates.SaidLine{{Text: "Where do we lose them?", About: title, At: now.Add(-3 * time.Hour)}, {Text: "How long does somebody wait after asking?", About: title, At: now.Add(-26 * time.Hour), Claim: true}}}
	if stop {
		p.Said.Choice = &templates.ChoiceView{Head: "No contact", At: now.Add(-2 * time.Hour), Stop: true, Claim: true}
		p.Said.Asked[0].Answered, p.Said.Asked[0].By, p.Said.Asked[0].Mark = now.Add(-time.Hour), "Ruth Adler", &templates.PageAction{Label: "Not answered yet", Icon: "undo", URL: "/x", Method: "post"}
	}
	return p
}

// questionsPage is a document's page with what it asks.
func questionsPage() templates.DocumentPageStaff {
	p := templates.DocumentPageStaff{AdminPage: staff("documents", title), Cover: cover, State: templates.Tag{Label: "Offered", Tone: "good"}}
	f := &templates.QuestionsForm{Action: "/x", Unsaved: true}
	for i, q := range app.SampleQuestions() {
		f.Rows = append(f.Rows, templates.QuestionRow{Index: i, Name: app.QuestionField(i), ID: strconv.Itoa(i), Text: q, Ours: 41 - 5*i, First: i == 0, Last: i == 7})
	}
	f.Rows[4].Error = "This question is there already."
	p.Questions = f
	return p
}
