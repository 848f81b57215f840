package email

import (
	"net/mail"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// ParseIdentity reads "Name <address>" or a bare address (RFC 5322).
func ParseIdentity(text string) (Identity, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return Identity{}, errs.New(errs.Invalid, "The sender %q is not \"Name <address>\".", text)
	}
	return Identity{Name: a.Name, Address: a.Address}, nil
}
