package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// catalogue is language -> key -> text. English is complete; another language falls back to it key by key.
type catalogue map[string]map[string]string

const fallbackLanguage = "en"

// loadCatalogue reads i18n/*.json, one flat object a language.
func loadCatalogue(src fs.FS) (catalogue, error) {
	c := catalogue{}
	names, err := fs.Glob(src, "i18n/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(src, name)
		if err != nil {
			return nil, err
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c[strings.TrimSuffix(path.Base(name), ".json")] = texts
	}
	if c[fallbackLanguage] == nil {
		return nil, errors.New("i18n/en.json: missing")
	}
	for lang, texts := range c {
		for key := range texts {
			if _, ok := c[fallbackLanguage][key]; !ok {
				return nil, fmt.Errorf("i18n/%s.json: %q is not in en.json", lang, key)
			}
		}
	}
	return c, nil
}

// match takes "de-AT" to "de-AT", "de" or "en", whichever is there first.
func (c catalogue) match(tag string) string {
	for tag != "" {
		if c[tag] != nil {
			return tag
		}
		i := strings.LastIndexByte(tag, '-')
		if i < 0 {
			break
		}
		tag = tag[:i]
	}
	return fallbackLanguage
}

// text fills {name} from args, names and values in turn. An unknown key shows itself: Load refuses templates with one.
func (c catalogue) text(lang, key string, args ...any) string {
	text, ok := c[lang][key]
	if !ok {
		if text, ok = c[fallbackLanguage][key]; !ok {
			return key
		}
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// textOr is a message that may not be there, else another one.
func (c catalogue) textOr(lang, key, otherwise string) string {
	if _, ok := c[fallbackLanguage][key]; ok {
		return c.text(lang, key)
	}
	return c.text(lang, otherwise)
}

// counted chooses key.one, key.other ... by the plural rules of CLDR, and fills {n}.
func (c catalogue) counted(lang, key string, n int, args ...any) string {
	form := "other"
	if tag, err := language.Parse(lang); err == nil {
		switch plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0) {
		case plural.Zero:
			form = "zero"
		case plural.One:
			form = "one"
		case plural.Two:
			form = "two"
		case plural.Few:
			form = "few"
		case plural.Many:
			form = "many"
		}
	}
	full := key + "." + form
	if _, ok := c[lang][full]; !ok {
		full = key + ".other"
	}
	return c.text(lang, full, append([]any{"n", c.number(lang, int64(n))}, args...)...)
}

// keyUse finds literal keys in templates: {{t "gate.kept"}}, {{tn "library.count" .N}}.
var keyUse = regexp.MustCompile(`[{(|\s](tn?) "([a-z0-9._-]+)"`)

// unknownKeys checks each literal key of each file against the English catalogue.
func unknownKeys(src *layered, files map[string]string, c catalogue) error {
	var faults []error
	for name, text := range files {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range keyUse.FindAllStringSubmatch(line, -1) {
				key := m[2]
				if m[1] == "tn" {
					key += ".other"
				}
				if _, ok := c[fallbackLanguage][key]; !ok {
					faults = append(faults, fmt.Errorf("%s:%d: the catalogue has no %q", src.where(name), i+1, key))
				}
			}
		}
	}
	return errors.Join(faults...)
}
