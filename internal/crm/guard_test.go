package crm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// TestWhatIsDialledIsChecked, in every way to write an address of one's own network: nothing is sent.
func TestWhatIsDialledIsChecked(t *testing.T) {
	closed := guardOf(Allow{})
	for _, x := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:443"}, {"tcp4", "127.255.255.254:80"}, {"tcp4", "0.0.0.0:80"}, {"tcp4", "10.0.0.1:443"}, {"tcp4", "172.16.0.1:443"}, {"tcp4", "172.31.255.255:443"}, {"tcp4", "192.168.0.1:443"},
		{"tcp4", "169.254.169.254:80"}, {"tcp4", "100.64.0.1:443"}, {"tcp4", "192.0.2.1:443"}, {"tcp4", "198.18.0.1:443"}, {"tcp4", "224.0.0.1:443"}, {"tcp4", "255.255.255.255:443"},
		{"tcp6", "[::1]:443"}, {"tcp6", "[::]:443"}, {"tcp6", "[fe80::1]:443"}, {"tcp6", "[fe80::1%eth0]:443"}, {"tcp6", "[fc00::1]:443"}, {"tcp6", "[fd12:3456::1]:443"}, {"tcp6", "[ff02::1]:443"}, {"tcp6", "[fec0::1]:443"},
		{"tcp6", "[::ffff:127.0.0.1]:443"}, {"tcp6", "[::ffff:10.0.0.1]:443"}, {"tcp6", "[::ffff:a9fe:a9fe]:80"}, {"tcp4", "[::ffff:127.0.0.1]:443"}, {"tcp6", "[::127.0.0.1]:443"}, // mapped, and the older "compatible"
		{"tcp6", "[64:ff9b::7f00:1]:443"}, {"tcp6", "[64:ff9b::a00:1]:443"}, {"tcp6", "[64:ff9b::a9fe:a9fe]:80"}, {"tcp6", "[64:ff9b:1::a00:1]:443"}, // NAT64
		{"tcp6", "[2002:7f00:1::]:443"}, {"tcp6", "[2002:a00:1::1]:443"}, {"tcp6", "[2001::1]:443"}, {"tcp6", "[2001:db8::1]:443"}, // 6to4, Teredo, documentation
		{"tcp4", "93.184.216.34:22"}, {"tcp4", "93.184.216.34:8080"}, {"udp4", "93.184.216.34:443"}, {"unix", "/run/x.sock"},
	} {
		if err := closed.Safe(x.network, x.address, nil); err == nil {
			t.Errorf("%s %s is let through", x.network, x.address)
		}
	}
	for _, x := range []struct{ network, address string }{{"tcp4", "93.184.216.34:443"}, {"tcp4", "93.184.216.34:80"}, {"tcp6", "[2606:2800:220:1::1]:443"}} {
		if err := closed.Safe(x.network, x.address, nil); err != nil {
			t.Errorf("%s: %v", x.address, err)
		}
	}
	some, err := ParseAllow("10.1.0.0/16,fd00:1::/32,port:8443")
	if err != nil {
		t.Fatal(err)
	}
	open := guardOf(some)
	for address, want := range map[string]bool{"10.1.2.3:8443": true, "10.1.2.3:443": true, "10.2.0.1:443": false, "127.0.0.1:8443": false, "10.1.2.3:22": false} {
		if err := open.Safe("tcp4", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	for address, want := range map[string]bool{"[fd00:1::5]:443": true, "[fd00:2::5]:443": false, "[::1]:443": false, "[64:ff9b::7f00:1]:443": false} {
		if err := open.Safe("tcp6", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// names answers each question about a name with the next of its addresses.
func names(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if m.Questions[0].Type == dnsmessage.TypeA {
				i := min(int(asked.Add(1))-1, len(addresses)-1)
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 0},
					Body: &dnsmessage.AResource{A: netip.MustParseAddr(addresses[i]).As4()}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestANameThatChangesItsMindLeadsNowhere: it named an allowed address once, and then one of the machine itself.
func TestANameThatChangesItsMindLeadsNowhere(t *testing.T) {
	var within, inside atomic.Int64
	serve := func(address string, n *atomic.Int64) *httptest.Server {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { n.Add(1); w.Header().Set("Connection", "close") }))
		s.Listener = l
		s.Start()
		t.Cleanup(s.Close)
		return s
	}
	allowed := serve("127.0.0.2:0", &within)
	port := allowed.Listener.Addr().(*net.TCPAddr).Port
	serve("127.0.0.1:"+strconv.Itoa(port), &inside)
	c := newClient(Allow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Ports: []uint16{uint16(port)}}, nil, names(t, "127.0.0.2", "127.0.0.1"))
	address := "http://rebind.example:" + strconv.Itoa(port) + "/"
	if r := c.do(t.Context(), http.MethodPost, address, http.Header{}, []byte("x")); r.fault != nil || r.status != http.StatusOK {
		t.Fatalf("the first time: %d %v", r.status, r.fault)
	}
	r := c.do(t.Context(), http.MethodPost, address, http.Header{}, []byte("x"))
	if r.fault == nil || r.fault.Class != Misconfigured || inside.Load() != 0 || within.Load() != 1 {
		t.Errorf("the second time: %d %v; %d came to the machine itself", r.status, r.fault, inside.Load())
	}
}

// TestNoProxyIsUsed: a proxy would dial for us, and nobody would check.
func TestNoProxyIsUsed(t *testing.T) {
	var came atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	if NewClient(Allow{}, nil).http.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy of the environment would be used")
	}
	r := NewClient(Allow{}, nil).do(t.Context(), http.MethodGet, "http://10.255.255.1/", http.Header{}, nil)
	if came.Load() != 0 || r.fault == nil {
		t.Errorf("%d came to the proxy, fault %v", came.Load(), r.fault)
	}
}

// TestWhyNothingWasDialledIsSaid without the address.
func TestWhyNothingWasDialledIsSaid(t *testing.T) {
	f := transportFault(&net.OpError{Op: "dial", Err: errors.New("connection refused"), Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}}, false)
	if f.Class != Retry || f.Reason != "the host cannot be reached" {
		t.Errorf("%+v", f)
	}
}
