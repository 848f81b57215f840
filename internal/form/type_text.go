package form

// textType is one line of free text: names, companies, job titles. White space is collapsed, letters are NFC.
var textType = Type{Name: "text", Limit: 200, parse: parseText}

func parseText(_ *parsing, f Field, typed string) (string, fault) {
	return line(f, Type{Limit: 200}, typed)
}
