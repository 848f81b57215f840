package pipeline

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"
)

// Region is a place whose public holidays are known.
type Region struct {
	Key      string
	Title    string
	holidays []*cal.Holiday
}

// Regions lists them by title. What is missing or wrong for a company, staff add or take away.
func Regions() []Region { return regions }

var regions = []Region{
	{"at", "Austria", at.Holidays},
	{"au-act", "Australia: Australian Capital Territory", au.HolidaysACT},
	{"au-nsw", "Australia: New South Wales", au.HolidaysNSW},
	{"au-nt", "Australia: Northern Territory", au.HolidaysNT},
	{"au-qld", "Australia: Queensland", au.HolidaysQLD},
	{"au-sa", "Australia: South Australia", au.HolidaysSA},
	{"au-tas", "Australia: Tasmania", au.HolidaysTAS},
	{"au-vic", "Australia: Victoria", au.HolidaysVIC},
	{"au-wa", "Australia: Western Australia", au.HolidaysWA},
	{"be", "Belgium", be.Holidays},
	{"ca", "Canada", ca.Holidays},
	{"ch-ag", "Switzerland: Aargau", ch.HolidaysAG},
	{"ch-ai", "Switzerland: Appenzell Innerrhoden", ch.HolidaysAI},
	{"ch-ar", "Switzerland: Appenzell Ausserrhoden", ch.HolidaysAR},
	{"ch-be", "Switzerland: Bern", ch.HolidaysBE},
	{"ch-bl", "Switzerland: Basel-Landschaft", ch.HolidaysBL},
	{"ch-bs", "Switzerland: Basel-Stadt", ch.HolidaysBS},
	{"ch-fr", "Switzerland: Fribourg", ch.HolidaysFR},
	{"ch-ge", "Switzerland: Geneva", ch.HolidaysGE},
	{"ch-gl", "Switzerland: Glarus", ch.HolidaysGL},
	{"ch-gr", "Switzerland: Grisons", ch.HolidaysGR},
	{"ch-ju", "Switzerland: Jura", ch.HolidaysJU},
	{"ch-lu", "Switzerland: Lucerne", ch.HolidaysLU},
	{"ch-ne", "Switzerland: Neuchâtel", ch.HolidaysNE},
	{"ch-nw", "Switzerland: Nidwalden", ch.HolidaysNW},
	{"ch-ow", "Switzerland: Obwalden", ch.HolidaysOW},
	{"ch-sg", "Switzerland: St. Gallen", ch.HolidaysSG},
	{"ch-sh", "Switzerland: Schaffhausen", ch.HolidaysSH},
	{"ch-so", "Switzerland: Solothurn", ch.HolidaysSO},
	{"ch-sz", "Switzerland: Schwyz", ch.HolidaysSZ},
	{"ch-tg", "Switzerland: Thurgau", ch.HolidaysTG},
	{"ch-ti", "Switzerland: Ticino", ch.HolidaysTI},
	{"ch-ur", "Switzerland: Uri", ch.HolidaysUR},
	{"ch-vd", "Switzerland: Vaud", ch.HolidaysVD},
	{"ch-vs", "Switzerland: Valais", ch.HolidaysVS},
	{"ch-zg", "Switzerland: Zug", ch.HolidaysZG},
	{"ch-zh", "Switzerland: Zurich", ch.HolidaysZH},
	{"cz", "Czechia", cz.Holidays},
	{"de", "Germany, what all states share", de.Holidays},
	{"de-bw", "Germany: Baden-Württemberg", de.HolidaysBW},
	{"de-by", "Germany: Bavaria", de.HolidaysBY},
	{"de-be", "Germany: Berlin", de.HolidaysBE},
	{"de-bb", "Germany: Brandenburg", de.HolidaysBB},
	{"de-hb", "Germany: Bremen", de.HolidaysHB},
	{"de-hh", "Germany: Hamburg", de.HolidaysHH},
	{"de-he", "Germany: Hesse", de.HolidaysHE},
	{"de-mv", "Germany: Mecklenburg-Vorpommern", de.HolidaysMV},
	{"de-ni", "Germany: Lower Saxony", de.HolidaysNI},
	{"de-nw", "Germany: North Rhine-Westphalia", de.HolidaysNW},
	{"de-rp", "Germany: Rhineland-Palatinate", de.HolidaysRP},
	{"de-sl", "Germany: Saarland", de.HolidaysSL},
	{"de-sn", "Germany: Saxony", de.HolidaysSN},
	{"de-st", "Germany: Saxony-Anhalt", de.HolidaysST},
	{"de-sh", "Germany: Schleswig-Holstein", de.HolidaysSH},
	{"de-th", "Germany: Thuringia", de.HolidaysTH},
	{"dk", "Denmark", dk.Holidays},
	{"es", "Spain", es.Holidays},
	{"fr", "France", fr.Holidays},
	{"gb", "England and Wales", gb.Holidays},
	{"ie", "Ireland", ie.Holidays},
	{"it", "Italy", it.Holidays},
	{"jp", "Japan", jp.Holidays},
	{"nl", "Netherlands", nl.Holidays},
	{"no", "Norway", no.Holidays},
	{"nz", "New Zealand", nz.Holidays},
	{"pl", "Poland", pl.Holidays},
	{"se", "Sweden", se.Holidays},
	{"us", "United States", us.Holidays},
}

// RegionOf finds one by its key.
func RegionOf(key string) (Region, bool) {
	for _, r := range regions {
		if r.Key == key {
			return r, true
		}
	}
	return Region{}, false
}

// Holidays are the days off of a region in the years from first to last. A holiday that is moved off a weekend is off on
// both days. An unknown region has none.
func Holidays(region string, first, last int) map[Day]string {
	out := map[Day]string{}
	r, ok := RegionOf(region)
	if !ok {
		return out
	}
	for year := first; year <= last; year++ {
		for _, h := range r.holidays {
			for _, at := range days(h.Calc(year)) {
				if !at.IsZero() {
					out[Day{at.Year(), at.Month(), at.Day()}] = h.Name
				}
			}
		}
	}
	return out
}

func days(actual, observed time.Time) []time.Time { return []time.Time{actual, observed} }
