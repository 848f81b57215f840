package load

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

// Door is the way in that is put under load.
type Door string

// The doors: the page's form, the JSON API, and the page itself.
const (
	Page Door = "page"
	JSON Door = "json"
	Get  Door = "get"
)

// Expected is the status that the door answers with when all is well; 0 for an unknown door.
func (d Door) Expected() int {
	switch d {
	case Page:
		return 303
	case JSON:
		return 201
	case Get:
		return 200
	}
	return 0
}

// Placeholders of equal length to what replaces them, so that Content-Length never changes.
const (
	personMark = "{PERSON-OF-THIS-RUN}" // run 8 + connection 4 + sequence 8
	firmMark   = "{F}"
	firms      = 997 // how many companies the invented people work for
)

// template is a whole request, head and body; fill makes it the next person's.
type template struct {
	raw     []byte
	persons []int // offsets
	firms   []int
	run     string
	conn    int
	seq     int
}

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// newTemplate builds the request of one door. token, which may be empty, tells when the form was opened; run has 8
// characters and keeps the addresses of two runs apart.
func newTemplate(door Door, host, slug, token, run string) *template {
	var head, body string
	email := "lead-" + personMark + "@firm" + firmMark + ".example"
	switch door {
	case Page:
		head = "POST /g/" + slug + " HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
			"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nOrigin: http://" + host + "\r\n"
		body = "email=" + strings.Replace(email, "@", "%40", 1) + "&given_name=Ann&family_name=Archer&company=Archer+%26+Sons+" + firmMark +
			"&job_title=Managing+director&country=GB&attempt=" + personMark +
			"&utm_source=newsletter&utm_medium=email&utm_campaign=spring&page=" + url.QueryEscape("/g/"+slug) + "&form_token=" + url.QueryEscape(token)
	case JSON:
		head = "POST /api/v1/gates/" + slug + "/submissions HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n" +
			"Idempotency-Key: \"" + personMark + "\"\r\n"
		body = `{"fields":{"email":"` + email + `","given_name":"Ann","family_name":"Archer","company":"Archer & Sons ` + firmMark +
			`","job_title":"Managing director","country":"GB"},"consents":{"marketing":false},` +
			`"source":{"utm_source":"newsletter","utm_medium":"email","utm_campaign":"spring"},"page":"/g/` + slug + `","form_token":"` + token + `"}`
	default:
		head = "GET /g/" + slug + " HTTP/1.1\r\nAccept: text/html\r\n"
	}
	head += "Host: " + host + "\r\nUser-Agent: " + browser + "\r\nAccept-Language: en-GB,en;q=0.8\r\nAccept-Encoding: gzip\r\n"
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	raw := []byte(head + "\r\n" + body)
	return &template{raw: raw, persons: offsets(raw, personMark), firms: offsets(raw, firmMark), run: run}
}

// forConn is a copy that one connection may fill.
func (t *template) forConn(conn int) *template {
	c := *t
	c.raw, c.conn = bytes.Clone(t.raw), conn
	for _, at := range c.persons {
		copy(c.raw[at:], t.run)
		digits(c.raw[at+8:at+12], conn)
	}
	return &c
}

// next is the request of a person who never came before. The bytes are valid until the next call.
func (t *template) next() []byte {
	for _, at := range t.persons {
		digits(t.raw[at+12:at+20], t.seq)
	}
	for _, at := range t.firms {
		digits(t.raw[at:at+3], (t.conn*31+t.seq)%firms)
	}
	t.seq++
	return t.raw
}

// digits writes n into all of b, with leading zeroes.
func digits(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

func offsets(b []byte, mark string) (found []int) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(mark))
		if i < 0 {
			return found
		}
		found = append(found, from+i)
		from += i + len(mark)
	}
}
