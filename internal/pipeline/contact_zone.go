package pipeline

import (
	"strings"
	"time"
)

// prefixes are the zones of phone numbers: of a country with several zones the one where most people live. A guess, and
// told as one. The longest prefix counts.
var prefixes = map[string]string{
	"1": "America/New_York", "7": "Europe/Moscow", "20": "Africa/Cairo", "27": "Africa/Johannesburg", "30": "Europe/Athens", "31": "Europe/Amsterdam",
	"32": "Europe/Brussels", "33": "Europe/Paris", "34": "Europe/Madrid", "351": "Europe/Lisbon", "352": "Europe/Luxembourg", "353": "Europe/Dublin",
	"354": "Atlantic/Reykjavik", "356": "Europe/Malta", "357": "Asia/Nicosia", "358": "Europe/Helsinki", "359": "Europe/Sofia", "36": "Europe/Budapest",
	"370": "Europe/Vilnius", "371": "Europe/Riga", "372": "Europe/Tallinn", "380": "Europe/Kyiv", "381": "Europe/Belgrade", "385": "Europe/Zagreb",
	"386": "Europe/Ljubljana", "39": "Europe/Rome", "40": "Europe/Bucharest", "41": "Europe/Zurich", "420": "Europe/Prague", "421": "Europe/Bratislava",
	"423": "Europe/Vaduz", "43": "Europe/Vienna", "44": "Europe/London", "45": "Europe/Copenhagen", "46": "Europe/Stockholm", "47": "Europe/Oslo",
	"48": "Europe/Warsaw", "49": "Europe/Berlin", "52": "America/Mexico_City", "54": "America/Argentina/Buenos_Aires", "55": "America/Sao_Paulo",
	"56": "America/Santiago", "57": "America/Bogota", "60": "Asia/Kuala_Lumpur", "61": "Australia/Sydney", "62": "Asia/Jakarta", "63": "Asia/Manila",
	"64": "Pacific/Auckland", "65": "Asia/Singapore", "66": "Asia/Bangkok", "81": "Asia/Tokyo", "82": "Asia/Seoul", "84": "Asia/Ho_Chi_Minh",
	"852": "Asia/Hong_Kong", "86": "Asia/Shanghai", "886": "Asia/Taipei", "90": "Europe/Istanbul", "91": "Asia/Kolkata", "92": "Asia/Karachi",
	"966": "Asia/Riyadh", "971": "Asia/Dubai", "972": "Asia/Jerusalem", "974": "Asia/Qatar", "234": "Africa/Lagos", "254": "Africa/Nairobi", "212": "Africa/Casablanca",
}

// countries are the zones of countries (ISO 3166), by the prefix of their phones.
var countries = map[string]string{
	"US": "1", "CA": "1", "RU": "7", "EG": "20", "ZA": "27", "GR": "30", "NL": "31", "BE": "32", "FR": "33", "ES": "34", "PT": "351", "LU": "352", "IE": "353",
	"IS": "354", "MT": "356", "CY": "357", "FI": "358", "BG": "359", "HU": "36", "LT": "370", "LV": "371", "EE": "372", "UA": "380", "RS": "381", "HR": "385",
	"SI": "386", "IT": "39", "RO": "40", "CH": "41", "CZ": "420", "SK": "421", "LI": "423", "AT": "43", "GB": "44", "DK": "45", "SE": "46", "NO": "47",
	"PL": "48", "DE": "49", "MX": "52", "AR": "54", "BR": "55", "CL": "56", "CO": "57", "MY": "60", "AU": "61", "ID": "62", "PH": "63", "NZ": "64", "SG": "65",
	"TH": "66", "JP": "81", "KR": "82", "VN": "84", "HK": "852", "CN": "86", "TW": "886", "TR": "90", "IN": "91", "PK": "92", "SA": "966", "AE": "971",
	"IL": "972", "QA": "974", "NG": "234", "KE": "254", "MA": "212",
}

// GuessZone is the zone in which somebody probably is, from the phone number, else the country, and what it was guessed
// from. Where neither says anything it is the given one, and from is empty.
func GuessZone(tel, country string, otherwise *time.Location) (zone *time.Location, from string) {
	if prefix := phonePrefix(tel); prefix != "" {
		if z, err := time.LoadLocation(prefixes[prefix]); err == nil {
			return z, "the phone number (+" + prefix + ")"
		}
	}
	if prefix, ok := countries[strings.ToUpper(country)]; ok {
		if z, err := time.LoadLocation(prefixes[prefix]); err == nil {
			return z, "the country (" + strings.ToUpper(country) + ")"
		}
	}
	return otherwise, ""
}

// phonePrefix is the country's part of a number written with + or 00, "" of any other.
func phonePrefix(tel string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, tel)
	switch {
	case strings.HasPrefix(digits, "+"):
		digits = digits[1:]
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	default:
		return ""
	}
	for n := min(3, len(digits)); n > 0; n-- {
		if _, ok := prefixes[digits[:n]]; ok {
			return digits[:n]
		}
	}
	return ""
}
