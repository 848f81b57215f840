// Package token signs the links and receipts that leave the house: strict base64url of version, key id, object id,
// serial, expiry and a 128-bit HMAC-SHA-256 under an HKDF key per purpose. The same input mints the same token, so a
// retried mail carries the same link; raising an object's serial revokes every token of a lower one.
package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Purpose keeps tokens apart: one made for a purpose never opens another.
type Purpose string

// The purposes.
const (
	Grant       Purpose = "grant"       // /d/{token}: a document for one address; id: grant
	File        Purpose = "file"        // /d/{token}/file?k=: fifteen minutes of bytes; id: document version
	Preferences Purpose = "preferences" // /u/{token}; id: lead address
	Receipt     Purpose = "receipt"     // thanks page, API receipt; id: submission
	FormAge     Purpose = "form-age"    // when the form was opened; id: gate
	StaffLink   Purpose = "staff-link"  // set-up and password links; id: user token row
)

// ErrInvalid is the only answer to anything that is not exactly a token we made for that purpose.
var ErrInvalid = errors.New("token: not valid")

// Claims is what a token says. Expiry has a resolution of one second; zero means never.
type Claims struct {
	ID     uuid.UUID
	Serial uint32
	Expiry time.Time
}

// Expired reports whether the claims' time is over at now.
func (c Claims) Expired(now time.Time) bool { return !c.Expiry.IsZero() && !now.Before(c.Expiry) }

const (
	version = 1
	macLen  = 16
	bodyLen = 1 + 1 + 16 + 4 + 8
	rawLen  = bodyLen + macLen
)

var encoding = base64.RawURLEncoding.Strict()

// purposes is every Purpose there is: their keys are derived once, in NewKeys.
var purposes = []Purpose{Grant, File, Preferences, Receipt, FormAge, StaffLink, Mailbox}

// Keys holds the installation's secrets: the first signs and encrypts, all verify and decrypt. It never changes after
// NewKeys, so it is safe for concurrent use without a lock.
type Keys struct{ secrets []secret }

type secret struct {
	value []byte
	id    byte               // names the secret without telling it; two secrets may share one
	macs  map[Purpose][]byte // the HMAC keys, derived beforehand: a receipt is minted per submission
}

// NewKeys takes the secrets in order of preference. It panics on an empty list or an empty secret: configurations that
// package config must have refused.
func NewKeys(secrets ...string) *Keys {
	if len(secrets) == 0 {
		panic("token: no secret")
	}
	k := &Keys{}
	for _, text := range secrets {
		if text == "" {
			panic("token: an empty secret")
		}
		s := secret{value: []byte(text), macs: make(map[Purpose][]byte, len(purposes))}
		s.id = derive(s.value, "key-id")[0]
		for _, p := range purposes {
			s.macs[p] = derive(s.value, "token/"+string(p))
		}
		k.secrets = append(k.secrets, s)
	}
	return k
}

// Derive gives a 32-byte key for a purpose out of the first secret: for keyed hashes elsewhere. Each call derives anew
// (RFC 5869), so callers on a hot path keep the result.
func (k *Keys) Derive(purpose string) []byte { return derive(k.secrets[0].value, purpose) }

// DeriveAll gives the key of every secret, first one first.
func (k *Keys) DeriveAll(purpose string) [][]byte {
	out := make([][]byte, 0, len(k.secrets))
	for _, s := range k.secrets {
		out = append(out, derive(s.value, purpose))
	}
	return out
}

func derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "gatehouse/"+purpose, 32)
	if err != nil {
		panic("token: " + err.Error()) // only for absurd lengths
	}
	return key
}

// Mint makes the token. The same claims always give the same text while the first secret stays.
func (k *Keys) Mint(p Purpose, c Claims) string {
	s := k.secrets[0]
	raw := make([]byte, bodyLen, rawLen)
	raw[0], raw[1] = version, s.id
	copy(raw[2:18], c.ID[:])
	binary.BigEndian.PutUint32(raw[18:22], c.Serial)
	if !c.Expiry.IsZero() {
		// 0 on the wire means never, so a time at or before 1970 becomes the first second after: long over, not endless.
		binary.BigEndian.PutUint64(raw[22:30], uint64(max(c.Expiry.Unix(), 1)))
	}
	raw = append(raw, s.mac(p, raw)...)
	return encoding.EncodeToString(raw)
}

// Open checks the token and gives its claims, or ErrInvalid. It does not look at the expiry: an expired link is still
// somebody's, and the page offers a fresh one. Only the canonical spelling passes.
func (k *Keys) Open(p Purpose, text string) (Claims, error) {
	if len(text) != encoding.EncodedLen(rawLen) {
		return Claims{}, ErrInvalid
	}
	raw, err := encoding.DecodeString(text)
	// The decoder skips line breaks, hence the length of the result and the way back.
	if err != nil || len(raw) != rawLen || raw[0] != version || encoding.EncodeToString(raw) != text {
		return Claims{}, ErrInvalid
	}
	for _, s := range k.secrets {
		if s.id == raw[1] && hmac.Equal(s.mac(p, raw[:bodyLen]), raw[bodyLen:]) {
			return claims(raw), nil
		}
	}
	return Claims{}, ErrInvalid
}

// claims reads a body whose MAC was found right.
func claims(raw []byte) Claims {
	c := Claims{ID: uuid.UUID(raw[2:18]), Serial: binary.BigEndian.Uint32(raw[18:22])}
	if at := binary.BigEndian.Uint64(raw[22:30]); at != 0 {
		c.Expiry = time.Unix(int64(at), 0).UTC()
	}
	return c
}

func (s secret) mac(p Purpose, body []byte) []byte {
	key, ok := s.macs[p]
	if !ok {
		key = derive(s.value, "token/"+string(p)) // a purpose missing from the list is slow, never wrong
	}
	m := hmac.New(sha256.New, key)
	m.Write(body)
	return m.Sum(nil)[:macLen]
}
