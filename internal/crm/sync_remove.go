package crm

import (
	"context"
	"slices"
)

// erase removes what they hold of a person for good, found by the key where we never learnt the id, and the companies that
// nobody else belonged to: their names were the person's own words.
func (s *sync) erase(ctx context.Context) error {
	for object, ids := range map[string][]string{Deal: s.call.Deals, Company: s.call.Companies} {
		for _, id := range ids {
			if err := s.take(ctx, object, id, true); err != nil {
				return err
			}
		}
	}
	return s.takePerson(ctx, true)
}

// withdraw takes away what they hold of a lead that was merged into another one: that one's object stays, and there are
// never two for one. Their staff can bring it back.
func (s *sync) withdraw(ctx context.Context) error { return s.takePerson(ctx, false) }

func (s *sync) takePerson(ctx context.Context, forGood bool) error {
	for _, object := range []string{Lead, Person} {
		if s.v.kind(object) == "" {
			continue
		}
		id := s.call.Known[object].ID
		if id == "" && object == Person {
			cur, err := s.v.find(ctx, s.t, object, Call{Key: s.call.Key}, nil, nil)
			if err != nil {
				return err
			}
			if cur != nil {
				id = cur.id
			}
		}
		if id == "" || slices.Contains(s.call.Keep, id) {
			continue
		}
		if err := s.take(ctx, object, id, forGood); err != nil {
			return err
		}
		s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: id, Gone: true})
	}
	return nil
}

// take removes one; one that is not there any more is as good.
func (s *sync) take(ctx context.Context, object, id string, forGood bool) error {
	err := s.v.remove(ctx, s.t, object, id, forGood)
	if isStatus(err, 404) || isStatus(err, 410) {
		return nil
	}
	return err
}
