// Package load puts a Gatehouse on this machine under load and says how it did: keep-alive connections, prebuilt
// requests of people who never came before, a closed loop (each connection asks again once it was answered) or an open
// one (so many requests a second, whatever happens). It refuses any target that is not this machine.
package load

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// Options of one run.
type Options struct {
	URL         string        // http://127.0.0.1:8080
	Door        Door          //
	Slug        string        // of a gate with the sample's fields
	Connections int           // at least 1
	Rate        float64       // requests per second of an open loop; 0: closed loop
	Duration    time.Duration // of sending
}

// patience is how long after the end answers are waited for, and, in an open loop, overdue requests still go out.
const patience = 10 * time.Second

// ErrNotLoopback refuses a target that is not this machine.
var ErrNotLoopback = errors.New("load goes to this machine only (http://127.0.0.1, http://[::1] or http://localhost)")

// Run sends for o.Duration (or until ctx ends) and waits for the answers that are still due. The error tells that the
// run could not begin; what went wrong in it is in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	addr, host, err := target(o.URL)
	if err != nil {
		return Result{}, err
	}
	if o.Door.Expected() == 0 {
		return Result{}, fmt.Errorf("the door %q is none of page, json, get", o.Door)
	}
	if o.Connections < 1 || o.Connections > 9999 || o.Duration <= 0 || o.Rate < 0 {
		return Result{}, errors.New("connections (1 to 9999), duration and rate have to be positive")
	}
	token := ""
	if o.Door != Get {
		if token, err = formToken(ctx, addr, host, o.Slug); err != nil {
			return Result{}, err
		}
	}
	run := make([]byte, 4)
	_, _ = rand.Read(run)
	t := newTemplate(o.Door, host, o.Slug, token, hex.EncodeToString(run))
	workers := make([]*worker, o.Connections)
	for i := range workers {
		workers[i] = &worker{template: t.forConn(i), expected: o.Door.Expected()}
		workers[i].client = client{addr: addr, deadline: time.Now().Add(o.Duration + 2*patience)}
		if err := workers[i].client.dial(); err != nil {
			return Result{}, fmt.Errorf("connection %d: %w", i+1, err)
		}
		defer workers[i].client.close()
	}
	return drive(ctx, o, workers), nil
}

func drive(ctx context.Context, o Options, workers []*worker) Result {
	start := time.Now()
	end := start.Add(o.Duration)
	var plan *Schedule
	if o.Rate > 0 {
		plan = NewSchedule(start, o.Rate, o.Duration)
	}
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			if plan == nil {
				w.closed(ctx, end)
			} else {
				w.open(ctx, plan, end.Add(patience))
			}
		})
	}
	wg.Wait()
	res := collect(o, workers, time.Since(start))
	if plan != nil {
		res.Missed += plan.Left()
	}
	return res
}

// worker is one connection and what it saw.
type worker struct {
	client   client
	template *template
	expected int
	took     Histogram // of answers with the expected status
	statuses [6]int64  // by hundreds
	good     int64
	errors   int64
	missed   int64
	first    string // the first thing that was not as expected
}

func (w *worker) closed(ctx context.Context, end time.Time) {
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		w.ask(now)
		now = time.Now()
	}
}

func (w *worker) open(ctx context.Context, plan *Schedule, last time.Time) {
	for {
		due, ok := plan.Next()
		if !ok {
			return
		}
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		if ctx.Err() != nil || time.Now().After(last) {
			w.missed++
			return
		}
		w.ask(due)
	}
}

// ask sends one request; its time counts from since.
func (w *worker) ask(since time.Time) {
	status, err := w.client.do(w.template.next())
	switch {
	case err != nil:
		w.errors++
		w.note(err.Error())
		time.Sleep(20 * time.Millisecond) // a server that is down must not make us spin
		return
	case status == w.expected:
		w.good++
		w.took.Record(time.Since(since))
	default:
		w.note(fmt.Sprintf("status %d", status))
	}
	w.statuses[min(status/100, 5)]++
}

func (w *worker) note(what string) {
	if w.first == "" {
		w.first = what
	}
}

// target is where to dial; names other than localhost are not even looked up.
func target(raw string) (addr, host string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "", "", fmt.Errorf("%w, not %q", ErrNotLoopback, raw)
	}
	name, port := u.Hostname(), u.Port()
	if name == "localhost" {
		name = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(name)
	if err != nil || !ip.IsLoopback() {
		return "", "", fmt.Errorf("%w, not %q", ErrNotLoopback, raw)
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(ip.String(), port), u.Host, nil
}

// formToken fetches what the page's script fetches when a form is opened. A gate without one is no fault.
func formToken(ctx context.Context, addr, host, slug string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/g/"+slug+"/start", nil)
	if err != nil {
		return "", err
	}
	req.Host = host
	transport := &http.Transport{DisableKeepAlives: true} // no proxy: it would not be this machine
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token string `json:"token"`
	}
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		return "", nil
	}
	return body.Token, errors.Join(json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&body))
}
