package web

// teamRoutes are teams, working hours, absences, and assignments.
func (s *Server) teamRoutes() []route {
	return []route{}
}
