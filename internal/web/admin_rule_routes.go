package web

import "github.com/gatehouse/gatehouse/internal/auth"

// ruleRoutes are scoring and routing rules.
func (s *Server) ruleRoutes() []route {
	return []route{
		{get, "/admin/rules", can(auth.RulesRead), noBody, s.rulesPage},
		{post, "/admin/rules/:kind/draft", can(auth.RulesWrite), smallForm, s.ruleDraft},
		{post, "/admin/rules/:kind/publish", can(auth.RulesWrite), smallForm, s.rulePublish},
		{post, "/admin/rules/:kind/discard", can(auth.RulesWrite), smallForm, s.ruleDiscard},
		{post, "/admin/rules/:kind/roll-back", can(auth.RulesWrite), smallForm, s.ruleRollBack},
		{get, "/admin/rules/scoring", can(auth.RulesRead), noBody, s.scoringPage},
		{post, "/admin/rules/scoring", can(auth.RulesWrite), bigForm, s.scoringEdit},
		{get, "/admin/rules/scoring/versions/:id", can(auth.RulesRead), noBody, s.scoringVersion},
		{post, "/admin/rules/:kind/rehearse", can(auth.RulesWrite), smallForm, s.rehearse},
		{get, "/admin/rules/:kind/rehearsals/:id", can(auth.RulesWrite), noBody, s.rehearsalPage},
		{post, "/admin/rules/:kind/rehearsals/:id/cancel", can(auth.RulesWrite), smallForm, s.rehearsalCancel},
		{post, "/admin/rules/scoring/rescore", can(auth.RulesWrite), smallForm, s.rescore},
		{post, "/admin/rules/scoring/rescores/:id/cancel", can(auth.RulesWrite), smallForm, s.rescoreCancel},
		{get, "/admin/reports/score-on-trial", can(auth.ReportsRead), noBody, s.scoreTrialPage},
	}
}
