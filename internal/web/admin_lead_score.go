package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/templates"
)

// leadScore shows the ledger of the score.
func (s *Server) leadScore(c echo.Context, d app.LeadDetail, p *templates.LeadPage) error {
	if d.Score == nil {
		if d.Unscored != "" && !p.Erased {
			p.Score = &templates.LeadScoreView{Unscored: d.Unscored}
		}
		return nil
	}
	var lines []lead.ScoreLine
	for _, l := range d.ScoreLines {
		lines = append(lines, lead.ScoreLine{Side: l.Side, Group: l.GroupKey, Rule: l.RuleKey, Title: l.Title, Points: int(l.Points), DecayDays: int(l.DecayDays), At: l.At, Event: l.EventKind})
	}
	v := ledgerOf(lines, d.ScoreNow, d.Scoring, d.Score.Grade)
	switch {
	case d.Score.QualifiedAt != nil:
		v.Sentence = "Qualified on " + moment(*d.Score.QualifiedAt, s.zone(c)) + ": " + d.Score.Why + "."
	case d.Score.Why != "":
		v.Sentence = "Not qualified: " + d.Score.Why + "."
	}
	v.Rules = fmt.Sprintf("version %d", d.ScoreRules.Number)
	if s.may(c, auth.RulesRead) {
		v.RulesURL = scoringPath + "/versions/" + d.ScoreRules.ID.String()
	}
	p.Score = &v
	return nil
}

// ledgerOf draws lines as they are worth at a time. rules, when known, name the groups and the threshold.
func ledgerOf(lines []lead.ScoreLine, at time.Time, rules *lead.ScoreRules, grade string) templates.LeadScoreView {
	fit, engagement := lead.Sum(lines, at)
	v := templates.LeadScoreView{Grade: grade, Total: lead.Points(fit + engagement), Threshold: "–"}
	groups, whole := map[string]string{}, map[string]int{}
	if rules != nil {
		v.Threshold = lead.Points(rules.Threshold)
		for _, g := range rules.Groups {
			groups[g.Key] = g.Title
			for _, r := range g.Rules {
				whole[r.Key] = r.Points
			}
		}
	}
	who := templates.ScoreSide{Title: "Fit: who they are", Sum: lead.Points(fit), Empty: "Nothing that is known of the person counts."}
	did := templates.ScoreSide{Title: "Engagement: what they did and said", Sum: lead.Points(engagement), Melts: true, Empty: "Nothing that they did counts any more."}
	if len(grade) == 2 {
		who.Grade, did.Grade = grade[:1], grade[1:]
	}
	for _, l := range lines {
		row := templates.ScoreLineView{Title: l.Title, Group: groups[l.Group], Points: lead.Points(l.Worth(at)), Then: lead.Points(l.Points), At: l.At}
		cut := ""
		if l.Points > 0 && l.Points < whole[l.Rule] {
			cut = "of " + lead.Points(whole[l.Rule]) + ", as its group is full"
		}
		if l.Side == lead.SideFit {
			row.Note, row.Since = cut, l.At.Before(at)
			who.Lines = append(who.Lines, row)
			continue
		}
		if over := l.At.AddDate(0, 0, l.DecayDays); l.DecayDays > 0 && over.After(at) {
			row.Note = "gone after " + count(l.DecayDays, "day", "days")
		}
		row.Event, row.Note = lead.EventLabel(l.Event), strings.Join(notEmpty(cut, row.Note), "; ")
		did.Lines = append(did.Lines, row)
	}
	v.Sides = []templates.ScoreSide{who, did}
	return v
}

// scoreEvents are the turns of the score, for the timeline.
func scoreEvents(d app.LeadDetail) (out []templates.TimelineEvent) {
	for i, x := range d.ScoreChanges {
		e := templates.TimelineEvent{At: x.At, Icon: "chart", Title: "Scored " + x.Grade + " with " + lead.Points(int(x.Fit+x.Engagement)) + " points", By: "scoring"}
		if i+1 == len(d.ScoreChanges) || !d.ScoreChanges[i+1].Qualified {
			if x.Qualified {
				e.Title, e.Tone = "Qualified for sales: "+x.Grade+" with "+lead.Points(int(x.Fit+x.Engagement))+" points", "good"
			}
		}
		out = append(out, e)
	}
	return out
}
