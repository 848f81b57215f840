package web

// pipelineRoutes are the board, deals, plans and activities.
func (s *Server) pipelineRoutes() []route {
	return []route{}
}
