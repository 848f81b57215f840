package templates

// RoutingPage is admin/rules_routing: what holds, or with Edit the draft.
type RoutingPage struct {
	AdminPage
	Error        string
	Theirs       int64 // the version that somebody else saved meanwhile
	FirstInvalid string
	PostURL      string
	Version      int64
	Edit         bool
	State        Tag
	About        string
	Actions      []PageAction
	General      []FieldView
	Rules        []RouteRow
	Note         FieldView
	Try          FieldView
	Tried        *ForeseenView
	Versions     []RuleVersionRow
	Names        []RuleNames
	Known        []KnownValue
	Facts        Ledger
	Rehearsal    *RehearsalView
}

// RouteRow is one rule in its order: Fields while it is edited, else words.
type RouteRow struct {
	Number      int
	Index       int
	Anchor      string
	Title       string
	Condition   string
	Words       string
	To          string
	First, Last bool
	Key         string
	Fields      []FieldView
	Usual       UsualEdit
}

// ForeseenView says who would get a lead now, and why.
type ForeseenView struct {
	Lead    string
	LeadURL string
	Owner   string // "" for nobody
	Text    string
	Held    string
	Loads   []KV
}

// Chosen is the label of the option that is selected.
func (f FieldView) Chosen() string {
	for _, o := range f.Options {
		if o.Selected {
			return o.Label
		}
	}
	return ""
}
