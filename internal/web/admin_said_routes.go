package web

import "github.com/gatehouse/gatehouse/internal/auth"

// saidRoutes are what readers said and what a document asks.
func (s *Server) saidRoutes() []route {
	return []route{
		{post, "/admin/leads/:id/answered", can(auth.LeadsWrite), smallForm, s.leadAnswered},
		{post, "/admin/documents/:id/questions", can(auth.DocumentsWrite), smallForm, s.documentQuestions},
	}
}
