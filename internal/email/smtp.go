package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const smtpTimeout = 30 * time.Second

// SMTPConfig is what the SMTP transport needs.
type SMTPConfig struct {
	URL     string           // smtp://user:pass@host:port (587) or smtps://... (465)
	Helo    string           // our name in EHLO; empty: "localhost"
	Timeout time.Duration    // of one try; 0: 30 s. The context's deadline holds as well
	TLS     *tls.Config      // nil: the system's roots, TLS 1.2 and newer
	Now     func() time.Time // for the Date header; nil: time.Now
}

// SMTP hands messages to a mail server, one connection a message. Each keeps one Message-ID over all tries; there are
// no events, so an unknown outcome stays unknown.
type SMTP struct {
	host       string
	port       int
	user, pass string
	implicit   bool
	helo       string
	timeout    time.Duration
	tls        *tls.Config
	now        func() time.Time
}

// NewSMTP checks the configuration; it makes no connection. The error is errs.Invalid and never holds the password.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") || (u.Path != "" && u.Path != "/") {
		return nil, errs.New(errs.Invalid, "SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465.")
	}
	s := &SMTP{host: u.Hostname(), port: 587, implicit: u.Scheme == "smtps", helo: c.Helo, timeout: c.Timeout, tls: c.TLS, now: c.Now}
	if s.implicit {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errs.New(errs.Invalid, "SMTP_URL has a port that does not exist.")
		}
	}
	s.user = u.User.Username()
	s.pass, _ = u.User.Password()
	if s.helo == "" {
		s.helo = "localhost"
	}
	if s.timeout <= 0 {
		s.timeout = smtpTimeout
	}
	if s.tls == nil {
		// A mail server on this machine usually has a certificate it made for itself, and nobody sits in between.
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: loopback(s.host)} //nolint:gosec // as said above
	}
	if s.tls = s.tls.Clone(); s.tls.ServerName == "" {
		s.tls.ServerName = s.host
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Name is "smtp".
func (s *SMTP) Name() string { return "smtp" }

// HasEvents is false.
func (s *SMTP) HasEvents() bool { return false }

// HasIdempotency is false: a Message-ID lets mail programs hide a double, it does not keep a server from taking it.
func (s *SMTP) HasIdempotency() bool { return false }

// Send makes one try.
func (s *SMTP) Send(ctx context.Context, m Message) Result {
	msg, err := buildMIME(m, s.now())
	if err != nil {
		return refuse(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var conn net.Conn // the library leaves it open when greeting, TLS or login fail
	client, err := s.client(ctx, &conn)
	if err != nil {
		return refuse(errs.Wrap(quiet(err), errs.Invalid, "The SMTP settings cannot be used."))
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if conn != nil {
		defer func() { _ = conn.Close() }()
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
	}
	if err != nil {
		return smtpDialFailed(err)
	}
	if leaseOver(ctx) {
		return Result{Outcome: NotSent, Reason: errLeaseOver.Error(), Err: errLeaseOver}
	}
	err = client.SendWithSMTPClient(session, msg)
	if err == nil || msg.IsDelivered() {
		_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // taking leave must not hold us up
		_ = client.CloseWithSMTPClient(session)
		return Result{Outcome: Accepted, Status: 250, ProviderID: messageID(m)}
	}
	return smtpSendFailed(err)
}

// client is one try's go-mail client. Off this machine a connection without TLS is refused (RFC 8314).
func (s *SMTP) client(ctx context.Context, conn *net.Conn) (*mail.Client, error) {
	deadline, _ := ctx.Deadline()
	policy := mail.TLSMandatory
	if s.implicit || loopback(s.host) {
		policy = mail.TLSOpportunistic
	}
	opts := []mail.Option{
		mail.WithPort(s.port), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.tls), mail.WithHELO(s.helo),
		mail.WithTimeout(max(time.Until(deadline), time.Millisecond)), mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			*conn = raw
			if !s.implicit {
				return raw, nil
			}
			secure := tls.Client(raw, s.tls)
			if err := secure.HandshakeContext(ctx); err != nil {
				_ = raw.Close()
				return nil, err
			}
			return secure, nil
		}),
	}
	if s.user != "" {
		mechanisms := []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
		opts = append(opts, mail.WithOpportunisticSMTPAuth(mechanisms...), mail.WithUsername(s.user), mail.WithPassword(s.pass))
	}
	return mail.NewClient(s.host, opts...)
}

// smtpDialFailed explains a session that never opened: nothing of the message was written.
func smtpDialFailed(err error) Result {
	r := Result{Outcome: NotSent, Reason: whyNotSent(err), Err: quiet(err)}
	if code, text, ok := replyOf(err); ok {
		r.Status, r.Reason = code, scrub(text)
		switch {
		case code == 530 || code == 534 || code == 535 || code == 538: // RFC 4954 section 6
			r.Outcome = Unauthorised
		default:
			r.Outcome = ServerError // a greeting of 4yz or 5yz is about the server's state, not about this message
		}
		return r
	}
	switch text := err.Error(); {
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered), strings.Contains(text, "does not support SMTP AUTH"):
		r.Outcome, r.Reason = Unauthorised, "the mail server offers no login that we can use"
	case strings.Contains(text, "does not support STARTTLS"):
		r.Reason = "the mail server offers no encryption (STARTTLS); use smtps:// or another port"
	}
	return r
}

// smtpSendFailed explains a message that was not taken, by the step that failed.
func smtpSendFailed(err error) Result {
	r := Result{Outcome: ServerError, Err: quiet(err)}
	var step *mail.SendError
	reason := mail.ErrAmbiguous
	if errors.As(err, &step) {
		reason = step.Reason
		r.Status = step.ErrorCode()
	}
	if r.Status > 0 {
		r.Reason = scrub(err.Error())
	}
	switch {
	case r.Status == 530 || r.Status == 535:
		r.Outcome = Unauthorised
	case r.Status >= 500 && reason == mail.ErrSMTPMailFrom:
		r.Outcome = Unauthorised // the server does not let us write as this sender, whoever the message is for
	case r.Status >= 500:
		r.Outcome = Refused
	case r.Status >= 400:
		r.Outcome = ServerError
	case reason == mail.ErrSMTPDataClose || reason == mail.ErrAmbiguous:
		// The end of the data may have arrived (RFC 5321 section 4.2.5: the server may have taken responsibility).
		r.Outcome, r.Reason = Unknown, "no complete answer after the message was written"
	default:
		// Without the final dot a server must not take a message (RFC 5321 section 4.1.1.4).
		r.Outcome, r.Reason = NotSent, "the connection broke before the message was complete"
	}
	return r
}

// replyOf finds the server's own reply in a chain of errors.
func replyOf(err error) (code int, text string, ok bool) {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 400 {
		return reply.Code, reply.Msg, true
	}
	return 0, "", false
}
