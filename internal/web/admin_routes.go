package web

import (
	"slices"

	"github.com/gatehouse/gatehouse/internal/auth"
)

// adminRoutes are the pages for staff, each with its permission in the line.
func (s *Server) adminRoutes() []route {
	return slices.Concat(s.doorRoutes(), s.leadRoutes(), s.pipelineRoutes(), s.saidRoutes(), s.ruleRoutes(), s.teamRoutes(), s.connectorRoutes(), s.reportRoutes(),
		s.contentRoutes(), s.houseRoutes())
}

// doorRoutes let staff in and out.
func (s *Server) doorRoutes() []route {
	return []route{
		{get, "/admin/login", door, noBody, s.loginPage},
		{post, "/admin/login", door, smallForm, s.login},
		{post, "/admin/logout", member, smallForm, s.logout},
		{get, "/admin/setup/:token", door, noBody, s.setupPage},
		{post, "/admin/setup/:token", door, smallForm, s.setup},
		{get, "/admin/reset", door, noBody, s.resetPage},
		{post, "/admin/reset", door, smallForm, s.reset},
	}
}

// leadRoutes are the daily work: figures, leads, messages, quarantine.
func (s *Server) leadRoutes() []route {
	return []route{
		{get, "/admin", can(auth.ReportsRead), noBody, s.homePage},
		{post, "/admin/alarms/:id/done", can(auth.QuarantineDecide), smallForm, s.alarmDone},
		{get, "/admin/submissions", can(auth.LeadsRead), noBody, s.submissionList},
		{get, "/admin/leads", can(auth.LeadsRead), noBody, s.leadList},
		{get, "/admin/leads.csv", can(auth.LeadsExport), noBody, s.leadExport},
		{get, "/admin/leads/:id", can(auth.LeadsRead), noBody, s.leadPage},
		{post, "/admin/leads/:id/send-again", can(auth.MessagesSend), smallForm, s.leadSendAgain},
		{post, "/admin/leads/:id/erase", can(auth.LeadsErase), smallForm, s.leadErase},
		{get, "/admin/messages", can(auth.MessagesRead), noBody, s.messageList},
		{get, "/admin/inbound", can(auth.MessagesRead), noBody, s.inboundList},
		{get, "/admin/messages/:id", can(auth.MessagesRead), noBody, s.messagePage},
		{post, "/admin/messages/:id/send-again", can(auth.MessagesSend), smallForm, s.messageSendAgain},
		{get, "/admin/quarantine", can(auth.QuarantineDecide), noBody, s.quarantineList},
		{post, "/admin/quarantine/:id/release", can(auth.QuarantineDecide), smallForm, s.quarantineDecide(true)},
		{post, "/admin/quarantine/:id/discard", can(auth.QuarantineDecide), smallForm, s.quarantineDecide(false)},
		{post, "/admin/quarantine/:id/undo", can(auth.QuarantineDecide), smallForm, s.quarantineUndo},
	}
}

// contentRoutes are landing pages and documents.
func (s *Server) contentRoutes() []route {
	return []route{
		{get, "/admin/gates", can(auth.GatesRead), noBody, s.gateList},
		{get, "/admin/gates/new", can(auth.GatesWrite), noBody, s.gateNew},
		{post, "/admin/gates", can(auth.GatesWrite), smallForm, s.gateCreate},
		{get, "/admin/gates/:id", can(auth.GatesRead), noBody, s.gateEditPage},
		{get, "/admin/gates/:id/preview", can(auth.GatesRead), noBody, s.gatePreview},
		{post, "/admin/gates/:id", can(auth.GatesWrite), bigForm, s.gateEdit},
		{post, "/admin/gates/:id/slug", can(auth.GatesWrite), smallForm, s.gateMove},
		{post, "/admin/gates/:id/publish", can(auth.GatesWrite), smallForm, s.gateButton("Published. The public sees it now.", s.gatePublish)},
		{post, "/admin/gates/:id/unpublish", can(auth.GatesWrite), smallForm, s.gateButton("The public no longer sees it.", s.gateUnpublish)},
		{post, "/admin/gates/:id/archive", can(auth.GatesWrite), smallForm, s.gateButton("Archived.", s.gateArchive)},
		{post, "/admin/gates/:id/restore", can(auth.GatesWrite), smallForm, s.gateButton("It is back, as a draft.", s.gateRestore)},
		{post, "/admin/gates/:id/redraft", can(auth.GatesWrite), smallForm, s.gateButton("The old version is the draft now. The public sees no change until you publish.", s.gateRedraft)},
		{get, "/admin/documents", can(auth.DocumentsRead), noBody, s.documentList},
		{get, "/admin/documents/new", can(auth.DocumentsWrite), noBody, s.documentNew},
		{post, "/admin/documents", can(auth.DocumentsWrite), upload, s.documentCreate},
		{get, "/admin/documents/:id", can(auth.DocumentsRead), noBody, s.documentShow},
		{post, "/admin/documents/:id", can(auth.DocumentsWrite), smallForm, s.documentEdit},
		{post, "/admin/documents/:id/samples", can(auth.DocumentsWrite), smallForm, s.documentSamples},
		{post, "/admin/documents/:id/versions", can(auth.DocumentsWrite), upload, s.documentUpload},
		{get, "/admin/documents/:id/versions/:version/file", can(auth.DocumentsRead), noBody, s.documentVersion(false)},
		{get, "/admin/documents/:id/versions/:version/cover", can(auth.DocumentsRead), noBody, s.documentVersion(true)},
		{post, "/admin/documents/:id/serve", can(auth.DocumentsWrite), smallForm, s.documentButton("Links open this version from now on.", s.documentServe)},
		{post, "/admin/documents/:id/archive", can(auth.DocumentsWrite), smallForm, s.documentButton("Archived.", s.documentArchive)},
		{post, "/admin/documents/:id/restore", can(auth.DocumentsWrite), smallForm, s.documentButton("It is back.", s.documentRestore)},
	}
}

// houseRoutes run the installation: accounts, keys, settings, the audit log.
func (s *Server) houseRoutes() []route {
	return []route{
		{get, "/admin/verify", can(auth.VerifyRead), noBody, s.verifyPage},
		{get, "/admin/users", can(auth.UsersWrite), noBody, s.userList},
		{get, "/admin/users/new", can(auth.UsersWrite), noBody, s.userNew},
		{post, "/admin/users", can(auth.UsersWrite), smallForm, s.userCreate},
		{get, "/admin/users/:id", can(auth.UsersWrite), noBody, s.userShow},
		{post, "/admin/users/:id/role", can(auth.UsersWrite), smallForm, s.userRole},
		{post, "/admin/users/:id/disable", can(auth.UsersWrite), smallForm, s.userDisable(true)},
		{post, "/admin/users/:id/enable", can(auth.UsersWrite), smallForm, s.userDisable(false)},
		{post, "/admin/users/:id/end-sessions", can(auth.UsersWrite), smallForm, s.userEndSessions},
		{post, "/admin/users/:id/password-link", can(auth.UsersWrite), smallForm, s.userPasswordLink},
		{get, "/admin/keys", can(auth.KeysWrite), noBody, s.keyList},
		{get, "/admin/keys/new", can(auth.KeysWrite), noBody, s.keyNew},
		{post, "/admin/keys", can(auth.KeysWrite), smallForm, s.keyCreate},
		{post, "/admin/keys/:id/revoke", can(auth.KeysWrite), smallForm, s.keyRevoke},
		{get, "/admin/settings", can(auth.SettingsWrite), noBody, s.settingsShow},
		{post, "/admin/settings", can(auth.SettingsWrite), smallForm, s.settingsSave},
		{post, "/admin/settings/release-mail", can(auth.SettingsWrite), smallForm, s.settingsReleaseMail},
		{get, "/admin/audit", can(auth.AuditRead), noBody, s.auditList},
		{get, "/admin/audit.csv", can(auth.AuditRead), noBody, s.auditExport},
		{get, "/admin/account", member, noBody, s.accountShow},
		{post, "/admin/account/password", member, smallForm, s.accountPassword},
	}
}
