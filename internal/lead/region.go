package lead

import (
	"maps"
	"slices"
	"strings"
)

// regions are the markets that conditions name, each with its countries (ISO 3166-1 alpha-2).
var regions = map[string]string{
	"dach":              "DE AT CH LI",
	"benelux":           "NL BE LU",
	"nordics":           "DK SE NO FI IS FO GL AX",
	"british-isles":     "GB IE IM JE GG",
	"france":            "FR MC",
	"iberia":            "ES PT AD GI",
	"italy":             "IT SM VA MT",
	"central-europe":    "PL CZ SK HU SI",
	"eastern-europe":    "EE LV LT UA BY MD RU",
	"south-east-europe": "RO BG GR CY HR RS BA ME MK AL XK TR",
	"north-america":     "US CA PR BM",
	"latin-america":     "MX BR AR CL CO PE UY PY BO EC VE CR PA GT SV HN NI DO CU JM TT BS BB BZ GY SR HT",
	"middle-east":       "AE SA QA KW BH OM IL JO LB IQ IR YE SY PS",
	"africa":            "ZA NG KE EG MA TN DZ GH CI SN ET TZ UG RW ZM ZW AO MZ CM CD NA BW MU LY SD MG BJ BF ML NE TG GA CG GM GN SL LR MW LS SZ SC CV DJ ER SO SS TD CF GQ GW KM MR ST BI RE YT",
	"asia":              "JP CN IN KR SG HK TW TH VN MY ID PH PK BD LK NP KZ UZ GE AM AZ MM KH LA MN MO BN MV BT KG TJ TM AF TL",
	"oceania":           "AU NZ FJ PG NC PF WS TO VU SB",
}

var regionOf = func() map[string]string {
	out := map[string]string{}
	for region, countries := range regions {
		for c := range strings.FieldsSeq(countries) {
			out[c] = region
		}
	}
	return out
}()

// Region is the market that a country (two letters, in any case) belongs to; "" where none is known.
func Region(country string) string { return regionOf[strings.ToUpper(strings.TrimSpace(country))] }

// Regions are the names of all markets, sorted.
func Regions() []string { return slices.Sorted(maps.Keys(regions)) }
