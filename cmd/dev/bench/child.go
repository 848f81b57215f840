package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// The benchmark starts itself for what has to be a process of its own. These words stand first on the command line.
const (
	childProvider = "run-provider" // stands in for SendGrid
	childEcho     = "run-echo"     // a bare Echo handler
)

// child is such a process. It ends when its standard input does, so that it never outlives us.
type child struct {
	url  string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	last []byte // what it said at its end
}

func startChild(args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(self, args...)}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := c.out.ReadString('\n')
	if c.url = strings.TrimSpace(line); err != nil {
		c.stop()
		return nil, fmt.Errorf("%s did not start: %w", args[0], err)
	}
	return c, nil
}

func (c *child) stop() {
	if c == nil {
		return
	}
	_ = c.in.Close()
	force := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer force.Stop()
	c.last, _ = io.ReadAll(c.out)
	_ = c.cmd.Wait()
}

// answer is a whole HTTP answer, to be written again.
type answer struct {
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// fetchPage takes the bytes and header fields that the product answers with.
func fetchPage(ctx context.Context, base, slug string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/g/"+slug, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept-Encoding", "gzip") // said by us, so that the body stays compressed
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the gate page answers %s", resp.Status)
	}
	h := resp.Header.Clone()
	h.Del("Date") // the server writes its own
	return answer{Header: h, Body: body}, err
}

// runEcho serves a page with nothing around it: what the framework makes possible.
func runEcho(file string, in io.Reader, out io.Writer) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/g/:slug", func(c echo.Context) error {
		w := c.Response()
		h := w.Header()
		maps.Copy(h, a.Header)
		w.WriteHeader(http.StatusOK)
		_, err := w.Write(a.Body)
		return err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.Listener = l
	go func() { _ = e.Start("") }()
	defer func() { _ = e.Close() }()
	if _, err := fmt.Fprintln(out, "http://"+l.Addr().String()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
