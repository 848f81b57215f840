// Package smtptest is a mail server for tests: it records what it takes and plays faults by script. It listens on
// loopback only.
package smtptest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Fault is what happens to one message.
type Fault string

// The faults. The first message to reach the step takes the next fault of the script.
const (
	OK           Fault = "ok"
	SenderNo     Fault = "mail-550"   // 550 at MAIL FROM
	RcptNo       Fault = "rcpt-550"   // 550 at RCPT TO, naming the address
	RcptLater    Fault = "rcpt-451"   // 451 at RCPT TO
	DataNo       Fault = "data-554"   // 554 after the message
	DataLater    Fault = "data-452"   // 452 after the message
	CutAtRcpt    Fault = "cut-rcpt"   // the connection closes at RCPT TO
	CutInData    Fault = "cut-data"   // the connection closes while the message is read
	CutAfterData Fault = "cut-after"  // the message is kept, the connection closes without a reply
	HangAfter    Fault = "hang-after" // the message is kept, no reply comes until the client gives up
)

// Options of a server.
type Options struct {
	User, Password string // when set, login is needed
	TLS            bool   // STARTTLS is offered
	Implicit       bool   // TLS from the first byte (smtps)
}

// Mail is one message that was taken.
type Mail struct {
	From, To string
	Raw      []byte
	Fault    Fault
}

// Server is a running sink; all methods are safe for concurrent use.
type Server struct {
	Addr string // 127.0.0.1:port
	opts Options
	cert *x509.Certificate
	srv  *smtp.Server
	ln   net.Listener

	mu      sync.Mutex
	script  []Fault
	mails   []Mail
	changed chan struct{}
	closed  chan struct{}
	once    sync.Once
}

// New starts a server on a free loopback port and closes it with the test.
func New(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := Start("127.0.0.1:0", opts)
	if err != nil {
		t.Fatalf("smtptest: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server on a loopback address such as "127.0.0.1:2525"; another one is an error.
func Start(addr string, opts Options) (*Server, error) {
	pair, cert, err := selfSigned()
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if ip := ln.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		_ = ln.Close()
		return nil, fmt.Errorf("the sink listens on this machine only, not on %s", addr)
	}
	s := &Server{Addr: ln.Addr().String(), opts: opts, cert: cert, changed: make(chan struct{}), closed: make(chan struct{})}
	s.srv = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{s: s, c: c, known: opts.User == ""}, nil
	}))
	s.srv.Domain, s.srv.AllowInsecureAuth = "localhost", true
	s.srv.ErrorLog = log.New(io.Discard, "", 0)
	s.srv.ReadTimeout, s.srv.WriteTimeout = time.Minute, time.Minute
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if opts.TLS {
		s.srv.TLSConfig = conf
	}
	if opts.Implicit {
		ln = tls.NewListener(ln, conf)
	}
	s.ln = ln
	go func() { _ = s.srv.Serve(ln) }()
	return s, nil
}

// Close stops the server and cuts every connection.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closed)
		_ = s.ln.Close() // the server knows it only once Serve has begun
		_ = s.srv.Close()
	})
}

// Roots trusts the server's certificate (for 127.0.0.1 and localhost).
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.cert)
	return pool
}

// Faults sets what happens to the next messages, in order; after the last one all is well again.
func (s *Server) Faults(script ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = slices.Clone(script)
}

// All is every message taken, in order.
func (s *Server) All() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// WaitFor returns once n messages were taken, or with the context's error.
func (s *Server) WaitFor(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		ok, changed := len(s.mails) >= n, s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Server) next() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.script) == 0 {
		return OK
	}
	f := s.script[0]
	s.script = s.script[1:]
	return f
}

func (s *Server) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

// session is one connection; a fault is drawn at MAIL FROM and holds for that message.
type session struct {
	s        *Server
	c        *smtp.Conn
	known    bool
	from, to string
	fault    Fault
}

func (x *session) AuthMechanisms() []string {
	if x.s.opts.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != x.s.opts.User || pass != x.s.opts.Password {
			return smtp.ErrAuthFailed
		}
		x.known = true
		return nil
	}), nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if !x.known {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	x.from, x.fault = from, x.s.next()
	if x.fault == SenderNo {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender " + from + " not permitted"}
	}
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.to = to
	switch x.fault {
	case RcptNo:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + ">: no such user"}
	case RcptLater:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, come back later"}
	case CutAtRcpt:
		_ = x.c.Conn().Close()
	}
	return nil
}

func (x *session) Data(r io.Reader) error {
	if x.fault == CutInData {
		_, _ = io.ReadFull(r, make([]byte, 64))
		_ = x.c.Conn().Close()
		return io.ErrUnexpectedEOF
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch x.fault {
	case DataNo:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Message looks like spam"}
	case DataLater:
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"}
	}
	x.s.keep(Mail{From: x.from, To: x.to, Raw: raw, Fault: x.fault})
	switch x.fault {
	case CutAfterData:
		_ = x.c.Conn().Close()
	case HangAfter:
		x.hang()
	}
	return nil
}

// hang waits until the client has closed the connection, or the server is closed.
func (x *session) hang() {
	gone := make(chan struct{})
	go func() {
		_, _ = x.c.Conn().Read(make([]byte, 1))
		close(gone)
	}()
	select {
	case <-gone:
	case <-x.s.closed:
	}
}

func (x *session) Reset()        {}
func (x *session) Logout() error { return nil }

// selfSigned makes a certificate for loopback.
func selfSigned() (tls.Certificate, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smtptest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, cert, err
}
