package sendgridtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is how one request is answered.
type Fault string

// The answers.
const (
	OK              Fault = "ok"               // 202 with X-Message-Id
	Sandbox         Fault = "sandbox"          // 200, nothing is accepted
	RateLimited     Fault = "429"              // with X-RateLimit-* (reset in 2 s)
	RateLimitedWait Fault = "429-retry-after"  // with Retry-After: 3
	RateLimitedBare Fault = "429-bare"         // without any header, as mail/send was seen to do
	ServerError     Fault = "500"              // {"errors":[...]}
	Unavailable     Fault = "503"              // an intermediary's page, not JSON
	Hang            Fault = "hang"             // reads all, accepts nothing, never answers
	HangAccepted    Fault = "hang-accepted"    // reads all, accepts, never answers
	CutBeforeRead   Fault = "cut-before-read"  // the connection is reset before the body is read
	CutAfterAccept  Fault = "cut-after-accept" // reads all, accepts, closes without an answer
	CutInAnswer     Fault = "cut-in-answer"    // accepts, sends half an answer
	Unauthorized    Fault = "401"
	Forbidden       Fault = "403"
	BadRequest      Fault = "400"
	Redirect        Fault = "307" // to another port of this machine
)

// accepts says whether the mail counts as accepted.
func (f Fault) accepts() bool {
	return f == OK || f == CutAfterAccept || f == HangAccepted || f == CutInAnswer
}

// Faults sets the answers to the next requests, in order; after the last one all is well again.
func (s *Server) Faults(script ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = slices.Clone(script)
}

// Chances sets how probable each fault is (0..1 each, their sum at most 1) when no script is left; nil: none.
func (s *Server) Chances(chances map[Fault]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chances = chances
}

// Slow makes every answer take so long; half of it before the mail counts as accepted, half of it after.
func (s *Server) Slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// next picks the answer to a request; the lock is held.
func (s *Server) next() Fault {
	if len(s.script) > 0 {
		f := s.script[0]
		s.script = s.script[1:]
		return f
	}
	names := make([]Fault, 0, len(s.chances))
	for f := range s.chances {
		names = append(names, f)
	}
	slices.Sort(names) // the same seed gives the same run
	dice := s.rng.Float64()
	for _, f := range names {
		if dice -= s.chances[f]; dice < 0 {
			return f
		}
	}
	return OK
}

// send is POST /v3/mail/send.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault, delay := s.next(), s.delay
	s.signal()
	s.mu.Unlock()
	if fault == CutBeforeRead {
		cut(w)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 31<<20))
	if err != nil {
		return // the client gave up
	}
	if s.opts.APIKey != "" && r.Header.Get("Authorization") != "Bearer "+s.opts.APIKey {
		fault = Unauthorized
	}
	if !fault.accepts() {
		s.refuse(w, r, fault)
		return
	}
	mail, faults := s.check(r, body)
	if len(faults) > 0 {
		s.mu.Lock()
		s.violations = append(s.violations, faults...)
		s.signal()
		s.mu.Unlock()
		problem(w, http.StatusBadRequest, faults[0], "")
		return
	}
	if !pause(r.Context(), delay/2) {
		return // the client is gone before the mail was taken
	}
	mail = s.accept(mail, fault)
	s.follow(mail) // before the answer when the plan says so
	pause(r.Context(), delay/2)
	switch fault {
	case CutAfterAccept:
		cut(w)
	case HangAccepted:
		s.hang(r)
	case CutInAnswer:
		w.Header().Set("Content-Length", "100")
		w.Header().Set("X-Message-Id", mail.ProviderID)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		cut(w)
	default:
		w.Header().Set("X-Message-Id", mail.ProviderID)
		w.WriteHeader(http.StatusAccepted)
	}
}

// refuse plays the answers that accept nothing.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, fault Fault) {
	switch fault {
	case Sandbox:
		w.WriteHeader(http.StatusOK)
	case RateLimited:
		w.Header().Set("X-RateLimit-Limit", "600")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(s.opts.Now().Add(2*time.Second).Unix(), 10))
		problem(w, http.StatusTooManyRequests, "too many requests", "")
	case RateLimitedWait:
		w.Header().Set("Retry-After", "3")
		problem(w, http.StatusTooManyRequests, "too many requests", "")
	case RateLimitedBare:
		problem(w, http.StatusTooManyRequests, "too many requests", "")
	case ServerError:
		problem(w, http.StatusInternalServerError, "internal error", "")
	case Unavailable:
		http.Error(w, "<html>upstream connect error</html>", http.StatusServiceUnavailable)
	case Unauthorized:
		problem(w, http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked", "")
	case Forbidden:
		problem(w, http.StatusForbidden, "The from address does not match a verified Sender Identity.", "from")
	case BadRequest:
		problem(w, http.StatusBadRequest, "Does not contain a valid address.", "personalizations.0.to.0.email")
	case Redirect:
		w.Header().Set("Location", s.URL+"/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Hang:
		s.hang(r)
	default:
		problem(w, http.StatusInternalServerError, fmt.Sprintf("the double knows no fault %q", fault), "")
	}
}

// scopes is GET /v3/scopes: what the key may do.
func (s *Server) scopes(w http.ResponseWriter, r *http.Request) {
	if s.opts.APIKey != "" && r.Header.Get("Authorization") != "Bearer "+s.opts.APIKey {
		problem(w, http.StatusUnauthorized, "authorization required", "")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"scopes":["mail.send"]}`)
}

// hang waits until the client gives up or the double is closed.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// cut closes the connection without a further byte.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, as a crashed machine or a firewall gives
	}
	_ = conn.Close()
}

func problem(w http.ResponseWriter, status int, message, field string) {
	one := map[string]any{"message": message, "field": nil, "help": nil}
	if field != "" {
		one["field"] = field
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{one}})
}
