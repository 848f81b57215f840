package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// The headers of a signed delivery (SendGrid, "Event Webhook security features").
const (
	SignatureHeader = "X-Twilio-Email-Event-Webhook-Signature"
	TimestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// A delivery is believed from 48 hours back (the provider retries for 24) to 5 minutes ahead of our clock.
const (
	maxEventAge   = 48 * time.Hour
	maxEventAhead = 5 * time.Minute
)

// ParsePublicKey reads the event webhook's key as SendGrid shows it: base64 of a PKIX public key, PEM lines allowed.
// Anything but an ECDSA P-256 key is errs.Invalid; the text never repeats the key.
func ParsePublicKey(text string) (*ecdsa.PublicKey, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			b.WriteString(line)
		}
	}
	der, err := base64.StdEncoding.DecodeString(b.String())
	if err != nil || len(der) == 0 {
		return nil, errs.New(errs.Invalid, "The webhook's public key is not base64: copy it as SendGrid shows it.")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "The webhook's public key cannot be read: copy it as SendGrid shows it.")
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errs.New(errs.Invalid, "The webhook's public key is of another kind: SendGrid signs with ECDSA P-256.")
	}
	return key, nil
}

// VerifySignature checks that body is what the provider signed at the time it says, byte for byte, and that this was
// recently. Every failure is errs.Unauthorized; a nil key is errs.Unavailable.
func VerifySignature(key *ecdsa.PublicKey, timestamp, signature string, body []byte, now time.Time) error {
	if key == nil {
		return errs.New(errs.Unavailable, "No public key is configured for the event webhook.")
	}
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(sig) == 0 {
		return errs.New(errs.Unauthorized, "The signature is missing or cannot be read.")
	}
	hash := sha256.New()
	hash.Write([]byte(timestamp))
	hash.Write(body)
	if !ecdsa.VerifyASN1(key, hash.Sum(nil), sig) {
		return errs.New(errs.Unauthorized, "The signature does not match.")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errs.New(errs.Unauthorized, "The time of the signature cannot be read.")
	}
	switch age := now.Sub(time.Unix(seconds, 0)); {
	case age > maxEventAge:
		return errs.New(errs.Unauthorized, "The signature is older than 48 hours.")
	case age < -maxEventAhead:
		return errs.New(errs.Unauthorized, "The signature lies in the future: check the clocks.")
	}
	return nil
}
