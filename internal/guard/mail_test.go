package guard

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNextMail(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ago := func(minutes ...int) (out []time.Time) {
		for _, m := range minutes {
			out = append(out, now.Add(-time.Duration(m)*time.Minute))
		}
		return out
	}
	for _, c := range []struct {
		name      string
		same, all []time.Time
		after     time.Duration
		reason    string
	}{
		{"first ever", nil, nil, 0, ""},
		{"another document a moment ago", nil, ago(0), 0, ""},
		{"same document a moment ago", ago(0), ago(0), 10 * time.Minute, "same-document-soon"},
		{"same document four minutes ago", ago(4), ago(4), 6 * time.Minute, "same-document-soon"},
		{"exactly ten minutes ago", ago(10), ago(10), 0, ""},
		{"twice today", ago(300, 20), ago(20, 300), 0, ""},
		{"three times today, in any order", ago(20, 300, 100), ago(100, 20, 300), 24*time.Hour - 300*time.Minute, "same-document-day"},
		{"three times, the first a day ago", ago(1440, 300, 100), ago(100, 300, 1440), 0, ""},
		{"ten documents today", nil, ago(1, 2, 3, 4, 5, 6, 7, 8, 9, 600), 24*time.Hour - 600*time.Minute, "address-day"},
		{"nine documents today", nil, ago(1, 2, 3, 4, 5, 6, 7, 8, 9), 0, ""},
		{"months later", ago(100000, 100001, 100002), ago(100000, 100001, 100002), 0, ""},
		{"one is held already for later", ago(-30), ago(-30), 40 * time.Minute, "same-document-soon"},
		{"the longest wait gives the reason", ago(5), append(ago(5), ago(1, 2, 3, 4, 6, 7, 8, 9, 10)...), 24*time.Hour - 10*time.Minute, "address-day"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, reason := NextMail(c.same, c.all, now)
			if at.Sub(now) != c.after || reason != c.reason {
				t.Fatalf("in %s, %q; want %s, %q", at.Sub(now), reason, c.after, c.reason)
			}
			if (HeldSentence(reason) != "") != (reason != "") {
				t.Fatal("a reason without words")
			}
		})
	}
}

// Whoever asks however often: sent at the times that NextMail gives, mails keep all three limits, and none is lost.
func TestMailsKeepTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		sent := map[int][]time.Time{}
		var all []time.Time
		for range rapid.IntRange(1, 40).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "gap")) * time.Minute)
			doc := rapid.IntRange(1, 4).Draw(t, "document")
			at, reason := NextMail(sent[doc], all, now)
			if at.Before(now) || (reason == "") != at.Equal(now) || at.Sub(now) > 10*24*time.Hour {
				t.Fatalf("%s, %q", at.Sub(now), reason)
			}
			sent[doc], all = append(sent[doc], at), append(all, at)
		}
		for _, times := range sent {
			keeps(t, times, 1, 10*time.Minute)
			keeps(t, times, 3, 24*time.Hour)
		}
		keeps(t, all, 10, 24*time.Hour)
	})
}

func keeps(t *rapid.T, times []time.Time, most int, within time.Duration) {
	for _, from := range times {
		n := 0
		for _, at := range times {
			if !at.Before(from) && at.Sub(from) < within {
				n++
			}
		}
		if n > most {
			t.Fatalf("%d mails within %s", n, within)
		}
	}
}
