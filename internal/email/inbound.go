package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Proof is what the receiving mail server found out about the sender.
type Proof string

// The proofs. Unproved: nobody has looked.
const (
	Proved   Proof = "proved"  // SPF or DKIM passed for the very domain of From
	Unproved Proof = "unknown" // the provider passed no results
	Refuted  Proof = "refuted" // it passed results, and none of them stands for From
)

// Inbound is a mail that came in. Whatever it says of itself is a claim; Proof says how far its sender is proved.
type Inbound struct {
	MessageID string // without angle brackets; a hash of the mail where it names none
	From      string // one address in small letters; "" where the mail names none, several, or nonsense
	To        []string
	Subject   string
	Text      string // what the sender wrote, without the mails that were quoted
	Date      time.Time
	Auto      string // why it counts as written by a program; "" a person's
	Proof     Proof
	Raw       []byte // as it came, at most keepRaw bytes
}

// What is read of a mail, and what is kept. A mail beyond these is hostile, or a film.
const (
	keepRaw     = 1 << 20
	readText    = 256 << 10
	maxDepth    = 8
	maxParts    = 100
	maxText     = 4000 // characters
	maxTo       = 100
	maxIDLength = 400
)

// ParseMail reads a mail of RFC 5322. One that cannot be read is errs.Malformed and still carries its id and Raw.
func ParseMail(raw []byte) (Inbound, error) {
	sum := sha256.Sum256(raw)
	in := Inbound{MessageID: "sha256:" + hex.EncodeToString(sum[:]), Proof: Unproved, Raw: bytes.Clone(raw[:min(len(raw), keepRaw)])}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return in, errs.Wrap(err, errs.Malformed, "The mail cannot be read.")
	}
	in.readHeader(m.Header)
	r := &reader{}
	r.part(textHeader{m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Header.Get("Content-Disposition")}, m.Body, 0)
	in.Text = r.text()
	return in, nil
}

func (in *Inbound) readHeader(h mail.Header) {
	if id := strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>"); id != "" {
		in.MessageID = headerText(id, maxIDLength)
	}
	if len(h["From"]) == 1 { // two senders are none: each could pass for the other
		if list, err := (&mail.AddressParser{WordDecoder: words}).ParseList(h.Get("From")); err == nil && len(list) == 1 {
			in.From = strings.ToLower(list[0].Address)
		}
	}
	for _, name := range []string{"To", "Cc", "Bcc", "Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, value := range h[name] {
			in.addTo(value)
		}
	}
	subject, err := words.DecodeHeader(h.Get("Subject"))
	if err != nil {
		subject = h.Get("Subject")
	}
	in.Subject = headerText(subject, maxSubject)
	if at, err := h.Date(); err == nil {
		in.Date = at.UTC()
	}
	in.Auto = autoReply(h)
}

// addressPattern finds addresses in whatever a header holds; recipients are looked up, never believed.
var addressPattern = regexp.MustCompile(`[^\s<>,;:"'()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}`)

func (in *Inbound) addTo(text string) {
	if len(text) > 64<<10 {
		text = text[:64<<10]
	}
	for _, a := range addressPattern.FindAllString(text, maxTo) {
		if a = strings.ToLower(a); len(in.To) < maxTo && !slices.Contains(in.To, a) {
			in.To = append(in.To, a)
		}
	}
}

var words = &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(r), nil
}}

// autoReply says why a mail is a program's (RFC 3834, and what is used beside it); "" for a person's.
func autoReply(h mail.Header) string {
	submitted, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))), ";")
	precedence := strings.ToLower(strings.TrimSpace(h.Get("Precedence")))
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case submitted != "" && strings.TrimSpace(submitted) != "no":
		return "it says so itself (Auto-Submitted)"
	case slices.Contains([]string{"bulk", "junk", "list", "auto_reply"}, precedence):
		return "it is sent to many (Precedence: " + precedence + ")"
	case h.Get("X-Autoreply") != "" || h.Get("X-Autorespond") != "":
		return "it says so itself (X-Autoreply)"
	case kind == "multipart/report":
		return "it is a mail server's report"
	case strings.TrimSpace(h.Get("Return-Path")) == "<>":
		return "nobody takes an answer to it (empty Return-Path)"
	case h.Get("List-Id") != "":
		return "it comes from a list (List-Id)"
	}
	return ""
}

// dkimPattern reads SendGrid's "{@example.org : pass}".
var dkimPattern = regexp.MustCompile(`@([A-Za-z0-9.-]+)\s*:\s*([a-z]+)`)

// prove weighs the provider's results: only those that stand for the domain of From count (RFC 7489, relaxed alignment).
func (in *Inbound) prove(spf, dkim, envelopeFrom string) {
	spf = strings.ToLower(strings.TrimSpace(spf))
	if spf == "" && strings.TrimSpace(dkim) == "" {
		return
	}
	in.Proof = Refuted
	_, from, ok := strings.Cut(in.From, "@")
	if !ok {
		return
	}
	if _, domain, ok := strings.Cut(strings.ToLower(envelopeFrom), "@"); ok && spf == "pass" && aligned(from, domain) {
		in.Proof = Proved
	}
	for _, m := range dkimPattern.FindAllStringSubmatch(strings.ToLower(dkim), 20) {
		if m[2] == "pass" && aligned(from, m[1]) {
			in.Proof = Proved
		}
	}
}

func aligned(a, b string) bool {
	if a == b {
		return true
	}
	x, err := publicsuffix.EffectiveTLDPlusOne(a)
	y, err2 := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && err2 == nil && x == y
}
