package crm

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cursorLag is how late lists and searches of others may show a change.
const cursorLag = time.Minute

// place is where reading goes on: a moment, as the system writes it, and what was read of that very moment, since more may
// have changed in one moment than a page holds. A run of pages remembers when it began: what changed shortly before, or
// since, is asked for again by the next run, for it may have shown late. Each change counts once, by its own key.
type place struct {
	moment, within string
	began          int64 // of the run, Unix milliseconds
	first          bool  // page of its run
}

// placeOf reads what on and over wrote. Nothing is: from now on.
func placeOf(text, now string, at time.Time) place {
	moment, rest, _ := strings.Cut(text, "~")
	within, began, _ := strings.Cut(rest, "~")
	p := place{moment, within, at.UnixMilli(), true}
	if n, err := strconv.ParseInt(began, 10, 64); err == nil {
		p.began, p.first = n, false
	}
	if moment == "" {
		p.moment, p.within = now, ""
	}
	return p
}

// on is the next page of a run.
func (p place) on(moment, within string) string {
	return fmt.Sprintf("%s~%s~%d", moment, within, p.began)
}

// over is where the next run begins, after the last change of this one.
func (p place) over(last string, write func(time.Time) string) string {
	next := min(last, write(time.UnixMilli(p.began).Add(-cursorLag)))
	if p.first {
		next = max(next, p.moment)
	}
	return next
}

// keyed gives a change the key by which it counts once, where the system tells the moment by the second only: two changes
// within one differ by what they say.
func (ch Change) keyed(key string) Change {
	raw, _ := json.Marshal(ch) // a struct of texts: it never fails
	sum := sha256.Sum256(raw)
	ch.EventKey = fmt.Sprintf("%s/%x", key, sum[:6])
	return ch
}
