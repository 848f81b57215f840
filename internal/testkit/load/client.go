package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// client is one keep-alive connection that speaks just enough HTTP/1.1 (RFC 9112) to count answers: the load program
// shares the machine with what it measures, and net/http would cost several times as much.
type client struct {
	addr     string
	deadline time.Time // of everything on the connection
	conn     net.Conn
	in       *bufio.Reader
}

var errBadAnswer = errors.New("the answer is not HTTP/1.1")

func (c *client) dial() error {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.Dial("tcp", c.addr)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(c.deadline); err != nil {
		_ = conn.Close()
		return err
	}
	c.conn = conn
	if c.in == nil {
		c.in = bufio.NewReaderSize(conn, 16<<10)
	} else {
		c.in.Reset(conn)
	}
	return nil
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// do sends one request and reads its answer to the end. It never tries again: a repeat would hide an error.
func (c *client) do(request []byte) (status int, err error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return 0, err
		}
	}
	if _, err = c.conn.Write(request); err != nil {
		c.close()
		return 0, err
	}
	status, keep, err := readAnswer(c.in)
	if err != nil || !keep {
		c.close()
	}
	return status, err
}

// readAnswer reads one answer, 1xx ones before it included; keep tells that the connection may serve again.
func readAnswer(in *bufio.Reader) (status int, keep bool, err error) {
	for {
		h, err := readHead(in)
		if err != nil {
			return 0, false, err
		}
		if h.status >= 200 {
			return h.status, h.keep, h.skipBody(in)
		}
	}
}

type answerHead struct {
	status  int
	keep    bool
	chunked bool
	length  int // -1: none given
}

func readHead(in *bufio.Reader) (answerHead, error) {
	h := answerHead{keep: true, length: -1}
	line, err := in.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return h, errBadAnswer
	}
	for _, b := range line[9:12] {
		if b < '0' || b > '9' {
			return h, errBadAnswer
		}
		h.status = h.status*10 + int(b-'0')
	}
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return h, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return h, nil
		}
		if err := h.field(line); err != nil {
			return h, err
		}
	}
}

// field looks at the three fields that decide where the answer ends. Their names differ in length from most others,
// which spares comparing.
func (h *answerHead) field(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	switch colon {
	case len("Content-Length"):
		if bytes.EqualFold(line[:colon], []byte("Content-Length")) {
			n, err := strconv.Atoi(string(bytes.TrimSpace(line[colon+1:])))
			if err != nil || n < 0 {
				return fmt.Errorf("%w: its length is unreadable", errBadAnswer)
			}
			h.length = n
		}
	case len("Transfer-Encoding"):
		h.chunked = h.chunked || bytes.EqualFold(line[:colon], []byte("Transfer-Encoding"))
	case len("Connection"):
		if bytes.EqualFold(line[:colon], []byte("Connection")) && strings.EqualFold(string(bytes.TrimSpace(line[colon+1:])), "close") {
			h.keep = false
		}
	case -1:
		return errBadAnswer
	}
	return nil
}

func (h *answerHead) skipBody(in *bufio.Reader) error {
	switch {
	case h.status == 204 || h.status == 304:
		return nil
	case h.chunked:
		return skipChunks(in)
	case h.length >= 0:
		_, err := in.Discard(h.length)
		return err
	}
	h.keep = false
	_, err := io.Copy(io.Discard, in)
	return err
}

func skipChunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil {
			return fmt.Errorf("%w: a chunk has no size", errBadAnswer)
		}
		if n > 0 {
			if _, err := in.Discard(int(n) + 2); err != nil {
				return err
			}
			continue
		}
		for { // trailers
			if line, err = in.ReadSlice('\n'); err != nil {
				return err
			}
			if len(bytes.TrimRight(line, "\r\n")) == 0 {
				return nil
			}
		}
	}
}
