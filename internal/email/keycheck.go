package email

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
)

// CheckKey asks the provider what the key may do (GET /v3/scopes); it sends no mail.
func (s *SendGrid) CheckKey(ctx context.Context) Finding {
	f := Finding{Check: "SendGrid key"}
	req := sendgrid.GetRequest(s.key, "/v3/scopes", s.host)
	req.Method = rest.Get
	resp, _, err := s.call(ctx, req)
	if err != nil {
		f.Level, f.Text = LevelFailed, "SendGrid cannot be reached: "+whyNotSent(err)+"."
		f.Mend = "Check SENDGRID_HOST and that this machine may open connections to it."
		return f
	}
	var body struct {
		Scopes []string `json:"scopes"`
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		f.Level, f.Text = LevelFailed, "SendGrid refuses the key."
		f.Mend = "Create a key with the permission “Mail Send” and set SENDGRID_API_KEY."
	case resp.StatusCode != http.StatusOK || json.Unmarshal([]byte(resp.Body), &body) != nil:
		f.Level, f.Text = LevelWarning, "SendGrid did not say what the key may do: "+sendGridReason(resp)+"."
		f.Mend = "Run the check again; if it stays so, look at status.sendgrid.com."
	case !slices.Contains(body.Scopes, "mail.send"):
		f.Level, f.Text = LevelFailed, "The key may not send mail."
		f.Mend = "Give it the permission “Mail Send”."
	default:
		f.Level, f.Text = LevelOK, "SendGrid accepts the key, and it may send mail."
	}
	return f
}
