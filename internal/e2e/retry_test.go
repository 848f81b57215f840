package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// edge is a reverse proxy in front of the program that plays faults on posts, one after the other.
type edge struct {
	server *httptest.Server
	target atomic.Pointer[url.URL]
	faults chan string // "busy": 503; "lost": passed on, the answer is cut
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	e := &edge{faults: make(chan string, 8)}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(e.target.Load()); r.Out.Host = r.In.Host }}
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := ""
		if r.Method == http.MethodPost {
			select {
			case fault = <-e.faults:
			default:
			}
		}
		switch fault {
		case "busy":
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "lost":
			pass.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the program has committed, the visitor never learns it
		default:
			pass.ServeHTTP(w, r)
		}
	}))
	e.server.Config.SetKeepAlivesEnabled(false) // on a connection used before, the browser itself repeats what got lost
	t.Cleanup(e.server.Close)
	return e
}

// serves starts the program behind the edge.
func (e *edge) serves(t *testing.T, o proc.Options) *site {
	t.Helper()
	s := open(t, with(o, map[string]string{"GATEHOUSE_BASE_URL": e.server.URL}))
	target, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	e.target.Store(target)
	return s
}

// kept checks that what was typed still stands there.
func (p *prospect) kept(answers map[string]string) {
	p.t.Helper()
	for name, want := range answers {
		if got := p.Value(`[name=` + name + `]`); got != want {
			p.t.Errorf("%s was %q and is now %q", name, want, got)
		}
	}
}

// The network goes, the server is busy, an answer is lost, the program is killed and started anew: what was typed stays,
// the same attempt is sent again, and in the end there is one submission and one mail.
func TestNothingTypedIsLost(t *testing.T) {
	e, o, b := newEdge(t), database(t), browser.Start(t)
	s := e.serves(t, o)
	p := &prospect{Page: b.NewPage(t, e.server.URL), t: t}
	p.Expect("ERR_INTERNET_DISCONNECTED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION", "ERR_INCOMPLETE", "status of 503", "status of 502")
	p.opens(gate)
	address := "erin.east@example.org"
	answers := good(address)
	p.fill(answers)

	p.Offline(true)
	p.Click(sendButton)
	p.See("We cannot reach our server")
	p.kept(answers)
	p.Offline(false)
	e.faults <- "busy"
	p.Press("Try now")
	p.See("Our server is busy")
	p.kept(answers)

	e.faults <- "lost"
	p.Press("Try now")
	p.See("We cannot reach our server")
	p.kept(answers)

	s.Kill()
	e.serves(t, o)
	p.Press("Try now")
	p.At(gate + "/thanks")
	p.Until(`document.getElementById("state").dataset.state === "sent"`)

	attempts := map[string]bool{}
	posts := p.posts()
	for _, body := range posts {
		v, err := url.ParseQuery(body)
		if err != nil || len(v.Get("attempt")) < 16 {
			t.Errorf("a post without an attempt value: %q, %v", body, err)
		}
		attempts[v.Get("attempt")] = true
	}
	if len(posts) < 4 || len(attempts) != 1 {
		t.Errorf("%d posts with %d attempt values", len(posts), len(attempts))
	}
	r := s.reconciled()
	if r.total(t, "submissions") != 1 || r.total(t, "messages") != 1 {
		t.Errorf("one intent became %+v", r.Counts)
	}
}
