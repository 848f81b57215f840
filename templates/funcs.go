package templates

import (
	"errors"
	"fmt"
	"html"
	"html/template"
	"reflect"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/internal/pipeline"
)

// funcs are what a template can call, bound to one language.
func (s *Set) funcs(lang string) template.FuncMap {
	c := s.messages
	return template.FuncMap{
		"asset":     assets.URL,
		"icon":      icon,
		"dict":      dict,
		"t":         func(key string, args ...any) string { return c.text(lang, key, args...) },
		"tor":       func(key, otherwise string) string { return c.textOr(lang, key, otherwise) },
		"softbreak": softBreak,
		"tn":        func(key string, n int, args ...any) string { return c.counted(lang, key, n, args...) },
		"num":       func(n any) (string, error) { return c.anyNumber(lang, n) },
		"money":     func(minor int64, code string) (string, error) { return c.money(lang, minor, code) },
		"date":      func(at time.Time) string { return c.date(lang, at.In(s.locale.Load().Zone)) },
		"clock":     func(at time.Time) string { return at.In(s.locale.Load().Zone).Format("15:04") },
		"moment":    func(at time.Time) string { return c.moment(lang, at.In(s.locale.Load().Zone)) },
		"iso":       func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"reltime":   func(at time.Time) template.HTML { return s.relTime(lang, at) },
		"seconds":   func(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) },
		"minutes":   func(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) },
	}
}

// dict makes the argument of a partial out of names and values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: a name without a value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// softBreak lets a long address break after "@" and dots, and nowhere else if it can be helped.
func softBreak(s string) template.HTML {
	return template.HTML(breakPoints.Replace(html.EscapeString(s)))
}

var breakPoints = strings.NewReplacer("@", "@<wbr>", ".", "<wbr>.")

// relTime is "3 minutes ago" with the exact moment for hover, focus and screen readers. Zero time: a dash.
func (s *Set) relTime(lang string, at time.Time) template.HTML {
	if at.IsZero() {
		return "–"
	}
	l := s.locale.Load()
	rel := s.messages.ago(lang, l.Now().Sub(at), at.In(l.Zone))
	exact := s.messages.moment(lang, at.In(l.Zone))
	return template.HTML(`<time class="when" datetime="` + at.UTC().Format(time.RFC3339) + `">` +
		html.EscapeString(rel) + `<span class="when-exact"> ` + html.EscapeString(exact) + `</span></time>`)
}

// ago says how long ago in the largest unit that fits; past a week, the day. The future reads "in ...".
func (c catalogue) ago(lang string, d time.Duration, at time.Time) string {
	kind := "ago."
	if d < 0 {
		kind, d = "in.", -d
	}
	switch {
	case d < 45*time.Second:
		return c.text(lang, kind+"now")
	case d < time.Hour:
		return c.counted(lang, kind+"minutes", max(1, int(d.Minutes()+0.5)))
	case d < 24*time.Hour:
		return c.counted(lang, kind+"hours", max(1, int(d.Hours())))
	case d < 8*24*time.Hour:
		return c.counted(lang, kind+"days", int(d.Hours()/24))
	}
	return c.date(lang, at)
}

// date is "22 November 2026", its day and month on one line, in the order and with the month names of the language.
func (c catalogue) date(lang string, at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	months := strings.Split(c.text(lang, "date.months"), "|")
	month := at.Month().String()
	if len(months) == 12 {
		month = months[at.Month()-1]
	}
	return c.text(lang, "date.long", "day", at.Day(), "month", month, "year", at.Year())
}

func (c catalogue) moment(lang string, at time.Time) string {
	return c.text(lang, "date.moment", "date", c.date(lang, at), "time", at.Format("15:04"))
}

// anyNumber takes every integer type; html/template hands over what the struct has.
func (c catalogue) anyNumber(lang string, n any) (string, error) {
	v := reflect.ValueOf(n)
	switch {
	case v.CanInt():
		return c.number(lang, v.Int()), nil
	case v.CanUint():
		return c.number(lang, int64(v.Uint())), nil
	}
	return "", fmt.Errorf("num: %T is no whole number", n)
}

// number groups the digits by three, as the language writes them.
func (c catalogue) number(lang string, n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(c.text(lang, "number.group"))
		}
		b.WriteRune(r)
	}
	return b.String()
}

// money writes minor units of an ISO 4217 currency: 123450 "EUR" is "€1,234.50".
func (c catalogue) money(lang string, minor int64, code string) (string, error) {
	scale, ok := pipeline.Scale(code)
	if !ok {
		return "", fmt.Errorf("money: %q is no currency", code)
	}
	power := int64(1)
	for range scale {
		power *= 10
	}
	sign := ""
	if minor < 0 {
		sign, minor = "−", -minor
	}
	amount := c.number(lang, minor/power)
	if scale > 0 {
		amount += c.text(lang, "number.decimal") + fmt.Sprintf("%0*d", scale, minor%power)
	}
	symbol, ok := map[string]string{"EUR": "€", "USD": "$", "GBP": "£"}[code]
	if !ok {
		symbol = code + "\u00a0"
	}
	return sign + symbol + amount, nil
}
