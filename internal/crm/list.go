package crm

import "time"

// Systems are all connectors, over one way out.
type Systems struct{ all []Connector }

// New is the explicit list: a connector is one file and one line here. now may be nil.
func New(allow Allow, now func() time.Time) *Systems {
	c := NewClient(allow, now)
	return &Systems{[]Connector{
		&Webhook{c},
		&HubSpot{c},
		newSalesforce(c),
		&Pipedrive{c},
		&Slack{client: c},
	}}
}

// All lists them.
func (s *Systems) All() []Connector { return s.all }

// Find is the connector of a kind, nil when there is none.
func (s *Systems) Find(kind string) Connector {
	for _, c := range s.all {
		if c.About().Kind == kind {
			return c
		}
	}
	return nil
}
