package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHistogramIsExactWithinOnePercent(t *testing.T) {
	var h Histogram
	for v := range 100000 {
		h.Record(time.Duration(v+1) * time.Microsecond)
	}
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		want := q * 100000 * float64(time.Microsecond)
		got := float64(h.Quantile(q))
		if got < want || got > want*1.008 {
			t.Errorf("quantile %v = %v, want between %v and 0.8 %% more", q, got, want)
		}
	}
	if h.Max() != 100*time.Millisecond || h.Quantile(1) != h.Max() {
		t.Errorf("max %v, quantile 1 %v, want 100ms both", h.Max(), h.Quantile(1))
	}
	if mean := h.Mean().Seconds(); math.Abs(mean-0.0500005) > 1e-6 {
		t.Errorf("mean %v, want 50.0005ms", h.Mean())
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.99) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Error("a histogram of nothing is not zero")
	}
	h.Record(-time.Second)
	if h.Quantile(1) != 0 {
		t.Errorf("a negative duration counts as %v, want 0", h.Quantile(1))
	}
	h.Record(48 * time.Hour)
	if h.Quantile(1) != 48*time.Hour {
		t.Errorf("two days became %v: the largest value must stay exact", h.Quantile(1))
	}
}

func TestBucketsFollowEachOther(t *testing.T) {
	last := -1
	for _, v := range []uint64{0, 1, 255, 256, 257, 511, 512, 1023, 1024, 1 << 20, 1<<20 + 1<<13, 1 << 39, 1<<40 - 1, 1 << 41} {
		i := bucketOf(time.Duration(v))
		if i < last || i >= buckets {
			t.Errorf("value %d is in bucket %d after %d (of %d)", v, i, last, buckets)
		}
		if end := bucketEnd(i); uint64(end) < v {
			t.Errorf("value %d lies beyond the end %d of its bucket %d", v, end, i)
		}
		last = i
	}
	for i := range buckets - 1 {
		if got := bucketOf(bucketEnd(i)); got != i {
			t.Fatalf("the end of bucket %d is in bucket %d", i, got)
		}
		if got := bucketOf(bucketEnd(i) + 1); got != i+1 {
			t.Fatalf("what follows bucket %d is in bucket %d", i, got)
		}
	}
}

func TestHistogramMerge(t *testing.T) {
	var a, b Histogram
	for range 99 {
		a.Record(time.Millisecond)
	}
	b.Record(time.Second)
	a.Merge(&b)
	if a.Count() != 100 || a.Max() != time.Second || a.Quantile(0.99) > 1010*time.Microsecond || a.Quantile(0.995) != time.Second {
		t.Errorf("merged: count %d, max %v, p99 %v", a.Count(), a.Max(), a.Quantile(0.99))
	}
}

func TestScheduleDoesNotDrift(t *testing.T) {
	start := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
	s := NewSchedule(start, 300, 10*time.Minute)
	for k := 0; ; k++ {
		due, ok := s.Next()
		if !ok {
			if k != 180000 {
				t.Fatalf("%d requests are due, want 180000", k)
			}
			break
		}
		if k%300 == 0 && due.Sub(start).Round(time.Microsecond) != time.Duration(k/300)*time.Second {
			t.Fatalf("request %d is due after %v, want %d s", k, due.Sub(start), k/300)
		}
	}
	if s.Left() != 0 {
		t.Errorf("%d are left of a schedule that was taken", s.Left())
	}
}

func TestScheduleForManyTakers(t *testing.T) {
	s := NewSchedule(time.Now(), 1000, time.Second)
	var mu sync.Mutex
	seen := map[time.Time]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				due, ok := s.Next()
				if !ok {
					return
				}
				mu.Lock()
				seen[due]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 1000 {
		t.Errorf("%d different times, want 1000: nothing may be due twice or never", len(seen))
	}
}

// Requests that could not go out in time, because the connection was still waiting for an earlier answer, have waited
// since they were due, not since they were sent.
func TestOpenLoopCountsFromWhenARequestWasDue(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") }))
	defer srv.Close()
	addr, host, err := target(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	w := &worker{template: newTemplate(Get, host, "x", "", "01234567").forConn(0), expected: 200}
	w.client = client{addr: addr, deadline: now.Add(time.Minute)}
	defer w.client.close()
	late := NewSchedule(now.Add(-time.Second), 100, 500*time.Millisecond)
	w.open(t.Context(), late, now.Add(time.Minute))
	if w.good != 50 || w.missed != 0 {
		t.Fatalf("good %d, missed %d (%s), want 50 and none", w.good, w.missed, w.first)
	}
	if fastest := w.took.Quantile(0); fastest < 500*time.Millisecond {
		t.Errorf("a request that was half a second late counts with %v", fastest)
	}
}

// What is due after the end of patience is counted as never sent, not forgotten.
func TestOpenLoopCountsWhatWasNeverSent(t *testing.T) {
	past := time.Now().Add(-time.Hour)
	w := &worker{template: newTemplate(Get, "127.0.0.1:1", "x", "", "01234567").forConn(0)}
	plan := NewSchedule(past, 10, time.Second)
	w.open(t.Context(), plan, past.Add(time.Second))
	if w.missed+plan.Left() != 10 || w.errors != 0 {
		t.Errorf("missed %d, left %d, errors %d, want 10 in all", w.missed, plan.Left(), w.errors)
	}
}

func TestRunCountsEveryKindOfAnswer(t *testing.T) {
	var mu sync.Mutex
	seen, addresses := 0, map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/start") {
			_, _ = io.WriteString(w, `{"token":"T-1"}`)
			return
		}
		var body struct {
			Fields map[string]string `json:"fields"`
			Token  string            `json:"form_token"`
		}
		err := json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		defer mu.Unlock()
		seen++
		if err != nil || body.Token != "T-1" || r.Header.Get("Idempotency-Key") == "" || addresses[body.Fields["email"]] {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		addresses[body.Fields["email"]] = true
		switch seen % 4 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, strings.Repeat("x", 9000)) // chunked
		case 1:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusCreated)
		}
	}))
	defer srv.Close()
	res, err := Run(t.Context(), Options{URL: srv.URL, Door: JSON, Slug: "x", Connections: 4, Rate: 100, Duration: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if res.Status4xx != 0 {
		t.Errorf("%d requests repeated an address or lacked something", res.Status4xx)
	}
	total := res.Good + res.Faults()
	if res.Status5xx == 0 || res.Errors == 0 || res.Good == 0 || total != 40 || seen != 40 || res.Good != res.Status2xx {
		t.Errorf("server saw %d; result %+v", seen, res)
	}
}

func TestOnlyThisMachine(t *testing.T) {
	for _, url := range []string{"http://10.0.0.1:8080", "http://example.com", "https://127.0.0.1", "http://0.0.0.0:8080", "http://user@127.0.0.1", "127.0.0.1:8080", ""} {
		_, err := Run(context.Background(), Options{URL: url, Door: Page, Slug: "x", Connections: 1, Duration: time.Second})
		if !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%q: %v, want a refusal", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://127.1.2.3"} {
		if _, _, err := target(url); err != nil {
			t.Errorf("%q: %v, want it accepted", url, err)
		}
	}
}

func TestTemplateKeepsItsLength(t *testing.T) {
	for _, door := range []Door{Page, JSON, Get} {
		base := newTemplate(door, "127.0.0.1:1", "x", "t", "0123abcd")
		a, b := base.forConn(1), base.forConn(2)
		seen := map[string]bool{}
		for range 3 {
			for _, tpl := range []*template{a, b} {
				raw := tpl.next()
				req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
				if err != nil {
					t.Fatalf("%s: %v", door, err)
				}
				body, err := io.ReadAll(req.Body)
				if err != nil || int64(len(body)) != req.ContentLength || bytes.Contains(raw, []byte("{PERSON")) || bytes.Contains(raw, []byte(firmMark)) {
					t.Fatalf("%s: body of %d bytes, said %d, error %v\n%s", door, len(body), req.ContentLength, err, raw)
				}
				if door != Get && seen[string(body)] {
					t.Errorf("%s: the same person came twice", door)
				}
				seen[string(body)] = true
			}
		}
	}
}

func TestReadAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		raw    string
		status int
		keep   bool
		fails  bool
	}{
		"length":      {"HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\nabc", 201, true, false},
		"no body":     {"HTTP/1.1 304 Not Modified\r\n\r\n", 304, true, false},
		"redirect":    {"HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 303, true, false},
		"chunked":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n", 200, true, false},
		"closing":     {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nbad", 400, false, false},
		"interim":     {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, true, false},
		"cut":         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 200, true, true},
		"cut chunk":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 200, true, true},
		"other":       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, false, true},
		"bad length":  {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, false, true},
		"bad status":  {"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", 0, false, true},
		"nothing yet": {"", 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := bufio.NewReader(strings.NewReader(tc.raw))
			status, keep, err := readAnswer(in)
			if (err != nil) != tc.fails {
				t.Fatalf("error %v", err)
			}
			if err == nil && (status != tc.status || keep != tc.keep || in.Buffered() != 0) {
				t.Errorf("status %d, keep %v, %d bytes left", status, keep, in.Buffered())
			}
		})
	}
}
