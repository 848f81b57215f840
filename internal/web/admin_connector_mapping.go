package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// mappingSpare is how many empty lines wait at the end.
const mappingSpare = 3

func (s *Server) mappingShow(c echo.Context) error {
	return s.showMapping(c, http.StatusOK, nil, nil, nil)
}

// showMapping draws the editor; lines, when not nil, are those that were typed.
func (s *Server) showMapping(c echo.Context, status int, lines []crm.Line, dry *templates.Answered, wrong error) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d, err := s.app.ConnectorDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	p := templates.MappingPage{PostURL: connectorsPath + "/" + id.String() + "/mapping", Hidden: versionOf(d.Version), Dry: dry, ReadOnly: !s.may(c, auth.ConnectorsWrite) || len(d.About.Values) == 0}
	if p.AdminPage, err = s.adminPage(c, "connectors", "Mapping", templates.Link{Label: "Connectors", URL: connectorsPath}, templates.Link{Label: d.Name, URL: connectorsPath + "/" + id.String()}); err != nil {
		return err
	}
	p.Wide = true
	if status != http.StatusOK {
		p.Hidden = []templates.KV{{Key: "version", Value: posted(c, "version")}}
	}
	if len(d.About.Values) == 0 {
		p.Title = "Dry run"
	}
	if wrong != nil {
		e := errs.Public(wrong)
		p.Error = e.Message
		for _, f := range e.Fields {
			p.Error += " " + f.Message
		}
	}
	if lines == nil {
		lines = d.Mapping
	}
	if len(d.About.Values) > 0 {
		for i := range len(lines) + mappingSpare {
			l := crm.Line{Object: crm.Person, Policy: crm.Fill}
			if i < len(lines) {
				l = lines[i]
			}
			p.Rows = append(p.Rows, mappingRow(i+1, l, d.About.Values))
		}
	}
	if s.may(c, auth.ConnectorsWrite) {
		try := templates.FieldView{Name: "lead", Type: "text", Label: "Try it with a lead", Help: "An address, or the id of the lead’s page. It reads there and writes nothing.", Value: posted(c, "lead"), Autocomplete: "off", Required: true}.WithIDs()
		p.Try = &try
	}
	return s.page(c, status, "admin/connector_mapping", p)
}

func mappingRow(i int, l crm.Line, values []crm.ValueName) templates.MappingRow {
	r := templates.MappingRow{Index: i, Property: l.Property, Objects: choices(l.Object, crm.Person, "Person", crm.Company, "Company", crm.Lead, "Lead", crm.Deal, "Deal"),
		Policies: choices(string(l.Policy), string(crm.Fill), "Fill empty", string(crm.Overwrite), "Overwrite", string(crm.Never), "Never")}
	value := l.Value
	if text, ok := strings.CutPrefix(l.Value, "="); ok {
		value, r.Fixed = "", text
	}
	pairs := []string{"", "(a text)"}
	for _, v := range values {
		pairs = append(pairs, v.Name, v.Label)
	}
	r.Values = choices(value, pairs...)
	return r
}

// mappingTyped reads the lines; one without a property is dropped.
func mappingTyped(c echo.Context) (out []crm.Line) {
	out = []crm.Line{}
	for i := 1; i <= 100; i++ {
		object := posted(c, fmt.Sprintf("object%d", i))
		if object == "" {
			break
		}
		l := crm.Line{Object: object, Value: posted(c, fmt.Sprintf("value%d", i)), Property: posted(c, fmt.Sprintf("property%d", i)), Policy: crm.Policy(posted(c, fmt.Sprintf("policy%d", i)))}
		if fixed := posted(c, fmt.Sprintf("fixed%d", i)); fixed != "" && l.Value == "" {
			l.Value = "=" + fixed
		}
		if l.Property != "" {
			out = append(out, l)
		}
	}
	return out
}

// mappingPost saves the mapping, or shows what it would send of a lead.
func (s *Server) mappingPost(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	lines := mappingTyped(c)
	if posted(c, "do") == "try" {
		return s.mappingTry(c, id, lines)
	}
	err = s.app.EditMapping(c.Request().Context(), id, read, lines, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showMapping(c, status, lines, nil, err)
	}
	return s.after(c, err, "The mapping is saved.", connectorsPath+"/"+id.String()+"/mapping")
}

func (s *Server) mappingTry(c echo.Context, id uuid.UUID, lines []crm.Line) error {
	l, err := s.leadNamed(c, posted(c, "lead"))
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.Invalid, "There is no lead with this address or id.")
	}
	if err == nil {
		err = crm.CheckMapping(lines)
	}
	if err != nil {
		if formStatus(err) == 0 {
			return err
		}
		return s.showMapping(c, http.StatusUnprocessableEntity, lines, nil, err)
	}
	out, err := s.app.DryRun(c.Request().Context(), id, l.ID, lines)
	if err != nil {
		if formStatus(err) == 0 {
			return err
		}
		return s.showMapping(c, http.StatusUnprocessableEntity, lines, nil, err)
	}
	a := answered(out)
	if out.Class == crm.Done {
		a.Tag, a.Text = templates.Tag{Label: "Nothing was written", Tone: "good"}, "These requests would be sent, in this order."
		written := false
		for _, x := range a.Exchanges {
			written = written || x.Dry
		}
		if !written {
			a.Text = "There is nothing to write: it holds all of this already."
		}
	}
	return s.showMapping(c, http.StatusOK, lines, a, nil)
}

// leadNamed finds a lead by the address of its page, by its id, or by an e-mail address in any spelling.
func (s *Server) leadNamed(c echo.Context, text string) (l store.Lead, err error) {
	ctx := c.Request().Context()
	text = strings.TrimSpace(text)
	page, _, _ := strings.Cut(text, "#")
	page, _, _ = strings.Cut(page, "?")
	if id, bad := uuid.Parse(page[strings.LastIndex(page, "/")+1:]); bad == nil {
		return s.app.Store().Lead(ctx, id)
	}
	a, bad := lead.ParseAddress(text)
	if bad != nil {
		return l, errs.New(errs.NotFound, "There is no lead with this address or id.")
	}
	l, _, err = s.app.Store().LeadByAddress(ctx, a.Normal)
	return l, err
}

// prettyJSON breaks JSON into lines; other texts stay as they are.
func prettyJSON(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}
