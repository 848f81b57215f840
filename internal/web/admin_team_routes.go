package web

import "github.com/gatehouse/gatehouse/internal/auth"

// photoForm is a picture with what stands beside it in the form.
const photoForm = 9 << 20

// teamRoutes are teams, working hours, absences, and assignments.
func (s *Server) teamRoutes() []route {
	return []route{
		{get, "/admin/claim/:id", can(auth.PipelineWrite), noBody, s.claimPage},
		{post, "/admin/claim/:id", can(auth.PipelineWrite), smallForm, s.claim},
		{post, "/admin/leads/:id/accept", can(auth.PipelineWrite), smallForm, s.leadHand("accept", "Accepted. It is a deal now.", s.handAccept)},
		{post, "/admin/leads/:id/return", can(auth.PipelineWrite), smallForm, s.leadHand("return", "Returned. Marketing sees the reason.", s.handReturn)},
		{post, "/admin/leads/:id/decline", can(auth.PipelineWrite), smallForm, s.leadHand("decline", "Passed on. Somebody else has it now.", s.handDecline)},
		{post, "/admin/leads/:id/reassign", can(auth.PipelineWrite), smallForm, s.leadHand("reassign", "Given. They have been told.", s.handReassign)},
		{post, "/admin/leads/:id/give", can(auth.PipelineWrite), smallForm, s.leadHand("give", "Given. They have been told.", s.handGive)},
		{get, firstResponsePath, can(auth.ReportsRead), noBody, s.firstResponsePage},
		{get, routingPath, can(auth.RulesRead), noBody, s.routingPage},
		{post, routingPath, can(auth.RulesWrite), bigForm, s.routingEdit},
		{get, routingPath + "/versions/:id", can(auth.RulesRead), noBody, s.routingVersion},
		{get, "/admin/teams", can(auth.TeamsWrite), noBody, s.teamList},
		{get, "/admin/teams/new", can(auth.TeamsWrite), noBody, s.teamNew},
		{post, "/admin/teams", can(auth.TeamsWrite), smallForm, s.teamCreate},
		{get, "/admin/teams/settings", can(auth.TeamsWrite), noBody, s.salesSettingsPage},
		{post, "/admin/teams/settings", can(auth.TeamsWrite), smallForm, s.salesSettingsSave},
		{post, "/admin/teams/settings/holidays", can(auth.TeamsWrite), smallForm, s.holidaySet},
		{post, "/admin/teams/settings/holidays/remove", can(auth.TeamsWrite), smallForm, s.holidayRemove},
		{get, "/admin/teams/:id", can(auth.TeamsWrite), noBody, s.teamPage},
		{post, "/admin/teams/:id", can(auth.TeamsWrite), smallForm, s.teamEdit},
		{post, "/admin/teams/:id/archive", can(auth.TeamsWrite), smallForm, s.teamArchive},
		{post, "/admin/teams/:id/members", can(auth.TeamsWrite), smallForm, s.teamMember},
		{post, "/admin/teams/:id/remove-member", can(auth.TeamsWrite), smallForm, s.teamRemoveMember},
		{get, "/admin/teams/people/:id", can(auth.TeamsWrite), noBody, s.personPage},
		{post, "/admin/teams/people/:id", can(auth.TeamsWrite), smallForm, s.personSave},
		{post, "/admin/teams/people/:id/photo", can(auth.TeamsWrite), photoForm, s.personPhoto},
		{post, "/admin/teams/people/:id/absences", can(auth.TeamsWrite), smallForm, s.personAbsence},
		{post, "/admin/teams/people/:id/absences/remove", can(auth.TeamsWrite), smallForm, s.personBack},
		{post, "/admin/teams/people/:id/leaving", can(auth.TeamsWrite), smallForm, s.personLeaving},
		{get, profilePath, member, noBody, s.personPage},
		{post, profilePath, member, smallForm, s.personSave},
		{post, profilePath + "/photo", member, photoForm, s.personPhoto},
		{post, profilePath + "/absences", member, smallForm, s.personAbsence},
		{post, profilePath + "/absences/remove", member, smallForm, s.personBack},
	}
}
