// Package config is the one place where the service's configuration is read: defaults < file < environment. All faults
// are reported at once, and secrets are masked in every print. Only package main imports it.
package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse/gatehouse/internal/crm"
)

// Sample is a commented configuration file.
//
//go:embed gatehouse.sample.yaml
var Sample string

// Config is everything that is decided outside the database. The yaml names are the environment's in lower case without
// the prefix.
type Config struct {
	Listen            string `yaml:"listen" env:"GATEHOUSE_LISTEN"`
	BaseURL           string `yaml:"base_url" env:"GATEHOUSE_BASE_URL"`
	DataDir           string `yaml:"data_dir" env:"GATEHOUSE_DATA_DIR"`
	DatabaseURL       Secret `yaml:"database_url" env:"DATABASE_URL"`
	Secret            Secret `yaml:"secret" env:"GATEHOUSE_SECRET"`
	Mail              string `yaml:"mail" env:"GATEHOUSE_MAIL"`
	MailFrom          string `yaml:"mail_from" env:"GATEHOUSE_MAIL_FROM"`
	SendGridKey       Secret `yaml:"sendgrid_api_key" env:"SENDGRID_API_KEY"`
	SendGridHost      string `yaml:"sendgrid_host" env:"SENDGRID_HOST"`
	SendGridPublicKey string `yaml:"sendgrid_webhook_public_key" env:"SENDGRID_WEBHOOK_PUBLIC_KEY"`
	InboundSecret     Secret `yaml:"inbound_secret" env:"GATEHOUSE_INBOUND_SECRET"`
	SMTPURL           Secret `yaml:"smtp_url" env:"SMTP_URL"`
	FilesURL          string `yaml:"files_url" env:"GATEHOUSE_FILES_URL"`
	FilesShared       bool   `yaml:"files_shared" env:"GATEHOUSE_FILES_SHARED"`
	OverridesDir      string `yaml:"overrides_dir" env:"GATEHOUSE_OVERRIDES_DIR"`
	TrustedProxies    string `yaml:"trusted_proxies" env:"GATEHOUSE_TRUSTED_PROXIES"`
	ConnectAllow      string `yaml:"connect_allow" env:"GATEHOUSE_CONNECT_ALLOW"`
	Limits            string `yaml:"limits" env:"GATEHOUSE_LIMITS"`
	Log               string `yaml:"log" env:"GATEHOUSE_LOG"`
	LogLevel          string `yaml:"log_level" env:"GATEHOUSE_LOG_LEVEL"`
	MetricsListen     string `yaml:"metrics_listen" env:"GATEHOUSE_METRICS_LISTEN"`
	Connections       int32  `yaml:"connections" env:"GATEHOUSE_CONNECTIONS"`
	MailWorkers       int    `yaml:"mail_workers" env:"GATEHOUSE_MAIL_WORKERS"`
	UnknownWait       string `yaml:"unknown_wait" env:"GATEHOUSE_UNKNOWN_WAIT"`
}

// Secret prints as ***, however it is printed.
type Secret string

const mask = "***"

// String masks.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// Format masks in every verb of fmt, those that do not ask String as well.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue masks in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText masks in JSON, and so in a log line that holds the whole configuration.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML masks when the configuration is printed.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }

// Faults is every mistake in a configuration, one sentence each.
type Faults []string

// Error lists them, a line each.
func (f Faults) Error() string {
	return "the configuration has faults:\n  - " + strings.Join(f, "\n  - ")
}

// Defaults are what an empty environment means.
func Defaults() Config {
	return Config{Listen: "127.0.0.1:8080", DataDir: "./data", SendGridHost: "https://api.sendgrid.com", MailFrom: "Gatehouse <documents@gatehouse.example>",
		Limits: "on", Log: "text", LogLevel: "info", MailWorkers: 16, UnknownWait: "2m/30s"}
}

// Load reads file (empty: none) and the environment ("KEY=value" lines as of os.Environ) over the defaults. The error is
// Faults.
func Load(file string, environ []string) (Config, error) {
	c := Defaults()
	var faults Faults
	if file != "" {
		faults = append(faults, c.readFile(file)...)
	}
	vars := map[string]string{}
	for _, line := range environ {
		if k, v, ok := strings.Cut(line, "="); ok && v != "" {
			vars[k] = v
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: vars}); err != nil {
		var all env.AggregateError
		if errors.As(err, &all) {
			for _, e := range all.Errors {
				faults = append(faults, variableFault(e))
			}
		} else {
			faults = append(faults, err.Error())
		}
	}
	faults = append(faults, unknownVariables(vars)...)
	faults = append(faults, c.complete()...)
	if len(faults) > 0 {
		return c, faults
	}
	return c, nil
}

// variableFault names the variable where the library names the field.
func variableFault(err error) string {
	var parse env.ParseError
	if errors.As(err, &parse) {
		if f, ok := reflect.TypeFor[Config]().FieldByName(parse.Name); ok {
			return fmt.Sprintf("%s: %v", f.Tag.Get("env"), parse.Err)
		}
	}
	return strings.TrimPrefix(err.Error(), "env: ")
}

func (c *Config) readFile(file string) (faults Faults) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Faults{fmt.Sprintf("--config: %s cannot be read: %v", file, errors.Unwrap(err))}
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	err = dec.Decode(c)
	var several *yaml.TypeError
	switch {
	case err == nil || errors.Is(err, io.EOF): // a file of comments alone
	case errors.As(err, &several):
		for _, text := range several.Errors {
			faults = append(faults, file+": "+strings.TrimSuffix(text, " in type config.Config"))
		}
	default:
		faults = append(faults, file+": "+strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return faults
}

// unknownVariables finds GATEHOUSE_ names that nothing reads: nearly always a typing mistake.
func unknownVariables(vars map[string]string) (faults Faults) {
	known := map[string]bool{"GATEHOUSE_SHARED": true, "GATEHOUSE_PG_BIN": true, "GATEHOUSE_LONG": true, "GATEHOUSE_SHOTS": true}
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		return Faults{err.Error()}
	}
	for _, p := range params {
		known[p.Key] = true
	}
	for k := range vars {
		if strings.HasPrefix(k, "GATEHOUSE_") && !strings.HasPrefix(k, "GATEHOUSE_TEST_") && !known[k] {
			faults = append(faults, k+" is not a variable of Gatehouse")
		}
	}
	slices.Sort(faults)
	return faults
}

// complete fills what follows from other values and names every fault.
func (c *Config) complete() (faults Faults) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		fault("GATEHOUSE_LISTEN: %q is not host:port", c.Listen)
	}
	if c.MetricsListen != "" {
		if _, _, err := net.SplitHostPort(c.MetricsListen); err != nil {
			fault("GATEHOUSE_METRICS_LISTEN: %q is not host:port", c.MetricsListen)
		}
	}
	if c.BaseURL != "" {
		c.BaseURL = strings.TrimRight(c.BaseURL, "/")
		if u, err := url.Parse(c.BaseURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
			fault("GATEHOUSE_BASE_URL: %q is not an http or https address without user and query", withoutPassword(c.BaseURL))
		}
	}
	if abs, err := filepath.Abs(c.DataDir); err == nil {
		c.DataDir = abs
	}
	if c.DatabaseURL != "" {
		if u, err := url.Parse(c.DatabaseURL.Reveal()); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			fault("DATABASE_URL: not a postgres:// address")
		}
		if c.Secret == "" {
			fault("GATEHOUSE_SECRET: required with DATABASE_URL, so that every instance signs alike (32 characters or more: openssl rand -base64 32)")
		}
	}
	for i, s := range c.Secrets() {
		if len(s) < 32 {
			fault("GATEHOUSE_SECRET: entry %d is shorter than 32 bytes", i+1)
		}
	}
	faults = append(faults, c.checkMail()...)
	if n := len(c.InboundSecret.Reveal()); n > 0 && n < 24 {
		fault("GATEHOUSE_INBOUND_SECRET: shorter than 24 bytes")
	}
	if c.FilesURL != "" {
		if u, err := url.Parse(c.FilesURL); err != nil || (u.Scheme != "file" && u.Scheme != "s3") {
			fault("GATEHOUSE_FILES_URL: %q is neither file:///folder nor s3://bucket", withoutPassword(c.FilesURL))
		} else if u.Scheme == "s3" {
			fault("GATEHOUSE_FILES_URL: s3:// is not supported by this version, use file:///folder")
		}
	}
	if c.OverridesDir != "" {
		if info, err := os.Stat(c.OverridesDir); err != nil || !info.IsDir() {
			fault("GATEHOUSE_OVERRIDES_DIR: %q is not a folder", c.OverridesDir)
		}
	}
	if _, err := c.Proxies(); err != nil {
		fault("GATEHOUSE_TRUSTED_PROXIES: %v", err)
	}
	if _, err := crm.ParseAllow(c.ConnectAllow); err != nil {
		fault("GATEHOUSE_CONNECT_ALLOW: %v", err)
	}
	if c.Limits != "on" && c.Limits != "off" {
		fault("GATEHOUSE_LIMITS: %q is neither on nor off", c.Limits)
	}
	if c.Log != "text" && c.Log != "json" {
		fault("GATEHOUSE_LOG: %q is neither text nor json", c.Log)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		fault("GATEHOUSE_LOG_LEVEL: %q is none of debug, info, warn, error", c.LogLevel)
	}
	if c.MailWorkers < 1 || c.MailWorkers > 500 {
		fault("GATEHOUSE_MAIL_WORKERS: %d is not between 1 and 500", c.MailWorkers)
	}
	if c.Connections < 0 || c.Connections > 1000 {
		fault("GATEHOUSE_CONNECTIONS: %d is not between 0 (choose) and 1000", c.Connections)
	}
	if _, _, err := c.UnknownWaits(); err != nil {
		fault("GATEHOUSE_UNKNOWN_WAIT: %v", err)
	}
	return faults
}

// UnknownWaits is how long a mail whose answer got lost waits for the provider's event before it is sent again: while
// events are known to arrive, and while they are not.
func (c *Config) UnknownWaits() (withEvents, without time.Duration, err error) {
	first, second, two := strings.Cut(c.UnknownWait, "/")
	if !two {
		second = first
	}
	for _, p := range []struct {
		text string
		into *time.Duration
	}{{first, &withEvents}, {second, &without}} {
		if *p.into, err = time.ParseDuration(strings.TrimSpace(p.text)); err != nil || *p.into < time.Second || *p.into > time.Hour {
			return 0, 0, fmt.Errorf("%q is not one or two durations between 1s and 1h, such as 2m/30s", c.UnknownWait)
		}
	}
	return withEvents, without, nil
}

func (c *Config) checkMail() (faults Faults) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		fault("GATEHOUSE_MAIL_FROM: %q is not \"Name <address>\"", c.MailFrom)
	}
	switch c.Mail {
	case "":
		if !c.Loopback() {
			fault("GATEHOUSE_MAIL: choose sendgrid, smtp or capture; only on a loopback address does it default to capture")
		}
		c.Mail = "capture"
	case "capture":
	case "sendgrid":
		if c.SendGridKey == "" {
			fault("SENDGRID_API_KEY: required with GATEHOUSE_MAIL=sendgrid")
		}
		if u, err := url.Parse(c.SendGridHost); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			fault("SENDGRID_HOST: %q is not an http or https address", withoutPassword(c.SendGridHost))
		} else if u.Scheme == "http" && !loopbackHost(u.Hostname()) {
			fault("SENDGRID_HOST: plain http only on a loopback address, the key would travel in the clear")
		}
	case "smtp":
		if u, err := url.Parse(c.SMTPURL.Reveal()); err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Host == "" {
			fault("SMTP_URL: required with GATEHOUSE_MAIL=smtp, as smtp://user:password@host:port or smtps://")
		}
	default:
		fault("GATEHOUSE_MAIL: %q is none of sendgrid, smtp, capture", c.Mail)
	}
	return faults
}

// Secrets is the list of GATEHOUSE_SECRET: the first signs, all verify.
func (c *Config) Secrets() []string {
	var out []string
	for s := range strings.SplitSeq(c.Secret.Reveal(), ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Proxies are the networks whose forwarding headers are believed.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for s := range strings.SplitSeq(c.TrustedProxies, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("%q is not a network like 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// Loopback tells that nobody outside this machine can reach the service: listen address and base URL are loopback.
func (c *Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || !loopbackHost(host) {
		return false
	}
	if c.BaseURL == "" {
		return true
	}
	u, err := url.Parse(c.BaseURL)
	return err == nil && loopbackHost(u.Hostname())
}

// withoutPassword is an address as it may be printed: one that was meant for another variable can hold a password.
func withoutPassword(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return mask
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
