package web

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed openapi.json
var openAPI []byte

// apiDescription is the OpenAPI 3.1 document.
func (s *Server) apiDescription(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, openAPI)
}

func (s *Server) apiDocs(c echo.Context) error { return s.notFound(c) }
