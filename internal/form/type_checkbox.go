package form

import "strings"

// checkboxType is a yes-or-no question that is no consent. The answer is "yes", or none; required means ticked.
var checkboxType = Type{Name: "checkbox", Limit: 5, parse: parseCheckbox}

func parseCheckbox(_ *parsing, _ Field, typed string) (string, fault) {
	on, ok := ticked(typed)
	if !ok {
		return "", fault{code: Invalid, message: "Please tick this box, or leave it empty."}
	}
	if on {
		return "yes", fault{}
	}
	return "", fault{}
}

// ticked reads what browsers and programs send for a box; ok is false for anything else.
func ticked(s string) (on, ok bool) {
	if len(s) > 8 {
		return false, false
	}
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "yes", "on", "true", "1":
		return true, true
	case "", "no", "off", "false", "0":
		return false, true
	}
	return false, false
}
