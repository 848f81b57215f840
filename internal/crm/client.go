package crm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of one request.
const (
	requestTimeout = 12 * time.Second
	answerLimit    = 1 << 20
	longestWait    = 6 * time.Hour // that a Retry-After may ask for
)

// Allow is what the operator allows beyond the public internet: networks, and ports other than 80 and 443.
type Allow struct {
	Networks []netip.Prefix
	Ports    []uint16
}

// ParseAllow reads "10.1.0.0/16, 127.0.0.1, port:8443".
func ParseAllow(text string) (a Allow, err error) {
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if p, ok := strings.CutPrefix(s, "port:"); ok {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil || n == 0 {
				return a, fmt.Errorf("%q is not a port like port:8443", s)
			}
			a.Ports = append(a.Ports, uint16(n))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			one, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return a, fmt.Errorf("%q is neither a network like 10.0.0.0/8 nor a port like port:8443", s)
			}
			p = netip.PrefixFrom(one, one.BitLen())
		}
		a.Networks = append(a.Networks, p)
	}
	return a, nil
}

// Client is the one way out. The address is checked when it is dialled, after the name was resolved, so that no name can
// lead into the operator's own network; it follows no redirect, uses no proxy, and reads a bounded answer.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// guardOf checks what is about to be dialled.
func guardOf(a Allow) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range a.Networks {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return ssrf.New(ssrf.WithPorts(append([]uint16{80, 443}, a.Ports...)...), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
}

// NewClient makes one. now may be nil.
func NewClient(a Allow, now func() time.Time) *Client { return newClient(a, now, nil) }

// newClient asks the resolver for names, nil: that of the machine.
func newClient(a Allow, now func() time.Time, names *net.Resolver) *Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: guardOf(a).Safe, Resolver: names}
	if now == nil {
		now = time.Now
	}
	return &Client{now: now, http: &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			ForceAttemptHTTP2: true, ResponseHeaderTimeout: requestTimeout},
	}}
}

// reply is a complete answer, or why there is none.
type reply struct {
	status int
	header http.Header
	body   []byte
	fault  *Fault // no complete answer
}

// Fault is why a request came to nothing. Its text holds neither address nor secret.
type Fault struct {
	Class  Class
	Status int
	Wait   time.Duration
	Code   string // as they call it
	Reason string
}

// Error is the reason.
func (f *Fault) Error() string { return f.Reason }

func (c *Client) do(ctx context.Context, method, address string, header http.Header, body []byte) reply {
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return reply{fault: &Fault{Class: Misconfigured, Reason: "the address in the settings cannot be read"}}
	}
	if len(body) == 0 {
		req.Body, req.ContentLength = nil, 0
	}
	req.Header = header
	req.Header.Set("User-Agent", "Gatehouse")
	req.GetBody = nil // a request is sent once: whether it is sent again is decided where that is written down
	res, err := c.http.Do(req)
	if err != nil {
		return reply{fault: transportFault(err, written.Load())}
	}
	defer func() { _ = res.Body.Close() }()
	out := reply{status: res.StatusCode, header: res.Header}
	out.body, err = io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	if err != nil {
		return reply{status: res.StatusCode, fault: &Fault{Class: Unknown, Status: res.StatusCode, Reason: "the answer broke off"}}
	}
	if len(out.body) > answerLimit {
		return reply{status: res.StatusCode, fault: &Fault{Class: Unknown, Status: res.StatusCode, Reason: "the answer is longer than we read"}}
	}
	return out
}

// transportFault says in words of ours what happened: Go's own errors name the address, and addresses hold secrets.
func transportFault(err error, written bool) *Fault {
	var dns *net.DNSError
	var unknownCA x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return &Fault{Class: Misconfigured, Reason: "the address lies in a private network; the operator can allow it (GATEHOUSE_CONNECT_ALLOW)"}
	case errors.Is(err, ssrf.ErrProhibitedPort):
		return &Fault{Class: Misconfigured, Reason: "the address uses a port other than 80 and 443; the operator can allow it (GATEHOUSE_CONNECT_ALLOW)"}
	case written && (errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()):
		return &Fault{Class: Unknown, Reason: "no answer came in time"}
	case written:
		return &Fault{Class: Unknown, Reason: "the connection broke before the answer"}
	case errors.As(err, &dns):
		return &Fault{Class: Retry, Reason: "the name of the host cannot be found"}
	case errors.As(err, &unknownCA), errors.As(err, &name), errors.As(err, &invalid), errors.As(err, &record):
		return &Fault{Class: Retry, Reason: "the host's certificate is not trusted"}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &Fault{Class: Retry, Reason: "the host did not take the connection in time"}
	}
	var u *url.Error
	if errors.As(err, &u) && strings.Contains(u.Err.Error(), "unsupported protocol") {
		return &Fault{Class: Misconfigured, Reason: "the address in the settings is neither http nor https"}
	}
	return &Fault{Class: Retry, Reason: "the host cannot be reached"}
}

// judge is what a complete answer means where the system has no words of its own for it.
func (c *Client) judge(r reply) *Fault {
	f := &Fault{Status: r.status}
	switch s := r.status; {
	case s >= 200 && s < 300:
		return nil
	case s >= 300 && s < 400:
		f.Class, f.Reason = Misconfigured, "it answers with a redirect, which is not followed: enter the final address"
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		f.Class, f.Reason = Unauthorised, "it refuses our key"
	case s == http.StatusTooManyRequests:
		f.Class, f.Reason, f.Wait = RateLimited, "it asks us to slow down", retryAfter(r.header, c.now())
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500:
		f.Class, f.Reason = Retry, "it has a fault of its own"
		if s == http.StatusServiceUnavailable {
			if w := retryAfter(r.header, c.now()); w > 0 {
				f.Class, f.Wait = RateLimited, w
			}
		}
	default:
		f.Class, f.Reason = Refused, "it refuses this"
	}
	return f
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return min(time.Duration(n)*time.Second, longestWait)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}
