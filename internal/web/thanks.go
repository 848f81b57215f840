package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// thanksPage tells the truth about the mail to whoever holds the receipt.
func (s *Server) thanksPage(c echo.Context) error {
	return s.showThanks(c, c.QueryParam("r"), http.StatusOK, func(p *templates.ThanksPage) {
		if p.Said != nil {
			said(c, p.Said)
		}
		if c.QueryParam("again") == "1" && p.State != templates.ThanksHeld {
			p.Notice = "We are sending it once more."
		}
	})
}

func (s *Server) showThanks(c echo.Context, receipt string, status int, change func(*templates.ThanksPage)) error {
	st, err := s.app.SubmissionStatus(c.Request().Context(), c.Param("slug"), receipt)
	if err != nil {
		return err
	}
	slug := st.Gate.Slug
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	def := st.Gate.Published.Definition
	p := templates.ThanksPage{Page: s.pageFor(snap, "Thank you"), DocumentTitle: st.Gate.Document.Title, State: templates.ThanksState(st.State),
		MaskedAddress: st.Masked, SenderName: s.app.SenderName(snap), SenderAddress: s.app.SenderAddress(), HeldUntil: st.HeldUntil.In(snap.Settings.Zone()),
		CanCorrect: st.CanCorrect, StateURL: "/g/" + slug + "/thanks?r=" + receipt, Hidden: []templates.KV{{Key: "r", Value: receipt}}, BackURL: "/g/" + slug}
	p.Lang, p.NoIndex = def.Language, true
	if st.State != "quarantined" && st.State != "cancelled" && st.State != "came-back" && st.State != "stopped" {
		p.Heading, p.Text = def.ThanksTitle, def.ThanksText
	}
	if st.CanCorrect {
		p.CorrectAction = "/g/" + slug + "/thanks/correct"
	}
	if st.CanResend {
		p.ResendAction = "/g/" + slug + "/thanks/resend"
	}
	if st.Gate.File.CoverKey != "" {
		p.Cover = s.picture(&st.Gate, -1)
	}
	for i := range snap.Gates {
		if g := &snap.Gates[i]; g.ID != st.Gate.ID && len(p.Meanwhile) < 3 {
			p.Meanwhile = append(p.Meanwhile, templates.Link{Label: g.Published.Definition.Title, URL: "/g/" + g.Slug, Summary: g.Published.Definition.Summary})
		}
	}
	if p.Said, err = s.saidView(c, app.Door{Page: app.DoorThanks, Slug: slug, Token: receipt}, snap); err != nil {
		return err
	}
	if change != nil {
		change(&p)
	}
	return s.page(c, status, "public/thanks", p)
}

// thanksCorrect sends the document to another address instead.
func (s *Server) thanksCorrect(c echo.Context) error {
	if err := s.ownForm(c); err != nil {
		return err
	}
	receipt, address := posted(c, "r"), posted(c, "email")
	base := app.Submit{IP: clientIP(c), UserAgent: c.Request().UserAgent(), Language: c.Request().Header.Get("Accept-Language")}
	res, err := s.app.CorrectAddress(c.Request().Context(), c.Param("slug"), receipt, address, posted(c, "email_as_typed"), base)
	if errs.Is(err, errs.Invalid) {
		return s.showThanks(c, receipt, http.StatusUnprocessableEntity, func(p *templates.ThanksPage) {
			p.CorrectValue = address
			for _, f := range errs.Public(err).Fields {
				p.CorrectError = f.Message
				if f.Suggestion != "" {
					p.CorrectHint = f.Suggestion
					p.Hidden = append(p.Hidden, templates.KV{Key: "email_as_typed", Value: address})
				}
			}
		})
	}
	if err != nil {
		return err
	}
	if err := s.app.CarrySaid(c.Request().Context(), receipt, res.SubmissionID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/g/"+res.Slug+"/thanks?r="+res.Receipt)
}

// thanksResend sends the document again to the same address, when the limits on mail allow it.
func (s *Server) thanksResend(c echo.Context) error {
	if err := s.ownForm(c); err != nil {
		return err
	}
	receipt := posted(c, "r")
	if _, err := s.app.ResendRequested(c.Request().Context(), c.Param("slug"), receipt); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/g/"+c.Param("slug")+"/thanks?r="+receipt+"&again=1")
}
