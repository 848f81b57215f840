package crm

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// How long they ask us to wait is heard in seconds and as a date, up to a limit; a fault that says nothing of it is tried by our own pace.
func TestRetryAfterIsHeard(t *testing.T) {
	now := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
	c := NewClient(Allow{}, func() time.Time { return now })
	for _, x := range []struct {
		status int
		header string
		class  Class
		wait   time.Duration
	}{
		{429, "30", RateLimited, 30 * time.Second}, {429, "", RateLimited, 0}, {429, "soon", RateLimited, 0}, {429, "-5", RateLimited, 0}, {429, "864000", RateLimited, longestWait},
		{429, "Tue, 03 Mar 2026 09:02:00 GMT", RateLimited, 2 * time.Minute}, {429, "Tue, 03 Mar 2026 08:00:00 GMT", RateLimited, 0}, {429, "Sat, 07 Mar 2026 09:00:00 GMT", RateLimited, longestWait},
		{503, "60", RateLimited, time.Minute}, {503, "", Retry, 0}, {500, "60", Retry, 0},
		{401, "", Unauthorised, 0}, {403, "", Unauthorised, 0}, {302, "", Misconfigured, 0}, {408, "", Retry, 0}, {425, "", Retry, 0}, {404, "", Refused, 0}, {400, "", Refused, 0},
	} {
		h := http.Header{}
		if x.header != "" {
			h.Set("Retry-After", x.header)
		}
		if f := c.judge(reply{status: x.status, header: h}); f.Class != x.class || f.Wait != x.wait || f.Reason == "" {
			t.Errorf("%d %q: %+v", x.status, x.header, f)
		}
	}
	if f := c.judge(reply{status: 204}); f != nil {
		t.Errorf("done: %+v", f)
	}
}

// answering is a server that counts what comes in, and a client that may reach it.
func answering(t *testing.T, answer http.HandlerFunc) (s *httptest.Server, c *Client) {
	t.Helper()
	s = httptest.NewServer(answer)
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	return s, NewClient(Allow{Networks: []netip.Prefix{netip.PrefixFrom(at.Addr(), at.Addr().BitLen())}, Ports: []uint16{at.Port()}}, nil)
}

// TestNoWayOnIsFollowed, whatever the redirect is called and whatever was asked.
func TestNoWayOnIsFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			var elsewhere atomic.Int64
			s, c := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					elsewhere.Add(1)
					return
				}
				http.Redirect(w, r, "/elsewhere", status)
			})
			var body []byte
			if method == http.MethodPost {
				body = []byte("{}")
			}
			r := c.do(t.Context(), method, s.URL+"/in", http.Header{"Authorization": {"Bearer x"}}, body)
			if r.status != status || elsewhere.Load() != 0 {
				t.Errorf("%s, %d: %d, and %d came to where it leads", method, status, r.status, elsewhere.Load())
			}
		}
	}
}

// A receiver that is gone for good waits for somebody who mends the settings; one that knows nothing of the address is tried again.
func TestAReceiverThatIsGone(t *testing.T) {
	for status, want := range map[int]Class{http.StatusGone: Misconfigured, http.StatusNotFound: Retry, http.StatusBadRequest: Retry} {
		s, c := answering(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
		})
		cfg := Config{Settings: map[string]string{"url": s.URL}, Secrets: map[string]string{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}
		if out := (&Webhook{client: c}).Push(t.Context(), cfg, Call{ID: "1", Type: "x"}); out.Class != want || out.Reason == "" {
			t.Errorf("%d: %+v", status, out)
		}
	}
}

// The next run begins a minute before this one did, never past its last change, and never before where it began; a page in the middle of a
// run keeps when the run began.
func TestWhereReadingGoesOn(t *testing.T) {
	at := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
	write := func(x time.Time) string { return x.UTC().Format(time.RFC3339) }
	of := func(x time.Time) string { return write(x) }
	p := placeOf("", write(at), at)
	if p.moment != write(at) || !p.first {
		t.Errorf("from now on: %+v", p)
	}
	p = placeOf(of(at.Add(-time.Hour)), write(at), at)
	for last, want := range map[time.Time]time.Time{at: at.Add(-cursorLag), at.Add(-10 * time.Minute): at.Add(-10 * time.Minute), at.Add(-2 * time.Hour): at.Add(-time.Hour)} {
		if got := p.over(of(last), write); got != of(want) {
			t.Errorf("after %s: %s, not %s", of(last), got, of(want))
		}
	}
	later := placeOf(p.on(of(at.Add(-30*time.Minute)), "17"), write(at), at.Add(5*time.Minute))
	if later.first || later.within != "17" || later.moment != of(at.Add(-30*time.Minute)) {
		t.Errorf("in the middle: %+v", later)
	}
	if got := later.over(of(at.Add(4*time.Minute)), write); got != of(at.Add(-cursorLag)) {
		t.Errorf("the run began at nine, and the next one begins at %s", got)
	}
}

// Two changes within one second that say different things are two; the same one read twice is one.
func TestChangesOfOneSecondAreToldApart(t *testing.T) {
	a, b := "proposal", "won"
	one, two := Change{ID: "1", Stage: &a}.keyed("deal/1/100"), Change{ID: "1", Stage: &b}.keyed("deal/1/100")
	if again := (Change{ID: "1", Stage: &a}.keyed("deal/1/100")); one.EventKey == two.EventKey || again.EventKey != one.EventKey {
		t.Errorf("%s, %s, %s", one.EventKey, two.EventKey, again.EventKey)
	}
}
