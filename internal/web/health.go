package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// healthz says that the process answers.
func (s *Server) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says whether the service can do its work, and which part cannot.
func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 3*time.Second)
	defer cancel()
	status := http.StatusOK
	checks := s.o.Ready(ctx)
	for _, ch := range checks {
		if !ch.OK {
			status = http.StatusServiceUnavailable
		}
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(status, map[string]any{"ready": status == http.StatusOK, "checks": checks})
}

// requests counts answers by route pattern; a pattern holds no token.
type requests struct {
	total *prometheus.CounterVec
	took  *prometheus.HistogramVec
}

func newRequests(reg *prometheus.Registry) *requests {
	r := &requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_http_requests_total", Help: "Requests by method, route and status."},
			[]string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "gatehouse_http_request_seconds", Help: "Duration of requests by route.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15)}, []string{"route"}),
	}
	reg.MustRegister(r.total, r.took)
	return r
}

func (s *Server) measure(c echo.Context, status int, took time.Duration) {
	route := c.Path()
	if route == "" || route == "/*" {
		route = "other"
	}
	s.requests.total.WithLabelValues(knownMethod(c.Request().Method), route, strconv.Itoa(status)).Inc()
	s.requests.took.WithLabelValues(route).Observe(took.Seconds())
}

// knownMethod keeps invented methods from making new series.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
