package main

import (
	"strings"
	"testing"
)

// Each page can be drawn in each state, shows no Go value by mistake, and needs no inline style or script.
func TestEverySampleRenders(t *testing.T) {
	set, err := loadSet()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			var b strings.Builder
			if err := set.Render(&b, s.page, s.data); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			for _, bad := range []string{"<no value>", "%!", "ZgotmplZ", " style=", "onclick=", "<script>", "0001-01-01", ">thanks.", ">message.", ">preferences."} {
				if strings.Contains(page, bad) {
					t.Errorf("the page contains %q", bad)
				}
			}
		})
	}
}
