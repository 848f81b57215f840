package web

import "github.com/gatehouse/gatehouse/internal/auth"

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
	}
}
