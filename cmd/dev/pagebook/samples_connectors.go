package main

import (
	"time"

	"github.com/gatehouse/gatehouse/templates"
)

// connectorSamples are the list of connectors, one that is away, a mapping with its dry run, a push that was refused.
func connectorSamples() []sample {
	list := templates.ConnectorsPage{AdminPage: staff("connectors", "Connectors"), Tools: templates.TableTools{Total: 3, One: "connector", Many: "connectors"}}
	list.Action = &templates.PageAction{Label: "Connect a system", URL: "#", Icon: "plus"}
	list.Rows = []templates.ConnectorRow{
		{URL: "#", Name: "HubSpot", Kind: "HubSpot", State: templates.Tag{Label: "Away", Tone: "bad"}, Why: "it refuses our key", Waiting: templates.Figure{Value: 42, URL: "#"}, LastDone: now.Add(-26 * time.Hour)},
		{URL: "#", Name: "Sales channel", Kind: "Slack", State: templates.Tag{Label: "On", Tone: "good"}, LastDone: now.Add(-4 * time.Minute)},
		{URL: "#", Name: "Data warehouse", Kind: "Webhook", State: templates.Tag{Label: "Held", Tone: "wait"}, Waiting: templates.Figure{Value: 3, URL: "#"}, Refused: templates.Figure{Value: 1, URL: "#"}}}
	kinds := templates.ConnectorsPage{AdminPage: staff("connectors", "Connect a system"), Kinds: []templates.ConnectorKind{
		{URL: "#", Title: "Webhook", Sentence: "Posts each event to an address of yours, signed as Standard Webhooks says, and takes signed events back."},
		{URL: "#", Title: "HubSpot", Sentence: "Contacts, leads and deals, and what becomes of them."}, {URL: "#", Title: "Slack", Sentence: "Says in a channel when a lead is assigned and when a deal moves."}}}
	field := func(v templates.FieldView) templates.FieldView { return v.WithIDs() }
	bad := templates.Tag{Label: "Away", Tone: "bad"}
	one := templates.ConnectorPage{AdminPage: staff("connectors", "HubSpot"),
		Notices: []templates.Notice{{Kind: "fault", Text: "It cannot be told anything since 2 March 2026, 07:10: it refuses our key. What is for it waits; nothing is lost. It is tried again at 09:15, and at once after the settings are saved."}},
		Actions: []templates.PageAction{{Label: "Mapping and dry run", URL: "#", Icon: "list"}, {Label: "Its pushes", URL: "#", Icon: "send"}, {Label: "Test the connection", URL: "#", Method: "post", Icon: "check"},
			{Label: "Hold", URL: "#", Method: "post", Icon: "clock"}, {Label: "Switch off", URL: "#", Method: "post", Icon: "close", Danger: true, Confirm: "Switch off HubSpot? What waits for it (42) is dropped."}},
		Facts: templates.Ledger{Title: "How it goes", Facts: []templates.Fact{{Name: "System", Value: "HubSpot"}, {Name: "State", Value: " ", Tag: &bad}, {Name: "Waiting", Value: "42", URL: "#"}, {Name: "Refused", Value: "0"},
			{Name: "Last told", Value: "2 March 2026, 07:02"}, {Name: "Told of trouble", Value: "Clara Hofmann"}}},
		Hook: "https://papers.example.com/webhooks/connectors/019a5b1c-0000-7000-8000-000000000001", HookNote: "It may post what changes there to this address, signed with the secret of the settings. Each event counts once.",
		Told: []templates.ToldRow{{At: now.Add(-30 * time.Hour), What: "Deal changed", Outcome: templates.Tag{Label: "Taken over", Tone: "good"}, Reason: "moved to “won” there", How: "we asked"},
			{At: now.Add(-31 * time.Hour), What: "Person opted out", URL: "#", Outcome: templates.Tag{Label: "Taken over", Tone: "good"}, Reason: "opted out of marketing there: the consent is withdrawn here", How: "it told us"}},
		Users: []templates.TheirUserRow{{Name: "Ana", Email: "ana@hofmann.example", Ours: "Ana Ruiz"}, {Name: "Old hand", Email: "old@hofmann.example"}},
		Form: &templates.Sheet{Action: "#", Button: "Save", Groups: []templates.SheetGroup{{Fields: []templates.FieldView{field(templates.FieldView{Name: "name", Type: "text", Label: "Name", Required: true, Value: "HubSpot"})}},
			{Title: "HubSpot", Fields: []templates.FieldView{field(templates.FieldView{Name: "token", Type: "password", Label: "Access token of the private app", Help: "It is set, and never shown. Leave it empty to keep it."}),
				field(templates.FieldView{Name: "stages", Type: "textarea", Label: "Stages", Value: "discovery = appointmentscheduled\nwon = closedwon", Help: "A line each: our stage = the internal name of theirs."})}}}},
		Replay: &templates.Sheet{Action: "#", Button: "Tell it again", Minor: true, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{field(templates.FieldView{Name: "from", Type: "date", Label: "From the day", Half: true, Value: "2026-03-02"}),
			field(templates.FieldView{Name: "to", Type: "date", Label: "To the day, included", Half: true, Value: "2026-03-03"})}}}}}
	mapping := templates.MappingPage{AdminPage: staff("connectors", "Mapping"), PostURL: "#", LeadName: "Ann Archer"}
	try := field(templates.FieldView{Name: "lead", Type: "text", Label: "Try it with a lead", Required: true, Value: "ann@archer.example", Help: "An address, or the id of the lead’s page. It reads there and writes nothing."})
	mapping.Try, mapping.Wide = &try, true
	for i, l := range [][3]string{{"E-mail address", "email", "Overwrite"}, {"Given name", "firstname", "Fill empty"}, {"Consent to marketing", "gatehouse_consent", "Overwrite"}, {"What they said", "gatehouse_said", "Overwrite"}, {"(a text)", "lifecyclestage", "Fill empty"}} {
		r := templates.MappingRow{Index: i + 1, Objects: []templates.OptionView{{Value: "person", Label: "Person"}}, Values: []templates.OptionView{{Value: "x", Label: l[0]}}, Property: l[1], Policies: []templates.OptionView{{Value: "x", Label: l[2]}}}
		if i == 4 {
			r.Fixed = "lead"
		}
		mapping.Rows = append(mapping.Rows, r)
	}
	mapping.Dry = &templates.Answered{Tag: templates.Tag{Label: "Nothing was written", Tone: "good"}, Text: "These requests would be sent, in this order.", Exchanges: []templates.ExchangeView{
		{Request: "GET /crm/v3/owners/?email=ana%40hofmann.example&limit=100&archived=false", Status: 200, Answer: "{ \"results\": [] }"},
		{Request: "POST /crm/v3/objects/contacts/batch/upsert", Dry: true, Body: "{\n  \"inputs\": [\n    {\n      \"idProperty\": \"email\",\n      \"id\": \"ann@archer.example\",\n      \"properties\": {\n        \"email\": \"ann@archer.example\",\n        \"gatehouse_said\": \"Asks: What does it cost?\"\n      }\n    }\n  ]\n}"}}}
	refused := templates.Tag{Label: "Refused", Tone: "bad"}
	push := templates.PushPage{AdminPage: staff("connectors", "Assigned, to HubSpot"), Notices: []templates.Notice{{Kind: "fault", Text: "It was refused: it refuses a value of the mapping."}},
		Actions: []templates.PageAction{{Label: "Try again", URL: "#", Method: "post", Icon: "send"}},
		Facts:   templates.Ledger{Title: "This push", Facts: []templates.Fact{{Name: "About", Value: "Ann Archer", URL: "#"}, {Name: "To", Value: "HubSpot", URL: "#"}, {Name: "How far", Value: " ", Tag: &refused}, {Name: "Tries", Value: "2"}}},
		Payload: "{\n  \"email\": \"ann@archer.example\"\n}",
		Tries: []templates.PushTryRow{{Number: 2, Outcome: refused, Status: 400, Started: now.Add(-2 * time.Hour), Request: "POST /crm/v3/objects/contacts/batch/upsert\n{}", Answer: "400 {\"message\":\"no\"}"},
			{Number: 1, Outcome: templates.Tag{Label: "No complete answer", Tone: "wait"}, Started: now.Add(-3 * time.Hour)}}}
	rows := []templates.PushRow{{URL: "#", What: "Assigned", Person: "Ann Archer", LeadURL: "#", Connector: "HubSpot", State: templates.Tag{Label: "Waits", Tone: "wait"}, Reason: "it has a fault of its own", Tries: 3, At: now.Add(-time.Hour)},
		{URL: "#", What: "Deal moved", Person: "bob@brown-and-daughters.example", LeadURL: "#", Connector: "Sales channel", State: templates.Tag{Label: "Told", Tone: "good"}, Tries: 1, At: now.Add(-26 * time.Hour)}}
	pushes := templates.PushesPage{AdminPage: staff("connectors", "Pushes"), Tools: templates.TableTools{Total: 2, One: "push", Many: "pushes"}, Rows: rows,
		Columns: []templates.Column{{Label: "News"}, {Label: "About", Narrow: true}, {Label: "To"}, {Label: "How far"}, {Label: "Tries", Number: true, Narrow: true}, {Label: "Made", Number: true, Sorted: "desc"}},
		Filters: templates.Filters{Action: "#", HideSearch: true, Selects: []templates.FilterSelect{{Name: "state", Label: "State", Options: []templates.OptionView{{Label: "Any"}}}}}}
	pushes.Wide = true
	return []sample{{name: "connectors", page: "admin/connectors", data: list}, {name: "connectors/kinds", page: "admin/connectors", data: kinds}, {name: "connectors/one", page: "admin/connector", data: one},
		{name: "connectors/mapping", page: "admin/connector_mapping", data: mapping}, {name: "connectors/pushes", page: "admin/pushes", data: pushes}, {name: "connectors/push", page: "admin/push", data: push}}
}
