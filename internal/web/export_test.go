package web

import "github.com/gatehouse/gatehouse/internal/auth"

// RouteLine is one line of the route table, for tests that walk it.
type RouteLine struct {
	Method, Path, Kind string
	Permission         auth.Permission
}

// RouteTable is the whole surface.
func (s *Server) RouteTable() (out []RouteLine) {
	for _, r := range s.routes() {
		out = append(out, RouteLine{r.method, r.path, r.who.kind, r.who.permission})
	}
	return out
}
