package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// maxAnswer bounds a provider's answer; what lies beyond is not read.
const maxAnswer = 1 << 20

// newTransport speaks HTTP/1.1 only: one request, one answer, on one connection leaves no doubt about what was
// written. Idle connections are dropped early, so that a request is rarely put on one the provider is about to close.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       15 * time.Second,
		ResponseHeaderTimeout: 0, // the client's timeout covers it
		DisableCompression:    true,
	}
}

// tracker is a RoundTripper for one request that knows whether the body has begun to leave, and stops it before that
// when the lease is over.
type tracker struct {
	ctx     context.Context
	next    http.RoundTripper
	started atomic.Bool
}

// wrote reports whether any byte of the body may have been written.
func (t *tracker) wrote() bool { return t.started.Load() }

// RoundTrip implements http.RoundTripper.
func (t *tracker) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	body, again := req.Body, req.GetBody
	if body != nil {
		req.Body = &trackedBody{ReadCloser: body, t: t}
	}
	if again != nil {
		// The transport asks for a fresh body only after nothing at all was written on a connection it reused.
		req.GetBody = func() (io.ReadCloser, error) {
			fresh, err := again()
			if err != nil {
				return nil, err
			}
			t.started.Store(false)
			return &trackedBody{ReadCloser: fresh, t: t}, nil
		}
	}
	resp, err := t.next.RoundTrip(req)
	if resp != nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// trackedBody notes the first read: the transport reads the body only to write it, after it has a connection.
type trackedBody struct {
	io.ReadCloser
	t *tracker
}

func (b *trackedBody) Read(p []byte) (int, error) {
	if !b.t.started.Load() {
		if leaseOver(b.t.ctx) {
			return 0, errLeaseOver
		}
		b.t.started.Store(true)
	}
	return b.ReadCloser.Read(p)
}

// whyNotSent is a sentence for staff about a try that never began.
func whyNotSent(err error) string {
	var (
		dns      *net.DNSError
		cert     *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		record   tls.RecordHeaderError
		alert    tls.AlertError
	)
	switch {
	case errors.Is(err, errLeaseOver):
		return errLeaseOver.Error()
	case errors.As(err, &dns):
		return "the mail server's name could not be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the mail server refused the connection"
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &record), errors.As(err, &alert):
		return "no secure connection to the mail server: its certificate or protocol was not accepted"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.Canceled):
		return "no connection to the mail server in time"
	}
	return "no connection to the mail server"
}

// loopback reports whether a host names this machine without asking DNS.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
