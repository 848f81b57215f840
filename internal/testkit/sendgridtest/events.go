package sendgridtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Plan says which events follow an accepted mail. The zero value: processed and delivered, one post each mail, once,
// after the answer.
type Plan struct {
	Types        []string // nil: processed, delivered
	Never        bool     // no events at all
	Copies       int      // each event this many times, in posts of their own (46 was seen in the wild); 0: 1
	Shuffle      bool     // the posts and the events in them in any order
	BeforeAnswer bool     // the events arrive (and are answered) before our request is
}

// Post is one delivery to the webhook.
type Post struct {
	Status int // the last answer; 0: none
	Body   []byte
	Tries  int
}

// SetWebhook changes where events go and which; an empty URL stops them.
func (s *Server) SetWebhook(url string, plan Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook, s.plan = url, plan
}

// Posts are the finished deliveries of events.
func (s *Server) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Post(nil), s.posts...)
}

// WaitForPosts returns once n deliveries of events are finished.
func (s *Server) WaitForPosts(ctx context.Context, n int) error {
	return s.until(ctx, func() bool { return len(s.posts) >= n })
}

// follow sends the events of the plan.
func (s *Server) follow(m Mail) {
	s.mu.Lock()
	url, plan := s.webhook, s.plan
	s.mu.Unlock()
	if url == "" || plan.Never {
		return
	}
	types := plan.Types
	if types == nil {
		types = []string{"processed", "delivered"}
	}
	events := make([]map[string]any, 0, len(types))
	for i, typ := range types {
		events = append(events, Event(m, typ, m.At.Add(time.Duration(i)*time.Second)))
	}
	bodies := s.bodies(events, plan)
	if plan.BeforeAnswer {
		s.deliver(url, bodies)
		return
	}
	s.events.Go(func() { s.deliver(url, bodies) })
}

// bodies are the posts: all events in one, or with copies or shuffling each in a post of its own.
func (s *Server) bodies(events []map[string]any, plan Plan) [][]byte {
	if plan.Copies <= 1 && !plan.Shuffle {
		return [][]byte{encode(events...)}
	}
	var bodies [][]byte
	for range max(plan.Copies, 1) {
		for _, e := range events {
			bodies = append(bodies, encode(e))
		}
	}
	if plan.Shuffle {
		s.mu.Lock()
		s.rng.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		s.mu.Unlock()
	}
	return bodies
}

// Event builds one event about an accepted mail, as the provider writes it. The id is the same for the same mail and
// type, so that copies are true copies.
func Event(m Mail, typ string, at time.Time) map[string]any {
	sum := sha256.Sum256([]byte(m.ProviderID + "/" + typ))
	e := map[string]any{
		"email": m.To, "timestamp": at.Unix(), "event": typ,
		"sg_event_id":   base64.RawURLEncoding.EncodeToString(sum[:])[:32],
		"sg_message_id": m.ProviderID + ".filter0001p3las1-1234-5F5FC76C-9.0",
	}
	for k, v := range m.args {
		e[k] = v
	}
	if len(m.Categories) == 1 {
		e["category"] = m.Categories[0]
	} else {
		e["category"] = m.Categories
	}
	switch typ {
	case "processed", "deferred", "delivered":
		e["smtp-id"] = "<" + m.ProviderID + "@geopod-ismtpd-1>"
	}
	switch typ {
	case "delivered":
		e["response"] = "250 OK"
	case "deferred":
		e["response"], e["attempt"] = "421 try again later", "5"
	case "bounce":
		e["type"], e["status"], e["bounce_classification"] = "bounce", "5.1.1", "Invalid Address"
		e["reason"] = fmt.Sprintf("550 5.1.1 <%s>: user unknown", m.To)
	case "blocked": // in words of the API: a bounce of type blocked
		e["event"], e["type"], e["status"], e["reason"] = "bounce", "blocked", "4.7.1", "450 greylisted"
	case "dropped":
		e["reason"], e["status"] = "Bounced Address", "5.0.0"
	case "open":
		e["sg_machine_open"], e["useragent"], e["ip"] = true, "Mozilla/5.0", "17.58.0.1"
	}
	return e
}

// Emit posts events about a mail now, in one body, and returns the webhook's status.
func (s *Server) Emit(ctx context.Context, events ...map[string]any) (int, error) {
	s.mu.Lock()
	url := s.webhook
	s.mu.Unlock()
	return s.post(ctx, url, encode(events...))
}

// Sign gives the two header values of a delivery.
func (s *Server) Sign(body []byte, at time.Time) (timestamp, signature string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	sum := sha256.Sum256(append([]byte(timestamp), body...))
	sig, err := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(err) // a sound key signs
	}
	return timestamp, base64.StdEncoding.EncodeToString(sig)
}

// deliver posts bodies one after the other; each is tried again until it is answered 2xx, as the provider does.
func (s *Server) deliver(url string, bodies [][]byte) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.RetryFor)
	defer cancel()
	for _, body := range bodies {
		done := Post{Body: body}
		for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
			done.Tries++
			status, err := s.post(ctx, url, body)
			done.Status = status
			if (err == nil && status/100 == 2) || !pause(ctx, wait) {
				break
			}
		}
		s.mu.Lock()
		s.posts = append(s.posts, done)
		s.signal()
		s.mu.Unlock()
	}
}

func (s *Server) post(ctx context.Context, url string, body []byte) (int, error) {
	if url == "" {
		return 0, errors.New("no webhook is set")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	timestamp, signature := s.Sign(body, s.opts.Now())
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	req.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", timestamp)
	req.Header.Set("X-Twilio-Email-Event-Webhook-Signature", signature)
	resp, err := s.sender.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, nil
}

// encode writes a body with the CRLF that the provider's bodies end in; verifiers must not trim it.
func encode(events ...map[string]any) []byte {
	list := make([]map[string]any, 0, len(events))
	for _, e := range events {
		list = append(list, maps.Clone(e))
	}
	body, err := json.Marshal(list)
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return append(body, "\r\n"...)
}

// pause waits, or returns false when the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
