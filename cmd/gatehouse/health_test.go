package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func TestHealthURL(t *testing.T) {
	for _, tc := range []struct{ listen, want string }{
		{"127.0.0.1:8080", "http://127.0.0.1:8080/healthz"},
		{"0.0.0.0:8080", "http://127.0.0.1:8080/healthz"},
		{":8080", "http://127.0.0.1:8080/healthz"},
		{"[::]:8080", "http://[::1]:8080/healthz"},
		{"[::1]:80", "http://[::1]:80/healthz"},
		{"gatehouse.internal:80", "http://gatehouse.internal:80/healthz"},
	} {
		if got, err := healthURL(tc.listen); got != tc.want || err != nil {
			t.Errorf("healthURL(%q) = %q, %v; want %q", tc.listen, got, err, tc.want)
		}
	}
	for _, listen := range []string{"", "8080", "127.0.0.1:0"} {
		if got, err := healthURL(listen); !errs.Is(err, errs.Invalid) {
			t.Errorf("healthURL(%q) = %q, %v; want it refused", listen, got, err)
		}
	}
}

// The exit code is what a container engine reads: 0 is healthy, all else is not.
func TestHealth(t *testing.T) {
	status := http.StatusOK
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer service.Close()
	listen := "GATEHOUSE_LISTEN=" + strings.TrimPrefix(service.URL, "http://")
	health := func() int {
		var out, faults bytes.Buffer
		code := run([]string{"health"}, []string{listen}, &out, &faults)
		if (code == 0) != (faults.Len() == 0) {
			t.Errorf("exit %d, but it said %q", code, faults.String())
		}
		return code
	}
	if code := health(); code != 0 {
		t.Errorf("a service that answers: exit %d", code)
	}
	status = http.StatusServiceUnavailable
	if code := health(); code != exitFailed {
		t.Errorf("a service that answers 503: exit %d, want %d", code, exitFailed)
	}
	service.Close()
	if code := health(); code != exitFailed {
		t.Errorf("nobody answers: exit %d, want %d", code, exitFailed)
	}
}
