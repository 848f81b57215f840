package auth

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// What a new password must keep to (NIST SP 800-63B: length and a list of the known ones, no rules of composition).
const (
	MinPasswordLength = 12  // characters
	MaxPasswordBytes  = 256 // after normalisation
)

// params is OWASP's second choice for argon2id: 19 MiB, two passes, one lane; about 30 ms.
var params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is a hash of random bytes that were thrown away, made with params: what the password of an unknown account is
// compared with.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$T9gUTnZU5dOGHwQ4wAPCtA$7FWaY+kFoLasWANMxmoeH7vOrUz74SA3ulhu/lV/pRw"

// slots bounds the memory: 19 MiB a hashing, two at a time in the process, the others queue. aheadSlots is one more that
// only those who are Ahead may take.
var (
	slots      = make(chan struct{}, 2)
	aheadSlots = make(chan struct{}, 1)
)

// HashPassword gives the encoded argon2id hash (RFC 9106) with its parameters and salt. It does not judge the password.
// The error is Unavailable when ctx ended in the queue.
func HashPassword(ctx context.Context, password string) (string, error) {
	leave, err := enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(norm.NFC.String(password), params)
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, "The password could not be stored.")
	}
	return hash, nil
}

// CheckPassword compares. needsRehash is true when the password is right and its hash has other parameters than new ones
// get: store a fresh HashPassword. An empty hash (invited, never set) is a no after the usual time. An unreadable hash is
// Internal; Unavailable means that ctx ended in the queue. Neither error is a wrong password.
func CheckPassword(ctx context.Context, hash, password string) (ok, needsRehash bool, err error) {
	if hash == "" {
		return false, false, DummyCheck(ctx, password)
	}
	if err := sane(hash); err != nil {
		return false, false, errs.Wrap(err, errs.Internal, "This account's password cannot be read.")
	}
	leave, err := enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	password = norm.NFC.String(password)
	if len(password) > MaxPasswordBytes {
		return false, false, nil
	}
	ok, used, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, errs.Wrap(err, errs.Internal, "This account's password cannot be read.")
	}
	return ok, ok && *used != *params, nil
}

// DummyCheck takes the time of a CheckPassword for an account that does not exist, so that the answer's time does not
// tell which accounts do. The error is as there.
func DummyCheck(ctx context.Context, password string) error {
	_, _, err := CheckPassword(ctx, nobody, password)
	return err
}

// sane keeps parameters away that make argon2 panic or take the machine's memory: a hash comes from a table.
func sane(hash string) error {
	p, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		return err
	}
	if p.Iterations < 1 || p.Iterations > 16 || p.Parallelism < 1 || p.Memory > 256*1024 || p.SaltLength < 8 || p.KeyLength < 16 {
		return errors.New("auth: hash with parameters out of bounds")
	}
	return nil
}

type aheadKey struct{}

// Ahead marks the work of somebody who has shown to belong to an account: from a network block where its owner has
// logged in before, in a session, or with a one-time link. It need not queue behind guesses from elsewhere.
func Ahead(ctx context.Context) context.Context { return context.WithValue(ctx, aheadKey{}, true) }

func enter(ctx context.Context) (leave func(), err error) {
	var own chan struct{} // a nil channel is never ready
	if ctx.Value(aheadKey{}) != nil {
		own = aheadSlots
	}
	if ctx.Err() == nil { // a select with several ready cases picks any
		select {
		case slots <- struct{}{}:
			return func() { <-slots }, nil
		case own <- struct{}{}:
			return func() { <-own }, nil
		case <-ctx.Done():
		}
	}
	return nil, errs.Wrap(ctx.Err(), errs.Unavailable, "Too many people are logging in at once. Please try again in a moment.")
}

// CheckNewPassword judges a password that somebody chose; email is the account's address. A fault is an Invalid with the
// field "password" and the code invalid, too-short, too-long, contains-email or too-common.
func CheckNewPassword(password, email string) error {
	fault := func(code, message string) error {
		return errs.InvalidFields(errs.Field{Field: "password", Code: code, Message: message})
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return fault("invalid", "The password holds a character that cannot be typed again. Please choose another one.")
	}
	password = norm.NFC.String(password)
	switch {
	case utf8.RuneCountInString(password) < MinPasswordLength:
		return fault("too-short", "Please take at least 12 characters. A few words in a row are easy to remember.")
	case len(password) > MaxPasswordBytes:
		return fault("too-long", "Please take a shorter one: 256 characters at most.")
	case containsEmail(password, email):
		return fault("contains-email", "Please choose one without your e-mail address in it: that is the first thing to be tried.")
	case guessable(strings.ToLower(password)):
		return fault("too-common", "This one is on the lists that are tried first. Please choose another one.")
	}
	return nil
}

// containsEmail looks for the address or its part before the @ (from 4 letters up, shorter ones are in half of all words).
func containsEmail(password, email string) bool {
	password, email = strings.ToLower(password), strings.ToLower(strings.TrimSpace(email))
	if email == "" {
		return false
	}
	local, _, _ := strings.Cut(email, "@")
	return strings.Contains(password, email) || utf8.RuneCountInString(local) >= 4 && strings.Contains(password, local)
}

//go:embed common.txt
var commonText string

// common holds the lines of common.txt, sorted.
var common = sync.OnceValue(func() []string {
	var out []string
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
})

// stems are no password, whatever digits and signs are put around them.
var stems = []string{"admin", "administrator", "april", "august", "autumn", "boss", "changeme", "company", "december",
	"demo", "february", "football", "friday", "gatehouse", "guest", "hello", "iloveyou", "january", "july", "june",
	"letmein", "login", "march", "marketing", "master", "may", "monday", "mypassword", "november", "october", "pass",
	"passw0rd", "password", "passwort", "p@ssw0rd", "p@ssword", "qwerty", "qwertyuiop", "qwertz", "root", "sales", "secret",
	"september", "spring", "summer", "sunday", "temp", "test", "thepassword", "user", "welcome", "whitepaper", "winter"}

// guessable takes lower case: on the list, a stem with decoration, one piece repeated, or a run up or down the alphabet.
func guessable(password string) bool {
	if _, found := slices.BinarySearch(common(), password); found {
		return true
	}
	bare := strings.TrimFunc(password, func(r rune) bool { return !unicode.IsLetter(r) })
	if slices.Contains(stems, bare) {
		return true
	}
	return repeats(password) || runs([]rune(password))
}

// repeats reports one piece of up to 6 bytes over and over ("abcabcabcabc", "aaaaaaaaaaaa"), the last one perhaps cut.
func repeats(s string) bool {
	for n := 1; n <= 6; n++ {
		if s[n:] == s[:len(s)-n] {
			return true
		}
	}
	return false
}

// runs reports characters that follow each other in the alphabet or the digits, with at most two breaks ("abcdefgh1234").
func runs(s []rune) bool {
	breaks := 0
	for i := 1; i < len(s); i++ {
		if d := s[i] - s[i-1]; d != 1 && d != -1 {
			breaks++
		}
	}
	return breaks <= 2
}
