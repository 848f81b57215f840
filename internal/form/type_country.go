package form

import (
	_ "embed"
	"slices"
	"strings"
)

// countriesText is ISO 3166-1 alpha-2 with short English names, one "CC Name" a line, sorted by name. XK (Kosovo) is a
// user-assigned code of the same standard, there because people live there.
//
//go:embed lists/countries.txt
var countriesText string

// countries are the lines of countriesText; countryCodes all codes in one string for look-up.
var countries, countryCodes = loadCountries()

func loadCountries() ([]Option, string) {
	var options []Option
	var codes strings.Builder
	for l := range strings.Lines(countriesText) {
		code, name, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		options = append(options, Option{Value: code, Label: name})
		codes.WriteString(code + " ")
	}
	return options, codes.String()
}

// countryType is a choice among all countries. The answer is the code, "GB".
var countryType = Type{Name: "country", Limit: 2, Autocomplete: "country", parse: parseCountry,
	choices: func(Field) []Option { return countries }}

func parseCountry(_ *parsing, _ Field, typed string) (string, fault) {
	answer, bad := line(Field{}, Type{Limit: 100}, typed)
	if bad.code != "" || answer == "" {
		return "", bad
	}
	if answer = strings.ToUpper(answer); !IsCountry(answer) {
		return "", fault{code: NotAnOption, message: "Please choose a country from the list."}
	}
	return answer, fault{}
}

// IsCountry tells whether code is one of the list, in capitals.
func IsCountry(code string) bool {
	if len(code) != 2 || strings.Contains(code, " ") {
		return false
	}
	i := strings.Index(countryCodes, code+" ")
	for i > 0 && i%3 != 0 { // "EA DZ ": a hit must start a code
		next := strings.Index(countryCodes[i+1:], code+" ")
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return i >= 0
}

// Countries are all of the list, by name.
func Countries() []Option { return slices.Clone(countries) }

// CountryName is the short English name of a code; "" for none.
func CountryName(code string) string {
	for _, o := range countries {
		if o.Value == code {
			return o.Label
		}
	}
	return ""
}
