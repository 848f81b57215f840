package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
	"github.com/gatehouse/gatehouse/internal/token"
)

// TestAnOldSecretCanBeDropped: upkeep seals what connectors keep under the new secret, and what does not open stays as it is.
func TestAnOldSecretCanBeDropped(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	var o app.Options
	c := &connected{newSelling(t, func(x *app.Options) { x.Allow = crmtest.Allow(d); o = *x }), store.Actor{Kind: "command", Name: "the test"}}
	id := c.hubspot(d)
	was := c.connector(id).Secrets
	with := func(secrets ...string) *app.App {
		x := o
		x.Keys = token.NewKeys(secrets...)
		return app.New(x)
	}
	fresh, stranger := strings.Repeat("n", 40), strings.Repeat("x", 40)
	if err := with(stranger).Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.connector(id).Secrets, was) {
		t.Fatal("what does not open was written over")
	}
	if d, err := with(stranger).ConnectorDetail(t.Context(), id); err != nil || !d.Lost {
		t.Errorf("nobody can see that they are lost: %v", err)
	}
	if err := with(fresh, testkit.Secret).Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := c.connector(id)
	if bytes.Equal(now.Secrets, was) || now.Version != 2 {
		t.Errorf("they are sealed as before, version %d", now.Version)
	}
	if err := with(fresh, testkit.Secret).Tidy(t.Context()); err != nil || !bytes.Equal(c.connector(id).Secrets, now.Secrets) {
		t.Errorf("they are sealed again and again: %v", err)
	}
	if out, err := with(fresh).TestConnector(t.Context(), id, c.admin); err != nil || out.Class != crm.Done {
		t.Errorf("without the old secret: %v, %s %s", err, out.Class, out.Reason)
	}
}

// TestAConnectorThatCannotBeOpened holds up nobody else, collects what is for it, and is seen by whoever is named for it: its
// secrets are lost, its mapping cannot be read, or this program knows no such kind.
func TestAConnectorThatCannotBeOpened(t *testing.T) {
	for name, x := range map[string]struct {
		spoil, why string
		collects   bool
	}{
		"its secrets":  {"update connectors set secrets = '\\x00' where id = ?", "secrets of this connector cannot be opened", true},
		"its mapping":  {"update connectors set mapping = '{\"a\": 1}' where id = ?", "mapping of this connector cannot be read", true},
		"no such kind": {"update connectors set kind = 'of-tomorrow' where id = ?", "no connector of the kind", false},
	} {
		t.Run(name, func(t *testing.T) {
			d, other := crmtest.HubSpot(t, nil), crmtest.Receiver(t)
			c := newConnected(t, d, other)
			id, hook := c.hubspot(d), c.webhook(other)
			if err := c.Store.DB(t.Context()).Exec(x.spoil, id).Error; err != nil {
				t.Fatal(err)
			}
			before := c.Count("select count(*) from messages where template = 'alarm'")
			c.deal("ann@example.org", c.ana)
			c.push(id, hook)
			c.push(id, hook)
			if c.pushes(hook, app.PushDone) == 0 || c.pushes(hook, app.PushWaiting) != 0 {
				t.Error("the other one waits for it")
			}
			if n := c.pushes(id, app.PushWaiting); (n > 0) != x.collects {
				t.Errorf("%d wait for it", n)
			}
			if n := c.Count("select count(*) from outbox where spread_at is null"); n != 0 {
				t.Errorf("%d events are not spread", n)
			}
			got := c.connector(id)
			if got.BrokenAt == nil || !strings.Contains(got.BrokenWhy, x.why) {
				t.Errorf("broken at %v: %q", got.BrokenAt, got.BrokenWhy)
			}
			if n := c.Count("select count(*) from messages where template = 'alarm'"); n != before+1 {
				t.Errorf("%d mails tell of it", n-before)
			}
			if err := c.App.PullFrom(t.Context(), id, true); err != nil {
				t.Errorf("asking: %v", err)
			}
			if _, err := c.App.ConnectorDetail(t.Context(), id); x.collects && err != nil {
				t.Errorf("its page: %v", err)
			}
			if len(d.Requests()) != 0 {
				t.Error("it was called")
			}
		})
	}
}

// TestAKeptSecretGoesToNoOtherHost: nobody who sees the page reads a secret by pointing the connector at a host of their own.
func TestAKeptSecretGoesToNoOtherHost(t *testing.T) {
	for kind, v := range vendors {
		t.Run(kind, func(t *testing.T) {
			d, other := v.double(t, nil), v.double(t, nil)
			c := newConnected(t, d, other)
			settings := v.settings(d)
			id := c.connect(kind, kind, settings)
			edit := func(values map[string]string) error {
				return c.App.EditConnector(t.Context(), id, app.ConnectorEdit{Kind: kind, Name: kind, AlertUser: c.ana.ID.String(), Version: c.connector(id).Version, Values: values}, c.admin)
			}
			again := v.settings(d)
			secret := map[string]string{"hubspot": "token", "pipedrive": "token", "salesforce": "client_secret"}[kind]
			delete(again, secret)
			if err := edit(again); err != nil {
				t.Errorf("the same address: %v", err)
			}
			moved := v.settings(other)
			delete(moved, secret)
			if err := edit(moved); !errs.Is(err, errs.Invalid) || errs.Public(err).Fields[0].Field != secret {
				t.Errorf("another address without the secret: %v", err)
			}
			if err := edit(v.settings(other)); err != nil {
				t.Errorf("another address with the secret: %v", err)
			}
			if len(other.Requests()) != 0 {
				t.Error("the other host was called")
			}
		})
	}
}
