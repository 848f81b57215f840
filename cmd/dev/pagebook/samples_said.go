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
		{name: "said/preferences", page: "public/preferences", data: preferences},
	}
}
