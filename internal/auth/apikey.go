package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
)

// Scope is one thing that an API key may do. Scopes are for machines, Permissions for people.
type Scope string

// The scopes.
const (
	ScopeSubmissionsWrite Scope = "submissions:write" // trusted submissions: no robot checks, every other limit holds
	ScopeLeadsRead        Scope = "leads:read"
	ScopeMessagesRead     Scope = "messages:read"
	ScopeSalesRead        Scope = "sales:read" // assignments, deals and pushes
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{ScopeSubmissionsWrite, ScopeLeadsRead, ScopeMessagesRead, ScopeSalesRead}
}

// ParseScopes reads the values of a form or a column: exact spellings, each once, sorted. It names the first unknown one.
func ParseScopes(texts []string) ([]Scope, error) {
	var out []Scope
	for _, text := range texts {
		s := Scope(text)
		if !slices.Contains(Scopes(), s) {
			return nil, fmt.Errorf("auth: no such scope: %.40q", text)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// HasScope reports whether a key with the scopes may do what s names.
func HasScope(scopes []Scope, s Scope) bool { return slices.Contains(scopes, s) }

// A key is "gh_", 43 characters of base62 (256 random bits) and 6 of a CRC-32 over all before. Letters and digits only,
// so that a double click selects it whole; the checksum lets a scanner for leaked secrets be sure, and us tell a typing
// error from a revoked key without asking the database.
const (
	keyStart    = "gh_"
	keySecret   = 43
	keyChecksum = 6
	keyShown    = len(keyStart) + 6
	keyLength   = len(keyStart) + keySecret + keyChecksum
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// NewAPIKey makes a key. plain is shown once and kept nowhere; prefix ("gh_" and six characters) stays readable so that
// staff recognise the key in a list; hash is what is stored.
func NewAPIKey() (plain, prefix string, hash []byte) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: it stops the program instead
	body := keyStart + inBase62(new(big.Int).SetBytes(secret), keySecret)
	plain = body + checksum(body)
	return plain, plain[:keyShown], HashAPIKey(plain)
}

// HashAPIKey gives the 32 bytes that are stored and looked up. Plain SHA-256 is enough: the key has 256 random bits, so
// there is nothing to guess.
func HashAPIKey(plain string) []byte {
	sum := sha256.Sum256([]byte(plain))
	return sum[:]
}

// WellFormedAPIKey reports whether the text can be a key at all: length, alphabet and checksum. It says nothing about
// whether the key exists.
func WellFormedAPIKey(plain string) bool {
	if len(plain) != keyLength || !strings.HasPrefix(plain, keyStart) {
		return false
	}
	body := plain[:keyLength-keyChecksum]
	for _, b := range []byte(body[len(keyStart):]) {
		if strings.IndexByte(base62, b) < 0 {
			return false
		}
	}
	return subtle.ConstantTimeCompare([]byte(checksum(body)), []byte(plain[len(body):])) == 1
}

// SameHash compares two hashes in a time that does not depend on where they differ. Two empty ones are not the same: a
// row without a hash must never let anybody in.
func SameHash(a, b []byte) bool { return len(a) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }

func checksum(body string) string {
	return inBase62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), keyChecksum)
}

// inBase62 writes n with exactly width digits; the widths above hold every value that occurs.
func inBase62(n *big.Int, width int) string {
	out := make([]byte, width)
	base, digit := big.NewInt(int64(len(base62))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out)
}
