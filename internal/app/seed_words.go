package app

// weighted is one choice and how often it is made.
type weighted[T any] struct {
	weight int
	value  T
}

// pick chooses by weight.
func pick[T any](s *sower, list []weighted[T]) T {
	sum := 0
	for _, w := range list {
		sum += w.weight
	}
	n := s.rnd.IntN(sum)
	for _, w := range list {
		if n -= w.weight; n < 0 {
			return w.value
		}
	}
	return list[0].value
}

var seedTrades = []string{"Logistics", "Engineering", "Foods", "Analytics", "Health", "Optics", "Packaging", "Textiles", "Robotics", "Interiors",
	"Energy", "Software", "Consulting", "Printing", "Ceramics", "Marine", "Insurance", "Tools", "Publishing", "Instruments"}

var seedForms = []weighted[string]{{50, ""}, {20, " Ltd"}, {12, " GmbH"}, {8, " plc"}, {6, " B.V."}, {4, " SARL"}}

var seedCountries = []weighted[string]{{46, "GB"}, {16, "DE"}, {9, "US"}, {7, "FR"}, {6, "NL"}, {5, "IE"}, {4, "CH"}, {4, "AT"}, {3, "SE"}}

var seedTitles = []weighted[string]{{18, "Managing director"}, {16, "Head of marketing"}, {12, "Chief executive"}, {11, "Marketing manager"}, {9, "Finance director"},
	{8, "Sales director"}, {7, "Head of growth"}, {6, "Founder"}, {5, "Chief marketing officer"}, {4, "Board member"}, {4, "Consultant"}}

var seedAgents = []weighted[string]{
	{40, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
	{24, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"},
	{20, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"},
	{16, "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"}}

const seedScanner = "Mozilla/5.0 (compatible; LinkScanner/2.1)"

// seedSource is a way of coming: what the address bar and the referrer said.
type seedSource struct{ source, medium, campaign, content, referrer string }

var seedSources = []weighted[seedSource]{
	{22, seedSource{}},
	{18, seedSource{referrer: "https://www.google.com/"}},
	{4, seedSource{referrer: "https://duckduckgo.com/"}},
	{12, seedSource{source: "linkedin", medium: "social", campaign: "eight-questions", referrer: "https://www.linkedin.com/"}},
	{11, seedSource{source: "linkedin", medium: "cpc", campaign: "board-autumn", content: "carousel", referrer: "https://www.linkedin.com/"}},
	{9, seedSource{source: "google", medium: "cpc", campaign: "marketing-budget", content: "headline-b", referrer: "https://www.google.com/"}},
	{12, seedSource{source: "newsletter", medium: "email", campaign: "monthly", content: "teaser"}},
	{7, seedSource{source: "chamber", medium: "referral", campaign: "partner-chamber", referrer: "https://chamber.example/members"}},
	{5, seedSource{referrer: "https://tradepress.example/articles/what-marketing-costs"}},
}

// seedHours are the weights of the hours of a working day, as people read mail and forms.
var seedHours = [24]float64{1, 0.5, 0.3, 0.3, 0.4, 1, 3, 7, 12, 16, 16, 14, 10, 12, 15, 15, 13, 10, 7, 6, 6, 5, 4, 2}

// seedDays are the weights of the days from Sunday on.
var seedDays = [7]float64{0.15, 0.95, 1.15, 1.1, 1, 0.75, 0.12}
