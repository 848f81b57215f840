package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// fieldViews draws the questions with what was typed and what is wrong with it.
func fieldViews(def form.Definition, in form.Input, faults []errs.Field) []templates.FieldView {
	out := make([]templates.FieldView, 0, len(def.Fields))
	for _, f := range def.Fields {
		v := templates.FieldView{Name: f.Name, Type: f.Type, Label: f.Label, Help: f.Help, Value: in.Fields[f.Name], Required: f.Required, Half: f.Half,
			MaxLength: form.MaxLengthFor(f), Autocomplete: form.AutocompleteFor(f), InputMode: form.InputModeFor(f), Checked: ticked(in.Fields[f.Name])}
		for _, o := range form.OptionsFor(f) {
			v.Options = append(v.Options, templates.OptionView{Value: o.Value, Label: o.Label, Selected: o.Value == v.Value && v.Value != ""})
		}
		for _, fault := range faults {
			if fault.Field == f.Name && v.Error == "" {
				v.Error, v.Suggestion = fault.Message, fault.Suggestion
			}
		}
		out = append(out, v.WithIDs())
	}
	return out
}

func consentViews(def form.Definition, in form.Input, faults []errs.Field) []templates.ConsentView {
	out := make([]templates.ConsentView, 0, len(def.Consents))
	for _, k := range def.Consents {
		v := templates.ConsentView{Key: k.Key, Text: k.Text, Required: k.Required, Checked: in.Consents[k.Key]}
		for _, fault := range faults {
			if fault.Field == "consent."+k.Key {
				v.Error = fault.Message
			}
		}
		out = append(out, v)
	}
	return out
}

// honeypot is a name per gate that no autofill knows and no list of traps holds.
func honeypot(g *store.PublishedGate) string {
	sum := sha256.Sum256(append([]byte("honeypot"), g.ID[:]...))
	return "note_" + hex.EncodeToString(sum[:3])
}

// pageFor is what every page for prospects carries.
func (s *Server) pageFor(snap *app.Snapshot, title string) templates.Page {
	p := templates.Page{Title: title, Lang: "en-GB", CompanyName: "Gatehouse"}
	if snap != nil {
		p.CompanyName, p.PrivacyURL, p.ImprintURL = snap.Settings.CompanyName, snap.Settings.PrivacyURL, snap.Settings.ImprintURL
	}
	return p
}

// basePage also serves when the database is away: it asks for nothing that is not in memory.
func (s *Server) basePage(c echo.Context, title string) templates.Page {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		snap = nil
	}
	return s.pageFor(snap, title)
}

// formatLine says what one gets: "PDF, 24 pages, 440 KB".
func formatLine(v store.DocumentVersion) string {
	parts := []string{"PDF", fmt.Sprintf("%d pages", v.Pages)}
	if v.Pages == 1 {
		parts[1] = "1 page"
	}
	return strings.Join(append(parts, bytesText(v.Size)), ", ")
}

func bytesText(n int64) string {
	if n < 1_000_000 {
		return strconv.FormatInt((n+500)/1000, 10) + "\u00a0KB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + "\u00a0MB"
}

// The size in which covers and sample pages are shown; the style sheet keeps the real proportion of A4.
const (
	coverWidth  = 900
	coverHeight = 1274
)

// picture is the cover (n = -1) or a sample page of a gate's document.
func (s *Server) picture(g *store.PublishedGate, n int) *templates.Picture {
	key, alt, width, height := g.File.CoverKey, "Cover of "+g.Document.Title, coverWidth, coverHeight
	url := "/g/" + g.Slug + "/cover?v=" + g.File.SHA256[:8]
	if n >= 0 {
		sm := g.File.Samples[n]
		// Other pages may be chosen for the same file: the address goes by the picture.
		sum := sha256.Sum256([]byte(sm.Key))
		key, alt, url = sm.Key, sm.Alt, fmt.Sprintf("/g/%s/sample/%d?v=%x", g.Slug, n, sum[:4])
		if sm.Width > 0 && sm.Height > 0 {
			width, height = sm.Width, sm.Height
		}
	}
	if name, ok := strings.CutPrefix(key, "asset:"); ok {
		if u, err := assets.URL(name); err == nil {
			url = u
		}
	}
	return &templates.Picture{URL: url, Width: width, Height: height, Alt: alt}
}

func (s *Server) openGraph(g *store.PublishedGate) *templates.OpenGraph {
	og := &templates.OpenGraph{Image: s.o.BaseURL + s.picture(g, -1).URL, ImageAlt: "Cover of " + g.Document.Title, ImageW: coverWidth, ImageH: coverHeight,
		Published: g.Published.PublishedAt}
	if strings.HasPrefix(g.File.CoverKey, "asset:whitepapers/8-questions-") {
		if u, err := assets.URL("whitepapers/8-questions-og.png"); err == nil {
			og.Image, og.ImageW, og.ImageH = s.o.BaseURL+u, 1200, 630
		}
	}
	return og
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
