package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

var channelWords = map[string]string{"call": "Call", "mail": "Mail", "meeting": "Meeting", "letter": "Letter", "note": "Note", "other": "Something else"}
var channelIcons = map[string]string{"call": "phone", "mail": "mail", "meeting": "people", "letter": "document", "note": "edit", "other": "check"}

var allowanceTags = map[string]templates.Tag{pipeline.May: {Label: "Yes", Tone: "good"}, pipeline.Later: {Label: "Not now", Tone: "wait"}, pipeline.No: {Label: "No", Tone: "bad"}}

// actsShown is how many activities stand beside the plan; the timeline has all.
const actsShown = 8

// leadWork shows the plan and the activities, with the contact policy above.
func (s *Server) leadWork(c echo.Context, d app.LeadDetail, p *templates.LeadPage) error {
	w := d.LeadWork
	if d.State != "active" || w.Plan == nil && len(w.Steps) == 0 && len(w.Activities) == 0 && len(w.Deals) == 0 && d.OwnerID == nil && len(w.Origins) == 0 && len(w.Merges) == 0 && !s.may(c, auth.PipelineWrite) {
		return nil
	}
	here, write := "/admin/leads/"+d.ID.String(), s.may(c, auth.PipelineWrite)
	v := &templates.LeadWorkView{}
	s.contactView(d, v, here, write)
	s.planView(c, d, v, here, write)
	if err := s.actsView(c, d, v, here, write); err != nil {
		return err
	}
	for _, deal := range w.Deals {
		card := s.dealCard(c, deal, here+"#work")
		card.Marks = []templates.Tag{{Label: deal.StageTitle, Tone: map[string]string{pipeline.Open: "wait", pipeline.Won: "good", pipeline.Lost: "bad"}[deal.State]}}
		v.Deals = append(v.Deals, card)
	}
	if len(w.Deals) > 0 && w.Deals[0].State == pipeline.Open {
		switch {
		case !w.Planned() && !w.Active():
			v.Missing = "Strategy and tactics are both missing: nothing is planned, and nothing was done."
		case !w.Planned():
			v.Missing = "Tactics without a strategy: something was done, but nothing is planned. Say what comes next."
		case !w.Active():
			v.Missing = "A strategy without tactics: there is a plan, but nothing was done yet."
		}
	}
	for _, o := range w.Origins {
		v.Origins = append(v.Origins, templates.Ledger{Title: "Entered by hand", Facts: []templates.Fact{{Name: "From", Value: word(originWords, o.Kind), Note: o.Note},
			{Name: "Kept by", Value: word(basisWords, o.LegalBasis)}, {Name: "Which covers", Value: orElse(pipeline.ChannelList(o.Ways()), "no way of approaching them")},
			{Name: "Entered", Value: moment(o.At, s.zone(c)), Note: o.By}}})
	}
	s.mergeButtons(d, v, here, write)
	var err error
	if v.Mailbox, err = s.app.LeadMailbox(c.Request().Context(), d.ID); err != nil {
		return err
	}
	p.Work = v
	return nil
}

func (s *Server) contactView(d app.LeadDetail, v *templates.LeadWorkView, here string, write bool) {
	contact := d.Contact
	said := ""
	for _, al := range contact.All() {
		if al.Channel == pipeline.Letter && al.Verdict == pipeline.No {
			continue // nobody misses it
		}
		row := templates.ContactRow{Channel: channelWords[al.Channel], Icon: channelIcons[al.Channel], Answer: allowanceTags[al.Verdict], Why: al.Why}
		switch al.Channel {
		case pipeline.Call:
			row.To = contact.Tel
		case pipeline.Mail:
			row.To = d.Email
		}
		if row.Why == said {
			row.Why = "" // for the same reason as the way above
		}
		said = al.Why
		if write {
			row.NoteURL = here + "/note?kind=" + al.Channel
		}
		v.Contact = append(v.Contact, row)
	}
	if contact.Zone != nil {
		v.Zone = "It is " + contact.Now.In(contact.Zone).Format("15:04") + " where they are"
		if contact.ZoneFrom != "" {
			v.Zone += ", guessed from " + contact.ZoneFrom
		}
		v.Zone += "."
	}
	for _, b := range d.Blocks {
		if b.LiftedAt != nil {
			continue
		}
		block := templates.BlockView{Text: "Do not " + map[string]string{"all": "approach", "call": "call", "mail": "write"}[b.Channel] + ": " + b.Reason + ". " + b.By + "."}
		if write {
			a := postButton("Lift", "undo", here+"/unblock", 0)
			a.Hidden = []templates.KV{{Key: "block", Value: b.ID.String()}}
			block.Lift = &a
		}
		v.Blocks = append(v.Blocks, block)
	}
	if write {
		v.Block = &templates.Sheet{Action: here + "/block", Button: "Do not approach", Minor: true, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
			{Name: "channel", ID: "f-block-channel", Type: "select", Label: "What not to do", Required: true, Options: choices("all", "all", "Approach in any way", "call", "Call", "mail", "Write mails")},
			{Name: "reason", ID: "f-block-reason", Type: "text", Label: "Why", Required: true, MaxLength: 300, Autocomplete: "off"}}}}}
	}
}

func (s *Server) planView(c echo.Context, d app.LeadDetail, v *templates.LeadWorkView, here string, write bool) {
	w := d.LeadWork
	if w.Plan != nil {
		v.PlanName = w.Plan.Name
		for _, l := range w.Plan.LeftOut {
			v.LeftOut = append(v.LeftOut, channelWords[l.Channel]+", “"+l.Title+"”: "+word(leftOutWords, l.Why)+".")
		}
	}
	now := s.app.Store().Now()
	for _, st := range w.Steps {
		view := templates.StepView{ID: st.ID.String(), Icon: channelIcons[st.Channel], Title: orElse(st.Title, channelWords[st.Channel]), Due: st.DueAt, By: st.By}
		link := "?step=" + st.ID.String()
		switch {
		case st.DoneAt != nil:
			view.State, view.Due = templates.Tag{Label: "Done", Tone: "good"}, *st.DoneAt
		case st.SkippedAt != nil:
			view.State = templates.Tag{Label: "Skipped"}
			if write {
				view.Buttons = []templates.PageAction{stepButton("Take up again", here, st, "unskip")}
			}
		default:
			barred := app.Barred(w.Contact, st.Channel)
			if barred != "" {
				view.State, view.Barred = templates.Tag{Label: "Not agreed", Tone: "bad"}, word(leftOutWords, barred)
				if barred == pipeline.BeyondAddress { // nobody was asked: there is no way to reach them
					view.State = templates.Tag{Label: "Not possible yet", Tone: "wait"}
				}
			} else if view.Overdue = st.DueAt.Before(now); view.Overdue {
				view.State = templates.Tag{Label: "Overdue", Tone: "bad"}
			} else if st.DueAt.Sub(now) < 24*time.Hour {
				view.State = templates.Tag{Label: "Due", Tone: "wait"}
			}
			view.Calendar = here + "/step.ics" + link
			if write {
				view.URL = here + "/step" + link
				view.Buttons = []templates.PageAction{stepButton("Done", here, st, "done")}
			}
			v.Steps = append(v.Steps, view)
			continue
		}
		v.Done = append(v.Done, view)
	}
	if write && d.OwnerID != nil {
		v.Add = stepSheet(here, nil, s.zone(c))
	}
}

// stepButton does one thing with a step.
func stepButton(label, here string, st app.StepLine, do string) templates.PageAction {
	a := postButton(label, "", here+"/step", st.Version)
	a.Hidden = append(a.Hidden, templates.KV{Key: "step", Value: st.ID.String()}, templates.KV{Key: "do", Value: do})
	return a
}

func (s *Server) actsView(c echo.Context, d app.LeadDetail, v *templates.LeadWorkView, here string, write bool) error {
	u, now := s.user(c), s.app.Store().Now()
	for i, act := range d.Activities {
		if i >= actsShown {
			v.More = len(d.Activities) - actsShown
			break
		}
		view := templates.ActivityView{Icon: channelIcons[act.Kind], What: activityWord(act), Text: act.Text, By: orElse(act.By, "by itself"), At: act.At, Why: act.Why, Back: act.TakenBackAt != nil}
		if act.Beyond != "" {
			view.Beyond, view.Reason, view.Open = word(leftOutWords, act.Beyond), act.BeyondReason, act.ReasonOpen()
			if act.GivenBy != act.By {
				view.ReasonBy = act.GivenBy
			}
		}
		if view.Open && write {
			may, err := s.app.MayGiveReason(c.Request().Context(), act.Activity, u)
			if err != nil {
				return err
			}
			if may {
				view.GiveURL = here + "/reason?activity=" + act.ID.String()
			}
		}
		if write && !view.Back && act.UserID != nil && *act.UserID == u.ID && (act.How == "typed" || act.How == "step") && now.Sub(act.RecordedAt) < app.TakeBackWithin {
			a := postButton("Take back", "undo", here+"/take-back", 0)
			a.Hidden = []templates.KV{{Key: "activity", Value: act.ID.String()}}
			view.TakeBack = &a
		}
		v.Acts = append(v.Acts, view)
	}
	if write {
		v.Note = &templates.Sheet{Action: here + "/note", Button: "Note it", Hidden: []templates.KV{{Key: "back", Value: here + "#work"}}}
	}
	return nil
}

func activityWord(act app.ActivityLine) string {
	what := channelWords[act.Kind]
	switch {
	case act.Direction == "in" && act.Kind == "call":
		return "They called"
	case act.Direction == "in" && act.Kind == "mail":
		return "They wrote"
	case act.Direction == "in":
		return "They: " + what
	case act.How == "bcc":
		return what + " sent"
	}
	return what
}

var leftOutWords = map[string]string{pipeline.BeyondBlock: "there is a “do not approach”", pipeline.BeyondChoice: "they chose otherwise", pipeline.BeyondRefusal: "they want no mail",
	pipeline.BeyondConsent: "nobody agreed to it", pipeline.BeyondAddress: "no number or address is known", pipeline.BeyondTouches: "too often within a week",
	pipeline.BeyondQuiet: "at a quiet hour", pipeline.BeyondSlot: "at another time than the one named", pipeline.BeyondClaim: "nobody has confirmed the number"}

var originWords = map[string]string{"phone": "A call", "fair": "A fair or an event", "referral": "A referral", "other": "Something else"}

var basisWords = map[string]string{"consent": "their consent", "contract": "a contract, or steps towards one that they asked for", "legitimate-interest": "our legitimate interest"}

// workOf are deals, steps, activities, blocks and merges on the timeline.
func workOf(d app.LeadDetail, zone *time.Location) (out []templates.TimelineEvent) {
	out = dealEvents(d.DealChanges, d.Stages, zone)
	for _, act := range d.Activities {
		e := templates.TimelineEvent{At: act.At, Icon: channelIcons[act.Kind], Title: activityWord(act), Text: act.Text, By: orElse(act.By, "by itself")}
		if act.Direction == "in" {
			e.Tone = "good"
		}
		if act.How == "bcc" || act.How == "reply" {
			e.URL = inboundPath + "?lead=" + d.ID.String()
		}
		if act.TakenBackAt != nil {
			e.Labels = append(e.Labels, templates.Tag{Label: "taken back"})
		}
		if act.Beyond != "" {
			e.Labels = append(e.Labels, templates.Tag{Label: "beyond the policy", Tone: "bad", Title: word(leftOutWords, act.Beyond)})
		}
		if act.ReasonOpen() {
			e.Labels = append(e.Labels, templates.Tag{Label: "no reason given yet", Tone: "wait"})
		}
		out = append(out, e)
	}
	for _, st := range d.Steps {
		if st.DoneAt != nil && st.ActivityID == nil {
			out = append(out, templates.TimelineEvent{At: *st.DoneAt, Icon: "check", Tone: "good", Title: "Step done: " + st.Title, By: st.By})
		}
		if st.SkippedAt != nil {
			out = append(out, templates.TimelineEvent{At: *st.SkippedAt, Icon: "close", Title: "Step skipped: " + st.Title})
		}
	}
	for _, b := range d.Blocks {
		out = append(out, templates.TimelineEvent{At: b.At, Icon: "warning", Tone: "bad", Title: "Do not approach", Text: b.Reason, By: b.By})
		if b.LiftedAt != nil {
			out = append(out, templates.TimelineEvent{At: *b.LiftedAt, Icon: "undo", Title: "“Do not approach” was lifted"})
		}
	}
	for _, o := range d.Origins {
		out = append(out, templates.TimelineEvent{At: o.At, Icon: "plus", Title: "Entered by hand: " + word(originWords, o.Kind), Text: o.Note, By: o.By})
	}
	for _, m := range d.Merges {
		title := "Merged with " + m.Other
		if m.FromID == d.ID {
			title = "Merged into " + m.Other
		}
		out = append(out, templates.TimelineEvent{At: m.At, Icon: "people", Title: title, By: m.By})
		if m.UndoneAt != nil {
			out = append(out, templates.TimelineEvent{At: *m.UndoneAt, Icon: "undo", Title: "The merge with " + m.Other + " was undone"})
		}
	}
	return out
}
