package pipeline

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCalendarFile(t *testing.T) {
	at := time.Date(2026, 3, 10, 16, 0, 0, 0, time.FixedZone("", 3600))
	file := string(CalendarFile(Appointment{UID: "1@x", Made: at, From: at, Until: at.Add(time.Hour), Summary: "Call; ask, and listen\\\nBEGIN:VEVENT", Text: strings.Repeat("äöü ", 60)}))
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "DTSTART:20260310T150000Z\r\n", "DTEND:20260310T160000Z\r\n", `SUMMARY:Call\; ask\, and listen\\\nBEGIN:VEVENT` + "\r\n"} {
		if !strings.Contains(file, want) {
			t.Errorf("no %q in\n%s", want, file)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	if n := strings.Count(file, "\r\nBEGIN:VEVENT"); n != 1 {
		t.Errorf("%d events", n)
	}
}
