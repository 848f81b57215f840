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
	// find looks for it by our key, then by what it is known by everywhere: a person by the address, a company by its domain
	// or name. nil: there is none.
	find(ctx context.Context, t *talk, object string, call Call, ids map[string]string, props []string) (*remote, error)
	// read gives its properties. nil: it is gone.
	read(ctx context.Context, t *talk, object, id string, props []string) (*remote, error)
	// create makes it. ids are their objects so far, by object of ours: what it hangs on.
	create(ctx context.Context, t *talk, object string, props map[string]string, call Call, ids map[string]string) (id string, err error)
	update(ctx context.Context, t *talk, object, id string, props map[string]string, call Call) error
	// links are the objects that one hangs on; link hangs it there, and again does no harm.
	links(object string) []tie
	link(ctx context.Context, t *talk, object, id, to, toID string) error
	// remove takes it away: for good, as an erasure wants it, or so that their staff can bring it back.
	remove(ctx context.Context, t *talk, object, id string, forGood bool) error
	// owner is their user with an address, "" when there is none.
	owner(ctx context.Context, t *talk, email string) (string, error)
}

// tie is what an object hangs on. At birth: it is made hanging there.
type tie struct {
	to      string
	atBirth bool
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
	ids     map[string]string // of their objects so far, by object of ours
	kept    map[string]bool   // object/property that is theirs by now: nothing is agreed on before it was taken over here
}

func (s *sync) push(ctx context.Context) Outcome {
	err := s.run(ctx)
	o := s.t.end(err, s.objects)
	o.Theirs = s.theirs
	return o
}

func (s *sync) run(ctx context.Context) error {
	switch {
	case s.call.Erase:
		return s.erase(ctx)
	case s.call.Merged:
		return s.withdraw(ctx)
	}
	s.kept = map[string]bool{}
	s.call.Values = maps.Clone(s.call.Values)
	known := map[string]string{}
	lead, deal := s.call.Values["owner_email"], s.call.Values["deal_owner_email"]
	for value, email := range map[string]string{"owner": lead, "company_owner": lead, "deal_owner": deal} { // a company that is made begins with whoever has the lead
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
	s.ids = map[string]string{}
	if s.call.CompanyKey != "" {
		if err := s.put(ctx, Company); err != nil && !s.gone(Company) {
			return err
		}
	}
	if err := s.put(ctx, Person); err != nil {
		return err
	}
	if s.call.Lead {
		if err := s.put(ctx, Lead); err != nil && !s.gone(Lead) {
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
	return s.put(ctx, Deal)
}

// gone tells that somebody deleted one of theirs that the rest can do without.
func (s *sync) gone(object string) bool {
	return slices.ContainsFunc(s.objects, func(o Object) bool { return o.Object == object && o.Gone })
}

// put makes or mends one object, and hangs it where it belongs. Where they have no such object, or the mapping says nothing
// of it, there is nothing to do.
func (s *sync) put(ctx context.Context, object string) error {
	if s.v.kind(object) == "" {
		return nil
	}
	want, policy := wanted(s.c.Mapping, object, s.call.Values)
	if len(want) == 0 && object == Company {
		return nil
	}
	cur, err := s.locate(ctx, object, slices.Sorted(maps.Keys(want)))
	if err == nil && cur == nil {
		var made bool
		if made, cur, err = s.birth(ctx, object, want, policy); made {
			return err
		}
	}
	if err != nil {
		return err
	}
	s.ids[object] = cur.id
	s.remember(object, cur.id, nil)
	write := s.differing(object, cur, want, policy)
	if len(write) > 0 || cur.key != keyOf(object, s.call) && object != Lead {
		if err := s.v.update(ctx, s.t, object, cur.id, write, s.call); err != nil {
			return err
		}
	}
	have := cur.props
	if len(write) > 0 && !s.t.dry {
		if have, err = s.proof(ctx, object, cur.id, write, policy, cur.props); err != nil {
			return err
		}
	}
	return s.settle(ctx, object, have, want, false)
}

// settle hangs an object where it belongs and remembers what both sides hold now.
func (s *sync) settle(ctx context.Context, object string, have, want map[string]string, born bool) error {
	if err := s.tieUp(ctx, object, born); err != nil {
		return err
	}
	s.remember(object, s.ids[object], s.agreed(object, have, want))
	return nil
}

// birth makes one. Where they say that there is one already, it is looked for once more: somebody was quicker, or their
// search was late.
func (s *sync) birth(ctx context.Context, object string, want map[string]string, policy map[string]Policy) (made bool, cur *remote, err error) {
	id, err := s.v.create(ctx, s.t, object, want, s.call, s.ids)
	if isCode(err, codeConflict) {
		if cur, lost := s.search(ctx, object, slices.Sorted(maps.Keys(want))); lost != nil || cur != nil {
			return false, cur, lost
		}
	}
	switch {
	case err != nil:
		return true, nil, err
	case s.t.dry:
		s.ids[object] = planned
		return true, nil, s.tieUp(ctx, object, true)
	case id == "":
		return true, nil, &Fault{Class: Unknown, Reason: "it said yes, but not what it made"}
	}
	s.ids[object] = id
	s.remember(object, id, nil)
	have, err := s.proof(ctx, object, id, want, policy, nil)
	if err != nil {
		return true, nil, err
	}
	return true, nil, s.settle(ctx, object, have, want, true)
}

// tieUp hangs an object where it belongs, unless it was told to hang there before.
func (s *sync) tieUp(ctx context.Context, object string, born bool) error {
	known := s.call.Known[object]
	for _, l := range s.v.links(object) {
		to, was := s.ids[l.to], known.Sent["="+l.to]
		if to == "" || was == to || l.atBirth && (born || known.ID != "" && was == "" && l.to == Person) {
			continue
		}
		if err := s.v.link(ctx, s.t, object, s.ids[object], l.to, to); err != nil {
			return err
		}
	}
	return nil
}

func (s *sync) locate(ctx context.Context, object string, props []string) (*remote, error) {
	known := s.call.Known[object]
	if known.ID == "" && s.c.Mutant == "no-search" {
		return nil, nil
	}
	if known.ID == "" {
		return s.search(ctx, object, props)
	}
	var cur *remote
	if !known.Gone {
		var err error
		if cur, err = s.v.read(ctx, s.t, object, known.ID, props); err != nil {
			return nil, err
		}
	}
	if cur == nil {
		s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: known.ID, Gone: true})
		return nil, &Fault{Class: Refused, Reason: DeletedThere}
	}
	return cur, nil
}

// search looks for one whose id we do not know. What is another one's of ours is not taken.
func (s *sync) search(ctx context.Context, object string, props []string) (*remote, error) {
	cur, err := s.v.find(ctx, s.t, object, s.call, s.ids, props)
	if err != nil || cur == nil || cur.key == "" || cur.key == keyOf(object, s.call) {
		return cur, err
	}
	if object == Company {
		return nil, nil // another company of the same name
	}
	return nil, &Fault{Class: Refused, Reason: "their record belongs to another lead of ours (" + cut(cur.key, 60) + "): merge the two"}
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
		first := shared[prop] == SentOwner && cur.key == "" || // whoever had it before us keeps it
			shared[prop] == SentValue && len(known.Sent) > 0 // there was none when we last agreed
		if role := shared[prop]; role != "" && have != "" && (agreed && !Same(have, base) || !agreed && first) {
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

// proof reads back what was written, and gives what they hold.
func (s *sync) proof(ctx context.Context, object, id string, written map[string]string, policy map[string]Policy, before map[string]string) (map[string]string, error) {
	want, _ := wanted(s.c.Mapping, object, s.call.Values)
	cur, err := s.v.read(ctx, s.t, object, id, slices.Sorted(maps.Keys(want)))
	if err != nil {
		return nil, err
	}
	if cur == nil {
		s.objects = slices.DeleteFunc(s.objects, func(o Object) bool { return o.Object == object })
		return nil, &Fault{Class: Unknown, Status: s.t.status, Reason: "it said yes and kept nothing"}
	}
	for prop, value := range written {
		have := cur.props[prop]
		switch {
		case have == "":
			return nil, &Fault{Class: Misconfigured, Status: s.t.status, Reason: fmt.Sprintf("it said yes, but did not keep the property %q: is there one?", prop)}
		case before != nil && policy[prop] == Overwrite && !Same(have, value) && Same(have, before[prop]):
			return nil, &Fault{Class: Retry, Status: s.t.status, Reason: fmt.Sprintf("it said yes, but the property %q is what it was", prop)}
		}
	}
	return cur.props, nil
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
	for _, l := range s.v.links(object) {
		if id := s.ids[l.to]; id != "" {
			out["="+l.to] = id
		}
	}
	return out
}

func (s *sync) remember(object, id string, sent map[string]string) {
	s.objects = slices.DeleteFunc(s.objects, func(o Object) bool { return o.Object == object })
	s.objects = append(s.objects, Object{Object: object, Kind: s.v.kind(object), ID: id, Sent: sent})
}

// DeletedThere is the reason of a refusal of ours: whoever deleted it there meant it.
const DeletedThere = "it was deleted there, so it is not made again"
