package web

// reportRoutes are the reports.
func (s *Server) reportRoutes() []route {
	return []route{}
}
