package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// selling is a product with somebody who sells.
type selling struct {
	*testkit.Kit
	ana store.Actor
	ben store.Actor
}

func newSelling(t testing.TB, opts ...testkit.Option) *selling {
	t.Helper()
	s := &selling{Kit: testkit.New(t, opts...)}
	s.ana, s.ben = s.seller("Ana"), s.seller("Ben")
	return s
}

func (s *selling) seller(name string) store.Actor {
	u := store.User{ID: store.NewID(), Email: strings.ToLower(name) + "@sales.example", Name: name, Role: "sales", PasswordHash: "x", Version: 1, CreatedAt: s.Clock.Now()}
	if err := s.Store.DB(s.T.Context()).Create(&u).Error; err != nil {
		s.T.Fatal(err)
	}
	return store.Actor{Kind: "user", ID: &u.ID, Name: name}
}

// lead is somebody who asked for the sample.
func (s *selling) lead(address string) store.Lead {
	s.T.Helper()
	s.Take(testkit.Submit(address))
	l, _, err := s.Store.LeadByAddress(s.T.Context(), address)
	if err != nil {
		s.T.Fatal(err)
	}
	return l
}

// assigned puts a lead into hands, with its plan.
func (s *selling) assigned(l store.Lead, to store.Actor, state string) store.Assignment {
	s.T.Helper()
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	as := store.Assignment{ID: store.NewID(), LeadID: l.ID, OwnerID: *to.ID, RuleKey: "test", How: "by-hand", Reason: "for the test", State: state,
		Period: now, At: now, ClockFrom: now, Version: 1}
	if state == "accepted" {
		as.AcceptedAt = &now
	}
	err := s.Store.Tx(s.T.Context(), func(tx *store.Tx) error {
		if err := tx.Create(&as).Error; err != nil {
			return err
		}
		if err := tx.Model(&store.Lead{}).Where("id = ?", l.ID).Update("owner_id", *to.ID).Error; err != nil {
			return err
		}
		return s.App.PlanFor(tx, as, l)
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return as
}

// deal is an accepted lead's deal.
func (s *selling) deal(address string, to store.Actor) store.Deal {
	s.T.Helper()
	l := s.lead(address)
	as := s.assigned(l, to, "accepted")
	if err := s.Store.Tx(s.T.Context(), func(tx *store.Tx) error { return s.App.OpenDeal(tx, as, l, to) }); err != nil {
		s.T.Fatal(err)
	}
	var d store.Deal
	if err := s.Store.DB(s.T.Context()).Where("assignment_id = ?", as.ID).Take(&d).Error; err != nil {
		s.T.Fatal(err)
	}
	return d
}

func (s *selling) read(id uuid.UUID) (d store.Deal) {
	s.T.Helper()
	if err := s.Store.DB(s.T.Context()).Where("id = ?", id).Take(&d).Error; err != nil {
		s.T.Fatal(err)
	}
	return d
}

func (s *selling) move(m app.DealMove, by store.Actor) (store.Deal, error) {
	return s.App.MoveDeal(s.T.Context(), m, by)
}

// submitOf is an answer that comes some time later.
func submitOf(address string, later time.Duration, s *selling) app.Submit {
	s.Clock.Move(later)
	return testkit.Submit(address)
}
