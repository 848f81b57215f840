package web

// ruleRoutes are scoring and routing rules.
func (s *Server) ruleRoutes() []route {
	return []route{}
}
