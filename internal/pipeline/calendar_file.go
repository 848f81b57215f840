package pipeline

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Appointment is what a calendar file tells of.
type Appointment struct {
	UID     string
	Made    time.Time
	From    time.Time
	Until   time.Time
	Summary string
	Text    string
	URL     string
}

// CalendarFile writes an appointment as iCalendar (RFC 5545): UTC times, CRLF, lines folded at 75 octets without breaking
// a character.
func CalendarFile(a Appointment) []byte {
	const stamp = "20060102T150405Z"
	var b strings.Builder
	line := func(name, value string) { foldInto(&b, name+":"+value) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//Gatehouse//Plan//EN")
	line("METHOD", "PUBLISH")
	line("BEGIN", "VEVENT")
	line("UID", a.UID)
	line("DTSTAMP", a.Made.UTC().Format(stamp))
	line("DTSTART", a.From.UTC().Format(stamp))
	line("DTEND", a.Until.UTC().Format(stamp))
	line("SUMMARY", calendarText(a.Summary))
	if a.Text != "" {
		line("DESCRIPTION", calendarText(a.Text))
	}
	if a.URL != "" {
		line("URL", a.URL)
	}
	line("END", "VEVENT")
	line("END", "VCALENDAR")
	return []byte(b.String())
}

// calendarText escapes as RFC 5545, 3.3.11 says.
func calendarText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "").Replace(s)
}

func foldInto(b *strings.Builder, line string) {
	for room := 75; len(line) > room; room = 74 {
		cut := room
		for cut > 0 && !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut] + "\r\n ")
		line = line[cut:]
	}
	b.WriteString(line + "\r\n")
}
