package lead

import (
	"strconv"
	"strings"
)

// Points writes hundredths of a point: 1250 is "12.5".
func Points(hundredths int) string {
	sign := ""
	if hundredths < 0 {
		sign, hundredths = "-", -hundredths
	}
	out := sign + strconv.Itoa(hundredths/100)
	if rest := hundredths % 100; rest != 0 {
		out += "." + strings.TrimRight(strconv.Itoa(100 + rest)[1:], "0")
	}
	return out
}

// ParsePoints reads what Points writes, with a comma as well; ok is false for anything else.
func ParsePoints(typed string) (hundredths int, ok bool) {
	typed = strings.Replace(strings.TrimSpace(typed), ",", ".", 1)
	negative := strings.HasPrefix(typed, "-")
	whole, part, dotted := strings.Cut(strings.TrimPrefix(typed, "-"), ".")
	if len(whole) > 6 || len(part) > 2 || whole == "" || dotted && part == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 32)
	if err != nil {
		return 0, false
	}
	if negative {
		return -int(n), true
	}
	return int(n), true
}
