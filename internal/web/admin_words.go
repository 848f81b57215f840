package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// What staff read in place of our own codes. A code that is not here shows as it is, so that nothing is hidden.

func word(words map[string]string, code string) string {
	if w, ok := words[code]; ok {
		return w
	}
	return strings.ReplaceAll(strings.ReplaceAll(code, "_", " "), "-", " ")
}

var deliveryWords = map[string]templates.Tag{
	"processed": {Label: "Taken by the provider", Tone: "wait"}, "deferred": {Label: "Deferred by the mailbox", Tone: "wait"},
	"delivered": {Label: "Delivered", Tone: "good"}, "opened": {Label: "Opened", Tone: "good"}, "clicked": {Label: "Link followed", Tone: "good"},
	"dropped": {Label: "Dropped by the provider", Tone: "bad"}, "blocked": {Label: "Refused this time", Tone: "bad"},
	"bounced": {Label: "Came back", Tone: "bad"}, "spamreport": {Label: "Reported as spam", Tone: "bad"},
}

var messageStates = map[string]templates.Tag{
	store.MessagePending: {Label: "On its way", Tone: "wait"}, store.MessageHeld: {Label: "Held", Tone: "wait"}, store.MessageSending: {Label: "Being sent", Tone: "wait"},
	store.MessageUnknown: {Label: "Unknown, waiting for the provider", Tone: "wait"}, store.MessageSent: {Label: "Sent", Tone: "good"},
	store.MessageEnded: {Label: "Ended unsent", Tone: "bad"},
}

// messageTag is how far a message has come, in two words.
func messageTag(m store.Message) templates.Tag {
	if t, ok := deliveryWords[m.Delivery]; ok {
		return t
	}
	if t, ok := messageStates[m.State]; ok {
		return t
	}
	return templates.Tag{Label: m.State}
}

var submissionStates = map[string]templates.Tag{
	store.StateReceived: {Label: "Received", Tone: "wait"}, store.StateProcessed: {Label: "Processed", Tone: "good"},
	store.StateQuarantined: {Label: "In quarantine", Tone: "wait"}, store.StateReleased: {Label: "Released", Tone: "wait"},
	store.StateDiscarded: {Label: "Discarded", Tone: "bad"}, store.StateErased: {Label: "Erased"},
}

var doorWords = map[string]string{"page": "on the page", "embed": "on another site", "api": "through the API", "staff": "entered by staff"}

var templateWords = map[string]string{"requested": "The document", "quarantine_digest": "Quarantine digest", "alarm": "Alarm", "password": "A new password", "fresh_link": "A fresh link",
	"assigned": "A lead is yours", "assigned_digest": "Several leads are yours", "clock": "First-response clock",
	"setup": "An invitation", "confirmation": "A confirmation", "marketing": "Marketing mail"}

var kindWords = map[string]string{"requested": "Requested", "marketing": "Marketing", "staff": "To staff", "confirmation": "Confirmation"}

var hitWords = map[string]string{"view": "Opened the page", "head": "Asked whether the page is there", "read": "Pressed Read", "download": "Pressed Download", "file": "Fetched the file"}

var hitLabels = map[string]templates.Tag{"human": {Label: "a person", Tone: "good"}, "likely": {Label: "likely a person", Tone: "wait"}, "machine": {Label: "a machine"}}

var hitReasons = map[string]string{"too-soon": "within two seconds of the mail, faster than a person is", "range": "asked for a part of the page, as people never do",
	"no-language": "named no language, as browsers do", "many-links": "the same part of the network opened many different links, as a mail gateway does",
	"clicked": "somebody probably clicked; opening a page is no proof", "opened": "the page was opened; that is no proof", "method": "only asked whether the page is there",
	"prefetch": "fetched ahead of any click", "no-agent": "did not say what it is", "tool-agent": "calls itself a program", "pressed": "pressed the button; the browser says so itself",
	"posted": "pressed the button"}

// dayFormat keeps day and month on one line.
const dayFormat = "2\u00a0January 2006"

// roleWord is a role as a person reads it.
func roleWord(role string) string {
	return word(map[string]string{string(auth.Admin): "Admin", string(auth.Marketing): "Marketing", string(auth.Sales): "Sales"}, role)
}

var outcomeWords = map[string]templates.Tag{
	"open": {Label: "Under way", Tone: "wait"}, "accepted": {Label: "Taken", Tone: "good"}, "rate_limited": {Label: "Asked to slow down", Tone: "wait"},
	"unauthorised": {Label: "Key or sender refused", Tone: "bad"}, "refused": {Label: "Message refused", Tone: "bad"}, "server_error": {Label: "Fault at the provider", Tone: "bad"},
	"not_sent": {Label: "Not handed over", Tone: "bad"}, "unknown": {Label: "No complete answer", Tone: "wait"},
}

var suppressionSentences = map[string]string{
	"hard_bounce":  "A mail to %s came back for good, so nothing more is sent there.",
	"spam_report":  "%s reported a mail of ours as spam, so nothing more is sent there.",
	"never":        "%s asked never to be written to. Nothing is sent, a requested document neither.",
	"unsubscribed": "%s has unsubscribed from marketing. A document that is asked for is still sent.",
}

var howWords = map[string]string{"form": "on the form", "preferences": "on the preferences page", "staff": "entered by staff", "one-click": "by the mail program's unsubscribe button",
	"provider": "told by the mail provider"}

var purposeWords = map[string]string{"marketing": "Marketing"}

var actionWords = map[string]string{"message.send-again": "Sent the document again", "submission.release": "Released it from quarantine", "submission.discard": "Discarded it",
	"submission.undiscard": "Took the discard back", "lead.erase": "Erased this person", "lead.accept": "Accepted it", "lead.return": "Returned it", "lead.decline": "Declined it", "lead.reassign": "Gave it to somebody else",
	"lead.give": "Gave it to somebody", "lead.merge": "Merged it with another lead", "lead.unmerge": "Took the merge back", "lead.block": "Said not to approach them", "lead.unblock": "Lifted “do not approach”",
	"question.answered": "Answered the question to the author", "question.reopen": "Opened the question to the author again"}

// fieldWords are the usual answers where no form asked them: of leads by hand and of those that a CRM told.
var fieldWords = map[string]string{"email": "E-mail", "given_name": "First name", "family_name": "Last name", "company": "Company", "job_title": "What they do there", "country": "Country", "tel": "Phone"}

var eventWords = map[string]templates.Tag{
	"processed": {Label: "Taken", Tone: "wait"}, "deferred": {Label: "Deferred", Tone: "wait"}, "delivered": {Label: "Delivered", Tone: "good"},
	"open": {Label: "Opened", Tone: "good"}, "click": {Label: "Link followed", Tone: "good"}, "bounce": {Label: "Came back", Tone: "bad"},
	"blocked": {Label: "Refused this time", Tone: "bad"}, "dropped": {Label: "Dropped", Tone: "bad"}, "spamreport": {Label: "Reported as spam", Tone: "bad"},
	"unsubscribe": {Label: "Unsubscribed", Tone: "wait"}, "group_unsubscribe": {Label: "Unsubscribed", Tone: "wait"}, "group_resubscribe": {Label: "Subscribed again", Tone: "good"},
}

func tagOf(words map[string]templates.Tag, code string) templates.Tag {
	if t, ok := words[code]; ok {
		return t
	}
	return templates.Tag{Label: code}
}

func optionsOf(words map[string]templates.Tag, codes ...string) (pairs []string) {
	for _, c := range codes {
		pairs = append(pairs, c, words[c].Label)
	}
	return pairs
}

// upperFirst begins a sentence, lowerFirst continues one.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func fullName(given, family string) string { return strings.TrimSpace(given + " " + family) }
