package pipeline

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// MaxMoney bounds a value, in minor units: sums of thousands of deals stay far from the end of a 64-bit integer.
const MaxMoney = 1_000_000_000_000_000

// Scale is how many decimals the currency has, as ISO 4217 says (its List One, published by SIX); ok is false for what is no
// currency. The one place that says so: CLDR, which golang.org/x/text follows, gives other digits to some thirty currencies.
func Scale(code string) (scale int, ok bool) {
	if _, err := currency.ParseISO(code); err != nil {
		return 0, false
	}
	switch strings.ToUpper(code) {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "CLF", "UYW":
		return 4, true
	}
	return 2, true
}

// ParseMoney reads an amount as people type it into minor units: "12,000", "£12 000", "1'200.50", "1.200,50 EUR". The
// locale says which of comma and point is the decimal sign where only one of them is there. Anything doubtful is refused:
// a thousandfold is no slip to be guessed away.
func ParseMoney(typed, code, locale string) (minor int64, ok bool) {
	scale, ok := Scale(code)
	if !ok {
		return 0, false
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, strings.TrimSpace(typed))
	if n := len(digits) - len(code); n >= 0 && strings.EqualFold(digits[n:], code) {
		digits = digits[:n]
	} else if len(digits) >= len(code) && strings.EqualFold(digits[:len(code)], code) {
		digits = digits[len(code):]
	}
	whole, part, ok := splitAmount(digits, decimalPoint(locale), scale)
	if !ok {
		return 0, false
	}
	for len(part) < scale {
		part += "0"
	}
	for _, r := range whole + part {
		if minor = minor*10 + int64(r-'0'); minor > MaxMoney {
			return 0, false
		}
	}
	return minor, true
}

// splitAmount takes the digits before and after the decimal sign apart; groups must be of three.
func splitAmount(s string, point byte, scale int) (whole, part string, ok bool) {
	group := byte(',')
	if point == ',' {
		group = '.'
	}
	lastPoint, lastGroup := strings.LastIndexByte(s, point), strings.LastIndexByte(s, group)
	if lastPoint >= 0 && lastGroup > lastPoint { // the other way round, as "1.200,50" in English
		group, lastPoint = point, lastGroup
	}
	whole = s
	if lastPoint >= 0 {
		whole, part = s[:lastPoint], s[lastPoint+1:]
		if part == "" || len(part) > scale {
			return "", "", false
		}
	}
	groups := strings.Split(whole, string(group))
	for i, g := range groups {
		if i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (g == "" || len(g) > 3) {
			return "", "", false
		}
	}
	whole = strings.Join(groups, "")
	return whole, part, whole != "" && allDigits(whole+part)
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// decimalPoint is the sign of the locale: a point in English, Chinese, Japanese, Hebrew, Hindi, Thai and Korean, and in
// Mexico and Switzerland; a comma elsewhere.
func decimalPoint(locale string) byte {
	tag, err := language.Parse(locale)
	if err != nil {
		return '.'
	}
	base, _ := tag.Base()
	region, _ := tag.Region()
	switch base.String() {
	case "en", "zh", "ja", "he", "hi", "th", "ko":
		return '.'
	}
	switch region.String() {
	case "CH", "LI", "MX":
		return '.'
	}
	return ','
}

// Amount writes minor units as ParseMoney reads them in the same locale, without groups: "12000.50".
func Amount(minor int64, code, locale string) string {
	scale, _ := Scale(code)
	digits := strconv.FormatInt(minor, 10)
	for len(digits) <= scale {
		digits = "0" + digits
	}
	if scale == 0 {
		return digits
	}
	whole, part := digits[:len(digits)-scale], digits[len(digits)-scale:]
	if strings.Trim(part, "0") == "" {
		return whole
	}
	return whole + string(decimalPoint(locale)) + part
}
