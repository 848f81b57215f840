package templates

// APIPage is public/api_docs: the description of the API, drawn from its OpenAPI document.
type APIPage struct {
	Page
	Version     string
	Intro       []string // paragraphs
	DocumentURL string
	Groups      []APIGroup
	Problems    []APIProblem
}

// APIGroup is a tag of the document with its operations.
type APIGroup struct {
	ID         string
	Name       string
	Text       string
	Operations []APIOperation
}

// APIOperation is one screen: what it does, how to call it, what it answers.
type APIOperation struct {
	ID      string
	Method  string
	Path    string
	Summary string
	Text    string
	Scope   string // of the key that it needs; empty without
	Params  []APIMember
	Body    []APIMember
	Curl    string
	Answers []APIAnswer
}

// APIMember is a parameter or a member of a body; members of members are named with dots.
type APIMember struct {
	Name     string
	Place    string // path, query, header; empty in bodies
	Type     string
	Text     string
	Required bool
	Options  []string
}

// APIAnswer is one status. Problem is the anchor of the error's explanation, empty for a success.
type APIAnswer struct {
	Status  string
	Text    string
	Problem string
	Headers []APIMember
	Members []APIMember
	Example string // indented JSON
}

// APIProblem is one kind of error; its code is its anchor on the page.
type APIProblem struct {
	Code   string
	Status int
	Text   string
}
