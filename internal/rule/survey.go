package rule

import (
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// survey walks a parsed condition and refuses what is not on the lists: what is left has no loops and makes nothing
// larger than itself.
type survey struct {
	source string
	words  *Vocabulary
	names  map[string]bool
	steps  int // of all patterns
	fault  *Fault
}

// maxSteps bounds the patterns of one condition: the time that RE2 takes is the steps of the compiled pattern for each
// character of the text (https://swtch.com/~rsc/regexp/regexp2.html), and short repetitions compile to very many.
const maxSteps = 300

// patternSteps is how many steps a pattern compiles to; 0 for one that cannot be read, which is refused elsewhere.
func patternSteps(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// operators that a condition may use. Not among them: ".." (ranges), "**", "??" and "|".
var operators = []string{"==", "!=", "<", "<=", ">", ">=", "and", "&&", "or", "||", "in", "contains", "startsWith", "endsWith", "matches", "+", "-", "*", "/"}

func (s *survey) list() []string { return slices.Sorted(maps.Keys(s.names)) }

func (s *survey) node(n ast.Node) {
	if s.fault != nil {
		return
	}
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode:
	case *ast.IdentifierNode:
		s.name(n)
	case *ast.UnaryNode:
		s.node(n.Node)
	case *ast.BinaryNode:
		s.binary(n)
	case *ast.ArrayNode:
		s.all(n.Nodes)
	case *ast.MemberNode:
		s.member(n)
	case *ast.CallNode:
		callee, ok := n.Callee.(*ast.IdentifierNode)
		if !ok {
			s.at(n, "not-available", "Only the functions of the list can be called here.")
			return
		}
		s.call(n, callee.Value, n.Arguments)
	case *ast.BuiltinNode:
		s.call(n, n.Name, n.Arguments)
	case *ast.PredicateNode, *ast.PointerNode:
		s.at(n, "loop", loopSentence)
	default:
		s.at(n, "not-available", "A condition compares names with values; this is more than it can do.")
	}
}

const loopSentence = "A condition has no loops: ask a list with \"in\", as in \"q3\" in said."

func (s *survey) all(nodes []ast.Node) {
	for _, n := range nodes {
		s.node(n)
	}
}

func (s *survey) name(n *ast.IdentifierNode) {
	if _, ok := s.words.byName[n.Value]; !ok {
		near := s.words.nearest(n.Value)
		sentence := fmt.Sprintf("There is no name %q.", n.Value)
		if near != "" {
			sentence += fmt.Sprintf(" Did you mean %s?", near)
		}
		s.at(n, "unknown-name", sentence)
		if s.fault != nil {
			s.fault.Suggestion = near
		}
		return
	}
	s.names[n.Value] = true
}

func (s *survey) binary(n *ast.BinaryNode) {
	if n.Operator == ".." {
		s.at(n, "loop", loopSentence)
		return
	}
	if !slices.Contains(operators, n.Operator) {
		s.at(n, "not-available", fmt.Sprintf("%q cannot be used in a condition.", n.Operator))
		return
	}
	if n.Operator == "matches" {
		pattern, fixed := n.Right.(*ast.StringNode)
		if !fixed {
			s.at(n, "not-available", "The pattern after \"matches\" must be written out between quotes.")
			return
		}
		if s.steps += patternSteps(pattern.Value); s.steps > maxSteps {
			s.at(n, "too-many-parts", "This pattern is too long to be looked for in every lead. Leave out what repeats, or use \"contains\".")
			return
		}
	}
	s.node(n.Left)
	s.node(n.Right)
}

// member is answers["budget"] or answers.budget: a value of a map, by a fixed name.
func (s *survey) member(n *ast.MemberNode) {
	id, ok := n.Node.(*ast.IdentifierNode)
	_, fixed := n.Property.(*ast.StringNode)
	if !ok || !fixed || n.Method {
		s.at(n, "not-available", "Only answers have parts: answers[\"budget\"].")
		return
	}
	s.name(id)
	if w, known := s.words.byName[id.Value]; known && w.Type != TypeAnswers {
		s.at(n, "not-available", fmt.Sprintf("%s has no parts.", id.Value))
	}
}

func (s *survey) call(n ast.Node, name string, arguments []ast.Node) {
	if !slices.ContainsFunc(Functions, func(f Name) bool { return f.Name == name }) {
		switch name {
		case "all", "any", "none", "one", "filter", "map", "count", "sum", "find", "findIndex", "findLast", "findLastIndex", "groupBy", "sortBy", "reduce":
			s.at(n, "loop", loopSentence)
		default:
			s.at(n, "not-available", fmt.Sprintf("There is no function %q.", name))
		}
		return
	}
	s.all(arguments)
}

func (s *survey) at(n ast.Node, code, sentence string) {
	if s.fault != nil {
		return
	}
	e := (&file.Error{Location: n.Location()}).Bind(file.NewSource(s.source))
	s.fault = &Fault{Code: code, Message: sentence, Line: e.Line, Column: e.Column + 1, Snippet: lineOf(s.source, e.Line)}
}

// nearest is the listed name that was probably meant, "" when none is near.
func (v *Vocabulary) nearest(typed string) string {
	best, least := "", 1+len(typed)/3
	for _, n := range v.names {
		if d := distance(strings.ToLower(typed), n.Name); d <= least && (best == "" || d < least) {
			best, least = n.Name, d
		}
	}
	return best
}

// distance counts the letters to change, add or drop between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := before
			if a[i-1] != b[j-1] {
				cost = 1 + min(before, row[j], row[j-1])
			}
			before, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
