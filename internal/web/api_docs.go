package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

//go:embed openapi.json
var openAPI []byte

// apiDescription is the OpenAPI 3.1 document.
func (s *Server) apiDescription(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, openAPI)
}

// apiDocs draws the document as a page.
func (s *Server) apiDocs(c echo.Context) error {
	d, err := description()
	if err != nil {
		return errs.Wrap(err, errs.Internal, "The description of the API cannot be shown.")
	}
	p := templates.APIPage{Page: s.basePage(c, ""), Version: d.Info.Version, Intro: strings.Split(d.Info.Description, "\n\n"),
		DocumentURL: "/api/v1/openapi.json", Problems: d.Problems}
	p.Title, p.Description, p.CanonicalURL = d.Info.Title, d.Info.Summary, s.o.BaseURL+"/api/docs"
	for _, t := range d.Tags {
		g := templates.APIGroup{ID: strings.ToLower(t.Name), Name: t.Name, Text: t.Description}
		for _, path := range d.Paths {
			g.Operations = append(g.Operations, d.operations(s.o.BaseURL, path, t.Name)...)
		}
		p.Groups = append(p.Groups, g)
	}
	return s.page(c, http.StatusOK, "public/api_docs", p)
}

// description is the document, read once.
var description = sync.OnceValues(func() (*apiDocument, error) {
	var d apiDocument
	return &d, json.Unmarshal(openAPI, &d)
})

// apiDocument is as much of OpenAPI as our own document uses.
type apiDocument struct {
	Info struct{ Title, Version, Summary, Description string }
	Tags []struct{ Name, Description string }

	Paths      inOrder[inOrder[json.RawMessage]]
	Components struct {
		Parameters map[string]apiParameter
		Responses  map[string]apiResponse
		Schemas    map[string]*apiSchema
	}
	Problems []templates.APIProblem `json:"x-problems"`
}

type apiOperation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Scope                             string `json:"x-scope"`
	Parameters                        []apiParameter
	RequestBody                       *apiResponse
	Responses                         inOrder[apiResponse]
}

type apiParameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *apiSchema
	Example               any
}

type apiResponse struct {
	Ref         string `json:"$ref"`
	Description string
	Headers     inOrder[apiParameter]
	Content     map[string]struct {
		Schema  *apiSchema
		Example json.RawMessage
	}
}

type apiSchema struct {
	Ref         string `json:"$ref"`
	Type        any
	Format      string
	Description string
	Enum        []any
	Required    []string
	Properties  inOrder[*apiSchema]
	Items       *apiSchema
	OneOf       []*apiSchema
}

// inOrder is a JSON object whose members stay in the order in which they were written.
type inOrder[T any] []named[T]

type named[T any] struct {
	Name  string
	Value T
}

// UnmarshalJSON reads the members one by one.
func (o *inOrder[T]) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		m := named[T]{}
		m.Name, _ = name.(string)
		if err := dec.Decode(&m.Value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	return nil
}
