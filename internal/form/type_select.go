package form

import "fmt"

const (
	maxOptions   = 200
	maxOptionLen = 200
)

// selectType is a choice of one among the field's options. The answer is the option's value.
var selectType = Type{Name: "select", Limit: maxOptionLen, parse: parseSelect, check: checkSelect,
	choices: func(f Field) []Option { return f.Options }}

func parseSelect(_ *parsing, f Field, typed string) (string, fault) {
	answer, bad := line(Field{}, Type{Limit: maxOptionLen}, typed)
	if bad.code != "" || answer == "" {
		return "", bad
	}
	for _, o := range f.Options {
		if o.Value == answer {
			return answer, fault{}
		}
	}
	return "", fault{code: NotAnOption, message: "Please choose one of the answers in the list."}
}

func checkSelect(f Field) fault {
	if len(f.Options) == 0 {
		return fault{code: Required, message: "A choice needs at least one option."}
	}
	if len(f.Options) > maxOptions {
		return fault{code: TooLong, message: fmt.Sprintf("A choice takes at most %d options.", maxOptions)}
	}
	seen := make(map[string]bool, len(f.Options))
	for i, o := range f.Options {
		clean, bad := line(Field{}, Type{Limit: maxOptionLen}, o.Value)
		_, badLabel := line(Field{}, Type{Limit: maxOptionLen}, o.Label)
		switch {
		case bad.code != "" || clean != o.Value || clean == "":
			return fault{code: Invalid, message: fmt.Sprintf("Option %d needs a value of one line without spaces around it.", i+1)}
		case badLabel.code != "" || isBlank(o.Label):
			return fault{code: Invalid, message: fmt.Sprintf("Option %d needs a label.", i+1)}
		case seen[o.Value]:
			return fault{code: Invalid, message: fmt.Sprintf("The value of option %d is there twice.", i+1)}
		}
		seen[o.Value] = true
	}
	return fault{}
}
