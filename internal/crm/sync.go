package crm

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// vendor is what one CRM can do with its objects for ours; sync decides what is done.
type vendor interface {
	// kind is what they call their object for one of ours, "" where they have none.
	kind(object string) string
	// find looks for it by our key, then (a person) by the address. nil: there is none.
	find(ctx context.Context, t *talk, object string, call Call, props []string) (*remote, error)
	// read gives its properties. nil: it is gone.
	read(ctx context.Context, t *talk, object, id string, props []string) (*remote, error)
	create(ctx context.Context, t *talk, object string, props map[string]string, call Call, person string) (id string, err error)
	update(ctx context.Context, t *talk, object, id string, props map[string]string, call Call) error
	remove(ctx context.Context, t *talk, object, id string) error
	// owner is their user with an address, "" when there is none.
	owner(ctx context.Context, t *talk, email string) (string, error)
}

type remote struct {
	id    string
	key   string // of ours, that it carries already
	props map[string]string
}

// What is compared with a later Change, beside the properties themselves.
const (
	SentStage = "=stage"
	SentOwner = "=owner"
	SentValue = "=value"
)

// planned stands for the id of an object that a dry run would have made.
const planned = "(new)"

// sync brings their objects up to ours: each is looked for before it is made, read before it is written, and read again
// after, since an answer that says yes is no proof.
type sync struct {
	v       vendor
	t       *talk
	c       Config
	stages  Stages
	call    Call
	objects []Object
	theirs  []Change
	kept    map[string]bool // object/property that is theirs by now: nothing is agreed on before it was taken over here
}

func (s *sync) push(ctx context.Context) Outcome {
	err := s.run(ctx)
	o := s.t.end(err, s.objects)
	o.Theirs = s.theirs
	return o
}

func (s *sync) run(ctx context.Context) error {
	if s.call.Erase {
		return s.erase(ctx)
	}
	s.kept = map[string]bool{}
	s.call.Values = maps.Clone(s.call.Values)
	known := map[string]string{}
	for value, email := range map[string]string{"owner": s.call.Values["owner_email"], "deal_owner": s.call.Values["deal_owner_email"]} {
		delete(s.call.Values, value)
		if email == "" {
			continue
		}
		id, asked := known[email]
		if !asked {
			var err error
			if id, err = s.v.owner(ctx, s.t, email); err != nil {
				return err
			}
			known[email] = id
		}
		if id != "" { // somebody whom they do not know owns nothing there
			s.call.Values[value] = id
		}
	}
	person, err := s.put(ctx, Person, "")
	if err != nil {
		return err
	}
	s.call.Known = maps.Clone(s.call.Known)
	if s.call.Known == nil {
		s.call.Known = map[string]Known{}
	}
	s.call.Known[Person] = Known{ID: person, Sent: s.call.Known[Person].Sent}
	if s.call.Lead && s.v.kind(Lead) != "" {
		if _, err := s.put(ctx, Lead, person); err != nil {
			return err
		}
	}
	if s.call.DealKey == "" {
		return nil
	}
	if stage := s.call.Values["deal_stage"]; stage != "" {
		theirs, ok := s.stages.theirs(stage)
		if !ok {
			return &Fault{Class: Misconfigured, Reason: fmt.Sprintf("the settings name no stage of theirs for our stage %q", stage)}
		}
		s.call.Values["deal_stage"] = theirs
	}
	_, err = s.put(ctx, Deal, person)
	return err
}

// put makes or mends one object and gives its id.
func (s *sync) put(ctx context.Context, object, person string) (string, error) {
	want, policy := wanted(s.c.Mapping, object, s.call.Values)
	props := slices.Sorted(maps.Keys(want))
	cur, err := s.locate(ctx, object, props)
	if err != nil {
		return "", err
	}
	if cur == nil {
		id, err := s.v.create(ctx, s.t, object, want, s.call, person)
		if err != nil {
			return "", err
		}
		if s.t.dry {
			return planned, nil
		}
		if id == "" {
			return "", &Fault{Class: Unknown, Reason: "it said yes, but not what it made"}
		}
		s.remember(object, id, nil)
		return id, s.proof(ctx, object, id, want, policy, nil)
	}
	s.remember(object, cur.id, nil)
	write := s.differing(object, cur, want, policy)
	if len(write) == 0 {
		s.remember(object, cur.id, s.agreed(object, cur.props, want))
		return cur.id, nil
	}
	if err := s.v.update(ctx, s.t, object, cur.id, write, s.call); err != nil {
		return cur.id, err
	}
	if s.t.dry {
		return cur.id, nil
	}
	return cur.id, s.proof(ctx, object, cur.id, write, policy, cur.props)
}

func (s *sync) locate(ctx context.Context, object string, props []string) (*remote, error) {
	known := s.call.Known[object]
	if known.ID == "" && s.c.Mutant == "no-search" {
		return nil, nil
	}
	if known.ID == "" {
		cur, err := s.v.find(ctx, s.t, object, s.call, props)
		if err == nil && cur != nil && cur.key != "" && cur.key != keyOf(object, s.call) {
			return nil, &Fault{Class: Refused, Reason: "their record belongs to another lead of ours (" + cut(cur.key, 60) + "): merge the two"}
		}
		return cur, err
	}
	cur, err := s.v.read(ctx, s.t, object, known.ID, props)
	if err == nil && cur == nil {
		s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: known.ID, Gone: true})
		return nil, &Fault{Class: Refused, Reason: "it was deleted there, so it is not made again"}
	}
	return cur, err
}

// differing is what of ours has to be written: what they changed since we last agreed is theirs, and told instead.
func (s *sync) differing(object string, cur *remote, want map[string]string, policy map[string]Policy) map[string]string {
	write := map[string]string{}
	shared := s.shared(object)
	known := s.call.Known[object]
	for prop, value := range want {
		have := cur.props[prop]
		if Same(have, value) || policy[prop] == Fill && have != "" && s.c.Mutant != "fill-overwrites" {
			continue
		}
		base, agreed := known.Sent[prop]
		if role := shared[prop]; role != "" && have != "" && (agreed && !Same(have, base) || !agreed && role == SentOwner && cur.key == "") { // whoever had it before us keeps it
			s.foreign(object, cur.id, role, have)
			s.kept[object+"/"+prop] = true
			continue
		}
		write[prop] = value
	}
	return write
}

// shared names the properties that both sides work on.
func (s *sync) shared(object string) map[string]string {
	out := map[string]string{}
	names := map[string]string{"owner": SentOwner}
	if object == Deal {
		names = map[string]string{"deal_owner": SentOwner, "deal_stage": SentStage, "deal_value": SentValue}
	}
	for value, role := range names {
		if p := propertyOf(s.c.Mapping, object, value); p != "" {
			out[p] = role
		}
	}
	return out
}

func (s *sync) foreign(object, id, role, have string) {
	ch := Change{Object: object, Kind: s.v.kind(object), ID: id, At: s.t.client.now().UTC(), EventKey: fmt.Sprintf("seen/%s/%s/%s/%s/%d", object, id, role, have, s.t.client.now().UnixNano())}
	switch role {
	case SentOwner:
		ch.Owner = &have
	case SentStage:
		ch.TheirStage = have
		if ours, ok := s.stages.ours(have); ok {
			ch.Stage = &ours
		}
	case SentValue:
		ch.Value = &have
	}
	s.theirs = append(s.theirs, ch)
}

// proof reads back what was written.
func (s *sync) proof(ctx context.Context, object, id string, written map[string]string, policy map[string]Policy, before map[string]string) error {
	want, _ := wanted(s.c.Mapping, object, s.call.Values)
	cur, err := s.v.read(ctx, s.t, object, id, slices.Sorted(maps.Keys(want)))
	if err != nil {
		return err
	}
	if cur == nil {
		s.objects = slices.DeleteFunc(s.objects, func(o Object) bool { return o.Object == object })
		return &Fault{Class: Unknown, Status: s.t.status, Reason: "it said yes and kept nothing"}
	}
	for prop, value := range written {
		have := cur.props[prop]
		switch {
		case have == "":
			return &Fault{Class: Misconfigured, Status: s.t.status, Reason: fmt.Sprintf("it said yes, but did not keep the property %q: is there one?", prop)}
		case before != nil && policy[prop] == Overwrite && !Same(have, value) && Same(have, before[prop]):
			return &Fault{Class: Retry, Status: s.t.status, Reason: fmt.Sprintf("it said yes, but the property %q is what it was", prop)}
		}
	}
	s.remember(object, id, s.agreed(object, cur.props, want))
	return nil
}

// agreed is what both sides hold now, of what we tell.
func (s *sync) agreed(object string, props, want map[string]string) map[string]string {
	out := map[string]string{}
	for prop := range want {
		v, ok := props[prop]
		if s.kept[object+"/"+prop] {
			v, ok = s.call.Known[object].Sent[prop]
		}
		if ok {
			out[prop] = v
		}
	}
	for prop, role := range s.shared(object) {
		if v, ok := out[prop]; ok {
			out[role] = v
		}
	}
	return out
}

func (s *sync) remember(object, id string, sent map[string]string) {
	s.objects = slices.DeleteFunc(s.objects, func(o Object) bool { return o.Object == object })
	s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: id, Sent: sent})
}

// erase removes what they hold of a person, found by the key where we never learnt the id.
func (s *sync) erase(ctx context.Context) error {
	for _, id := range s.call.Deals {
		if err := s.v.remove(ctx, s.t, Deal, id); err != nil && !isStatus(err, 404) && !isStatus(err, 410) {
			return err
		}
	}
	for _, object := range []string{Lead, Person} {
		if s.v.kind(object) == "" {
			continue
		}
		id := s.call.Known[object].ID
		if id == "" && object == Person {
			cur, err := s.v.find(ctx, s.t, object, Call{Key: s.call.Key}, nil)
			if err != nil {
				return err
			}
			if cur != nil {
				id = cur.id
			}
		}
		if id == "" {
			continue
		}
		if err := s.v.remove(ctx, s.t, object, id); err != nil && !isStatus(err, 404) && !isStatus(err, 410) {
			return err
		}
		s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: id, Gone: true})
	}
	return nil
}
