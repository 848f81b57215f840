package form

import "github.com/gatehouse/gatehouse/internal/lead"

// Codes of faults at a field: stable, machines act on them.
const (
	Required          = lead.Required
	TooLong           = lead.TooLong
	Invalid           = lead.Invalid
	ControlCharacter  = lead.ControlCharacter
	HiddenCharacter   = lead.HiddenCharacter
	Encoding          = lead.Encoding
	NotAnOption       = "not-an-option"
	CountryCode       = "country-code-missing" // a national number, and nobody said of which country
	Extension         = "extension"            // E.164 has no place for one
	DidYouMean        = "did-you-mean"
	RoleAddress       = "role-address" // these three are flags in Answers as well
	DisposableAddress = "disposable-address"
	FreeMailAddress   = "free-mail-address"
)
