package form

import (
	"errors"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
)

// emailType is the address that says who the person is. The answer is its normal form; Answers.Email holds all of it.
var emailType = Type{Name: "email", Limit: 254, InputMode: "email", Autocomplete: "email", parse: parseEmail, check: checkEmail}

func parseEmail(p *parsing, f Field, typed string) (string, fault) {
	a, err := lead.ParseAddress(typed)
	if err != nil {
		bad := addressFault(err)
		if bad.code == Required {
			return "", fault{} // blank: whether that is a fault is the field's affair
		}
		if bad.code == Invalid {
			bad.suggestion = Suggest(typed)
		}
		return "", bad
	}
	if f.MaxLength > 0 && runes(a.Normal) > f.MaxLength {
		return "", tooLong(f.MaxLength)
	}
	if s := Suggest(a.Typed); s != "" && !insists(p.in.AsTyped, a) {
		return "", fault{code: DidYouMean, message: "Did you mean " + s + "? If it is right as it stands, send the form again.", suggestion: s}
	}
	if bad := p.policies(f, a); bad.code != "" {
		return "", bad
	}
	p.out.Email = a
	return a.Normal, fault{}
}

// policies refuses or flags an address by its class, the gravest class first.
func (p *parsing) policies(f Field, a lead.Address) fault {
	for _, class := range []struct {
		policy   Policy
		is       func(lead.Address) bool
		code     string
		sentence string
	}{
		{f.Disposable, func(a lead.Address) bool { return listed(disposable, a.Domain, a.Registrable) }, DisposableAddress,
			"Please use an address that you keep: the document comes by e-mail, and this one belongs to a throw-away service."},
		{f.Role, func(a lead.Address) bool { return IsRole(a.Local()) }, RoleAddress,
			"Please use your own address: this one looks like a mailbox that several people read."},
		{f.FreeMail, func(a lead.Address) bool { return IsFreeMail(a.Domain) }, FreeMailAddress,
			"Please use your address at work: this one belongs to a private mail service."},
	} {
		if class.policy != Flag && class.policy != Refuse || !class.is(a) {
			continue
		}
		if class.policy == Refuse {
			return fault{code: class.code, message: class.sentence}
		}
		p.out.Flags = append(p.out.Flags, class.code)
	}
	return fault{}
}

// insists tells whether the person has said before that the address is right as it stands.
func insists(asTyped string, a lead.Address) bool {
	if asTyped == "" {
		return false
	}
	if asTyped == a.Typed {
		return true
	}
	b, err := lead.ParseAddress(asTyped)
	return err == nil && b.Normal == a.Normal
}

func addressFault(err error) fault {
	var e *errs.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return fault{code: e.Fields[0].Code, message: e.Fields[0].Message}
	}
	return fault{code: Invalid, message: "Please enter an e-mail address, like ann@example.com."}
}

func checkEmail(f Field) fault {
	for _, p := range []Policy{f.Role, f.Disposable, f.FreeMail} {
		switch p {
		case "", Allow, Flag, Refuse:
		default:
			return fault{code: NotAnOption, message: "A policy is one of allow, flag, refuse."}
		}
	}
	return fault{}
}
