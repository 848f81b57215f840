package proc

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Front is an address that stays while what stands behind it is killed and started anew on another port: a reverse proxy
// for a service, a fixed address for a database. While nothing is behind it, a connection is closed at once.
type Front struct {
	listener net.Listener
	mu       sync.Mutex
	target   string // host:port, "" for nothing
	open     map[net.Conn]bool
	closed   bool
}

// NewFront listens on a free loopback port.
func NewFront(t testing.TB) *Front {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{listener: l, open: map[net.Conn]bool{}}
	go f.accept()
	t.Cleanup(f.close)
	return f
}

// Addr is host:port.
func (f *Front) Addr() string { return f.listener.Addr().String() }

// Point sends new connections to a target from now on; "" to nobody.
func (f *Front) Point(target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = target
}

// Cut closes every open connection.
func (f *Front) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		_ = c.Close()
	}
}

func (f *Front) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	_ = f.listener.Close()
	f.Cut()
}

func (f *Front) accept() {
	for {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.serve(c)
	}
}

func (f *Front) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	f.mu.Lock()
	target := f.target
	f.mu.Unlock()
	if target == "" {
		return
	}
	b, err := net.Dial("tcp4", target)
	if err != nil {
		return
	}
	defer func() { _ = b.Close() }()
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.open[c], f.open[b] = true, true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.open, c)
		delete(f.open, b)
		f.mu.Unlock()
	}()
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, b}, {b, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			ended <- struct{}{}
		}()
	}
	<-ended // either side: the other learns it at once, as from a process that died
}
