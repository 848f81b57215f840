package web

// saidRoutes are what readers said and what a document asks.
func (s *Server) saidRoutes() []route {
	return []route{}
}
