package web

// adminRoutes are the pages for staff, each with its permission in the line.
func (s *Server) adminRoutes() []route {
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
