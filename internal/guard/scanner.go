package guard

import (
	"slices"
	"strings"
	"time"
)

// Hit is one request for a mailed link: the request's own words, and what we know about the mail.
type Hit struct {
	Method         string // GET, HEAD, POST ...
	UserAgent      string
	AcceptLanguage string
	Purpose        string         // Sec-Purpose, Purpose, X-Purpose or X-Moz, whichever is there
	Range          string         // of a GET for the page, not for the file
	FetchUser      string         // Sec-Fetch-User: "?1" when a person's click or key did it
	FetchMode      string         // Sec-Fetch-Mode
	SinceSent      *time.Duration // since the mail was handed over or delivered; nil when unknown
	BlockLinks10m  int            // different mailed links that this network block asked for in ten minutes
}

// Kind is who a hit counts as.
type Kind string

// The kinds. Only Human counts in figures about people.
const (
	Human   Kind = "human"
	Likely  Kind = "likely"
	Machine Kind = "machine"
)

// Label is a kind and the one reason for it, as a stable code and a sentence for staff.
type Label struct {
	Kind     Kind
	Reason   string
	Sentence string
}

const (
	tooSoon   = 2 * time.Second // nobody gets a mail, opens it and follows the link faster
	manyLinks = 30              // different links of one block in ten minutes: a mail gateway at work
)

// Classify labels a hit. Scanners use ordinary browsers from ordinary networks, so a GET proves nothing and is Likely at
// best; only a person's POST is Human, and not even that from something that calls itself a program or fetches ahead.
// A POST takes more than a name to be disbelieved: scanners fetch, they do not fill in forms, so a POST by a library or a
// driven browser is somebody's deliberate act; only what says that it is a crawler or scanner stays a machine.
func Classify(h Hit) Label {
	if l, ok := openMachine(h); ok {
		return l
	}
	soon := h.SinceSent != nil && *h.SinceSent >= 0 && *h.SinceSent < tooSoon
	if h.Method == "POST" {
		switch {
		case soon:
			return Label{Likely, "too-soon", "It came within two seconds of the mail, faster than a person is."}
		case h.FetchUser == "?1":
			return Label{Human, "pressed", "Somebody pressed the button; the browser says so itself."}
		}
		return Label{Human, "posted", "Somebody pressed the button."}
	}
	switch {
	case soon:
		return Label{Machine, "too-soon", "It came within two seconds of the mail, faster than a person is."}
	case h.Range != "":
		return Label{Machine, "range", "It asked for a part of the page, as people never do."}
	case h.AcceptLanguage == "":
		return Label{Machine, "no-language", "The browser named no language, as browsers do."}
	case h.BlockLinks10m >= manyLinks:
		return Label{Machine, "many-links", "The same part of the network opened many different links, as a mail gateway does."}
	case h.FetchUser == "?1":
		return Label{Likely, "clicked", "Somebody probably clicked the link; opening a page is no proof."}
	}
	return Label{Likely, "opened", "The page was opened; that is no proof of a person."}
}

// openMachine finds what does not hide: other methods, fetching ahead, a program's name.
func openMachine(h Hit) (Label, bool) {
	switch {
	case h.Method != "GET" && h.Method != "POST":
		return Label{Machine, "method", "It only asked whether the page is there."}, true
	case isPrefetch(h.Purpose):
		return Label{Machine, "prefetch", "A browser or proxy fetched the page ahead of any click."}, true
	case strings.TrimSpace(h.UserAgent) == "":
		return Label{Machine, "no-agent", "The browser did not say what it is."}, true
	}
	words := allWords
	if h.Method == "POST" {
		words = machineWords
	}
	if name := machineAgent(h.UserAgent, words); name != "" {
		return Label{Machine, "tool-agent", "It calls itself a program: " + name + "."}, true
	}
	return Label{}, false
}

func isPrefetch(purpose string) bool {
	p := strings.ToLower(purpose)
	return strings.Contains(p, "prefetch") || strings.Contains(p, "prerender") || strings.Contains(p, "preview")
}

// machineWords are parts of user agents, in small letters, of crawlers, link previews, mail proxies and scanners that say
// what they are. Kept short: a scanner that hides is not caught by any list.
var machineWords = []string{
	"bot", "crawl", "spider", "slurp", "googleimageproxy", "yahoomailproxy", "yahoocachesystem", "ms-office", "msoffice", "microsoft office",
	"existence discovery", "msipc", "barracuda", "proofpoint", "mimecast", "forcepoint", "symantec", "sophos", "zscaler", "fireeye", "trendmicro",
	"trend micro", "ironport", "urlscan", "virustotal", "linkcheck", "link check", "linkpreview", "preview", "facebookexternalhit", "whatsapp",
	"embedly", "iframely", "vkshare", "skypeuri", "scanner", "zgrab", "nmap", "nikto", "masscan", "monitor", "pingdom", "uptime", "statuscake",
	"feedfetcher", "feedly", "google-read-aloud", "lighthouse", "chatgpt", "claude-", "gptbot",
}

// toolWords are parts of user agents of libraries, command lines and driven browsers: nobody reads a page with them, but
// a POST with them is meant.
var toolWords = []string{
	"curl/", "wget/", "python", "go-http-client", "java/", "okhttp", "libwww", "httpclient", "http-client", "axios/", "node-fetch", "undici",
	"guzzle", "ruby", "php/", "postman", "insomnia", "httpie", "winhttp", "powershell", "restsharp", "headless", "phantomjs", "puppeteer",
	"playwright", "selenium",
}

var allWords = slices.Concat(machineWords, toolWords)

// machineAgent gives the word that gives a program away; "" for what may be a browser. Cubot makes telephones.
func machineAgent(agent string, words []string) string {
	if len(agent) > 1024 {
		agent = agent[:1024]
	}
	a := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(agent)), "cubot", "")
	if a == "mozilla/5.0" || a == "mozilla/4.0" { // Apple's mail privacy proxy, and programs that say the least
		return "a bare " + a
	}
	for _, w := range words {
		if strings.Contains(a, w) {
			return strings.TrimRight(w, "/-")
		}
	}
	return ""
}
