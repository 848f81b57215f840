package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// The same job without any script: one page after the other, and nothing that was typed is lost.
func TestWithoutScript(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	p := visit(t, b, s)
	p.ScriptsOff()
	p.Expect("status of 422")
	p.Open("/")
	p.Click(`a[href="` + gate + `"]`)
	p.At(gate)

	// The browser itself checks what is empty; a mistyped domain and a wrong number only the server can know.
	answers := good("bob.baker@gmial.com")
	answers["tel"] = "12"
	p.fill(answers)
	p.Click(sendButton)
	p.faulty("email", "tel")
	p.See("Did you mean bob.baker@gmail.com?")
	if a := p.AnswerTo(gate); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("the page with the faults has the status %d", a.Status)
	}
	for name, want := range answers {
		if got := p.Value(`[name=` + name + `]`); got != want {
			t.Errorf("%s was %q and is now %q", name, want, got)
		}
	}

	address := "bob.baker@gmail.com"
	p.fill(map[string]string{"email": address, "tel": "020 7946 0018"})
	p.Click(sendButton)
	p.At(gate + "/thanks")
	p.anonymous(address)
	handedOver := time.Now()
	eventually(t, "the true state on a page that is loaded again", func() error {
		p.Open(p.Path())
		return p.Within(0, `document.getElementById("state").dataset.state === "sent"`)
	})
	p.findsMail(address)
	asPersonWould(t, handedOver)
	p.followsLink()
	p.anonymous(address, "Baker")
	p.downloads()
	p.At("/d/")
	p.untraced()

	if posts := len(p.posts()); posts != 2 {
		t.Errorf("%d posts: one refused and one taken were meant", posts)
	}
	a := s.admin(b)
	a.leadOf(address, "Downloaded “8 Questions", "Opened by the person, 1")
}

// asPersonWould lets the two seconds pass in which whoever follows a fresh mail counts as a machine.
func asPersonWould(t *testing.T, sent time.Time) {
	t.Helper()
	timer := time.NewTimer(time.Until(sent.Add(2100 * time.Millisecond)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
