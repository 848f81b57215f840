package lead

import "github.com/gatehouse/gatehouse/internal/rule"

// Known is what is known about a lead at one time, in the names that conditions use. Scoring asks these; Facts adds what
// is only known once a lead is scored.
type Known struct {
	Country       string            `expr:"country" fold:"upper" words:"the country" says:"the country, as two letters" eg:"country == \"DE\""`
	Region        string            `expr:"region" fold:"lower" words:"the market" says:"the market that the country belongs to: dach, benelux, nordics, british-isles, france, iberia, italy, central-europe, eastern-europe, south-east-europe, north-america, latin-america, middle-east, africa, asia, oceania" eg:"region == \"dach\""`
	Company       string            `expr:"company" words:"the company" says:"the company as it was typed" eg:"mentions(company, \"bank\")"`
	CompanyDomain string            `expr:"company_domain" fold:"lower" words:"the company’s domain" says:"the registered domain of the company; empty for a free-mail address" eg:"company_domain == \"acme.com\""`
	Domain        string            `expr:"domain" fold:"lower" words:"the domain of the address" says:"the domain of the e-mail address" eg:"domain endsWith \".gov.uk\""`
	FreeMail      bool              `expr:"free_mail" words:"the address is with a free-mail provider|the address is with no free-mail provider" says:"whether the address is with a free-mail provider" eg:"not free_mail"`
	Disposable    bool              `expr:"disposable" words:"the address is a throw-away one|the address is no throw-away one" says:"whether the address is with a provider of throw-away addresses" eg:"not disposable"`
	RoleAddress   bool              `expr:"role_address" words:"the address is of a role, not of a person|the address is of a person, not of a role" says:"whether the address is a role rather than a person, as info@ is" eg:"not role_address"`
	Confirmed     bool              `expr:"confirmed" words:"the address is confirmed|the address is not confirmed" says:"whether a person acted from a mail to the address" eg:"confirmed"`
	JobTitle      string            `expr:"job_title" words:"the job title" says:"the job title as it was typed" eg:"mentions(job_title, \"head\", \"chief\")"`
	HasPhone      bool              `expr:"has_phone" words:"a telephone number is known|no telephone number is known" says:"whether a telephone number is known" eg:"has_phone"`
	Language      string            `expr:"language" fold:"lower" words:"the language" says:"the language of the last form, as two letters" eg:"language == \"de\""`
	Answers       map[string]string `expr:"answers" words:"the answer" says:"any answer, by the name of its field; empty when it was not asked" eg:"answers[\"team_size\"] == \"50-200\""`
	Gates         []string          `expr:"gates" fold:"lower" words:"the landing pages" says:"the slugs of the landing pages where the lead submitted a form" eg:"\"8-questions\" in gates"`
	Documents     []string          `expr:"documents" words:"the documents" says:"the titles of the documents that were asked for" eg:"\"8 Questions\" in documents"`
	Source        string            `expr:"source" fold:"lower" words:"the first source" says:"the channel of the first visit, as the reports name it: direct, search, social, email, paid, referral or campaign" eg:"source == \"paid\""`
	Campaigns     []string          `expr:"campaigns" words:"the campaigns" says:"the campaigns (utm_campaign) of all visits" eg:"\"spring\" in campaigns"`
	UTMSource     string            `expr:"utm_source" words:"the campaign’s source" says:"utm_source of the last visit that had one" eg:"utm_source == \"newsletter\""`
	UTMMedium     string            `expr:"utm_medium" words:"the campaign’s medium" says:"utm_medium of the last visit that had one" eg:"utm_medium == \"cpc\""`
	Submissions   int               `expr:"submissions" words:"the number of forms sent" says:"how many forms were sent" eg:"submissions >= 2"`
	Downloads     int               `expr:"downloads" words:"the number of downloads" says:"how many times a document was downloaded by a person" eg:"downloads >= 1"`
	Reads         int               `expr:"reads" words:"the number of readings" says:"how many times a document was opened to read by a person" eg:"reads >= 1"`
	Said          []string          `expr:"said" words:"the questions marked as theirs" says:"the questions of documents of which the lead said \"this one is us\": q1, q2" eg:"\"q3\" in said"`
	SaidOurs      int               `expr:"said_ours" words:"the number of questions marked as theirs" says:"of how many questions the lead said \"this one is us\"" eg:"said_ours >= 2"`
	Asked         bool              `expr:"asked" words:"they asked the author something|they did not ask the author anything" says:"whether the lead asked the author something" eg:"asked"`
	Choice        string            `expr:"choice" fold:"lower" words:"what they chose" says:"how the lead wants to go on: mail, call, booking or none; empty when nothing was chosen" eg:"choice == \"call\""`
	Consent       bool              `expr:"consent_marketing" words:"they agreed to marketing mail|they did not agree to marketing mail" says:"whether consent to marketing mail is given and confirmed" eg:"consent_marketing"`
	Origin        string            `expr:"origin" fold:"lower" words:"where we met" says:"where a lead by hand comes from: phone, fair, referral or other; empty for one that came by a form" eg:"origin == \"fair\""`
}

// Facts are all that a condition of routing or of a plan may ask.
type Facts struct {
	Known
	Fit        float64 `expr:"fit" words:"the fit" says:"the points for who the lead is" eg:"fit >= 30"`
	Engagement float64 `expr:"engagement" words:"the engagement" says:"the points for what the lead did, as of now" eg:"engagement >= 20"`
	Total      float64 `expr:"total" words:"the whole score" says:"fit and engagement together" eg:"total >= 60"`
	Grade      string  `expr:"grade" words:"the grade" says:"A1 to C3: the letter is the fit, the figure the engagement" eg:"grade in [\"A1\", \"A2\"]"`
	Qualified  bool    `expr:"qualified" words:"the lead qualified for sales|the lead did not qualify for sales" says:"whether the lead qualified for sales" eg:"qualified"`
	Owner      string  `expr:"owner" words:"the existing owner" says:"the e-mail address of the existing owner of the lead or its company, also as known from the CRM; empty when there is none" eg:"owner != \"\""`
}

// Happening is what a rule for engagement may ask: what is known about the lead, and the event itself.
type Happening struct {
	Known
	EventDocument string `expr:"event_document" words:"its document" says:"the title of the document that the event is about" eg:"event_document == \"8 Questions\""`
	EventGate     string `expr:"event_gate" words:"its landing page" says:"the slug of the landing page that the event is about" eg:"event_gate == \"8-questions\""`
	EventDetail   string `expr:"event_detail" words:"what was chosen or said" says:"of a choice: mail, call, booking or none; of \"this one is us\": the question, as q3; of a submission: the channel" eg:"event_detail == \"call\""`
	EventNumber   int    `expr:"event_number" words:"its number of that kind" says:"which one of its kind it is, from 1: the second submission is 2" eg:"event_number == 1"`
}

// What conditions may ask: of fit, of engagement, and of routing and plans.
var (
	FitNames   = rule.NewVocabulary(Known{})
	EventNames = rule.NewVocabulary(Happening{})
	FactNames  = rule.NewVocabulary(Facts{})
)
