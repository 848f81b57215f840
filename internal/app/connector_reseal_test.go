package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
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
