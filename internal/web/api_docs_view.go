package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/gatehouse/gatehouse/templates"
)

// operations are those of a path that carry the tag. A browser's preflight is not for people to call.
func (d *apiDocument) operations(base string, p named[inOrder[json.RawMessage]], tag string) (out []templates.APIOperation) {
	var shared []apiParameter
	for _, m := range p.Value {
		if m.Name == "parameters" {
			_ = json.Unmarshal(m.Value, &shared)
		}
	}
	for _, m := range p.Value {
		var op apiOperation
		if m.Name == "parameters" || m.Name == "options" || json.Unmarshal(m.Value, &op) != nil || !slices.Contains(op.Tags, tag) {
			continue
		}
		params := make([]apiParameter, 0, len(shared)+len(op.Parameters))
		for _, x := range append(slices.Clone(shared), op.Parameters...) {
			if x.Ref != "" {
				x = d.Components.Parameters[path.Base(x.Ref)]
			}
			params = append(params, x)
		}
		v := templates.APIOperation{ID: op.OperationID, Method: strings.ToUpper(m.Name), Path: p.Name, Summary: op.Summary, Text: op.Description, Scope: op.Scope}
		for _, x := range params {
			v.Params = append(v.Params, d.member(x.Name, x.In, x.Description, x.Required, x.Schema))
		}
		if op.RequestBody != nil {
			v.Body = d.members("", op.RequestBody.Content["application/json"].Schema, 0)
		}
		for _, r := range op.Responses {
			v.Answers = append(v.Answers, d.answer(r))
		}
		v.Curl = curl(base, v, params, op.RequestBody)
		out = append(out, v)
	}
	return out
}

func (d *apiDocument) answer(r named[apiResponse]) templates.APIAnswer {
	res := r.Value
	if res.Ref != "" {
		res = d.Components.Responses[path.Base(res.Ref)]
	}
	v := templates.APIAnswer{Status: r.Name, Text: res.Description}
	for _, h := range res.Headers {
		v.Headers = append(v.Headers, d.member(h.Name, "header", h.Value.Description, h.Value.Required, h.Value.Schema))
	}
	if problem, ok := res.Content["application/problem+json"]; ok {
		var p Problem
		_ = json.Unmarshal(problem.Example, &p)
		_, v.Problem, _ = strings.Cut(p.Type, "#")
		return v
	}
	content := res.Content["application/json"]
	v.Members = d.members("", content.Schema, 0)
	if len(content.Example) > 0 {
		var b bytes.Buffer
		_ = json.Indent(&b, content.Example, "", "  ")
		v.Example = b.String()
	}
	return v
}

func (d *apiDocument) resolve(s *apiSchema) *apiSchema {
	if s != nil && s.Ref != "" {
		return d.Components.Schemas[path.Base(s.Ref)]
	}
	if s == nil {
		return &apiSchema{}
	}
	return s
}

// members lists what is in an object; an object inside it, or inside its list, follows with its name before a dot.
func (d *apiDocument) members(prefix string, s *apiSchema, depth int) (out []templates.APIMember) {
	s = d.resolve(s)
	for _, p := range s.Properties {
		name := prefix + p.Name
		inner := d.resolve(p.Value)
		text := p.Value.Description
		if text == "" {
			text = inner.Description
		}
		out = append(out, d.member(name, "", text, slices.Contains(s.Required, p.Name), p.Value))
		for _, x := range inner.OneOf {
			inner = d.resolve(x)
			break
		}
		if inner.Items != nil {
			inner, name = d.resolve(inner.Items), name+"[]"
		}
		if depth < 2 {
			out = append(out, d.members(name+".", inner, depth+1)...)
		}
	}
	return out
}

func (d *apiDocument) member(name, place, text string, required bool, s *apiSchema) templates.APIMember {
	r := d.resolve(s)
	m := templates.APIMember{Name: name, Place: place, Text: text, Required: required, Type: d.typeName(r)}
	for _, e := range r.Enum {
		m.Options = append(m.Options, fmt.Sprint(e))
	}
	m.Options = slices.DeleteFunc(m.Options, func(o string) bool { return o == "" })
	return m
}

func (d *apiDocument) typeName(s *apiSchema) string {
	var names []string
	switch t := s.Type.(type) {
	case string:
		names = []string{t}
	case []any:
		for _, x := range t {
			names = append(names, fmt.Sprint(x))
		}
	}
	for _, x := range s.OneOf {
		names = append(names, d.typeName(d.resolve(x)))
	}
	if s.Format != "" {
		names[0] = s.Format
	}
	if s.Items != nil {
		names[0] = "list of " + d.typeName(d.resolve(s.Items))
	}
	return strings.Join(names, " or ")
}

// curl is the call as one would type it, from the examples of the document.
func curl(base string, op templates.APIOperation, params []apiParameter, body *apiResponse) string {
	target, query := base+op.Path, url.Values{}
	var lines []string
	for _, p := range params {
		switch {
		case p.Example == nil:
		case p.In == "path":
			target = strings.ReplaceAll(target, "{"+p.Name+"}", url.PathEscape(fmt.Sprint(p.Example)))
		case p.In == "query":
			query.Set(p.Name, fmt.Sprint(p.Example))
		case p.In == "header":
			lines = append(lines, fmt.Sprintf("-H '%s: %v'", p.Name, p.Example))
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	if op.Scope != "" {
		lines = append(lines, "-H \"Authorization: Bearer $GATEHOUSE_KEY\"")
	}
	if body != nil {
		var b bytes.Buffer
		_ = json.Indent(&b, body.Content["application/json"].Example, "  ", "  ")
		lines = append(lines, "-H 'Content-Type: application/json'", "-d '"+b.String()+"'")
	}
	method := ""
	if op.Method != http.MethodGet && body == nil {
		method = " -X " + op.Method
	}
	return strings.Join(append([]string{"curl" + method + " '" + target + "'"}, lines...), " \\\n  ")
}
