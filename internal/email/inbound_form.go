package email

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// ParseInbound reads what a provider posts for a mail: SendGrid's Inbound Parse (multipart/form-data; "email" is the mail as
// it came, with the option "POST the raw, full MIME message"; else "headers" and "text"), or the mail itself
// (message/rfc822). What is no such post is errs.Malformed with an empty Raw; a mail inside it that cannot be read is
// errs.Malformed with its Raw.
func ParseInbound(contentType string, body []byte) (Inbound, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && kind == "message/rfc822":
		return ParseMail(body)
	case err != nil || kind != "multipart/form-data" || params["boundary"] == "":
		return Inbound{}, errs.New(errs.Malformed, "This is no mail: multipart/form-data or message/rfc822 is expected.")
	}
	fields, err := formFields(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	if err != nil {
		return Inbound{}, err
	}
	raw, whole := fields["email"]
	if !whole {
		if fields["headers"] == "" {
			return Inbound{}, errs.New(errs.Malformed, "The post holds neither a mail nor the headers of one.")
		}
		raw = strings.TrimRight(fields["headers"], "\r\n") + "\r\n\r\n"
	}
	in, err := ParseMail([]byte(raw))
	if err == nil && !whole { // the provider has taken it apart already: its headers speak of parts that are not here
		if in.Text = ownWords(strings.ToValidUTF8(fields["text"], "\ufffd")); in.Text == "" {
			in.Text = ownWords(withoutMarks(strings.ToValidUTF8(fields["html"], "\ufffd")))
		}
		in.Raw = append(in.Raw, fields["text"][:min(len(fields["text"]), keepRaw-min(len(in.Raw), keepRaw))]...)
	}
	var envelope struct {
		To   []string `json:"to"`
		From string   `json:"from"`
	}
	if json.Unmarshal([]byte(fields["envelope"]), &envelope) == nil {
		for _, to := range envelope.To {
			in.addTo(to)
		}
	}
	in.prove(fields["SPF"], fields["dkim"], envelope.From)
	return in, err
}

// The bounds of a post: fields that are read, and how long each may be. Attachments are passed over.
const (
	maxFields = 300
	maxField  = 25 << 20
)

func formFields(r *multipart.Reader) (map[string]string, error) {
	fields := map[string]string{}
	for range maxFields {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, errs.Wrap(err, errs.Malformed, "The post cannot be read.")
		}
		switch name := p.FormName(); name {
		case "email", "headers", "text", "html", "envelope", "SPF", "dkim":
			if _, twice := fields[name]; twice {
				return nil, errs.New(errs.Malformed, "The post holds %q twice.", name)
			}
			value, err := io.ReadAll(io.LimitReader(p, maxField))
			if err != nil {
				return nil, errs.Wrap(err, errs.Malformed, "The post cannot be read.")
			}
			fields[name] = string(value)
		}
	}
	return nil, errs.New(errs.Malformed, "The post holds more than %d parts.", maxFields)
}

// InboundKey is the secret of whoever posts mails: in HTTP basic authentication (as the password in the address that the
// provider is told), or as the key of a Standard Webhooks signature.
type InboundKey string

// webhookTolerance is how far the time of a signature may lie from ours (Standard Webhooks).
const webhookTolerance = 5 * time.Minute

// SignedPost is what a request brings to prove who sent it.
type SignedPost struct {
	Password                 string // of basic authentication
	ID, Timestamp, Signature string // webhook-id, webhook-timestamp, webhook-signature
}

// Verify refuses what the secret does not prove with errs.Unauthorized.
func (k InboundKey) Verify(p SignedPost, body []byte, now time.Time) error {
	if k == "" {
		return errs.New(errs.Unavailable, "No secret is configured for mails that come in.")
	}
	if p.Signature == "" {
		if subtle.ConstantTimeCompare([]byte(p.Password), []byte(k)) != 1 {
			return errs.New(errs.Unauthorized, "The secret is missing or wrong.")
		}
		return nil
	}
	seconds, err := strconv.ParseInt(p.Timestamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > webhookTolerance || age < -webhookTolerance {
		return errs.New(errs.Unauthorized, "The time of the signature is more than five minutes from ours.")
	}
	mac := hmac.New(sha256.New, k.bytes())
	mac.Write([]byte(p.ID + "." + p.Timestamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for s := range strings.FieldsSeq(p.Signature) {
		version, text, _ := strings.Cut(s, ",")
		if got, err := base64.StdEncoding.DecodeString(text); version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errs.New(errs.Unauthorized, "The signature does not match.")
}

// bytes is the key of the signature: what "whsec_" and base64 spell, or the text itself.
func (k InboundKey) bytes() []byte {
	if text, ok := strings.CutPrefix(string(k), "whsec_"); ok {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			return raw
		}
	}
	return []byte(k)
}
