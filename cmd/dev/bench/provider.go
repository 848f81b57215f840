package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// provider stands in for SendGrid's mail/send and accepts everything. The double of the tests checks each request
// against the contract and keeps every mail; this one costs little, since it shares the processors with what is
// measured, and grows little, since it may have to take a hundred mails a second for ten minutes.
type provider struct {
	mu   sync.Mutex
	ids  map[string]bool
	seen provided
}

// provided is what the provider saw.
type provided struct {
	Requests int `json:"requests"`
	Messages int `json:"messages"` // different ones
	Twice    int `json:"twice"`    // requests with a message id that was accepted before
	Refused  int `json:"refused"`  // without a key, an address or a message id
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var mail struct {
		Personalizations []struct {
			To []struct {
				Email string `json:"email"`
			} `json:"to"`
			Args map[string]string `json:"custom_args"`
		} `json:"personalizations"`
	}
	err := json.NewDecoder(r.Body).Decode(&mail)
	good := err == nil && strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") && len(mail.Personalizations) == 1 &&
		len(mail.Personalizations[0].To) == 1 && mail.Personalizations[0].Args["message_id"] != ""
	p.mu.Lock()
	p.seen.Requests++
	n := p.seen.Requests
	if !good {
		p.seen.Refused++
	} else {
		id := mail.Personalizations[0].Args["message_id"]
		if p.ids[id] {
			p.seen.Twice++
		}
		p.ids[id] = true
		p.seen.Messages = len(p.ids)
	}
	p.mu.Unlock()
	if !good {
		http.Error(w, `{"errors":[{"message":"the request is not complete"}]}`, http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Message-Id", fmt.Sprintf("bench-%d", n))
	w.WriteHeader(http.StatusAccepted)
}

// runProvider serves until in ends, then prints what it saw.
func runProvider(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p := &provider{ids: map[string]bool{}}
	mux := http.NewServeMux()
	mux.Handle("POST /v3/mail/send", p)
	srv := &http.Server{Handler: mux} // loopback only, and nobody but the product knows the port
	go func() { _ = srv.Serve(l) }()
	defer func() { _ = srv.Close() }()
	if _, err := fmt.Fprintln(out, "http://"+l.Addr().String()); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return json.NewEncoder(out).Encode(p.seen)
}
