package web_test

import (
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Whoever may see a lead sees its mail; what could not be matched is for those who see every lead; an erased person's mail
// names nobody.
func TestMailThatCameIn(t *testing.T) {
	s := newSite(t)
	rep, other, admin := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Admin)
	has(t, "empty", unbroken(admin.page("/admin/inbound")), "No mail came in")
	l := rep.byHand("ann@archer.example", "Archer & Sons")
	db := s.Store.DB(t.Context())
	for _, m := range []store.InboundMail{{Sender: "ann@archer.example", LeadID: &l.ID, Outcome: "reply"}, {Sender: "eve@stranger.example", Outcome: "no-lead"}} {
		m.ID, m.ReceivedAt, m.Raw = store.NewID(), s.Clock.Now(), []byte("Subject: x")
		m.MessageID = m.ID.String()
		if err := db.Create(&m).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Exec("update sales_settings set visibility = 'own'").Error; err != nil {
		t.Fatal(err)
	}
	has(t, "admin", unbroken(admin.page("/admin/inbound")), "ann@archer.example", "Ann Archer", "they wrote", "eve@stranger.example", "To no lead’s address")
	has(t, "one outcome", unbroken(admin.page("/admin/inbound?outcome=no-lead")), "eve@stranger.example", "!ann@archer.example")
	has(t, "one lead", unbroken(admin.page("/admin/inbound?lead="+l.ID.String())), "ann@archer.example", "!eve@stranger.example")
	has(t, "the owner", unbroken(rep.page("/admin/inbound")), "ann@archer.example", "!eve@stranger.example")
	has(t, "a colleague", unbroken(other.page("/admin/inbound")), "!ann@archer.example", "!eve@stranger.example", "No mail came in")
	if _, err := s.App.EraseLead(t.Context(), l.ID, admin.actor()); err != nil {
		t.Fatal(err)
	}
	has(t, "erased", unbroken(admin.page("/admin/inbound")), "!ann@archer.example", "Erased person", "Nobody named")
}

// unbroken is a page without the places where a long word may be broken.
func unbroken(page string) string { return strings.ReplaceAll(page, "<wbr>", "") }
