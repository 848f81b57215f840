// Package errs is the one error vocabulary of Gatehouse: a code that machines act on, a sentence that people read,
// messages per field, and a hidden cause for the log. Only package web turns a code into a status and a page.
package errs

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Code says what went wrong in terms of what the caller can do about it.
type Code string

// The codes. web maps each to one HTTP status (see web/error.go); anything else is Internal.
const (
	Invalid      Code = "invalid"      // the values are wrong: fix them (422)
	Malformed    Code = "malformed"    // the request cannot be read at all (400)
	NotFound     Code = "not-found"    // there is no such thing, or not for this caller (404)
	Gone         Code = "gone"         // it was there; it has been removed for good (410)
	Unauthorized Code = "unauthorized" // who are you? (401)
	Forbidden    Code = "forbidden"    // we know you, and you may not (403)
	Conflict     Code = "conflict"     // somebody else changed it, or it exists already (409)
	KeyReused    Code = "key-reused"   // the idempotency key was used with another body (409)
	InProgress   Code = "in-progress"  // the same key is being worked on (409, with Retry-After)
	TooMany      Code = "too-many"     // slow down (429, with Retry-After)
	TooLarge     Code = "too-large"    // the body is larger than we take (413)
	Unavailable  Code = "unavailable"  // a part we need is away; nothing was saved, try again (503, with Retry-After)
	Internal     Code = "internal"     // our fault; the cause is in the log (500)
)

// Field is one fault at one field. Code is stable for machines, Message is a plain sentence for people,
// Suggestion is what the person probably meant ("ann@gmail.com"), empty when there is none.
type Field struct {
	Field      string `json:"field"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion,omitempty"`
}

// Error carries a public half (Code, Message, Fields, RetryAfter) and a hidden one (cause). The public half never
// holds personal data beyond what the caller has just typed; the cause never leaves the log.
type Error struct {
	Code       Code
	Message    string
	Fields     []Field
	RetryAfter time.Duration
	cause      error
}

// New makes an error that is fully public. The message is a sentence for a person.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap keeps a cause behind a public sentence. A nil cause still yields an error.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// InvalidFields is the 422: every fault at once, each at its field.
func InvalidFields(fields ...Field) *Error {
	return &Error{Code: Invalid, Message: "Some answers need a second look.", Fields: fields}
}

// After says when to come back; shown as Retry-After, rounded up to whole seconds.
func (e *Error) After(d time.Duration) *Error { e.RetryAfter = d; return e }

// Error is for the log: code, sentence, field codes and the cause. It never prints what was typed.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s %s]", f.Field, f.Code)
	}
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.cause }

// Contained runs do; a panic is an error like others then.
func Contained(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = Panicked(v)
		}
	}()
	return do()
}

// Panicked is the error that a recovered panic is, for the log: what the runtime says and where it was. What a program
// panics with by itself may hold what people typed, so that only its type is told.
func Panicked(v any) error {
	what := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		what = e.Error()
	}
	return fmt.Errorf("panic: %s\n%s", what, debug.Stack())
}

// CodeOf is the code of the outermost *Error in the chain; anything else is Internal, nil is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Public gives what a stranger may read: the *Error itself, or a plain Internal one for anything unknown.
func Public(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: "Something went wrong on our side. Nothing you typed was changed.", cause: err}
}
