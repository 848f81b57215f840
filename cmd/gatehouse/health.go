package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// healthPatience is shorter than the time-outs that container engines usually give a check.
const healthPatience = 4 * time.Second

type healthCommand struct {
	URL string `help:"Address to ask; without one /healthz at the listen address." placeholder:"URL"`
}

// Run asks the running service whether it answers; exit 0 means yes. It is the health check of the container image, in
// which there is neither a shell nor curl.
func (h *healthCommand) Run(w *world) error {
	url := h.URL
	if url == "" {
		var err error
		if url, err = healthURL(w.config.Listen); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(w.ctx, healthPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "%q is not an address that can be asked.", url)
	}
	client := http.Client{Transport: &http.Transport{Proxy: nil}} // never by way of the environment's proxy
	resp, err := client.Do(req)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "The service does not answer at %s.", url)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errs.New(errs.Unavailable, "The service answers %s with status %d.", url, resp.StatusCode)
	}
	_, err = fmt.Fprintln(w.out, "ok")
	return err
}

// healthURL is where a service that listens on the address answers on this machine: every address also means loopback.
func healthURL(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", errs.New(errs.Invalid, "%q is not host:port.", listen)
	}
	if port == "0" {
		return "", errs.New(errs.Invalid, "The service chose its own port; name it with --url.")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, port) + "/healthz", nil
}
