package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Part is one usual condition, made without typing: a name, how it is asked, and the values. Key is the field of an
// answer, where Name is "answers".
type Part struct {
	Name   string
	Key    string
	Ask    string
	Values []string
}

// Ask is one way to ask a name of a type.
type Ask struct {
	Key    string
	Label  string
	Values int // 0 none, 1 one, 2 any number
}

var asks = map[string][]Ask{
	TypeText: {
		{"is", "is", 1}, {"is-not", "is not", 1}, {"one-of", "is one of", 2}, {"none-of", "is none of", 2},
		{"mentions", "mentions one of the words", 2}, {"mentions-not", "mentions none of the words", 2},
		{"empty", "is empty", 0}, {"known", "is known", 0},
	},
	TypeNumber: {{"at-least", "is at least", 1}, {"at-most", "is at most", 1}, {"over", "is more than", 1}, {"under", "is less than", 1}, {"is", "is", 1}, {"is-not", "is not", 1}},
	TypeYesNo:  {{"yes", "is true", 0}, {"no", "is not true", 0}},
	TypeList:   {{"has", "has", 1}, {"has-not", "does not have", 1}, {"empty", "is empty", 0}, {"known", "is not empty", 0}},
}

// Asks are the ways to ask a name of the type.
func Asks(typ string) []Ask {
	if typ == TypeAnswers {
		typ = TypeText
	}
	return asks[typ]
}

// Build writes usual conditions as one condition: all of them must hold, or any.
func Build(parts []Part, anyOf bool, words *Vocabulary) (string, error) {
	var out []string
	for i, p := range parts {
		s, sentence := build(p, words)
		if sentence != "" {
			return "", errs.InvalidFields(errs.Field{Field: "parts." + strconv.Itoa(i), Code: "invalid", Message: sentence})
		}
		out = append(out, s)
	}
	source := strings.Join(out, joint(anyOf))
	_, err := Compile(source, words)
	return source, err
}

func joint(anyOf bool) string {
	if anyOf {
		return " or "
	}
	return " and "
}

func build(p Part, words *Vocabulary) (source, fault string) {
	n, ok := words.Name(p.Name)
	if !ok {
		return "", "Choose what is asked."
	}
	i := slices.IndexFunc(Asks(n.Type), func(a Ask) bool { return a.Key == p.Ask })
	if i < 0 {
		return "", "Choose how it is asked."
	}
	subject := p.Name
	if n.Type == TypeAnswers {
		if p.Key == "" {
			return "", "Say which answer: the name of the field."
		}
		subject += "[" + strconv.Quote(p.Key) + "]"
	}
	ask, values := Asks(n.Type)[i], slices.DeleteFunc(slices.Clone(p.Values), func(v string) bool { return strings.TrimSpace(v) == "" })
	if ask.Values > 0 && len(values) == 0 {
		return "", "Give a value."
	}
	if n.Type == TypeNumber {
		if _, err := strconv.ParseFloat(values[0], 64); err != nil {
			return "", "Give a number."
		}
		return subject + " " + map[string]string{"at-least": ">=", "at-most": "<=", "over": ">", "under": "<", "is": "==", "is-not": "!="}[ask.Key] + " " + strings.TrimSpace(values[0]), ""
	}
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, strconv.Quote(n.folded(strings.TrimSpace(v))))
	}
	list := strings.Join(quoted, ", ")
	empty := map[string]string{TypeText: subject + ` == ""`, TypeAnswers: subject + ` == ""`, TypeList: "len(" + subject + ") == 0"}[n.Type]
	switch ask.Key {
	case "is":
		return subject + " == " + quoted[0], ""
	case "is-not":
		return subject + " != " + quoted[0], ""
	case "one-of":
		return subject + " in [" + list + "]", ""
	case "none-of":
		return subject + " not in [" + list + "]", ""
	case "mentions":
		return "mentions(" + subject + ", " + list + ")", ""
	case "mentions-not":
		return "not mentions(" + subject + ", " + list + ")", ""
	case "has":
		return quoted[0] + " in " + subject, ""
	case "has-not":
		return quoted[0] + " not in " + subject, ""
	case "empty":
		return empty, ""
	case "known":
		return strings.Replace(empty, "==", "!=", 1), ""
	case "no":
		return "not " + subject, ""
	}
	return subject, "" // yes
}

// folded writes a value as the name's values are written: "de" is no country that anybody has.
func (n Name) folded(value string) string {
	switch n.Fold {
	case "upper":
		return strings.ToUpper(value)
	case "lower":
		return strings.ToLower(value)
	}
	return value
}

// Read takes a condition apart into usual ones; ok is false where it is more than that.
func Read(source string, words *Vocabulary) (parts []Part, anyOf, ok bool) {
	if strings.TrimSpace(source) == "" {
		return nil, false, true
	}
	if _, err := Compile(source, words); err != nil {
		return nil, false, false
	}
	tree, err := parser.ParseWithConfig(source, parseConfig())
	if err != nil {
		return nil, false, false
	}
	nodes, anyOf := flat(tree.Node)
	for _, n := range nodes {
		p, ok := part(n, words)
		if !ok {
			return nil, false, false
		}
		parts = append(parts, p)
	}
	return parts, anyOf, true
}

// flat takes a row of one "and", or of one "or", apart.
func flat(n ast.Node) (nodes []ast.Node, anyOf bool) {
	b, ok := n.(*ast.BinaryNode)
	if !ok || !isAnd(b.Operator) && !isOr(b.Operator) {
		return []ast.Node{n}, false
	}
	same := isAnd
	if isOr(b.Operator) {
		same = isOr
	}
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		if b, ok := n.(*ast.BinaryNode); ok && same(b.Operator) {
			walk(b.Left)
			walk(b.Right)
			return
		}
		nodes = append(nodes, n)
	}
	walk(n)
	return nodes, isOr(b.Operator)
}

func isAnd(o string) bool { return o == "and" || o == "&&" }
func isOr(o string) bool  { return o == "or" || o == "||" }

func part(n ast.Node, words *Vocabulary) (Part, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		w, ok := words.Name(n.Value)
		return Part{Name: n.Value, Ask: "yes"}, ok && w.Type == TypeYesNo
	case *ast.UnaryNode:
		p, ok := part(n.Node, words)
		opposite := map[string]string{"yes": "no", "mentions": "mentions-not", "one-of": "none-of", "has": "has-not"}[p.Ask]
		p.Ask = opposite
		return p, ok && opposite != "" && (n.Operator == "not" || n.Operator == "!")
	case *ast.CallNode:
		id, _ := n.Callee.(*ast.IdentifierNode)
		if id == nil || id.Value != "mentions" || len(n.Arguments) < 2 {
			return Part{}, false
		}
		p, ok := subject(n.Arguments[0], words)
		p.Ask = "mentions"
		return p, ok && p.take(n.Arguments[1:])
	case *ast.BinaryNode:
		return compared(n, words)
	}
	return Part{}, false
}

func compared(n *ast.BinaryNode, words *Vocabulary) (Part, bool) {
	if call, ok := n.Left.(*ast.BuiltinNode); ok && call.Name == "len" && len(call.Arguments) == 1 {
		p, ok := subject(call.Arguments[0], words)
		zero, isInt := n.Right.(*ast.IntegerNode)
		p.Ask = map[string]string{"==": "empty", "!=": "known"}[n.Operator]
		w, _ := words.Name(p.Name)
		return p, ok && isInt && zero.Value == 0 && p.Ask != "" && w.Type == TypeList
	}
	if n.Operator == "in" {
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			p, ok := subject(n.Left, words)
			p.Ask = "one-of"
			return p, ok && p.take(list.Nodes)
		}
		p, ok := subject(n.Right, words)
		p.Ask = "has"
		w, _ := words.Name(p.Name)
		return p, ok && w.Type == TypeList && p.take([]ast.Node{n.Left})
	}
	p, ok := subject(n.Left, words)
	if !ok || !p.take([]ast.Node{n.Right}) {
		return p, false
	}
	w, _ := words.Name(p.Name)
	ways := map[string]string{"==": "is", "!=": "is-not"}
	if w.Type == TypeNumber {
		ways = map[string]string{"==": "is", "!=": "is-not", ">=": "at-least", "<=": "at-most", ">": "over", "<": "under"}
	}
	p.Ask = ways[n.Operator]
	if w.Type != TypeNumber && p.Values[0] == "" {
		p.Ask, p.Values = map[string]string{"is": "empty", "is-not": "known"}[p.Ask], nil
	}
	return p, p.Ask != "" && w.Type != TypeYesNo && w.Type != TypeList
}

func subject(n ast.Node, words *Vocabulary) (Part, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		_, ok := words.Name(n.Value)
		return Part{Name: n.Value}, ok
	case *ast.MemberNode:
		id, _ := n.Node.(*ast.IdentifierNode)
		key, _ := n.Property.(*ast.StringNode)
		if id == nil || key == nil {
			return Part{}, false
		}
		return Part{Name: id.Value, Key: key.Value}, true
	}
	return Part{}, false
}

func (p *Part) take(nodes []ast.Node) bool {
	for _, n := range nodes {
		switch n := n.(type) {
		case *ast.StringNode:
			p.Values = append(p.Values, n.Value)
		case *ast.IntegerNode, *ast.FloatNode:
			p.Values = append(p.Values, fmt.Sprint(n))
		default:
			return false
		}
	}
	return len(p.Values) > 0
}

// Say puts usual conditions into plain words. Called gives the word for a value of a name, and "" where it is read as it is.
func Say(parts []Part, anyOf bool, words *Vocabulary, called func(name, value string) string) string {
	var out []string
	for _, p := range parts {
		n, _ := words.Name(p.Name)
		subject := n.Words
		if subject == "" {
			subject = strings.ReplaceAll(p.Name, "_", " ")
		}
		if p.Key != "" {
			subject = "the answer " + p.Key
		}
		if p.Ask == "yes" || p.Ask == "no" {
			yes, no, both := strings.Cut(subject, "|")
			if !both {
				no = "not " + subject
			}
			out = append(out, map[string]string{"yes": yes, "no": no}[p.Ask])
			continue
		}
		label := p.Ask
		for _, a := range Asks(n.Type) {
			if a.Key == p.Ask {
				label = a.Label
			}
		}
		if plural, ok := ofLists[p.Ask]; ok && n.Type == TypeList {
			label = plural
		}
		values := slices.Clone(p.Values)
		for i, v := range values {
			if w := called(p.Name, v); w != "" {
				values[i] = w
			}
		}
		out = append(out, strings.TrimSpace(subject+" "+label+" "+list(values)))
	}
	return strings.Join(out, joint(anyOf))
}

// ofLists are the ways to ask a list, within a sentence: its subject is many.
var ofLists = map[string]string{"has": "include", "has-not": "do not include", "empty": "are none", "known": "are some"}

// list is "a, b or c".
func list(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:len(values)-1], ", ") + " or " + values[len(values)-1]
}
