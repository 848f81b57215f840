package crm

import (
	"context"
	"net/http"
	"strings"
)

// Slack says in a channel what happened to a lead.
type Slack struct {
	outOnly
	client *Client
}

var slackFields = []Field{
	{Name: "url", Label: "Address of the incoming webhook", Type: "password", Required: true, Secret: true, Help: "https://hooks.slack.com/services/... as Slack shows it. Whoever has it may post."},
	{Name: "types", Label: "What it is told", Type: "events", Default: "lead.assigned\ndeal.stage_changed", Help: "None ticked: all of it."},
}

// About says what it is.
func (s *Slack) About() About {
	return About{Kind: "slack", Title: "Slack", Sentence: "Says in a channel when a lead is assigned and when a deal moves.", Fields: slackFields, Events: true, Alerts: true}
}

var slackWords = map[string]string{"submission.processed": "Somebody asked for a document", "document.downloaded": "A document was opened", "lead.qualified": "A lead qualified",
	"lead.assigned": "New lead", "lead.accepted": "A lead was accepted", "lead.returned": "A lead was returned", "lead.changed": "A lead changed", "lead.merged": "Two leads are one", "lead.unmerged": "A lead is one of its own again", "deal.stage_changed": "A deal moved",
	"deal.changed": "A deal changed", "lead.erased": "A person was erased"}

// slackEscape keeps what people typed from mentioning a channel or making a link.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []any       `json:"elements,omitempty"`
}

type slackMessage struct {
	Text   string       `json:"text"`
	Blocks []slackBlock `json:"blocks,omitempty"`
}

func slackSection(title, body string) slackBlock {
	return slackBlock{Type: "section", Text: &slackText{"mrkdwn", "*" + title + "*\n" + cut(slackEscape.Replace(body), 2500)}}
}

func slackButton(text, url string) slackBlock {
	return slackBlock{Type: "actions", Elements: []any{map[string]any{"type": "button", "text": slackText{"plain_text", text}, "url": url}}}
}

// message is within Slack's limits: 150 characters of a header, ten fields of 2000, 3000 of a section and of an address.
func (s *Slack) message(call Call) slackMessage {
	v := call.Values
	if len(call.Digest) > 0 {
		return slackDigest(call)
	}
	head := slackWords[call.Type]
	if head == "" {
		head = call.Type
	}
	if v["claim_link"] != "" {
		head += " for " + v["owner_name"]
	}
	m := slackMessage{Text: slackEscape.Replace(head), Blocks: []slackBlock{{Type: "header", Text: &slackText{"plain_text", cut(head, 140)}}}}
	if call.Erase {
		return m
	}
	who := fullName(v)
	if who != "" {
		m.Text += ": " + slackEscape.Replace(who)
	}
	if v["company"] != "" {
		m.Text += ", " + slackEscape.Replace(v["company"])
	}
	score := [2]string{"Grade", v["grade"]}
	if v["score_text"] != "" {
		score = [2]string{"Score", v["score_text"]}
	}
	b := slackBlock{Type: "section"}
	for _, f := range [][2]string{{"Name", who}, {"Job title", v["job_title"]}, {"Company", v["company"]}, {"Asked for", v["document"]}, score, {"Owner", v["owner_name"]}, {"Wants", v["contact_choice"]},
		{"Consent", v["consent"]}, {"Deal", v["deal_title"]}, {"Stage", v["deal_stage_title"]}} {
		if f[1] != "" && len(b.Fields) < 10 {
			b.Fields = append(b.Fields, slackText{"mrkdwn", "*" + f[0] + "*\n" + cut(slackEscape.Replace(f[1]), 1500)})
		}
	}
	if len(b.Fields) > 0 {
		m.Blocks = append(m.Blocks, b)
	}
	for _, x := range [][2]string{{"What they said", v["said"]}, {"What counts most", v["score_lines"]}, {"Why " + slackEscape.Replace(v["owner_name"]), v["why"]}, {"First step", v["first_step"]}, {"The clock", v["clock"]}} {
		if x[1] != "" {
			m.Blocks = append(m.Blocks, slackSection(x[0], x[1]))
		}
	}
	switch {
	case v["claim_link"] != "":
		m.Blocks = append(m.Blocks, slackButton("Look at it and take it", v["claim_link"]))
	case v["link"] != "":
		m.Blocks = append(m.Blocks, slackButton("Open", v["link"]))
	}
	return m
}

// slackDigest is many alerts in one. It names no person.
func slackDigest(call Call) slackMessage {
	head := call.Values["count"] + " more leads are assigned"
	m := slackMessage{Text: head, Blocks: []slackBlock{{Type: "header", Text: &slackText{"plain_text", head}}}}
	for _, v := range call.Digest {
		line := "*" + slackEscape.Replace(v["company"]) + "* for " + slackEscape.Replace(v["owner_name"]) + ", since " + v["since"]
		if v["grade"] != "" {
			line += ", grade " + v["grade"]
		}
		m.Blocks = append(m.Blocks, slackBlock{Type: "section", Text: &slackText{"mrkdwn", cut(line, 2500) + "\n<" + v["claim_link"] + "|Look at it and take it>"}})
	}
	m.Blocks = append(m.Blocks, slackButton("Open your leads", call.Values["link"]))
	return m
}

// Push posts one message.
func (s *Slack) Push(ctx context.Context, c Config, call Call) Outcome {
	return s.post(ctx, c, s.message(call))
}

// slackDead are answers after which nothing goes through until somebody enters another address.
var slackDead = map[int]bool{http.StatusForbidden: true, http.StatusNotFound: true, http.StatusGone: true}

func (s *Slack) post(ctx context.Context, c Config, m slackMessage) Outcome {
	body, err := encode(m)
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	if c.Dry {
		return Outcome{Class: Done, Trace: []Exchange{{Method: http.MethodPost, Path: "(the webhook's address)", Body: string(body), Dry: true}}}
	}
	r := s.client.do(ctx, http.MethodPost, c.Secrets["url"], http.Header{"Content-Type": {"application/json"}}, body)
	t := &talk{status: r.status, trace: []Exchange{{Method: http.MethodPost, Path: "(the webhook's address)", Body: cut(string(body), bodyShown), Status: r.status, Answer: cut(masked(string(r.body), []string{c.Secrets["url"]}), 200)}}}
	fault := r.fault
	if fault == nil {
		fault = s.client.judge(r)
	}
	switch {
	case fault == nil:
		return t.end(nil, nil)
	case slackDead[r.status]:
		fault = &Fault{Class: Misconfigured, Status: r.status, Reason: "Slack no longer takes messages at this address: make a new webhook"}
	}
	return t.end(fault, nil)
}

// Test says that the connection works: Slack has no way to ask without posting.
func (s *Slack) Test(ctx context.Context, c Config) Outcome {
	return s.post(ctx, c, slackMessage{Text: "Gatehouse is connected to this channel."})
}
