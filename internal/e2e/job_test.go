package e2e

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// The main job from the first look to the file, and what staff see of it, on both grounds.
func TestWholeJob(t *testing.T) {
	for name, ground := range grounds {
		t.Run(name, func(t *testing.T) {
			s, b := open(t, ground(t)), browser.Start(t)
			p := visit(t, b, s)
			asksWithFaults(p)
			getsTheDocument(p, "ann.archer@gmail.com")
			p.untraced()
			a := s.admin(b)
			a.signsInAgain()
			a.leadOf("ann.archer@gmail.com", "Ann Archer", "Archer & Sons", "+442079460018", "United Kingdom")
			a.leadOf("ann.archer@gmail.com", "Downloaded “8 Questions", "Opened by the person, 2")
			setupIsSpent(t, b, s)
			if n := s.reconciled().total(t, "submissions"); n != 1 {
				t.Errorf("%d submissions", n)
			}
		})
	}
}

// asksWithFaults fills in the form, first with faults, and sends it without leaving the page.
func asksWithFaults(p *prospect) {
	p.t.Helper()
	p.Open("/")
	p.Click(`a[href="` + gate + `"]`)
	p.At(gate)
	p.opens(gate)
	p.Expect("status of 422")
	browser.Eval[bool](p.Page, `window.stayed = true`)
	if browser.Eval[bool](p.Page, `[...document.querySelectorAll("input[type=checkbox]")].some(e => e.checked)`) {
		p.t.Error("a box is ticked before anybody came")
	}

	p.fill(map[string]string{"family_name": "Archer", "email": "ann.archer@gmial.com", "country": "GB", "tel": "12"})
	p.Click(sendButton)
	p.faulty("email", "given_name", "company", "tel") // all at once: those the script knows and those only the server does
	if n := len(p.posts()); n != 1 {
		p.t.Errorf("%d posts", n)
	}

	p.See("Did you mean ann.archer@gmail.com?")
	for name, want := range map[string]string{"email": "ann.archer@gmial.com", "family_name": "Archer", "tel": "12", "country": "GB"} {
		if got := p.Value(`[name=` + name + `]`); got != want {
			p.t.Errorf("%s is now %q", name, got)
		}
	}
	if !browser.Eval[bool](p.Page, `window.stayed === true`) {
		p.t.Error("the faults came on another page")
	}

	p.Click(`[data-use]`)
	p.fill(map[string]string{"given_name": "Ann", "company": "Archer & Sons", "tel": "020 7946 0018"})
	p.Click(sendButton)
	p.At(gate + "/thanks")
}

// getsTheDocument follows the thank-you page, the mail and the personal page to the file.
func getsTheDocument(p *prospect, address string) {
	p.t.Helper()
	p.Until(`["on-its-way", "sent"].includes(document.getElementById("state").dataset.state)`)
	p.anonymous(address)
	browser.Eval[bool](p.Page, `window.stayed = true`)
	p.Until(`document.getElementById("state").dataset.state === "sent" && document.getElementById("state").innerText.includes("has left our house")`)
	p.findsMail(address)
	p.followsLink()
	p.anonymous(address, "Ann Archer", "Archer")
	p.downloads()
	p.At("/d/")
	p.reads()
}

// setupIsSpent: the printed link works once.
func setupIsSpent(t *testing.T, b *browser.Browser, s *site) {
	t.Helper()
	p := visit(t, b, s)
	p.Expect("status of 404")
	p.Open(s.setupURL())
	p.See("This link has been used")
	if browser.Eval[bool](p.Page, `!!document.querySelector("[name=password]")`) {
		t.Error("the setup link still makes an account")
	}
}
