package web

// connectorRoutes are connectors and their pushes.
func (s *Server) connectorRoutes() []route {
	return []route{}
}
