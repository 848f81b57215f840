package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// verifyPage reconciles at each visit: what it shows is true now.
func (s *Server) verifyPage(c echo.Context) error {
	page, err := s.adminPage(c, "verify", "Verify")
	if err != nil {
		return err
	}
	page.Lead = "Whether everything that was promised has been done, or can say why not."
	page.Action = &templates.PageAction{Label: "Run it again", URL: "/admin/verify"}
	began := time.Now()
	r, err := s.app.Verify(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.VerifyPage{AdminPage: page, At: r.At, Took: fmt.Sprintf("%d\u00a0ms", time.Since(began).Milliseconds()), OK: r.OK(), Total: r.Total,
		Missing: r.Total - len(r.Unexplained)}
	for _, l := range r.Counts {
		line := templates.VerifyLine{What: l.What, Total: l.Total}
		for _, part := range l.Parts {
			line.Parts = append(line.Parts, templates.VerifyPart{Name: part.Name, N: part.N})
			line.Sum += part.N
		}
		p.Lines = append(p.Lines, line)
	}
	for _, i := range r.Unexplained {
		p.Items = append(p.Items, templates.VerifyItem{Kind: i.Kind, ID: i.ID, Sentence: i.Sentence, URL: itemURL(i)})
	}
	return s.page(c, http.StatusOK, "admin/verify", p)
}

// itemURL is the page that shows an unexplained thing; "" where none does.
func itemURL(i app.VerifyItem) string {
	if at := objectURLs[i.Kind]; at != "" {
		return at + i.ID
	}
	if i.Kind == "submission" {
		return "/admin/submissions?q=" + queryEscape(i.ID)
	}
	return ""
}
