package web

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// sendgridEvents takes what SendGrid tells: checked byte for byte, stored, answered.
func (s *Server) sendgridEvents(c echo.Context) error {
	if s.o.WebhookKey == nil {
		return errs.New(errs.Unavailable, "No public key is configured for the event webhook.")
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	h := c.Request().Header
	err = email.VerifySignature(s.o.WebhookKey, h.Get("X-Twilio-Email-Event-Webhook-Timestamp"), h.Get("X-Twilio-Email-Event-Webhook-Signature"),
		body, s.app.Store().Now())
	if err != nil {
		return err
	}
	if err := s.app.KeepEvents(c.Request().Context(), "sendgrid", body); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
