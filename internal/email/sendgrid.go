package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"golang.org/x/net/idna"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const (
	sendGridHost    = "https://api.sendgrid.com"
	sendGridTimeout = 20 * time.Second
	// maxWait bounds what a provider can ask of us: a mistyped header must not park a message for a year.
	maxWait = 24 * time.Hour
)

// SendGridConfig is what the SendGrid transport needs.
type SendGridConfig struct {
	Key     string           // "SG...."
	Host    string           // scheme and host; empty: https://api.sendgrid.com
	Timeout time.Duration    // of one try; 0: 20 s. The context's deadline holds as well
	Now     func() time.Time // clock for X-RateLimit-Reset; nil: time.Now
}

// SendGrid sends through SendGrid's v3 Mail Send API. Every try builds its own request and goes through an own client:
// the library's shared one is not safe for concurrent use, has no timeout and follows redirects with the key.
type SendGrid struct {
	key, host string
	now       func() time.Time
	transport http.RoundTripper
	timeout   time.Duration
}

// NewSendGrid checks the configuration; it makes no call. The error is errs.Invalid.
func NewSendGrid(c SendGridConfig) (*SendGrid, error) {
	if c.Host == "" {
		c.Host = sendGridHost
	}
	u, err := url.Parse(strings.TrimRight(c.Host, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		return nil, errs.New(errs.Invalid, "SENDGRID_HOST must be an https address such as https://api.eu.sendgrid.com (http only on this machine).")
	}
	if c.Key == "" || strings.ContainsFunc(c.Key, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII }) {
		return nil, errs.New(errs.Invalid, "SENDGRID_API_KEY is missing or holds spaces or line breaks.")
	}
	if c.Timeout <= 0 {
		c.Timeout = sendGridTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &SendGrid{key: c.Key, host: u.String(), now: c.Now, transport: newTransport(), timeout: c.Timeout}, nil
}

// Name is "sendgrid".
func (s *SendGrid) Name() string { return "sendgrid" }

// HasEvents is true: the event webhook reports each message with our id.
func (s *SendGrid) HasEvents() bool { return true }

// HasIdempotency is false: the API takes no idempotency key.
func (s *SendGrid) HasIdempotency() bool { return false }

// Send makes one try.
func (s *SendGrid) Send(ctx context.Context, m Message) Result {
	body, err := sendGridBody(m)
	if err != nil {
		return refuse(err)
	}
	req := sendgrid.GetRequest(s.key, "/v3/mail/send", s.host)
	req.Method = rest.Post
	req.Body = body
	resp, wrote, err := s.call(ctx, req)
	if err != nil {
		return lost(err, wrote)
	}
	return s.answered(resp)
}

// call makes one request with an own client and reports whether any of the body may have left.
func (s *SendGrid) call(ctx context.Context, req rest.Request) (resp *rest.Response, wrote bool, err error) {
	track := &tracker{ctx: ctx, next: s.transport}
	client := rest.Client{HTTPClient: &http.Client{
		Transport:     track,
		Timeout:       s.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	resp, err = client.SendWithContext(ctx, req)
	return resp, track.wrote(), err
}

// lost turns the absence of a complete answer into an outcome.
func lost(err error, wrote bool) Result {
	if wrote {
		return Result{Outcome: Unknown, Reason: "no complete answer after the message was written", Err: quiet(err)}
	}
	return Result{Outcome: NotSent, Reason: whyNotSent(err), Err: quiet(err)}
}

// answered turns a complete answer of any status into an outcome.
func (s *SendGrid) answered(resp *rest.Response) Result {
	header := http.Header(resp.Headers)
	r := Result{Status: resp.StatusCode, ProviderID: headerText(header.Get("X-Message-Id"), 200)}
	detail := sendGridReason(resp)
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		r.Outcome, r.Reason = Accepted, "sandbox: taken, but no mail goes out"
		return r
	case code >= 200 && code < 300:
		r.Outcome = Accepted
		return r
	case code >= 300 && code < 400:
		r.Outcome, r.Reason = ServerError, "the provider answered with a redirect, which is not followed: check SENDGRID_HOST"
	case code == http.StatusTooManyRequests:
		r.Outcome, r.Reason, r.RetryAfter = RateLimited, detail, retryAfter(header, s.now())
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		r.Outcome, r.Reason = Unauthorised, detail
	case code >= 400 && code < 500:
		r.Outcome, r.Reason = Refused, detail
	default:
		r.Outcome, r.Reason, r.RetryAfter = ServerError, detail, retryAfter(header, s.now())
	}
	r.Err = fmt.Errorf("sendgrid: status %d: %s", r.Status, r.Reason)
	return r
}

// sendGridReason is the first error's sentence, scrubbed, or the status in words.
func sendGridReason(resp *rest.Response) string {
	var body struct {
		Errors []struct {
			Message string `json:"message"`
			Field   string `json:"field"`
		} `json:"errors"`
	}
	if json.Unmarshal([]byte(resp.Body), &body) == nil && len(body.Errors) > 0 && body.Errors[0].Message != "" {
		reason := body.Errors[0].Message
		if f := body.Errors[0].Field; f != "" {
			reason += " (" + f + ")"
		}
		return scrub(reason)
	}
	if text := http.StatusText(resp.StatusCode); text != "" {
		return strings.ToLower(text)
	}
	return "status " + strconv.Itoa(resp.StatusCode)
}

// retryAfter reads Retry-After (RFC 9110 10.2.3: seconds or a date), else X-RateLimit-Reset (unix seconds).
func retryAfter(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	if v := strings.TrimSpace(h.Get("Retry-After")); v != "" {
		if n, err := strconv.ParseInt(v, 10, 32); err == nil {
			wait = time.Duration(n) * time.Second
		} else if at, err := http.ParseTime(v); err == nil {
			wait = at.Sub(now)
		}
	} else if n, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RateLimit-Reset")), 10, 64); err == nil {
		wait = time.Unix(n, 0).Sub(now)
	}
	return min(max(wait, 0), maxWait)
}

// sendGridBody builds the request. Personal data stays out of categories and custom arguments: the provider keeps
// those as "not personal". The arguments sit in the personalization because the API's own description types the
// top-level ones as a string.
func sendGridBody(m Message) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	from, err := asciiAddress(m.From.Address)
	if err != nil {
		return nil, err
	}
	v3 := mail.NewV3Mail()
	v3.SetFrom(mail.NewEmail(displayName(m.From.Name), from))
	if m.ReplyTo != "" {
		v3.SetReplyTo(mail.NewEmail("", m.ReplyTo))
	}
	v3.Subject = headerText(m.Subject, maxSubject)
	p := mail.NewPersonalization()
	p.AddTos(mail.NewEmail(displayName(m.ToName), m.To))
	p.SetCustomArg("message_id", m.ID.String())
	p.SetCustomArg("kind", string(m.Kind))
	v3.AddPersonalizations(p)
	v3.AddContent(mail.NewContent("text/plain", m.Text), mail.NewContent("text/html", m.HTML))
	v3.AddCategories(categories(m)...)
	if m.Unsubscribe != "" {
		v3.SetHeader("List-Unsubscribe", "<"+m.Unsubscribe+">")
		v3.SetHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058 3.1
	}
	off := false
	v3.SetTrackingSettings(&mail.TrackingSettings{
		ClickTracking:        &mail.ClickTrackingSetting{Enable: &off, EnableText: &off},
		OpenTracking:         &mail.OpenTrackingSetting{Enable: &off},
		SubscriptionTracking: &mail.SubscriptionTrackingSetting{Enable: &off},
		GoogleAnalytics:      &mail.GaSetting{Enable: &off},
	})
	if m.Kind == Requested {
		v3.SetMailSettings(mail.NewMailSettings().SetBypassUnsubscribeManagement(mail.NewSetting(true)))
	}
	body, err := json.Marshal(v3)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "The message could not be written as JSON.")
	}
	return body, nil
}

// categories are the message's own or its kind: at most 10, each once, at most 255 characters (mail send limits).
func categories(m Message) []string {
	var out []string
	for _, c := range m.Categories {
		if c = headerText(c, 255); c != "" && !slices.Contains(out, c) && len(out) < 10 {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		out = append(out, string(m.Kind))
	}
	return out
}

// asciiAddress writes the domain in A-labels and refuses a local part outside ASCII, which SendGrid does not take in
// a sender.
func asciiAddress(address string) (string, error) {
	local, domain, ok := cutLast(address, "@")
	ascii, err := idna.Lookup.ToASCII(domain)
	if !ok || local == "" || err != nil || strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", errs.New(errs.Invalid, "The sender's address is not one that SendGrid takes: its local part must be plain ASCII.")
	}
	return local + "@" + ascii, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

var errLeaseOver = errors.New("the time for this try is over; nothing was written")
