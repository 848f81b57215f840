package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// leadTimeline is everything that happened around one person, newest first, in the installation's zone.
func leadTimeline(d app.LeadDetail, zone *time.Location) templates.Timeline {
	t := templates.Timeline{}
	for _, part := range [][]templates.TimelineEvent{asksOf(d), mailsOf(d), openingsOf(d), saidOf(d), choicesOf(d), staffOf(d), scoreEvents(d), workOf(d, zone), handsOf(d), toldOf(d)} {
		t.Events = append(t.Events, part...)
	}
	for i := range t.Events {
		t.Events[i].At = t.Events[i].At.In(zone)
	}
	slices.SortStableFunc(t.Events, func(a, b templates.TimelineEvent) int { return b.At.Compare(a.At) })
	return t
}

// asksOf are the submissions, each with the visit that it came of.
func asksOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	visits := map[uuid.UUID]store.Visit{}
	for _, v := range d.Visits {
		visits[v.SubmissionID] = v
	}
	for _, s := range d.Submissions {
		e := templates.TimelineEvent{At: s.ReceivedAt, Icon: "document", Title: "Asked for “" + s.Gate + "”", Text: word(doorWords, s.Door), By: "the person"}
		if s.Verdict == "quarantine" {
			e.Labels = append(e.Labels, templates.Tag{Label: "was in quarantine", Tone: "wait"})
		}
		if s.CorrectsID != nil {
			e.Text += ", to mend a mistyped address"
		}
		if v, ok := visits[s.ID]; ok {
			e.Facts = append(e.Facts, templates.KV{Key: "Source", Value: sourceWord(v.Channel)})
			for _, f := range []templates.KV{{Key: "Campaign", Value: strings.Join(notEmpty(v.UTMSource, v.UTMMedium, v.UTMCampaign, v.UTMTerm, v.UTMContent), " / ")},
				{Key: "From", Value: v.Referrer}, {Key: "Page", Value: v.Page}} {
				if f.Value != "" {
					e.Facts = append(e.Facts, f)
				}
			}
		}
		out = append(out, e)
	}
	return out
}

// mailsOf are the messages: made, sent, and each thing that the provider told.
func mailsOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	names := map[uuid.UUID]string{}
	for _, m := range d.Messages {
		name := word(templateWords, m.Template)
		if m.Document != "" {
			name = "“" + m.Document + "”"
		}
		names[m.ID] = name
		url := "/admin/messages/" + m.ID.String()
		switch {
		case m.SentAt != nil:
			e := templates.TimelineEvent{At: *m.SentAt, Icon: "send", Title: "Mail sent: " + name, URL: url, By: m.Transport}
			if m.SecondSend {
				e.Labels = append(e.Labels, templates.Tag{Label: "second send", Tone: "wait", Title: "No answer came to the first try, so it may have arrived twice."})
			}
			out = append(out, e)
		case m.State == store.MessageEnded:
			out = append(out, templates.TimelineEvent{At: m.StateAt, Icon: "warning", Tone: "bad", Title: "Mail not sent: " + name, Text: m.Reason, URL: url})
		case m.State == store.MessageHeld:
			out = append(out, templates.TimelineEvent{At: m.CreatedAt, Icon: "clock", Tone: "wait", Title: "Mail held: " + name, Text: m.Reason, URL: url})
		default:
			out = append(out, templates.TimelineEvent{At: m.CreatedAt, Icon: "mail", Tone: "wait", Title: "Mail waits to be sent: " + name, Text: m.Reason, URL: url})
		}
	}
	for _, x := range d.Events {
		tag := tagOf(eventWords, x.Type)
		e := templates.TimelineEvent{At: x.At, Icon: "mail", Title: "Mail: " + strings.ToLower(tag.Label), Text: x.Reason, By: x.Provider}
		if x.MessageID != nil {
			e.URL = "/admin/messages/" + x.MessageID.String()
			e.Title = tag.Label + ": " + names[*x.MessageID]
		}
		if tag.Tone == "bad" {
			e.Icon, e.Tone = "warning", "bad"
		}
		if x.Machine {
			e.Labels = append(e.Labels, templates.Tag{Label: "a machine", Title: "The mailbox's own program opened it; that is no person."})
		}
		out = append(out, e)
	}
	return out
}

// openingsOf are the person's openings of a document.
func openingsOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	for _, o := range d.Downloads {
		e := templates.TimelineEvent{At: o.At, Icon: "download", Tone: "good", Title: "Downloaded “" + o.Document + "”", By: "the person",
			Facts: []templates.KV{{Key: "Version", Value: fmt.Sprint(o.Number)}}}
		if o.Kind == "read" {
			e.Icon, e.Title = "read", "Read “"+o.Document+"”"
		}
		if o.Times > 1 {
			e.Facts = append(e.Facts, templates.KV{Key: "Times", Value: fmt.Sprint(o.Times)})
		}
		out = append(out, e)
	}
	return out
}

// choicesOf are consents and preferences.
func choicesOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	for _, x := range d.Consents {
		if x.How == "form" && !x.Given {
			continue // a box that stayed empty is no event; it stands among the consents
		}
		e := templates.TimelineEvent{At: x.At, Icon: "check", Title: word(purposeWords, x.Purpose) + ": agreed", Text: "“" + x.Text + "”", By: word(howWords, x.How),
			Labels: []templates.Tag{{Label: "claimed", Tone: "wait"}}}
		if !x.Given {
			e.Icon, e.Title = "close", word(purposeWords, x.Purpose)+": not agreed"
		}
		if x.How != "form" {
			e.Title = "Preferences: " + strings.ToLower(e.Title)
		}
		if x.State == "confirmed" {
			e.Labels[0] = templates.Tag{Label: "confirmed", Tone: "good"}
		}
		out = append(out, e)
	}
	return out
}

// staffOf is what staff did and no other line tells: hands, blocks, merges and leads by hand have lines that say more.
func staffOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	for _, x := range d.Audit {
		if slices.Contains([]string{"lead.accept", "lead.return", "lead.decline", "lead.add", "lead.give", "lead.reassign", "lead.merge", "lead.unmerge", "lead.block", "lead.unblock"}, x.Action) {
			continue
		}
		out = append(out, templates.TimelineEvent{At: x.At, Icon: "people", Title: word(actionWords, x.Action), By: x.ActorName})
	}
	return out
}

// moment is "3 March 2026, 09:05" in the zone, for sentences; times that stand alone are drawn by the templates.
func moment(at time.Time, zone *time.Location) string {
	return at.In(zone).Format(dayFormat + ", 15:04")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func notEmpty(parts ...string) (out []string) {
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
