package sendgridtest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
)

// specPath is where the official description lies, below the folder of shared data.
const specPath = "specs/sendgrid/tsg_mail_v3.json"

// spec checks requests against the OpenAPI description, or says why it cannot.
type spec struct {
	missing string
	mu      sync.Mutex
	v       validator.Validator
}

// loadSpec reads the description once a process.
func loadSpec(skip bool) *spec {
	if skip {
		return &spec{missing: "the OpenAPI description was not asked for: own checks only"}
	}
	return loadOnce()
}

var loadOnce = sync.OnceValue(func() *spec {
	path := findSpec()
	if path == "" {
		return &spec{missing: specPath + " is not at hand (GATEHOUSE_SHARED names its folder): own checks only"}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return &spec{missing: "the OpenAPI description cannot be read: own checks only"}
	}
	doc, err := libopenapi.NewDocument(raw)
	if err != nil {
		return &spec{missing: "the OpenAPI description cannot be parsed: own checks only: " + err.Error()}
	}
	// Without format assertions a recipient that is no address would pass.
	v, faults := validator.NewValidator(doc, config.WithFormatAssertions())
	if len(faults) > 0 {
		return &spec{missing: fmt.Sprintf("the OpenAPI description cannot be used: own checks only: %v", faults[0])}
	}
	return &spec{v: v}
})

// findSpec looks in $GATEHOUSE_SHARED, then in a folder "shared" beside each folder above.
func findSpec() string {
	var tries []string
	if dir := os.Getenv("GATEHOUSE_SHARED"); dir != "" {
		tries = append(tries, filepath.Join(dir, specPath))
	}
	if dir, err := os.Getwd(); err == nil {
		for {
			tries = append(tries, filepath.Join(dir, "shared", specPath))
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
		}
	}
	for _, path := range tries {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func (sp *spec) check(r *http.Request, body []byte) (faults []string) {
	if sp.v == nil {
		return nil
	}
	req := r.Clone(r.Context())
	req.Body = readCloser{bytes.NewReader(body)}
	req.URL.Scheme, req.URL.Host, req.Host = "https", "api.sendgrid.com", "api.sendgrid.com"
	sp.mu.Lock()
	defer sp.mu.Unlock()
	ok, errs := sp.v.ValidateHttpRequestSync(req)
	if ok {
		return nil
	}
	for _, e := range errs {
		line := e.Message
		if line == "" {
			line = e.Reason
		}
		for _, s := range e.SchemaValidationErrors {
			line += "; " + s.Reason
		}
		faults = append(faults, "openapi: "+line)
	}
	return faults
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

type address struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

type toggle struct {
	Enable     *bool `json:"enable"`
	EnableText *bool `json:"enable_text"`
}

type request struct {
	Personalizations []struct {
		To         []address         `json:"to"`
		CC         []address         `json:"cc"`
		BCC        []address         `json:"bcc"`
		CustomArgs map[string]string `json:"custom_args"`
	} `json:"personalizations"`
	From    address `json:"from"`
	Subject string  `json:"subject"`
	Content []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"content"`
	Headers      map[string]string `json:"headers"`
	Categories   []string          `json:"categories"`
	CustomArgs   json.RawMessage   `json:"custom_args"`
	MailSettings map[string]toggle `json:"mail_settings"`
	Tracking     map[string]toggle `json:"tracking_settings"`
}

// reserved headers are SendGrid's own (mail send, "headers").
var reserved = []string{
	"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
	"to", "from", "subject", "reply-to", "cc", "bcc",
}

// check reads a request and names everything that is against the contract: SendGrid's description, its documented
// limits, and what Gatehouse promises of each mail.
func (s *Server) check(r *http.Request, body []byte) (Mail, []string) {
	faults := s.spec.check(r, body)
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		fault("no bearer key")
	}
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		fault("content type %q", ct)
	}
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		fault("the body is no mail: %v", err)
		return Mail{}, faults
	}
	if len(req.Personalizations) != 1 || len(req.Personalizations[0].To) != 1 ||
		len(req.Personalizations[0].CC)+len(req.Personalizations[0].BCC) != 0 {
		fault("a message goes to exactly one person")
		return Mail{}, faults
	}
	p := req.Personalizations[0]
	checkSender(req, p.To[0], fault)
	checkContent(req, fault)
	checkSettings(req, p.CustomArgs, fault)
	m := Mail{
		MessageID: p.CustomArgs["message_id"], Kind: p.CustomArgs["kind"], To: p.To[0].Email, ToName: p.To[0].Name,
		From: req.From.Email, FromName: req.From.Name, Subject: req.Subject, Headers: req.Headers, Categories: req.Categories,
		Bypass: on(req.MailSettings["bypass_unsubscribe_management"].Enable), Body: body, args: p.CustomArgs,
	}
	for _, c := range req.Content {
		switch c.Type {
		case "text/plain":
			m.Text = c.Value
		case "text/html":
			m.HTML = c.Value
		}
	}
	return m, faults
}

type faultFunc func(format string, args ...any)

func checkSender(req request, to address, fault faultFunc) {
	if strings.ContainsFunc(req.From.Email, func(r rune) bool { return r > unicode.MaxASCII }) {
		fault("unicode in from.email")
	}
	if strings.ContainsAny(to.Name, ";,") {
		fault("; or , in a recipient's name")
	}
	for name, value := range req.Headers {
		if slices.Contains(reserved, strings.ToLower(name)) {
			fault("header %s is reserved", name)
		}
		if strings.ContainsAny(name+value, "\r\n") {
			fault("line break in header %s", name)
		}
	}
	if u := req.Headers["List-Unsubscribe"]; u != "" {
		if !strings.HasPrefix(u, "<http") || !strings.HasSuffix(u, ">") {
			fault("List-Unsubscribe is not one URL in angle brackets")
		}
		if req.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
			fault("List-Unsubscribe without List-Unsubscribe-Post")
		}
	}
}

func checkContent(req request, fault faultFunc) {
	if req.Subject == "" || strings.ContainsAny(req.Subject, "\r\n") {
		fault("subject empty or more than a line")
	}
	if len(req.Content) != 2 || req.Content[0].Type != "text/plain" || req.Content[1].Type != "text/html" {
		fault("content must be text/plain, then text/html")
	}
	for _, c := range req.Content {
		if strings.TrimSpace(c.Value) == "" {
			fault("empty %s", c.Type)
		}
	}
	seen := map[string]bool{}
	for _, c := range req.Categories {
		if seen[c] || len([]rune(c)) > 255 || strings.Contains(c, "@") {
			fault("category twice, too long or with an address")
		}
		seen[c] = true
	}
	if len(req.Categories) > 10 {
		fault("more than 10 categories")
	}
}

func checkSettings(req request, args map[string]string, fault faultFunc) {
	if len(req.CustomArgs) > 0 {
		fault("custom_args belong into the personalization")
	}
	size := 0
	for k, v := range args {
		size += len(k) + len(v)
		if strings.Contains(v, "@") {
			fault("custom argument %s holds an address", k)
		}
	}
	if size > 10_000 {
		fault("custom_args beyond 10,000 bytes")
	}
	if args["message_id"] == "" || args["kind"] == "" {
		fault("custom_args need message_id and kind")
	}
	click := req.Tracking["click_tracking"]
	if !off(click.Enable) || !off(click.EnableText) {
		fault("click tracking must be off in the html and the text part")
	}
	for _, name := range []string{"open_tracking", "subscription_tracking", "ganalytics"} {
		if !off(req.Tracking[name].Enable) {
			fault("%s must be off", name)
		}
	}
	for name, t := range req.MailSettings {
		if on(t.Enable) && (name != "bypass_unsubscribe_management" || args["kind"] != "requested") {
			fault("%s must not be set for %s mail", name, args["kind"])
		}
	}
}

func on(b *bool) bool  { return b != nil && *b }
func off(b *bool) bool { return b != nil && !*b }

// accept records a mail and gives it the provider's id.
func (s *Server) accept(m Mail, fault Fault) Mail {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	m.ProviderID, m.Fault = base64.RawURLEncoding.EncodeToString(id), fault
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = s.opts.Now()
	s.counts[m.MessageID]++
	m.Attempt = s.counts[m.MessageID]
	s.mails = append(s.mails, m)
	s.signal()
	return m
}
