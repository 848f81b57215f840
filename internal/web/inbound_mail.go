package web

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// inboundMail takes a mail that came in: checked, stored, answered. A mail that cannot be read is stored as well: sent again
// it would be no better.
func (s *Server) inboundMail(c echo.Context) error {
	r := c.Request()
	_, password, _ := r.BasicAuth()
	proof := email.SignedPost{Password: password, ID: r.Header.Get("Webhook-Id"), Timestamp: r.Header.Get("Webhook-Timestamp"), Signature: r.Header.Get("Webhook-Signature")}
	if proof.Signature == "" { // before a byte of the body is read
		if err := s.o.InboundKey.Verify(proof, nil, s.app.Store().Now()); err != nil {
			return err
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if proof.Signature != "" {
		if err := s.o.InboundKey.Verify(proof, body, s.app.Store().Now()); err != nil {
			return err
		}
	}
	in, err := email.ParseInbound(r.Header.Get("Content-Type"), body)
	if err != nil && (len(in.Raw) == 0 || !errs.Is(err, errs.Malformed)) {
		return err
	}
	if err := s.app.KeepInbound(r.Context(), in, err == nil); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
