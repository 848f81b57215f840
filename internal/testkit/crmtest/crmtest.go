// Package crmtest stands in for the systems that connectors speak to: stateful doubles with what goes wrong at such
// systems, over real HTTP. Tests only.
package crmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
)

// Trouble is what a double does instead of its work, or with it.
type Trouble string

// The troubles.
const (
	None          Trouble = ""
	NoAuth        Trouble = "401"
	Forbidden     Trouble = "403"
	TooManyWait   Trouble = "429 with Retry-After"
	TooMany       Trouble = "429 without"
	Fails         Trouble = "500"
	Hangs         Trouble = "hangs"
	CutAfter      Trouble = "does it and breaks the connection"
	FailsAfter    Trouble = "does it and answers 502"
	Drops         Trouble = "says yes and keeps nothing"
	Redirects     Trouble = "redirects"
	Garbage       Trouble = "answers what is no JSON"
	Duplicate     Trouble = "says that there is one already"
	Duplicates    Trouble = "does it and says that there is one already"
	AnswerForever Trouble = "answers without an end"
	Holds         Trouble = "does it and keeps the answer back"
)

// Request is one that came.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         []byte
}

// Double is one system.
type Double struct {
	*httptest.Server
	mu       sync.Mutex
	requests []Request
	trouble  func(Request) Trouble
	release  chan struct{}
	Records  map[string][]*Record // by kind, in the order they were made
	Users    []crm.User
	next     int
	now      func() time.Time
	missing  string
	handle   func(d *Double, r Request) (status int, answer any)
	secret   string // whoever asks has to know it
	auth     func(Request, string) bool
	refuse   func() (status int, answer any)
	letGo    chan struct{}                   // closed: answers that Hold keeps back go out
	twice    func() (status int, answer any) // how it says that there is one already
}

// Record is one object there.
type Record struct {
	ID      string
	Props   map[string]any
	Deleted bool
	At      time.Time
}

func newDouble(t testing.TB, now func() time.Time, handle func(*Double, Request) (int, any)) *Double {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	d := &Double{Records: map[string][]*Record{}, handle: handle, release: make(chan struct{}), now: now, next: 100}
	d.Server = httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(func() {
		close(d.release)
		d.CloseClientConnections()
		d.Close()
	})
	return d
}

// Trouble has every request answered so that fn names a trouble for; nil ends it.
func (d *Double) Trouble(fn func(Request) Trouble) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trouble = fn
}

// Always is one trouble for every request.
func (d *Double) Always(tr Trouble) {
	d.Trouble(func(Request) Trouble { return tr })
}

// Once is one trouble for the first request that changes something.
func (d *Double) Once(tr Trouble) {
	done := false
	d.Trouble(func(r Request) Trouble {
		if done || !Writes(r) {
			return None
		}
		done = true
		return tr
	})
}

// Hold does what changes something and keeps the answer back, until release.
func (d *Double) Hold() (release func()) {
	letGo := make(chan struct{})
	d.mu.Lock()
	d.letGo = letGo
	d.mu.Unlock()
	d.Trouble(func(r Request) Trouble {
		if Writes(r) {
			return Holds
		}
		return None
	})
	return sync.OnceFunc(func() {
		d.Trouble(nil)
		close(letGo)
	})
}

// Writes tells whether a request changes something.
func Writes(r Request) bool {
	u, err := url.Parse(r.Path)
	return err == nil && r.Method != http.MethodGet && !slices.Contains([]string{"search", "token"}, u.Path[len(u.Path)-min(6, len(u.Path)):]) && u.Path[len(u.Path)-min(5, len(u.Path)):] != "token"
}

// Creates tells whether a request makes an object, if there is none: a system may say that there is one.
func Creates(r Request) bool {
	u, err := url.Parse(r.Path)
	return err == nil && Writes(r) && (r.Method == http.MethodPost && !strings.HasSuffix(u.Path, "/gdpr-delete") || r.Method == http.MethodPatch && strings.Contains(u.Path, "__c/"))
}

// Requests is what came so far.
func (d *Double) Requests() []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.requests)
}

// Forget forgets the requests, not the objects.
func (d *Double) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = nil
}

// Missing names a property that the schema does not have.
func (d *Double) Missing(property string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missing = property
}

// Live is the objects of a kind that are not deleted.
func (d *Double) Live(kind string) (out []*Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.Records[kind] {
		if !r.Deleted {
			out = append(out, r)
		}
	}
	return out
}

// Change is somebody at work in that system.
func (d *Double) Change(kind, id string, props map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.Records[kind] {
		if r.ID == id {
			maps.Copy(r.Props, props)
			r.At = d.now()
		}
	}
}

// Put is an object that was there before us.
func (d *Double) Put(kind string, props map[string]any) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.make(kind, props).ID
}

// Delete deletes one there.
func (d *Double) Delete(kind, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.Records[kind] {
		if r.ID == id {
			r.Deleted, r.At = true, d.now()
		}
	}
}

func (d *Double) make(kind string, props map[string]any) *Record {
	d.next++
	r := &Record{ID: strconv.Itoa(d.next), Props: props, At: d.now()}
	d.Records[kind] = append(d.Records[kind], r)
	return r
}

func (d *Double) find(kind string, fits func(*Record) bool) *Record {
	for _, r := range d.Records[kind] {
		if !r.Deleted && fits(r) {
			return r
		}
	}
	return nil
}

func (d *Double) byID(kind, id string) *Record {
	return d.find(kind, func(r *Record) bool { return r.ID == id })
}

// Allow lets connectors reach doubles on this machine.
func Allow(servers ...*Double) crm.Allow {
	a := crm.Allow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	for _, s := range servers {
		u, _ := url.Parse(s.URL)
		n, _ := strconv.ParseUint(u.Port(), 10, 16)
		a.Ports = append(a.Ports, uint16(n))
	}
	return a
}

func (d *Double) serve(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r := Request{Method: req.Method, Path: req.URL.RequestURI(), Header: req.Header, Body: body}
	d.mu.Lock()
	d.requests = append(d.requests, r)
	tr := None
	if d.trouble != nil {
		tr = d.trouble(r)
	}
	letGo := d.letGo
	d.mu.Unlock()
	if d.auth != nil && !d.auth(r, d.secret) {
		tr = NoAuth
	}
	answer := func(status int, v any) {
		if text, ok := v.(string); ok {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if v != nil {
			_ = json.NewEncoder(w).Encode(v)
		}
	}
	switch tr {
	case NoAuth:
		if d.refuse != nil {
			answer(d.refuse())
			return
		}
		answer(http.StatusUnauthorized, map[string]any{"message": "no", "secret": d.secret})
	case Forbidden:
		answer(http.StatusForbidden, map[string]any{"message": "no"})
	case TooManyWait, TooMany:
		if tr == TooManyWait {
			w.Header().Set("Retry-After", "30")
		}
		answer(http.StatusTooManyRequests, map[string]any{"status": "error"})
	case Fails:
		answer(http.StatusInternalServerError, map[string]any{})
	case Duplicate, Duplicates:
		if tr == Duplicates {
			d.run(r)
		}
		if d.twice != nil {
			answer(d.twice())
			return
		}
		answer(http.StatusConflict, map[string]any{})
	case Redirects:
		w.Header().Set("Location", d.URL+"/elsewhere")
		answer(http.StatusTemporaryRedirect, nil)
	case Garbage:
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "<html>not what you asked for")
	case AnswerForever:
		w.WriteHeader(http.StatusOK)
		for range 40 {
			_, _ = w.Write(make([]byte, 64<<10))
		}
	case Hangs:
		select {
		case <-d.release:
		case <-req.Context().Done():
		}
	case CutAfter:
		d.run(r)
		panic(http.ErrAbortHandler)
	case Drops:
		answer(d.drop(r))
	case Holds:
		status, v := d.run(r)
		select {
		case <-letGo:
		case <-d.release:
		case <-req.Context().Done():
		}
		answer(status, v)
	case FailsAfter:
		d.run(r)
		answer(http.StatusBadGateway, map[string]any{})
	default:
		status, v := d.run(r)
		answer(status, v)
	}
}

func (d *Double) run(r Request) (int, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handle(d, r)
}

// drop says what doing it would answer, and leaves everything as it was.
func (d *Double) drop(r Request) (int, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	saved := map[string][]*Record{}
	for kind, all := range d.Records {
		for _, x := range all {
			c := *x
			c.Props = maps.Clone(x.Props)
			saved[kind] = append(saved[kind], &c)
		}
	}
	status, v := d.handle(d, r)
	d.Records = saved // an id is given once all the same
	return status, v
}

// text is a property as text, as most systems answer it.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// Receiver takes webhooks, and Slack's messages.
func Receiver(t testing.TB) *Double {
	t.Helper()
	return ReceiverAt(t, nil)
}

// ReceiverAt is one that lives by another clock.
func ReceiverAt(t testing.TB, now func() time.Time) *Double {
	t.Helper()
	return newDouble(t, now, func(d *Double, r Request) (int, any) {
		d.make("posts", map[string]any{"id": r.Header.Get("webhook-id"), "body": string(r.Body)})
		return http.StatusOK, "ok"
	})
}
