package lead

// UsualScore is the first version of an installation's scoring rules: what is usual where companies buy from companies.
func UsualScore() ScoreRules {
	return ScoreRules{
		Threshold: 60_00, SayingQualifies: true,
		Fit: Bounds{High: 35_00, Middle: 15_00}, Engagement: Bounds{High: 40_00, Middle: 15_00},
		Groups: []ScoreGroup{
			{Key: "company", Title: "The company", Side: SideFit, Cap: 30_00, Rules: []ScoreRule{
				{Key: "business-domain", Title: "Writes from a company's own domain", Condition: `company_domain != "" and not free_mail and not disposable`, Points: 20_00},
				{Key: "company-named", Title: "Names the company", Condition: `len(trim(company)) >= 2`, Points: 5_00},
				{Key: "home-market", Title: "In a market that we know", Condition: `region in ["dach", "benelux", "nordics", "british-isles", "france", "north-america"]`, Points: 5_00},
				{Key: "free-mail", Title: "Writes from a free-mail address", Condition: `free_mail`, Points: -10_00},
				{Key: "throw-away", Title: "Writes from a throw-away address", Condition: `disposable`, Points: -30_00},
			}},
			{Key: "person", Title: "The person", Side: SideFit, Cap: 25_00, Rules: []ScoreRule{
				{Key: "decides", Title: "Decides: a chief, an owner, a director", Points: 20_00,
					Condition: `mentions(job_title, "chief", "ceo", "cmo", "cfo", "coo", "cro", "owner", "founder", "managing director", "director", "vp", "vice president", "president", "partner", "geschäftsführer", "geschäftsführerin", "inhaber", "vorstand")`},
				{Key: "leads", Title: "Leads a team", Condition: `mentions(job_title, "head", "lead", "manager", "leiter", "leiterin")`, Points: 10_00},
				{Key: "field", Title: "Works in marketing or sales", Condition: `mentions(job_title, "marketing", "sales", "growth", "demand", "vertrieb", "cmo", "cro")`, Points: 5_00},
				{Key: "phone", Title: "Left a telephone number", Condition: `has_phone`, Points: 5_00},
				{Key: "role-address", Title: "Writes from a role's mailbox", Condition: `role_address`, Points: -5_00},
				{Key: "student", Title: "Studies, or teaches", Condition: `mentions(job_title, "student", "intern", "trainee", "professor", "teacher")`, Points: -15_00},
			}},
			{Key: "said", Title: "What they said", Side: SideEngagement, Cap: 60_00, Rules: []ScoreRule{
				{Key: "ours", Title: "Said \"this one is us\"", Event: EventOurs, Points: 15_00, DecayDays: 90},
				{Key: "asked", Title: "Asked the author", Event: EventAsk, Points: 30_00, DecayDays: 90},
				{Key: "call", Title: "Chose to be called, or to book a talk", Event: EventChoice, Condition: `event_detail in ["call", "booking"]`, Points: 40_00, DecayDays: 60},
				{Key: "one-mail", Title: "Chose one mail", Event: EventChoice, Condition: `event_detail == "mail"`, Points: 10_00, DecayDays: 60},
			}},
			{Key: "did", Title: "What they did", Side: SideEngagement, Cap: 40_00, Rules: []ScoreRule{
				{Key: "first-form", Title: "Asked for a document", Event: EventSubmission, Condition: `event_number == 1`, Points: 10_00, DecayDays: 60},
				{Key: "further-form", Title: "Asked again", Event: EventSubmission, Condition: `event_number > 1`, Points: 8_00, DecayDays: 60},
				{Key: "downloaded", Title: "Downloaded a document", Event: EventDownload, Points: 10_00, DecayDays: 45},
				{Key: "read", Title: "Opened a document to read", Event: EventRead, Points: 10_00, DecayDays: 45},
				{Key: "returned", Title: "Came back to a document", Event: EventReturn, Points: 8_00, DecayDays: 30},
			}},
		},
	}
}
