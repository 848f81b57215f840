package main

import (
	"strconv"
	"time"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/templates"
)

// sample is one page in one state.
type sample struct {
	name string // path in the book, "gate/faults"
	page string
	data any
	act  string // script that brings the page into its state before the picture
}

func samples() []sample {
	return append(publicSamples(), append(adminSamples(), connectorSamples()...)...)
}

var base = templates.Page{Title: title, Description: summary, Lang: "en-GB", CompanyName: "Hofmann & Partners",
	PrivacyURL: "/privacy", ImprintURL: "/imprint"}

const (
	title   = "8 Questions to Ask Your Marketing Team"
	summary = "You sign the budget. These are the eight questions that show what it brings in: what a good answer sounds like, " +
		"the figure to ask for, and the red flag that should make you put down your pen."
)

var cover = picture("whitepapers/8-questions-cover.png", "Cover of the whitepaper: a white spade with a keyhole on deep green")

// picture is one of the sample whitepaper; a missing one stops the book, as it would stop the service.
func picture(name, alt string) *templates.Picture {
	url, err := assets.URL(name)
	if err != nil {
		panic(err)
	}
	return &templates.Picture{URL: url, Width: 900, Height: 1274, Alt: alt}
}

var meanwhile = []templates.Link{
	{Label: "A plan, and a place for what happens on the day", URL: "/g/plan-and-tactics", Summary: "Why a sales cycle needs both, and how to keep them on one page."},
	{Label: "What a lead is worth", URL: "/g/lead-worth", Summary: "Four figures, one table, half an hour with your head of sales."},
}

func gate() templates.GatePage {
	p := base
	p.Description = summary
	return templates.GatePage{
		Page: p, Slug: "8-questions", Kicker: "For the head of a company that pays for marketing", Summary: summary,
		Learn: []string{
			"How to tell lead volume from lead quality in one table, with figures that your team already has.",
			"What one qualified lead costs you today, and why the average hides the answer.",
			"Who is accountable when a lead goes cold, and how to agree on it before it does.",
			"Why a sales cycle needs a plan and room to think on your feet, and how to ask for both.",
			"What to do on Monday: one step for each question, none longer than an hour.",
		},
		Byline: "Clara Hofmann, who has sat on both sides of this table", Format: "PDF, 14 pages, 15 minutes",
		Cover: cover, SamplePages: []templates.Picture{
			*picture("whitepapers/8-questions-page-1.png", "Sample page: how many people asked, with a chart"),
			*picture("whitepapers/8-questions-page-2.png", "Sample page: how long somebody waits after asking, with a table")},
		Action: "/g/8-questions", StartURL: "/g/8-questions/start", Button: "Send me the whitepaper",
		DataNote: "We use your answers to send the paper and to see who reads it. We pass them to nobody.",
		Fields: []templates.FieldView{
			{Name: "email", Type: "email", Label: "Work e-mail", Required: true, MaxLength: 254, Autocomplete: "email", InputMode: "email", Help: "The paper goes to this address."},
			{Name: "given_name", Type: "text", Label: "First name", Required: true, Half: true, MaxLength: 100, Autocomplete: "given-name"},
			{Name: "family_name", Type: "text", Label: "Last name", Required: true, Half: true, MaxLength: 100, Autocomplete: "family-name"},
			{Name: "company", Type: "text", Label: "Company", Required: true, MaxLength: 200, Autocomplete: "organization"},
			{Name: "country", Type: "country", Label: "Country", Half: true, Autocomplete: "country", Options: []templates.OptionView{{Value: "", Label: "Please choose", Selected: true}, {Value: "DE", Label: "Germany"}, {Value: "GB", Label: "United Kingdom"}}},
			{Name: "tel", Type: "phone", Label: "Phone", Half: true, MaxLength: 40, Autocomplete: "tel", InputMode: "tel"},
		},
		Consents:     []templates.ConsentView{{Key: "marketing", Text: "Yes, write to me now and then about papers and events like this one. I can stop it at any time."}},
		Hidden:       []templates.KV{{Key: "utm_source", Value: "newsletter"}},
		HoneypotName: "second_line",
	}
}

func gateFaults() templates.GatePage {
	g := gate()
	g.FormError, g.FirstInvalid = "Two answers need a second look.", "f-email"
	g.Fields[0].Value, g.Fields[0].Error, g.Fields[0].Suggestion = "ann@gmial.com", "Did you mean ann@gmail.com? If it is right as it stands, send the form again.", "ann@gmail.com"
	g.Fields[1].Value, g.Fields[2].Value = "Ann", "Weatherby"
	g.Fields[3].Error = "Please fill this in."
	g.AsTyped, g.SuggestEmail = "ann@gmial.com", "ann@gmail.com"
	return g
}

// gateWaiting is filled in with an address that the sample server is too busy for.
func gateWaiting() templates.GatePage {
	g := gate()
	g.Fields[0].Value, g.Fields[1].Value, g.Fields[2].Value, g.Fields[3].Value = "busy@weatherby.example", "Ann", "Weatherby", "Weatherby Ltd"
	return g
}

func thanks(state templates.ThanksState) templates.ThanksPage {
	p := base
	p.Title, p.NoIndex = "Thank you", true
	t := templates.ThanksPage{Page: p, DocumentTitle: title, State: state, MaskedAddress: "a…@weatherby.example", SenderName: "Clara Hofmann",
		SenderAddress: "papers@hofmann.example", CanCorrect: true, CorrectAction: "/g/8-questions/correct", ResendAction: "/g/8-questions/resend",
		Meanwhile: meanwhile, BackURL: "/p/gate"}
	switch state {
	case templates.ThanksOnItsWay:
		t.StateURL = "/p/thanks/delivered" // so that the book shows how the page keeps its state true
	case templates.ThanksHeld:
		t.HeldUntil = now.Add(3 * time.Hour)
	case templates.ThanksQuarantined, templates.ThanksCancelled:
		t.CanCorrect, t.ResendAction = false, ""
	case templates.ThanksDelivered:
		t.Notice = "We have sent it again."
	case templates.ThanksCameBack:
		t.CorrectError, t.CorrectValue, t.CorrectHint, t.ResendAction = "Please enter an e-mail address, like ann@example.com.", "ann@", "ann@gmail.com", ""
	}
	return t
}

func document() templates.DocumentPage {
	p := base
	p.NoIndex = true
	return templates.DocumentPage{Page: p, Summary: summary, Byline: "Clara Hofmann", Format: "PDF, 14 pages, 1.2 MB", Published: now.AddDate(0, 0, -9),
		Cover: cover, ReadAction: "/d/x/read", DownloadAction: "/d/x/file", Meanwhile: meanwhile}
}

func publicSamples() []sample {
	missing := document()
	missing.Missing, missing.Cover, missing.Meanwhile = true, nil, nil
	list := []sample{
		{name: "library", page: "public/library", data: templates.LibraryPage{Page: base, Items: []templates.LibraryItem{
			{Kicker: "For heads of companies", Title: title, Summary: summary, URL: "/p/gate", Format: "PDF, 14 pages, 15 minutes", Cover: cover},
			{Title: "What a lead is worth", Summary: "Four figures, one table, half an hour with your head of sales.", URL: "/p/gate", Format: "PDF, 6 pages"}}}},
		{name: "library/empty", page: "public/library", data: templates.LibraryPage{Page: base}},
		{name: "gate", page: "public/gate", data: gate()},
		{name: "gate/faults", page: "public/gate", data: gateFaults()},
		{name: "gate/waiting", page: "public/gate", data: gateWaiting(), act: `document.querySelector("form[data-gate]").requestSubmit()`},
		{name: "document", page: "public/document", data: document()},
		{name: "document/missing", page: "public/document", data: missing},
		{name: "expired", page: "public/expired", data: templates.ExpiredPage{Page: base, DocumentTitle: title, Action: "/d/x/fresh"}},
		{name: "expired/superseded", page: "public/expired", data: templates.ExpiredPage{Page: base, DocumentTitle: title, Superseded: true, Action: "/d/x/fresh"}},
		{name: "expired/sent", page: "public/expired", data: templates.ExpiredPage{Page: base, DocumentTitle: title, Sent: true}},
		{name: "expired/held", page: "public/expired", data: templates.ExpiredPage{Page: base, DocumentTitle: title, Sent: true, HeldUntil: now.Add(time.Hour)}},
		{name: "preferences", page: "public/preferences", data: templates.PreferencesPage{Page: base, Action: "/u/x", Choice: "marketing"}},
		{name: "preferences/saved", page: "public/preferences", data: templates.PreferencesPage{Page: base, Action: "/u/x", Choice: "never", Saved: true}},
	}
	for _, state := range []templates.ThanksState{templates.ThanksOnItsWay, templates.ThanksSent, templates.ThanksDelivered, templates.ThanksCameBack,
		templates.ThanksHeld, templates.ThanksQuarantined, templates.ThanksCancelled} {
		list = append(list, sample{name: "thanks/" + string(state), page: "public/thanks", data: thanks(state)})
	}
	return append(append(append(list, saidSamples()...), messageSamples()...), inboxSamples()...)
}

func messageSamples() []sample {
	list := []sample{}
	for _, status := range []int{400, 401, 403, 404, 405, 410, 413, 418, 422, 429, 500, 503} {
		m := templates.MessagePage{Page: base, Status: status}
		m.Title = "A message"
		switch status {
		case 429:
			m.RetryAfter = 90 * time.Second
		case 500:
			m.ID = "01937a5e-6f1c-7c52-9d0e-2f6a1c3b4d5e"
		case 503:
			m.RetryAfter, m.Action, m.Kept = 20*time.Second, "/g/8-questions", []templates.KV{{Key: "email", Value: "ann@example.com"}}
		}
		list = append(list, sample{name: "message/" + strconv.Itoa(status), page: "public/message", data: m})
	}
	return list
}

func inboxSamples() []sample {
	row := templates.InboxRow{URL: "/p/inbox/html", From: "Clara Hofmann", To: "ann@weatherby.example", Subject: "Your copy of “" + title + "”",
		Preview: "Here is the paper you asked for. It takes about fifteen minutes.", Kind: "requested", At: now.Add(-4 * time.Minute)}
	second := row
	second.Subject, second.To, second.Kind, second.Preview, second.At = "3 requests wait in quarantine", "marketing@hofmann.example", "staff", "", now.Add(-26*time.Hour)
	message := templates.InboxMessagePage{Page: base, BackURL: "/p/inbox", Subject: row.Subject, From: "Clara Hofmann <papers@hofmann.example>",
		To: row.To, At: row.At, Kind: "requested", Headers: []templates.KV{{Key: "Message-ID", Value: "<01937a5e@hofmann.example>"}, {Key: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"}},
		HTMLURL: "/sample/letter.html", Text: "Dear reader,\n\nhere is the paper you asked for:\n\n  http://127.0.0.1:8080/d/AQEB0ZpX\n\nWith kind regards\nClara Hofmann",
		Source: "From: Clara Hofmann <papers@hofmann.example>\nTo: ann@weatherby.example\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"b1\"\n", SourceURL: "/x.eml",
		LinkURLs: []templates.Link{{Label: "Open your copy", URL: "http://127.0.0.1:8080/d/AQEB0ZpX"}}}
	message.TabURLs.HTML, message.TabURLs.Text, message.TabURLs.Source = "/p/inbox/html", "/p/inbox/text", "/p/inbox/source"
	list := []sample{
		{name: "inbox", page: "public/inbox", data: templates.InboxPage{Page: base, Messages: []templates.InboxRow{row, second}, Total: 2, NextURL: "/p/inbox"}},
		{name: "inbox/empty", page: "public/inbox", data: templates.InboxPage{Page: base, GateURL: "/p/gate"}},
	}
	for _, tab := range []string{"html", "text", "source"} {
		m := message
		m.Tab = tab
		list = append(list, sample{name: "inbox/" + tab, page: "public/inbox_message", data: m})
	}
	return list
}
