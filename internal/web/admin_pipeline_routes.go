package web

import "github.com/gatehouse/gatehouse/internal/auth"

// pipelineRoutes are the board, deals, plans and activities.
func (s *Server) pipelineRoutes() []route {
	return []route{
		{get, "/admin/pipeline", can(auth.PipelineRead), noBody, s.board},
		{get, "/admin/pipeline.csv", can(auth.LeadsExport), noBody, s.dealExport},
		{get, "/admin/pipeline/changes", can(auth.PipelineRead), noBody, s.boardChanges},
		{post, "/admin/pipeline/views", can(auth.PipelineRead), smallForm, s.viewSave},
		{post, "/admin/pipeline/views/:id/drop", can(auth.PipelineRead), smallForm, s.viewDrop},
		{get, "/admin/pipeline/bulk", can(auth.PipelineWrite), noBody, s.dealBulkLook},
		{post, "/admin/pipeline/bulk", can(auth.PipelineWrite), bigForm, s.dealBulk},
		{get, "/admin/pipeline/plans", can(auth.RulesRead), noBody, s.planList},
		{get, "/admin/pipeline/plans/new", can(auth.RulesWrite), noBody, s.planNew},
		{post, "/admin/pipeline/plans", can(auth.RulesWrite), bigForm, s.planSave},
		{get, "/admin/pipeline/plans/:id", can(auth.RulesRead), noBody, s.planShow},
		{post, "/admin/pipeline/plans/:id", can(auth.RulesWrite), bigForm, s.planSave},
		{post, "/admin/pipeline/plans/:id/archive", can(auth.RulesWrite), smallForm, s.planArchive(true)},
		{post, "/admin/pipeline/plans/:id/restore", can(auth.RulesWrite), smallForm, s.planArchive(false)},
		{get, tacticsPath, can(auth.ReportsRead), noBody, s.tacticsReport},
		{get, forecastPath, can(auth.ReportsRead), noBody, s.forecastReport},
		{get, returnsPath, can(auth.ReportsRead), noBody, s.returnsReport},
		{get, "/admin/deals/:id", can(auth.PipelineRead), noBody, s.dealShow},
		{post, "/admin/deals/:id", can(auth.PipelineWrite), smallForm, s.dealEdit},
		{get, "/admin/deals/:id/move", can(auth.PipelineWrite), noBody, s.dealMovePage},
		{post, "/admin/deals/:id/move", can(auth.PipelineWrite), smallForm, s.dealMove},
		{get, "/admin/leads/new", can(auth.PipelineWrite), noBody, s.leadNew},
		{post, "/admin/leads/new", can(auth.PipelineWrite), smallForm, s.leadAdd},
		{get, "/admin/leads/:id/note", can(auth.PipelineWrite), noBody, s.activityNew},
		{post, "/admin/leads/:id/note", can(auth.PipelineWrite), smallForm, s.activityNote},
		{get, "/admin/leads/:id/reason", can(auth.PipelineWrite), noBody, s.reasonNew},
		{post, "/admin/leads/:id/reason", can(auth.PipelineWrite), smallForm, s.reasonGive},
		{post, "/admin/leads/:id/take-back", can(auth.PipelineWrite), smallForm, s.activityTakeBack},
		{get, "/admin/leads/:id/step", can(auth.PipelineWrite), noBody, s.stepPage},
		{post, "/admin/leads/:id/step", can(auth.PipelineWrite), smallForm, s.stepChange},
		{get, "/admin/leads/:id/step.ics", can(auth.PipelineRead), noBody, s.stepCalendar},
		{get, "/admin/leads/:id/merge", can(auth.LeadsWrite), noBody, s.leadMergePage},
		{post, "/admin/leads/:id/merge", can(auth.LeadsWrite), smallForm, s.leadMerge},
		{post, "/admin/leads/:id/unmerge", can(auth.LeadsWrite), smallForm, s.leadUnmerge},
		{post, "/admin/leads/:id/block", can(auth.PipelineWrite), smallForm, s.leadBlock},
		{post, "/admin/leads/:id/unblock", can(auth.PipelineWrite), smallForm, s.leadUnblock},
	}
}
