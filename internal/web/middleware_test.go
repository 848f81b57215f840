package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Who sends a little too much is listened to, so that the answer arrives; who sends without end isn't.
func TestTooMuchIsReadBeforeItIsRefused(t *testing.T) {
	const limit = 1000
	for _, c := range []struct {
		name            string
		body, left      int
		expect          string
		refused, called bool
	}{
		{name: "as much as we take", body: limit, left: limit, called: true},
		{name: "a little more", body: limit + 1, refused: true},
		{name: "three times as much", body: 3 * limit, left: limit, refused: true},
		{name: "asks first", body: limit + 1, left: limit + 1, expect: "100-continue", refused: true},
	} {
		body := strings.NewReader(strings.Repeat("x", c.body))
		r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(body))
		r.ContentLength = int64(c.body)
		if c.expect != "" {
			r.Header.Set("Expect", c.expect)
		}
		called := false
		err := limitBody(limit)(func(echo.Context) error { called = true; return nil })(echo.New().NewContext(r, httptest.NewRecorder()))
		if errs.Is(err, errs.TooLarge) != c.refused || called != c.called || body.Len() != c.left {
			t.Errorf("%s: %v, called %v, %d of %d bytes left unread, want %d", c.name, err, called, body.Len(), c.body, c.left)
		}
	}
}
