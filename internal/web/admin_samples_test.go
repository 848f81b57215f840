package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Staff choose which pages everybody may see; the landing page shows just those, under an address of their own.
func TestSamplePages(t *testing.T) {
	w := newWorld(t)
	own := "/admin/documents/" + w.document.ID.String() + "/samples"
	pages := func() (out []int) {
		w.refresh()
		var v store.DocumentVersion
		if err := w.Store.DB(t.Context()).Where("id = ?", w.document.CurrentVersionID).Take(&v).Error; err != nil {
			t.Fatal(err)
		}
		for _, s := range v.Samples {
			out = append(out, s.Page)
		}
		return out
	}
	for text, want := range map[string]string{"2, 5": "[2,5]", "3 3;3": "[3]", "": "null", "1,2,3": "[1,2,3]"} {
		w.refresh()
		if r := w.admin.post(own, url.Values{"version": {version(w.document.Version)}, "samples": {text}}); r.Code != http.StatusSeeOther {
			t.Fatalf("%q: %d", text, r.Code)
		}
		if got, _ := json.Marshal(pages()); string(got) != want {
			t.Errorf("%q shows %s, not %s", text, got, want)
		}
	}
	before, _ := json.Marshal(pages())
	for _, text := range []string{"0", "-1", "99", "two", "1,2,3,4", "1.5"} {
		w.refresh()
		r := w.admin.post(own, url.Values{"version": {version(w.document.Version)}, "samples": {text}})
		if r.Code != http.StatusUnprocessableEntity || !strings.Contains(r.Body.String(), `value="`+text+`"`) {
			t.Errorf("%q: %d, or what was typed is gone", text, r.Code)
		}
	}
	if after, _ := json.Marshal(pages()); string(after) != string(before) {
		t.Errorf("a refused choice changed %s to %s", before, after)
	}
}
