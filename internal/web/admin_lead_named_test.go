package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
)

// A lead by hand reads like any other: no code stands for a word, and its address is found in each of its spellings.
func TestALeadByHandReadsLikeAnyOther(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Admin)
	add := func(email, company string) (path string) {
		res := b.post("/admin/leads/new", url.Values{"email": {email}, "given_name": {"Ann"}, "company": {company}, "kind": {"fair"}, "basis": {"consent"}, "covers-mail": {"yes"}, "to": {"me"}})
		if res.Code != http.StatusSeeOther {
			t.Fatalf("add %s: %d", email, res.Code)
		}
		path, _, _ = strings.Cut(res.Header().Get("Location"), "#")
		return path
	}
	there, here := add("fair@öko-müller.example", "Müller"), add("private@example.org", "")
	id := strings.TrimPrefix(there, "/admin/leads/")
	page := b.page(there)
	has(t, "the page", page, "Entered by hand", "!lead.add", "!>company<")
	for _, with := range []string{"Fair@Öko-Müller.example", "fair@xn--ko-mller-m4a8d.example", id, "http://127.0.0.1:8080" + there + "#work"} {
		has(t, with, b.page(here+"/merge?with="+url.QueryEscape(with)), "What comes over")
	}
	has(t, "nobody", b.page(here+"/merge?with="+url.QueryEscape("who?")), "There is no lead with this address or id")
	if res := b.post(here+"/merge", url.Values{"from": {id}}); res.Code != http.StatusSeeOther {
		t.Fatalf("merge: %d", res.Code)
	}
	has(t, "after the merge", b.page(here), "Merged with", "!lead.merge")
}
