package e2e

import (
	"errors"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

const (
	adminAddress  = "head@gatehouse.example"
	adminPassword = "four plain words in a row"
)

// staff is somebody who is logged in.
type staff struct {
	*browser.Page
	t *testing.T
}

// admin follows the link that the program printed and becomes the first admin.
func (s *site) admin(b *browser.Browser) *staff {
	s.t.Helper()
	a := &staff{Page: b.NewPage(s.t, s.URL()), t: s.t}
	a.Open(s.setupURL())
	a.Type(`[name=name]`, "Helen Head")
	a.Type(`[name=email]`, adminAddress)
	a.Type(`[name=password]`, adminPassword)
	a.Click(`main button[type=submit]`)
	a.Until(`location.pathname === "/admin" && document.readyState === "complete"`)
	return a
}

// leadOf opens a lead from the list by its address and waits until its page shows all the texts.
func (a *staff) leadOf(address string, texts ...string) {
	a.t.Helper()
	eventually(a.t, "the lead "+address, func() error {
		a.Open("/admin/leads")
		return a.Within(0, rowOf(address))
	})
	browser.Eval[bool](a.Page, rowOf(address)+`.querySelector("a").click(), true`)
	a.At("/admin/leads/")
	page := a.Path()
	for _, text := range texts {
		eventually(a.t, "the lead's page with "+text, func() error {
			if browser.Eval[bool](a.Page, `document.body.textContent.toLowerCase().includes(`+browser.Quote(text)+`.toLowerCase())`) {
				return nil
			}
			a.Open(page)
			return errors.New("it says " + browser.Eval[string](a.Page, `document.querySelector("main").innerText`))
		})
	}
}

func rowOf(text string) string {
	// what is shown may hold soft breaks
	return `[...document.querySelectorAll("tbody tr")].find(r => r.textContent.replace(/[\u200b\u00ad]/g, "").includes(` + browser.Quote(text) + `))`
}

// signsInAgain logs out, fails once with a wrong password, and logs in.
func (a *staff) signsInAgain() {
	a.t.Helper()
	a.Expect("status of 401")
	browser.Eval[bool](a.Page, `document.querySelector('form[action="/admin/logout"]').requestSubmit(), true`)
	a.At("/admin/login")
	a.Open("/admin/leads")
	a.At("/admin/login")
	a.Type(`[name=email]`, adminAddress)
	a.Type(`[name=password]`, "four other words in a row")
	a.Click(`main button[type=submit]`)
	a.Until(`document.querySelector("#login-error")`)
	a.Type(`[name=password]`, adminPassword)
	a.Click(`main button[type=submit]`)
	a.At("/admin/leads")
}
