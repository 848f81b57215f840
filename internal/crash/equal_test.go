package crash

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fifty equal posts at once, through each door, with an attempt value and without: one submission, one lead, one e-mail,
// one receipt. Fifty different people at once are fifty.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.start()
	type door func(i int) (reply, error)
	ctx := t.Context()
	for _, c := range []struct {
		name string
		post door
		want int
	}{
		{"program, same key", func(int) (reply, error) { return w.json(ctx, "json-key@firm.example", "one-key", nil) }, 1},
		{"program, no key", func(int) (reply, error) { return w.json(ctx, "json@firm.example", "", nil) }, 1},
		{"page, same attempt", func(int) (reply, error) { return w.page(ctx, "page-key@firm.example", "one-attempt") }, 1},
		{"page, no attempt", func(int) (reply, error) { return w.page(ctx, "page@firm.example", "") }, 1},
		{"different people", func(i int) (reply, error) { return w.json(ctx, fmt.Sprintf("all-%d@firm.example", i), "", nil) }, 50},
		{"different people, one address in other spellings", func(i int) (reply, error) {
			return w.page(ctx, strings.ToUpper("one-address@firm.example"[:i%10])+"one-address@firm.example"[i%10:], "")
		}, 1},
	} {
		before := w.number("select count(*) from submissions")
		receipts := fifty(t, c.name, c.post)
		if len(receipts) != c.want {
			t.Errorf("%s: %d receipts, not %d", c.name, len(receipts), c.want)
		}
		if n := w.number("select count(*) from submissions") - before; n != c.want {
			t.Errorf("%s: %d submissions, not %d", c.name, n, c.want)
		}
	}
	if err := w.settles(60 * time.Second); err != nil {
		t.Error(err)
	}
	for table, want := range map[string]int{"submissions": 55, "leads": 55, "outcomes": 55, "messages": 55} {
		if n := w.number("select count(*) from " + table); n != want {
			t.Errorf("%d %s, not %d", n, table, want)
		}
	}
	if n := len(w.double.All()); n != 55 {
		t.Errorf("%d e-mails, not 55", n)
	}
	w.verify()
}

// fifty posts at the same moment and collects the receipts.
func fifty(t *testing.T, name string, post func(int) (reply, error)) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	receipts := map[string]int{}
	gate := make(chan struct{})
	for i := range 50 {
		wg.Go(func() {
			<-gate
			r, err := post(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || r.receipt == "" {
				t.Errorf("%s: %v, status %d: %.200s", name, err, r.status, r.body)
				return
			}
			receipts[r.receipt]++
		})
	}
	close(gate)
	wg.Wait()
	return receipts
}

// A key with another body is a mistake that a program is told of; with the same body it is the same answer, weeks do not
// pass in between here. Another person's use of the same key on the page is an intent of its own.
func TestKeyReused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.start()
	first, err := w.json(t.Context(), "first@firm.example", "key-1", nil)
	if err != nil || first.status != http.StatusCreated {
		t.Fatalf("%v %d %s", err, first.status, first.body)
	}
	again, err := w.json(t.Context(), "first@firm.example", "key-1", nil)
	if err != nil || again.status != first.status || again.body != first.body {
		t.Errorf("the same again: %v, %d %s instead of %s", err, again.status, again.body, first.body)
	}
	for name, post := range map[string]func() (reply, error){
		"another address": func() (reply, error) { return w.json(t.Context(), "second@firm.example", "key-1", nil) },
		"another answer": func() (reply, error) {
			return w.json(t.Context(), "first@firm.example", "key-1", map[string]string{"job_title": "Plumber"})
		},
	} {
		r, err := post()
		if err != nil || r.status != http.StatusConflict || !strings.Contains(r.body, "key-reused") {
			t.Errorf("%s: %v, %d %s", name, err, r.status, r.body)
		}
	}
	for i, address := range []string{"page-1@firm.example", "page-2@firm.example"} {
		if r, err := w.page(t.Context(), address, "shared-attempt"); err != nil || r.status != http.StatusSeeOther {
			t.Errorf("page %d: %v %d", i, err, r.status)
		}
	}
	if n := w.number("select count(*) from submissions"); n != 3 {
		t.Errorf("%d submissions, not 3", n)
	}
	if err := w.settles(30 * time.Second); err != nil {
		t.Error(err)
	}
	w.verify()
}
