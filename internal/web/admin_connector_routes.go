package web

import "github.com/gatehouse/gatehouse/internal/auth"

// connectorRoutes are connectors and their pushes.
func (s *Server) connectorRoutes() []route {
	return []route{
		{get, "/admin/connectors", can(auth.ConnectorsRead), noBody, s.connectorList},
		{get, "/admin/connectors/new", can(auth.ConnectorsWrite), noBody, s.connectorNew},
		{post, "/admin/connectors", can(auth.ConnectorsWrite), bigForm, s.connectorCreate},
		{get, "/admin/connectors/:id", can(auth.ConnectorsRead), noBody, s.connectorShow},
		{post, "/admin/connectors/:id", can(auth.ConnectorsWrite), bigForm, s.connectorEdit},
		{post, "/admin/connectors/:id/state", can(auth.ConnectorsWrite), smallForm, s.connectorState},
		{post, "/admin/connectors/:id/test", can(auth.ConnectorsWrite), smallForm, s.connectorTest},
		{post, "/admin/connectors/:id/replay", can(auth.ConnectorsWrite), smallForm, s.connectorReplay},
		{get, "/admin/connectors/:id/mapping", can(auth.ConnectorsRead), noBody, s.mappingShow},
		{post, "/admin/connectors/:id/mapping", can(auth.ConnectorsWrite), bigForm, s.mappingPost},
		{get, "/admin/pushes", can(auth.ConnectorsRead), noBody, s.pushList},
		{get, "/admin/pushes/:id", can(auth.ConnectorsRead), noBody, s.pushShow},
		{post, "/admin/pushes/:id/retry", can(auth.ConnectorsWrite), smallForm, s.pushRetry},
		{post, "/admin/pushes/:id/hold", can(auth.ConnectorsWrite), smallForm, s.pushHold},
	}
}
