// Package rule is the small language of conditions: scoring, routing and the choice of a plan ask with it. A condition
// is one expression over names that a Vocabulary lists; it yields yes or no and has no loops, so that it always ends.
// What is wrong is found when a rule is saved, with its place. Pure: no clock, no database, no network.
package rule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// The limits of one condition. Without loops, its time is bounded by its nodes.
const (
	MaxSource = 1000 // characters
	MaxNodes  = 150
	memory    = 10_000 // elements that one evaluation may make
	maxText   = 10_000 // bytes of one text that are looked at
)

// Program is one compiled condition; safe for concurrent use.
type Program struct {
	source  string
	names   []string
	program *vm.Program // nil is always yes
	words   *Vocabulary
}

// Compile reads a condition against the names that it may use. An empty condition is always true. The error is an
// *errs.Error with one fault at "condition"; FaultOf tells its place.
func Compile(source string, words *Vocabulary) (*Program, error) {
	p := &Program{source: source, words: words}
	if strings.TrimSpace(source) == "" {
		return p, nil
	}
	if f := readable(source); f != nil {
		return nil, f.err()
	}
	tree, err := parser.ParseWithConfig(source, parseConfig())
	if err != nil {
		return nil, asFault(source, err).err()
	}
	look := &survey{source: source, words: words, names: map[string]bool{}}
	if look.node(tree.Node); look.fault != nil {
		return nil, look.fault.err()
	}
	p.program, err = expr.Compile(source, words.options()...)
	if err != nil {
		return nil, asFault(source, err).err()
	}
	p.names = look.list()
	return p, nil
}

// Source is the condition as it was written.
func (p *Program) Source() string { return p.source }

// Names are the names that the condition asks, sorted.
func (p *Program) Names() []string { return p.names }

// Match evaluates the condition over facts: a pointer to the struct that the vocabulary was made of. The error, where
// there is one, is a *Fault: a rule that fails counts as one that does not match, and is to be shown.
func (p *Program) Match(facts any) (yes bool, err error) {
	if p.program == nil {
		return true, nil
	}
	defer func() {
		if r := recover(); r != nil {
			yes, err = false, &Fault{Code: "failed", Message: "This rule failed when it was evaluated.", Line: 1, Column: 1}
		}
	}()
	machine := machines.Get().(*vm.VM)
	out, err := machine.Run(p.program, facts)
	clear(machine.Stack[:cap(machine.Stack)]) // whom it was about is not kept
	clear(machine.Variables)
	machines.Put(machine)
	if err != nil {
		f := asFault(p.source, err)
		f.Code, f.Message = "failed", "This rule failed when it was evaluated. Its condition asks for something that cannot be answered for this lead."
		return false, f
	}
	yes, _ = out.(bool)
	return yes, nil
}

// machines are used again: scoring evaluates conditions by the million.
var machines = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: memory} }}

// readable refuses what is not looked at.
func readable(source string) *Fault {
	switch {
	case !utf8.ValidString(source):
		return &Fault{Code: "encoding", Message: "The condition holds characters that cannot be read.", Line: 1, Column: 1}
	case utf8.RuneCountInString(source) > MaxSource:
		return &Fault{Code: "too-long", Message: fmt.Sprintf("A condition may have %d characters. Make two rules of it.", MaxSource), Line: 1, Column: 1}
	case strings.Contains(source, "\x00"):
		return &Fault{Code: "control-character", Message: "The condition holds a character that cannot be read.", Line: 1, Column: 1}
	}
	return nil
}

func parseConfig() *conf.Config {
	c := conf.CreateNew()
	c.MaxNodes = MaxNodes
	for _, f := range functions() {
		f(c)
	}
	return c
}

// Fault is what is wrong with a condition, and where: line and column count from one.
type Fault struct {
	Code       string
	Message    string
	Line       int
	Column     int
	Snippet    string // the line that it is in
	Suggestion string // the name that was probably meant
}

// Error names the code and the place, never what was typed.
func (f *Fault) Error() string {
	return fmt.Sprintf("rule: %s at line %d, column %d", f.Code, f.Line, f.Column)
}

// Place is "line 1, character 12".
func (f *Fault) Place() string { return fmt.Sprintf("line %d, character %d", f.Line, f.Column) }

func (f *Fault) err() error {
	e := errs.Wrap(f, errs.Invalid, "The condition needs a second look.")
	e.Fields = []errs.Field{{Field: "condition", Code: f.Code, Message: f.Message + " (" + f.Place() + ")", Suggestion: f.Suggestion}}
	return e
}

// FaultOf finds the fault behind an error of Compile or Match; nil when there is none.
func FaultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// asFault puts the library's words into ours.
func asFault(source string, err error) *Fault {
	var e *file.Error
	if !errors.As(err, &e) {
		switch {
		case strings.Contains(err.Error(), "exceeds maximum allowed nodes"):
			return tooMany()
		case strings.HasPrefix(err.Error(), "expected bool"): // without a place: it is all of it
			return &Fault{Code: "not-a-condition", Message: questionSentence, Line: 1, Column: 1, Snippet: lineOf(source, 1)}
		}
		return &Fault{Code: "invalid", Message: "This cannot be read as a condition: " + err.Error() + ".", Line: 1, Column: 1}
	}
	line, _, _ := strings.Cut(e.Message, "\n")
	f := &Fault{Code: "invalid", Line: max(e.Line, 1), Column: e.Column + 1, Snippet: lineOf(source, e.Line)}
	switch {
	case strings.Contains(line, "exceeds maximum allowed nodes"):
		return tooMany()
	case strings.HasPrefix(line, "expected bool"):
		f.Code, f.Message = "not-a-condition", questionSentence
	case strings.HasPrefix(line, "invalid operation"):
		f.Code, f.Message = "mismatch", "These two do not go together: "+strings.TrimPrefix(line, "invalid operation: ")+"."
	default:
		f.Message = "This cannot be read as a condition: " + unread(line) + "."
	}
	return f
}

var unexpected = regexp.MustCompile(`^unexpected token (\w+)(?:\((".*")\))?$`)

// unread says in a sentence what the parser stumbled at.
func unread(line string) string {
	m := unexpected.FindStringSubmatch(line)
	switch {
	case m == nil:
		return line
	case m[1] == "EOF":
		return "it ends too early"
	}
	what, err := strconv.Unquote(m[2])
	if err != nil {
		what = strings.Trim(m[2], `"`)
	}
	return "“" + what + "” is not expected here"
}

const questionSentence = "This is no yes-or-no question: compare it with something, as in country == \"DE\"."

func tooMany() *Fault {
	return &Fault{Code: "too-many-parts", Message: "The condition has too many parts. Make two rules of it.", Line: 1, Column: 1}
}

func lineOf(source string, number int) string {
	lines := strings.Split(source, "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return lines[number-1]
}
