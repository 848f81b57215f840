package token

import (
	"crypto/hmac"
	"encoding/base32"
	"strings"

	"github.com/google/uuid"
)

// Mailbox names the mailbox of a lead, in the local part of a mail address: 64 characters at most (RFC 5321), and of a
// case that mail servers do not keep. id: lead.
const Mailbox Purpose = "mailbox"

// A short token is the id and 72 bits of HMAC in 40 letters and digits: as much as an address has room for. It is no
// secret of a person (it opens nothing and shows nothing): guessing one costs 2^71 mails, and would put one mail beside a
// lead.
const (
	shortMAC = 9
	shortLen = 16 + shortMAC
)

var shortEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ShortLength is how long a short token is.
const ShortLength = 40

// MintShort makes a short token; the same id always gives the same one while the first secret stays.
func (k *Keys) MintShort(p Purpose, id uuid.UUID) string {
	return shortEncoding.EncodeToString(append(id[:], k.secrets[0].mac(p, id[:])[:shortMAC]...))
}

// OpenShort gives the id, or ErrInvalid. The case of letters does not count, everything else does.
func (k *Keys) OpenShort(p Purpose, text string) (uuid.UUID, error) {
	if len(text) != ShortLength {
		return uuid.Nil, ErrInvalid
	}
	text = strings.ToLower(text)
	raw, err := shortEncoding.DecodeString(text)
	if err != nil || len(raw) != shortLen || shortEncoding.EncodeToString(raw) != text {
		return uuid.Nil, ErrInvalid
	}
	id := uuid.UUID(raw[:16])
	for _, s := range k.secrets {
		if hmac.Equal(s.mac(p, id[:])[:shortMAC], raw[16:]) {
			return id, nil
		}
	}
	return uuid.Nil, ErrInvalid
}
