package app

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// Door is where a reader speaks: a page and the token in its address.
type Door struct {
	Page  string // DoorThanks, DoorPersonal, DoorPreferences
	Slug  string // of DoorThanks
	Token string // receipt, personal link, link of the preferences
}

// The doors. Whoever holds a receipt typed an address, which anyone can: what is said there is a claim. The other two
// links came by mail to the address: what is said there is confirmed.
const (
	DoorThanks      = "thanks"
	DoorPersonal    = "personal"
	DoorPreferences = "preferences"
)

// Meeting is what a page shows of how a reader and the company go on. What was typed (a question, times, a telephone
// number) is never in it: a link can be forwarded, and design promise 6 keeps a person's data behind a code to the
// address. What was tapped is: the questions are the document's own, and a choice of four words names nobody, as the
// preferences page has always shown one. The dates and kinds of contacts are in it because the reader was there, and
// because who is written to may see how often; never what was said in them.
type Meeting struct {
	Questions []AskedQuestion
	How       string // chosen through this door; "" none yet
	CanCall   bool   // a number was left through this door before: one tap is enough to be called again
	Early     bool   // kept with the request, which nobody has looked at yet
	Closed    bool   // the request was cancelled: nothing is offered
	Host      *Host  // who comes back; nil while nobody is named
	Contacts  []Contact
}

// AskedQuestion is one question of the document. Ours: "this one is us" was tapped.
type AskedQuestion struct {
	ID     uuid.UUID
	Number int32
	Text   string
	Ours   bool
}

// Host is who comes back to a reader: what the company shows of its own people.
type Host struct {
	UserID     uuid.UUID
	Name       string
	JobTitle   string
	PhotoKey   string
	BookingURL string // "" when there is none, or none that a reader should be sent to
}

// Contact is one contact that was made: when and how, never what was said.
type Contact struct {
	At   time.Time
	Kind string // call, mail, meeting, letter, document
}

// contactsShown bounds the list on a page.
const contactsShown = 50

// Meeting reads what the page behind a door shows. It changes nothing.
func (a *App) Meeting(ctx context.Context, d Door) (m Meeting, err error) {
	o, err := a.openDoor(ctx, d)
	if err == nil {
		err = a.store.Tx(ctx, func(tx *store.Tx) error {
			v, err := o.voice(tx, false)
			if err != nil {
				return err
			}
			m, err = v.meeting(tx, o.questions)
			return err
		})
	}
	if errs.Is(err, errs.Gone) {
		return Meeting{Closed: true}, nil
	}
	return m, err
}

func (v voice) meeting(tx *store.Tx, asked []store.DocumentQuestion) (m Meeting, err error) {
	m.Early = v.lead == nil
	if m.Questions, err = v.askedQuestions(tx, asked); err != nil {
		return m, err
	}
	if m.How, m.CanCall, err = v.chosen(tx); err != nil || v.lead == nil || !v.known {
		return m, err
	}
	if m.Host, err = hostOf(tx, *v.lead); err != nil || v.page == DoorThanks {
		return m, err
	}
	m.Contacts, err = contactsOf(tx, *v.lead)
	return m, err
}

// opened is a door whose token is good: what it names, read before any transaction.
type opened struct {
	app       *App
	page      string
	id        uuid.UUID // submission or address
	serial    uint32    // of DoorPreferences
	grant     *OpenedGrant
	document  uuid.UUID
	questions []store.DocumentQuestion
}

func (a *App) openDoor(ctx context.Context, d Door) (opened, error) {
	o := opened{app: a, page: d.Page}
	switch d.Page {
	case DoorThanks:
		id, err := a.OpenReceipt(d.Token)
		if err != nil {
			return o, err
		}
		s, err := a.store.Submission(ctx, id)
		if err != nil {
			return o, err
		}
		g, _, err := a.GateNow(ctx, d.Slug)
		if err != nil {
			return o, err
		}
		if g.ID != s.GateID {
			return o, errs.New(errs.NotFound, "There is no such receipt.")
		}
		o.id, o.document = id, g.DocumentID
	case DoorPersonal:
		g, err := a.OpenGrant(ctx, d.Token)
		if err != nil {
			return o, err
		}
		if g.Expired || g.Superseded {
			return o, errs.New(errs.Gone, "This link is over. We can send a fresh one to the same address.")
		}
		o.id, o.document, o.grant = g.Grant.AddressID, g.Document.ID, &g
	case DoorPreferences:
		c, err := a.keys.Open(token.Preferences, d.Token)
		if err != nil {
			return o, errNoLink
		}
		o.id, o.serial = c.ID, c.Serial
		return o, nil
	default:
		return o, errNoLink
	}
	snap, err := a.Snapshot(ctx)
	if err == nil {
		o.questions = snap.Questions[o.document]
	}
	return o, err
}

// voice is who speaks through a door, as far as the door proves it.
type voice struct {
	page       string
	confirmed  bool
	submission *uuid.UUID // of the receipt
	address    *uuid.UUID
	lead       *uuid.UUID // nil while the submission has not become one
	document   uuid.UUID
	known      bool // the page may show who comes back: see thanksVoice
	row        store.LeadAddress
}

// voice reads who speaks; lock holds what is written to, in the order submission, address.
func (o opened) voice(tx *store.Tx, lock bool) (voice, error) {
	read := func() *store.Query {
		if lock {
			return tx.ForUpdate()
		}
		return tx.DB
	}
	if o.page == DoorThanks {
		return o.thanksVoice(tx, read)
	}
	v := voice{page: o.page, confirmed: true, known: true, document: o.document}
	if o.page == DoorPreferences {
		return v, o.app.speaker(tx, read().Where("link_serial = ?", o.serial), &v, o.id)
	}
	return v, o.app.speaker(tx, read(), &v, o.id)
}

// thanksVoice is whoever typed an address. Who comes back is named only where this request is the first that was ever
// made for the address: somebody who types the address of a person whom we know is not to learn that we do, nor whose
// customer that person is.
func (o opened) thanksVoice(tx *store.Tx, read func() *store.Query) (voice, error) {
	v := voice{page: o.page, document: o.document}
	var s store.Submission
	if err := read().Where("id = ?", o.id).Take(&s).Error; err != nil {
		return v, o.app.store.Translate(err)
	}
	if s.State == store.StateDiscarded || s.State == store.StateErased {
		return v, errs.New(errs.Gone, "This request was cancelled, so nothing more is kept with it.")
	}
	v.submission = &s.ID
	var outcomes []store.Outcome
	if err := tx.Where("submission_id = ?", s.ID).Find(&outcomes).Error; err != nil || len(outcomes) == 0 || outcomes[0].AddressID == nil {
		return v, err
	}
	if err := o.app.speaker(tx, read(), &v, *outcomes[0].AddressID); err != nil {
		return v, err
	}
	var earlier int64
	err := tx.Model(&store.Outcome{}).Joins("join submissions s on s.id = outcomes.submission_id").
		Where("outcomes.lead_id = ? and s.id <> ? and s.received_at <= ?", *v.lead, s.ID, s.ReceivedAt).Count(&earlier).Error
	if err != nil {
		return v, err
	}
	var made int64 // by hand, or merged with somebody: then we knew the person otherwise
	err = tx.Table("leads l").Where("l.id = ? and (l.created_at < ? or exists (select 1 from lead_merges m where m.into_id = l.id))", *v.lead, s.ReceivedAt).Count(&made).Error
	v.known = earlier == 0 && made == 0
	return v, err
}

// speaker reads the address that speaks and whose it is. An erased person has no voice left.
func (a *App) speaker(tx *store.Tx, read *store.Query, v *voice, address uuid.UUID) error {
	if err := read.Where("id = ?", address).Take(&v.row).Error; err != nil {
		return a.store.Translate(err)
	}
	var l store.Lead
	if err := tx.Select("id", "state").Where("id = ?", v.row.LeadID).Take(&l).Error; err != nil {
		return a.store.Translate(err)
	}
	if l.State == "erased" {
		return errNoLink
	}
	v.address, v.lead = &v.row.ID, &l.ID
	return nil
}

// own is the condition on sayings and choices that were made through this door: with this submission, or by this mailbox.
// A claim of another submission is not shown to the holder of this one, and shows nothing of what the mailbox's owner
// said.
func (v voice) own() (string, any) {
	if v.page == DoorThanks {
		return "submission_id = ? and page = 'thanks'", *v.submission
	}
	return "address_id = ?", *v.address
}

// askedQuestions are the document's, each with what was said through this door.
func (v voice) askedQuestions(tx *store.Tx, asked []store.DocumentQuestion) ([]AskedQuestion, error) {
	if len(asked) == 0 {
		return nil, nil
	}
	cond, arg := v.own()
	var ours []uuid.UUID
	err := tx.Model(&store.Saying{}).Where("kind = 'ours' and taken_back_at is null and document_id = ?", v.document).Where(cond, arg).Pluck("question_id", &ours).Error
	if err != nil {
		return nil, err
	}
	said := map[uuid.UUID]bool{}
	for _, id := range ours {
		said[id] = true
	}
	out := make([]AskedQuestion, len(asked))
	for i, q := range asked {
		out[i] = AskedQuestion{ID: q.ID, Number: int32(i + 1), Text: q.Text, Ours: said[q.ID]}
	}
	return out, nil
}

// choices are those made through this door, newest first. A mailbox's owner is not shown, and does not repeat, what others
// claimed: else one tap on "call me as before" would call the number that a stranger left.
func (v voice) choices(tx *store.Tx) (rows []store.ContactChoice, err error) {
	cond, arg := v.own()
	q := tx.Where(cond, arg)
	if v.page != DoorThanks {
		q = q.Where("state = 'confirmed'")
	}
	err = q.Order("at desc, id desc").Limit(20).Find(&rows).Error
	return rows, err
}

// chosen is the way that was chosen: to the mailbox's owner the one that binds, whoever chose it; to whoever claims, their
// own claim.
func (v voice) chosen(tx *store.Tx) (how string, canCall bool, err error) {
	rows, err := v.choices(tx)
	if err != nil {
		return "", false, err
	}
	for _, c := range rows {
		canCall = canCall || c.Tel != ""
	}
	if v.page != DoorThanks {
		var binds []string
		err = tx.Model(&store.ContactChoice{}).Where("lead_id = ? and current", *v.lead).Pluck("how", &binds).Error
		return strings.Join(binds, ""), canCall, err
	}
	if len(rows) > 0 {
		how = rows[0].How
	}
	return how, canCall, nil
}

// hostOf is the owner of a lead, as readers see them.
func hostOf(tx *store.Tx, leadID uuid.UUID) (*Host, error) {
	var hosts []Host
	err := tx.Raw(`select u.id as user_id, u.name, coalesce(p.job_title, '') as job_title, coalesce(p.photo_key, '') as photo_key, coalesce(p.booking_url, '') as booking_url
		from leads l join users u on u.id = l.owner_id and u.disabled_at is null left join user_profiles p on p.user_id = u.id where l.id = ?`, leadID).Scan(&hosts).Error
	if err != nil || len(hosts) == 0 {
		return nil, err
	}
	if !strings.HasPrefix(hosts[0].BookingURL, "https://") {
		hosts[0].BookingURL = ""
	}
	return &hosts[0], nil
}

// contactsOf are the contacts that were made with a lead, newest first: what staff did outwards, and the mails that went
// out to them by themselves. What we tell one another of a lead is no contact.
func contactsOf(tx *store.Tx, leadID uuid.UUID) (out []Contact, err error) {
	err = tx.Raw(`select at, kind from activities where lead_id = ? and direction = 'out' and kind <> 'note' and taken_back_at is null
		union all select sent_at, case when kind = 'requested' then 'document' else 'mail' end from messages where lead_id = ? and state = 'sent' and sent_at is not null
			and kind <> 'staff' order by 1 desc limit ?`, leadID, leadID, contactsShown).Scan(&out).Error
	return out, err
}

// speak opens a door for writing: a person's post, within the limits, in one transaction. What is said changes what is
// known, so the lead is scored anew and other systems are told; fn tells whether anything changed.
func (a *App) speak(ctx context.Context, d Door, who Visitor, fn func(tx *store.Tx, v voice) (bool, error)) error {
	if guard.Classify(who.Hit).Kind != guard.Human && !a.mutant("machines-are-people") {
		return errs.New(errs.Forbidden, "This needs a person at a browser.")
	}
	if a.o.Limits {
		if err := a.limiter.Said(who.IP, d.Token); err != nil {
			return err
		}
	}
	o, err := a.openDoor(ctx, d)
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		v, err := o.voice(tx, true)
		if err != nil {
			return err
		}
		if a.mutant("claim-binds") {
			v.confirmed = true
		}
		if o.grant != nil { // a person at the mailbox acted on the mail: what it answered is no mere claim any more
			if err := a.confirmClaims(tx, v.row, *o.grant); err != nil {
				return err
			}
		}
		changed, err := fn(tx, v)
		if err != nil || !changed || v.lead == nil {
			return err
		}
		return a.heard(tx, *v.lead)
	})
}

// heard is what follows from new words of readers.
func (a *App) heard(tx *store.Tx, leads ...uuid.UUID) error {
	events := make([]store.OutboxEvent, 0, len(leads))
	for _, id := range leads {
		events = append(events, store.OutboxEvent{Type: LeadChanged, LeadID: id})
	}
	if err := a.announce(tx, events...); err != nil {
		return err
	}
	for _, id := range leads {
		if err := a.weighPlan(tx, id); err != nil {
			return err
		}
	}
	return a.learnt(tx, leads...)
}

// state and when it was confirmed, of a new row.
func (v voice) state(now time.Time) (string, *time.Time) {
	if v.confirmed {
		return "confirmed", &now
	}
	return "claimed", nil
}

// sentence reads one line that a stranger typed.
func sentence(field, typed string, most int) (string, error) {
	clean, code := lead.Line(typed, true)
	switch {
	case code != "":
		return "", errs.InvalidFields(errs.Field{Field: field, Code: code, Message: lead.LineSentence(code)})
	case utf8.RuneCountInString(clean) > most:
		return "", errs.InvalidFields(errs.Field{Field: field, Code: lead.TooLong, Message: "At most " + plural(most, "character", "characters") + ", please."})
	}
	return clean, nil
}
