package templates

import "time"

// RulesPage is admin/rules: each kind of rules with what holds.
type RulesPage struct {
	AdminPage
	Kinds []RuleKindView
}

// RuleKindView is one kind of rules.
type RuleKindView struct {
	Title     string
	URL       string
	Sentence  string
	State     Tag
	Draft     string // says that there is one
	Rehearsal *RehearsalView
	Versions  []RuleVersionRow
}

// RuleVersionRow is one version that was published.
type RuleVersionRow struct {
	Number   int32
	URL      string
	Holds    bool
	At       time.Time
	By       string
	Note     string
	Count    int // leads that were last scored by it
	RollBack *PageAction
}

// RuleName is one name that conditions may use.
type RuleName struct {
	Name, Type, Says, Example string
}

// RuleNames is a list of them under a heading.
type RuleNames struct {
	Title string
	Names []RuleName
}

// ScoringPage is admin/rules/scoring: what holds, or with Edit the draft.
type ScoringPage struct {
	AdminPage
	Error        string
	Theirs       int64 // the version that somebody else saved meanwhile
	PostURL      string
	Version      int64
	Edit         bool
	State        Tag
	About        string
	Actions      []PageAction
	General      []FieldView
	Groups       []ScoreGroupEdit
	FirstInvalid string
	Note         FieldView
	Try          FieldView
	Tried        *LeadScoreView
	TriedTitle   string
	TriedURL     string
	Rehearsal    *RehearsalView
	Rescore      *RescoreView
	Versions     []RuleVersionRow
	Names        []RuleNames
	Known        []KnownValue
	Shown        []ScoreGroupView // what a version says, to read
	Facts        Ledger
}

// ScoreGroupEdit is one group of the draft with its rules.
type ScoreGroupEdit struct {
	Anchor, Heading string
	G               int
	First, Last     bool
	Did             bool // engagement: its rules ask events
	Fields          []FieldView
	Hidden          []KV
	Rules           []ScoreRuleEdit
}

// ScoreRuleEdit is one rule of the draft. Words says its condition where it is a usual one.
type ScoreRuleEdit struct {
	Anchor, Heading string
	G, R            int
	First, Last     bool
	Fields          []FieldView // name, event, condition, points, days
	Hidden          []KV
	Words           string
	Usual           UsualEdit
}

// UsualEdit makes a condition without typing.
type UsualEdit struct {
	Prefix string
	Names  []OptionView
	Asks   []UsualAsks
	Joins  bool // there is a condition already that it is added to
	Error  string
	Open   bool
	Key    string
	Value  string
}

// KnownValue is one value that a usual condition can be chosen from; Asked is the name that it belongs to, in words.
type KnownValue struct {
	Name, Asked, Value, Label string
}

// UsualAsks are the ways to ask names of one type.
type UsualAsks struct {
	Type    string
	Options []OptionView
}

// ScoreGroupView is one group to read.
type ScoreGroupView struct {
	Title, Side, Cap string
	Rules            []ScoreRuleView
}

// ScoreRuleView is one rule to read.
type ScoreRuleView struct {
	Title, When, Condition, Words, Points, Melts string
}

// RehearsalView is how far a rehearsal is, and what it found.
type RehearsalView struct {
	State     Tag
	Sentence  string
	Running   bool
	Done      int
	Total     int
	Cancel    *PageAction
	URL       string
	More      int
	Fewer     int
	Stale     bool // the draft was changed since
	StartURL  string
	Days      FieldView
	Version   int64
	Available bool
}

// RescoreView is how far scoring open leads anew is.
type RescoreView struct {
	Sentence string
	Running  bool
	Done     int
	Total    int
	Failed   string // empty: none did
	Aside    []Link // the first of those that failed
	Actions  []PageAction
}

// RehearsalPage is what a rehearsal found.
type RehearsalPage struct {
	AdminPage
	Back    *PageAction // what comes next when it has ended
	View    RehearsalView
	At      time.Time
	Stats   []Stat
	Grades  []GradeRow
	Owners  []OwnerRow // empty: nobody would have been asked
	OwnNote string
	Failed  []string
	Rows    []RehearsalRow
	Pages   Pagination
}

// GradeRow is the leads of one letter, by figure.
type GradeRow struct {
	Fit   string
	Cells []GradeCell
}

// GradeCell counts the leads of one grade under the draft and under what holds.
type GradeCell struct {
	Grade         string
	After, Before int
}

// OwnerRow is what one owner would have got.
type OwnerRow struct {
	Name          string
	Before, After int
}

// RehearsalRow is one lead for whom something would change. Owners says from whom to whom.
type RehearsalRow struct {
	URL, Name, Company, Before, After, Owners string
	Change                                    Tag
}
