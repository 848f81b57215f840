package crm

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
)

// talk is one conversation with one system: its requests in order, kept for the page that shows them.
type talk struct {
	client *Client
	base   string
	auth   http.Header
	dry    bool
	fault  func(reply) *Fault // what the system's own words mean; nil: judge
	trace  []Exchange
	status int
}

const (
	bodyShown   = 16 << 10
	answerShown = 4 << 10
)

// get reads.
func (t *talk) get(ctx context.Context, path string, out any) error {
	return t.send(ctx, http.MethodGet, path, nil, nil, out)
}

// ask reads by a method that usually writes: a search.
func (t *talk) ask(ctx context.Context, method, path string, in, out any) error {
	return t.send(ctx, method, path, nil, in, out)
}

// write changes something there, unless this is a dry run: then it is only noted, and out stays empty.
func (t *talk) write(ctx context.Context, method, path string, in, out any) error {
	return t.writeWith(ctx, method, path, nil, in, out)
}

func (t *talk) writeWith(ctx context.Context, method, path string, extra http.Header, in, out any) error {
	if t.dry {
		body, err := encode(in)
		if err != nil {
			return err
		}
		t.trace = append(t.trace, Exchange{Method: method, Path: path, Body: string(body), Dry: true})
		return nil
	}
	return t.send(ctx, method, path, extra, in, out)
}

// secrets are what lets us in: a system that says it back must not put it on a page of ours.
func (t *talk) secrets() (out []string) {
	for _, values := range t.auth {
		for _, v := range values {
			out = append(out, strings.TrimPrefix(v, "Bearer "))
		}
	}
	return out
}

func masked(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

func encode(in any) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(in); err != nil {
		return nil, &Fault{Class: Refused, Reason: "what is to be told cannot be written as JSON"}
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

func (t *talk) send(ctx context.Context, method, path string, extra http.Header, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return err
	}
	h := t.auth.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Accept", "application/json")
	if in != nil {
		h.Set("Content-Type", "application/json")
	}
	maps.Copy(h, extra)
	r := t.client.do(ctx, method, t.base+path, h, body)
	t.status = r.status
	t.trace = append(t.trace, Exchange{Method: method, Path: path, Body: cut(string(body), bodyShown), Status: r.status, Answer: cut(masked(string(r.body), t.secrets()), answerShown)})
	if r.fault != nil {
		if method == http.MethodGet && r.fault.Class == Unknown {
			r.fault.Class = Retry // nothing can have happened
		}
		return r.fault
	}
	judge := t.client.judge
	if t.fault != nil {
		judge = t.fault
	}
	if f := judge(r); f != nil {
		return f
	}
	if out == nil || len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, out); err != nil {
		f := &Fault{Class: Unknown, Status: r.status, Reason: "its answer cannot be read"}
		if method == http.MethodGet {
			f.Class = Retry
		}
		return f
	}
	return nil
}

// end makes the outcome of a conversation.
func (t *talk) end(err error, objects []Object) Outcome {
	o := Outcome{Class: Done, Status: t.status, Trace: t.trace, Objects: objects}
	if err == nil {
		return o
	}
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Class: Retry, Reason: "something of ours failed"}
	}
	o.Class, o.Wait, o.Reason = f.Class, f.Wait, f.Reason
	if f.Status != 0 {
		o.Status = f.Status
	}
	return o
}

func isStatus(err error, status int) bool {
	var f *Fault
	return errors.As(err, &f) && f.Status == status
}

// codeConflict is what there is one of already, whatever they call it.
const codeConflict = "CONFLICT"

func isCode(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:n], "\uFFFD") + " ..."
}
