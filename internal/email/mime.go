package email

import (
	"bytes"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// messageID is the RFC 5322 Message-ID of a message, without brackets: the same on every try.
func messageID(m Message) string {
	_, domain, found := cutLast(asciiDomain(m.From.Address), "@")
	if !found || domain == "" {
		domain = "localhost"
	}
	return m.ID.String() + "@" + domain
}

// asciiDomain writes an address's domain in A-labels, so that no server needs SMTPUTF8 for our sender.
func asciiDomain(address string) string {
	local, domain, found := cutLast(address, "@")
	if ascii, err := idna.Lookup.ToASCII(domain); found && err == nil {
		return local + "@" + ascii
	}
	return address
}

// buildMIME writes the message as multipart/alternative, text first.
func buildMIME(m Message, now time.Time) (*mail.Msg, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(displayName(m.From.Name), asciiDomain(m.From.Address)); err != nil {
		return nil, errs.Wrap(quiet(err), errs.Invalid, "The sender's address cannot be written.")
	}
	if err := msg.AddToFormat(displayName(m.ToName), m.To); err != nil {
		return nil, errs.Wrap(quiet(err), errs.Invalid, "The address cannot be written.")
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, errs.Wrap(quiet(err), errs.Invalid, "The reply address cannot be written.")
		}
	}
	msg.Subject(headerText(m.Subject, maxSubject))
	msg.SetMessageIDWithValue(messageID(m))
	msg.SetDateWithValue(now)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies, please
	if m.Unsubscribe != "" {
		msg.SetGenHeaderPreformatted(mail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		msg.SetGenHeaderPreformatted(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(mail.TypeTextPlain, strings.ReplaceAll(m.Text, "\x00", ""))
	msg.AddAlternativeString(mail.TypeTextHTML, strings.ReplaceAll(m.HTML, "\x00", ""))
	return msg, nil
}

// rawMessage is the full RFC 5322 source.
func rawMessage(m Message, now time.Time) ([]byte, error) {
	msg, err := buildMIME(m, now)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, errs.Wrap(quiet(err), errs.Internal, "The message could not be written.")
	}
	return b.Bytes(), nil
}
