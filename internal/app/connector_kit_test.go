package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// connected is a product with sellers and doubles of other systems.
type connected struct {
	*selling
	admin store.Actor
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func newConnected(t testing.TB, doubles ...*crmtest.Double) *connected {
	t.Helper()
	return newConnectedMutant(t, "", doubles...)
}

func newConnectedMutant(t testing.TB, mutant string, doubles ...*crmtest.Double) *connected {
	t.Helper()
	s := newSelling(t, testkit.Mutant(mutant), func(o *app.Options) { o.Allow = crmtest.Allow(doubles...) })
	for _, d := range doubles {
		d.Users = []crm.User{{ID: "7", Name: "Ana", Email: "ana@sales.example"}, {ID: "8", Name: "Ben", Email: "ben@sales.example"}}
	}
	return &connected{s, store.Actor{Kind: "command", Name: "the test"}}
}

// connect makes a connector and switches it on.
func (c *connected) connect(kind, name string, values map[string]string) uuid.UUID {
	c.T.Helper()
	ctx := c.T.Context()
	id, err := c.App.CreateConnector(ctx, app.ConnectorEdit{Kind: kind, Name: name, AlertUser: c.ana.ID.String(), Values: values}, c.admin)
	if err != nil {
		c.T.Fatalf("connect %s: %v", kind, err)
	}
	if err := c.App.SetConnectorState(ctx, id, 1, app.ConnectorOn, c.admin); err != nil {
		c.T.Fatal(err)
	}
	return id
}

func (c *connected) webhook(d *crmtest.Double) uuid.UUID {
	return c.connect("webhook", "Webhook", map[string]string{"url": d.URL + "/in", "secret": hookSecret, "in_secret": hookSecret})
}

func (c *connected) hubspot(d *crmtest.Double) uuid.UUID {
	return c.connect("hubspot", "HubSpot", map[string]string{"base": d.URL, "token": crmtest.HubSpotToken})
}

// spread and push do what the jobs would.
func (c *connected) spread() {
	c.T.Helper()
	if err := c.App.SpreadOutbox(c.T.Context()); err != nil {
		c.T.Fatal(err)
	}
}

func (c *connected) push(ids ...uuid.UUID) {
	c.T.Helper()
	c.spread()
	for _, id := range ids {
		var later *app.Later
		err := c.App.PushDue(c.T.Context(), id)
		for tries := 0; errors.As(err, &later) && tries < 20; tries++ { // two lanes wanted to speak of the same person
			err = c.App.PushDue(c.T.Context(), id)
		}
		if err != nil {
			c.T.Fatal(err)
		}
	}
}

func (c *connected) pull(id uuid.UUID) {
	c.T.Helper()
	if err := c.App.PullFrom(c.T.Context(), id, true); err != nil {
		c.T.Fatal(err)
	}
}

func (c *connected) connector(id uuid.UUID) (out store.Connector) {
	c.T.Helper()
	if err := c.Store.DB(c.T.Context()).Where("id = ?", id).Take(&out).Error; err != nil {
		c.T.Fatal(err)
	}
	return out
}

func (c *connected) pushes(id uuid.UUID, state string) int {
	c.T.Helper()
	return c.Count("select count(*) from pushes where connector_id = ? and state = ?", id, state)
}

// explained fails when anything of connectors cannot be explained.
func (c *connected) explained() {
	c.T.Helper()
	r, err := c.App.Verify(c.T.Context())
	if err != nil {
		c.T.Fatal(err)
	}
	for _, u := range r.Unexplained {
		switch u.Kind {
		case "deals", "events for other systems", "pushes", "tries of pushes", "objects in other systems", "news from other systems", "figures":
			c.T.Errorf("%s %s: %s", u.Kind, u.ID, u.Sentence)
		}
	}
}

func (c *connected) say(l store.Lead, text string) {
	c.T.Helper()
	err := c.Store.Tx(c.T.Context(), func(tx *store.Tx) error {
		var ad store.LeadAddress
		if err := tx.Where("lead_id = ?", l.ID).Take(&ad).Error; err != nil {
			return err
		}
		return tx.Exec(`insert into sayings (id, lead_id, address_id, document_id, kind, text, page, state, at) select ?, ?, ?, id, 'ask', ?, 'thanks', 'claimed', ? from documents limit 1`,
			store.NewID(), l.ID, ad.ID, text, tx.Now()).Error
	})
	if err != nil {
		c.T.Fatal(err)
	}
}

// ours says "this one is us" to a question of the document, as the reader's tap does, and returns the question.
func (c *connected) ours(leadID uuid.UUID) (question string) {
	c.T.Helper()
	err := c.Store.DB(c.T.Context()).Raw(`insert into sayings (id, lead_id, address_id, document_id, question_id, kind, text, page, state, at)
		select ?, a.lead_id, a.id, q.document_id, q.id, 'ours', q.text, 'thanks', 'claimed', ? from lead_addresses a, document_questions q where a.lead_id = ? order by q.id limit 1 returning text`,
		store.NewID(), c.Clock.Now(), leadID).Scan(&question).Error
	if err != nil || question == "" {
		c.T.Fatal("no question: ", err)
	}
	return question
}

// at is a product whose other system lives by the same clock.
type at struct {
	*connected
	double *crmtest.Double
}

func newConnectedAt(t testing.TB, double func(now func() time.Time) *crmtest.Double) *at {
	t.Helper()
	var c *connected
	d := double(func() time.Time {
		if c == nil {
			return time.Now()
		}
		return c.Clock.Now()
	})
	c = newConnected(t, d)
	return &at{c, d}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
