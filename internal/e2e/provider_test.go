package e2e

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// The job with the real provider's protocol: requests hold against its published description, its signed events change
// what the prospect and the staff read, and a mail that comes back can be mended on the thank-you page.
func TestProvider(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{APIKey: "SG.end-to-end"})
	s, b := open(t, provider(t, double)), browser.Start(t)
	double.SetWebhook(s.URL()+"/webhooks/sendgrid", sendgridtest.Plan{Never: true})
	p := visit(t, b, s)
	p.opens(gate)
	p.fill(good("flora.field@example.org"))
	p.Click(sendButton)
	p.At(gate + "/thanks")
	p.Until(`document.getElementById("state").dataset.state === "sent"`)

	mail := double.All()[0]
	if status, err := double.Emit(t.Context(), sendgridtest.Event(mail, "bounce", mail.At)); err != nil || status != 200 {
		t.Fatalf("the event is answered %d, %v", status, err)
	}
	p.Until(`document.getElementById("state").dataset.state === "came-back"`)
	p.See("The mail came back")
	p.anonymous("flora.field@example.org")
	p.Type(`.mend [name=email]`, "flora.fields@example.org")
	double.SetWebhook(s.URL()+"/webhooks/sendgrid", sendgridtest.Plan{Copies: 3, Shuffle: true})
	p.Click(`form[action$="/correct"] button`)
	p.Until(`document.getElementById("state")?.dataset.state === "delivered"`)
	p.See("It is in your inbox")

	if err := double.WaitForPosts(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	all := double.All()
	if len(all) != 2 || all[1].To != "flora.fields@example.org" || !all[1].Bypass || all[1].Kind != "requested" {
		t.Errorf("the provider took %+v", all)
	}
	for _, post := range double.Posts() {
		if post.Status != 200 {
			t.Errorf("events were answered %d", post.Status)
		}
	}
	a := s.admin(b)
	a.leadOf("flora.fields@example.org", "Delivered")
	p.untraced()
}

func provider(t *testing.T, double *sendgridtest.Server) proc.Options {
	t.Helper()
	return with(database(t), map[string]string{"GATEHOUSE_MAIL": "sendgrid", "SENDGRID_API_KEY": "SG.end-to-end", "SENDGRID_HOST": double.URL,
		"SENDGRID_WEBHOOK_PUBLIC_KEY": double.PublicKey(), "GATEHOUSE_MAIL_FROM": "Gatehouse <papers@gatehouse.example>"})
}
