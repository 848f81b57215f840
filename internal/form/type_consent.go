package form

// consentType draws the boxes of Definition.Consents. It is no type for a field: a consent carries its text and version.
var consentType = Type{Name: "consent", Apart: true}

// ConsentAnswer is what was said to one consent, with the very text that stood beside the box.
type ConsentAnswer struct {
	Key     string `json:"key"`
	Text    string `json:"text"`
	Version string `json:"version"`
	Given   bool   `json:"given"`
}

// parseConsents answers every consent of the definition, in its order; keys that it does not know are ignored.
func parseConsents(p *parsing) []ConsentAnswer {
	if len(p.def.Consents) == 0 {
		return nil
	}
	out := make([]ConsentAnswer, 0, len(p.def.Consents))
	for _, c := range p.def.Consents {
		given := p.in.Consents[c.Key]
		if c.Required && !given {
			p.add(ConsentPrefix+c.Key, fault{code: Required, message: "Please tick this box: without it we may not go on."})
		}
		out = append(out, ConsentAnswer{Key: c.Key, Text: c.Text, Version: c.Version, Given: given})
	}
	return out
}
