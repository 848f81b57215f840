package main

import (
	"fmt"
	"time"

	"github.com/gatehouse/gatehouse/templates"
)

// staff is the frame of a sample page.
func staff(current, title string) templates.AdminPage {
	return templates.AdminPage{Title: title, Lang: "en-GB", CompanyName: "Hofmann & Partners",
		Nav:  templates.Navigation("admin", current, templates.Counts{Quarantine: 3, Messages: 1}),
		User: templates.UserView{Name: "Clara Hofmann", Email: "clara@hofmann.example", Role: "admin"}}
}

// components is the data of components.html.
type components struct {
	templates.AdminPage
	Sentence      string
	Stats         []templates.Stat
	Days, Sources templates.Chart
	Tags          []templates.Tag
	Actions       []*templates.PageAction
	Confirms      []templates.Confirm
	Ledgers       []templates.Ledger
	Timeline      templates.Timeline
	Fields        []templates.FieldView
	Empty         templates.Empty
}

func componentSample() components {
	p := staff("home", "Components")
	p.Lead = "Each part of the staff pages, with the line that draws it."
	p.Crumbs = []templates.Link{{Label: "Home", URL: "/admin"}}
	p.Action = &templates.PageAction{Label: "New landing page", URL: "/admin/gates/new", Icon: "plus"}
	p.Flash = &templates.Flash{Kind: "done", Text: "The request of ann@weatherby.example was discarded.", Undo: &templates.PageAction{Label: "Take it back", URL: "/admin/quarantine/1/undo", Method: "post"}}
	return components{AdminPage: p,
		Sentence: "41 people asked for a paper this week, 9 more than the week before; 28 of them opened it.",
		Stats: []templates.Stat{
			{Value: "41", Label: "people asked, last 7 days", URL: "/admin/leads", Change: "9 more than the week before", Tone: "good"},
			{Value: "47", Label: "submissions, last 7 days", URL: "/admin/leads", Change: "11 more"},
			{Value: "28", Label: "downloads by people, last 7 days", URL: "/admin/leads", Change: "2 fewer", Tone: "bad"},
			{Value: "3", Label: "wait in quarantine", URL: "/admin/quarantine"}},
		Days: sampleDays(), Sources: templates.NewChart("The newsletter brought in half of the people of the last 90 days", "Source", "people", []templates.Bar{
			{Label: "newsletter", Value: 214, URL: "/admin/leads?source=newsletter"}, {Label: "linkedin / post", Value: 121, URL: "/admin/leads?source=linkedin"},
			{Label: "google / cpc", Value: 64, URL: "/admin/leads?source=google"}, {Label: "no source known", Value: 33, URL: "/admin/leads?source=none"}}),
		Tags: []templates.Tag{{Label: "Delivered", Tone: "good"}, {Label: "On its way", Tone: "wait"}, {Label: "Came back", Tone: "bad"}, {Label: "Draft"}},
		Actions: []*templates.PageAction{{Label: "Send again", URL: "/x", Method: "post", Icon: "send"}, {Label: "Edit", URL: "/x", Icon: "edit"},
			{Label: "Archive", URL: "/x", Method: "post", Danger: true, Confirm: "Archive this landing page? Its links keep working."}},
		Confirms: []templates.Confirm{{ID: "erase", Button: "Erase this person", Title: "Erase Ann Weatherby everywhere?", Action: "/x", Word: "erase",
			Text: "Answers, mails, downloads and log lines go for good. What remains is an anonymous row, so that the figures still add up."}},
		Ledgers: []templates.Ledger{{Title: "Who", Facts: []templates.Fact{
			{Name: "Name", Value: "Ann Weatherby", Note: "typed on 22 November 2026, a claim"},
			{Name: "E-mail", Value: "ann@weatherby.example", Tag: &templates.Tag{Label: "Confirmed", Tone: "good"}},
			{Name: "Company", Value: "Weatherby Ltd", URL: "/admin/leads?company=weatherby"}, {Name: "Phone"}}},
			{Title: "Consents, 1", Folded: true, Facts: []templates.Fact{{Name: "marketing", Value: "Yes, write to me now and then.", Note: "version 3, claimed on 22 November 2026"}}}},
		Timeline: sampleTimeline(),
		Fields: []templates.FieldView{{Name: "company_name", Type: "text", Label: "Company name", Required: true, Value: "Hofmann & Partners"},
			{Name: "sender", Type: "email", Label: "Sender's address", Required: true, Value: "papers@", Help: "Mails come from it.", Error: "Please enter an e-mail address, like ann@example.com."},
			{Name: "address", Type: "textarea", Label: "Postal address", Help: "Stands below every mail.", Value: "Hofmann & Partners\nKanalstraße 4\n20097 Hamburg"},
			{Name: "link_days", Type: "number", Label: "Days that a link opens", Half: true, Value: "30"},
			{Name: "role", Type: "select", Label: "Role", Half: true, Required: true, Options: []templates.OptionView{{Value: "marketing", Label: "Marketing"}, {Value: "sales", Label: "Sales"}}},
			{Name: "file", Type: "file", Label: "New version", Help: "A PDF of at most 20 MB.", Value: "application/pdf"},
			{Name: "confirmed", Type: "checkbox", Label: "Send a digest of the quarantine every morning"}},
		Empty: templates.Empty{Suit: "club", Title: "No landing page yet", Text: "A landing page offers one document behind a short form. Start with the sample: it is ready to publish.",
			Action: &templates.PageAction{Label: "Create a landing page", URL: "/admin/gates/new"}}}
}

func sampleDays() templates.Chart {
	var bars []templates.Bar
	for i := range 90 {
		day := now.AddDate(0, 0, i-89)
		n := (i*i*7+i*13)%9 + i/18
		if day.Weekday() == time.Sunday || day.Weekday() == time.Saturday {
			n /= 4
		}
		bars = append(bars, templates.Bar{Label: day.Format("2 Jan"), Full: day.Format("Monday 2 January 2006"), Value: float64(n), URL: "/admin/leads?from=" + day.Format(time.DateOnly)})
	}
	return templates.NewChart("People who asked for a paper, each of the last 90 days", "Day", "people", bars)
}

func sampleTimeline() templates.Timeline {
	return templates.Timeline{Events: []templates.TimelineEvent{
		{At: now.Add(-10 * time.Minute), Icon: "download", Title: "Downloaded the whitepaper", Tone: "good", By: "the person", Labels: []templates.Tag{{Label: "human", Tone: "good"}}, Facts: []templates.KV{{Key: "version", Value: "2"}, {Key: "from", Value: "203.0.113.0/24"}}},
		{At: now.Add(-12 * time.Minute), Icon: "external", Title: "The link was opened", By: "a scanner", Labels: []templates.Tag{{Label: "machine", Tone: "wait", Title: "asked with HEAD, four seconds after delivery"}}},
		{At: now.Add(-14 * time.Minute), Icon: "mail", Title: "Mail delivered", URL: "/x", Text: "Your copy of “" + title + "”", By: "SendGrid"},
		{At: now.Add(-30 * time.Hour), Icon: "warning", Title: "Mail came back", Tone: "bad", Text: "550 5.1.1 no such mailbox", By: "SendGrid"},
		{At: now.Add(-31 * time.Hour), Icon: "document", Title: "Asked for “" + title + "”", Text: "newsletter, November", By: "the person"}}}
}

func leads() templates.LeadsPage {
	p := staff("leads", "Leads")
	p.Wide = true
	people := []struct {
		name, email, company, job, source, tone, state string
		ago                                            time.Duration
		n                                              int
	}{
		{"Ann Weatherby", "ann@weatherby.example", "Weatherby Ltd", "Managing director", "newsletter", "good", "Delivered", 4 * time.Minute, 1},
		{"Jonas Brandt", "j.brandt@brandt-pumpen.example", "Brandt Pumpen GmbH", "Geschäftsführer", "linkedin / post", "good", "Delivered", 50 * time.Minute, 2},
		{"", "office@lindqvist.example", "", "", "no source known", "wait", "On its way", 2 * time.Hour, 0},
		{"Mei-Ling Okonkwo-Featherstonehaugh", "mei-ling.okonkwo-featherstonehaugh@a-very-long-company-name.example", "A Very Long Company Name Holdings plc", "Head of growth and partnerships", "google / cpc", "bad", "Came back", 26 * time.Hour, 0},
		{"Pavel Dvořák", "pavel@dvorak.example", "Dvořák a synové", "CEO", "trade fair", "plain", "Erased soon", 4 * 24 * time.Hour, 3},
		{"Sofia Marini", "sofia.marini@marini.example", "Marini S.p.A.", "CFO", "newsletter", "good", "Delivered", 40 * 24 * time.Hour, 1},
	}
	l := templates.LeadsPage{AdminPage: p,
		Filters: templates.Filters{Action: "/admin/leads", SearchHint: "Name, address or company", ClearURL: "/admin/leads", Selects: []templates.FilterSelect{
			{Name: "gate", Label: "Landing page", Options: []templates.OptionView{{Label: "All"}, {Value: "8-questions", Label: title}}},
			{Name: "mail", Label: "Mail", Options: []templates.OptionView{{Label: "Any state"}, {Value: "delivered", Label: "Delivered"}}},
			{Name: "days", Label: "Asked in", Options: []templates.OptionView{{Value: "90", Label: "the last 90 days"}, {Label: "all time"}}}}},
		Tools: templates.TableTools{Total: 1284, One: "lead", Many: "leads", About: "of the last 90 days", ExportURL: "/admin/leads.csv"},
		Columns: []templates.Column{{Label: "Name", URL: "?sort=name"}, {Label: "Company", URL: "?sort=company", Narrow: true}, {Label: "Landing page and source", Narrow: true},
			{Label: "Mail"}, {Label: "Downloads", URL: "?sort=downloads", Number: true, Narrow: true}, {Label: "Last seen", URL: "?sort=seen", Sorted: "desc", Number: true}},
		Pagination: templates.Pagination{From: 1, To: 6, Total: 1284, NextURL: "?page=2"}}
	for i, q := range people {
		l.Rows = append(l.Rows, templates.LeadRow{URL: fmt.Sprintf("/admin/leads/%d", i+1), Name: q.name, Email: q.email, Company: q.company, JobTitle: q.job, Gate: title, Source: q.source, Grade: []string{"A2", "B1", "", "C3"}[i%4],
			State: templates.Tag{Label: q.state, Tone: q.tone}, Downloads: q.n, LastSeen: now.Add(-q.ago)})
	}
	return l
}

func adminSamples() []sample {
	p := base
	p.Title, p.NoIndex = "Log in", true
	empty := leads()
	empty.Rows, empty.Filters.ClearURL = nil, ""
	empty.Empty = templates.Empty{Suit: "diamond", Title: "No leads yet", Text: "A lead appears here as soon as somebody fills in the form of a landing page. Share the address of yours to begin.",
		Action: &templates.PageAction{Label: "Open your landing page", URL: "/g/8-questions"}}
	return []sample{
		{name: "components", page: "book/components", data: componentSample()},
		{name: "leads", page: "admin/leads", data: leads()},
		{name: "rules/draft", page: "admin/rules_scoring", data: scoringSample()},
		{name: "leads/empty", page: "admin/leads", data: empty},
		{name: "leads/menu", page: "admin/leads", data: leads(), act: `document.getElementById("rail").showPopover()`},
		{name: "leads/keys", page: "admin/leads", data: leads(), act: `document.getElementById("help").showModal()`},
		{name: "components/confirm", page: "book/components", data: componentSample(), act: `document.querySelector(".confirm > summary").click()`},
		{name: "login", page: "admin/login", data: templates.LoginPage{Page: p, Action: "/admin/login", ResetURL: "/p/reset"}},
		{name: "login/fault", page: "admin/login", data: templates.LoginPage{Page: p, Action: "/admin/login", ResetURL: "/p/reset", Email: "clara@hofmann.example", Error: "That address and password do not go together."}},
		{name: "setup", page: "admin/setup", data: templates.SetupPage{Page: p, Action: "/admin/setup/x", First: true, MinLength: 12}},
		{name: "setup/fault", page: "admin/setup", data: templates.SetupPage{Page: p, Action: "/admin/setup/x", First: true, Name: "Clara Hofmann", Email: "clara@", MinLength: 12,
			Errors: map[string]string{"email": "Please enter an e-mail address, like ann@example.com.", "password": "Please use at least 12 characters."}}},
		{name: "setup/invited", page: "admin/setup", data: templates.SetupPage{Page: p, Action: "/admin/setup/x", Email: "jonas@hofmann.example", MinLength: 12}},
		{name: "setup/invalid", page: "admin/setup", data: templates.SetupPage{Page: p, Invalid: true, LoginURL: "/p/login"}},
		{name: "reset", page: "admin/reset", data: templates.ResetPage{Page: p, Stage: "ask", Action: "/admin/reset", LoginURL: "/p/login"}},
		{name: "reset/sent", page: "admin/reset", data: templates.ResetPage{Page: p, Stage: "sent", LoginURL: "/p/login"}},
		{name: "reset/set", page: "admin/reset", data: templates.ResetPage{Page: p, Stage: "set", Action: "/admin/reset", MinLength: 12, LoginURL: "/p/login"}},
		{name: "reset/invalid", page: "admin/reset", data: templates.ResetPage{Page: p, Stage: "invalid", LoginURL: "/p/login"}},
	}
}
