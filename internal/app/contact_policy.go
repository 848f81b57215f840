package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// contactOf gathers all that decides whether a lead may be approached now.
func (a *App) contactOf(db *store.Query, l store.Lead) (pipeline.Contact, error) {
	settings, err := settingsOf(db)
	if err != nil {
		return pipeline.Contact{}, err
	}
	var sales store.SalesSettings
	if err := db.Where("id = 1").Take(&sales).Error; err != nil {
		return pipeline.Contact{}, err
	}
	return a.contactUnder(db, l, settings.Zone(), sales)
}

// contactUnder is contactOf where the settings are known.
func (a *App) contactUnder(db *store.Query, l store.Lead, zone *time.Location, sales store.SalesSettings) (pipeline.Contact, error) {
	c := pipeline.Contact{Now: a.now(), Told: zone, PerWeek: int(sales.TouchesPerWeek), Quiet: pipeline.Quiet{From: int(sales.QuietFrom), Until: int(sales.QuietUntil)}}
	for _, part := range []func(*store.Query, store.Lead, *pipeline.Contact) error{a.contactAddresses, a.contactChoice, contactGrounds, contactTouches} {
		if err := part(db, l, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// contactAddresses are the ways to reach somebody, and what stops them.
func (a *App) contactAddresses(db *store.Query, l store.Lead, c *pipeline.Contact) error {
	var addresses []string
	if err := db.Model(&store.LeadAddress{}).Where("lead_id = ?", l.ID).Pluck("address", &addresses).Error; err != nil {
		return err
	}
	c.HasMail = len(addresses) > 0
	bounced := 0
	for _, address := range addresses {
		var rows []store.Suppression
		if err := db.Where("address_key in ? and lifted_at is null", a.addressKeys(address)).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			switch r.Kind {
			case "never", "spam_report":
				c.Never = true
			case "hard_bounce":
				bounced++
			case "unsubscribed":
				c.Unsubscribed = true
				if r.At.After(c.RefusedAt) {
					c.RefusedAt = r.At
				}
			}
		}
	}
	c.Bounced = bounced > 0 && bounced >= len(addresses)
	var blocks []struct {
		Channel, Reason, By string
		At                  time.Time
	}
	err := db.Raw(`select b.channel, b.reason, coalesce(nullif(u.name, ''), u.email, 'the system') as by, b.at from approach_blocks b left join users u on u.id = b.by_id
		where b.lead_id = ? and b.lifted_at is null order by b.at`, l.ID).Scan(&blocks).Error
	for _, b := range blocks {
		c.Blocks = append(c.Blocks, pipeline.Block{Channel: b.Channel, Reason: b.Reason, By: b.By, At: b.At})
	}
	return err
}

// contactChoice is what the reader chose, the number to call, and where they probably are. A number that was confirmed with
// the choice is the one to call; one that was only claimed never takes the place of one that is known.
func (a *App) contactChoice(db *store.Query, l store.Lead, c *pipeline.Contact) error {
	c.Tel = l.Tel
	var rows []store.ContactChoice
	if err := db.Where("lead_id = ? and current", l.ID).Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) > 0 {
		r := rows[0]
		c.Choice, c.ChoiceAt, c.ChoiceSaid = r.How, r.At, r.State == "confirmed" || a.mutant("claim-permits")
		switch {
		case r.Tel == "" || r.Tel == l.Tel:
		case c.ChoiceSaid:
			c.Tel = r.Tel
		case l.Tel == "":
			c.Tel, c.TelClaimed = r.Tel, true
		default:
			c.TelOther = true
		}
	}
	c.HasTel = c.Tel != ""
	if c.Zone, c.ZoneFrom = pipeline.GuessZone(c.Tel, l.Country, c.Told); len(rows) > 0 {
		readSlots(rows[0].Slots, c)
	}
	return nil
}

// readSlots are the times that a reader named for a call. Words alone are shown and bind nobody's clock; a zone that was
// named is better than a guess, where it was confirmed.
func readSlots(slots []store.Slot, c *pipeline.Contact) {
	words := []string{}
	for _, s := range slots {
		there := c.Zone
		if z, err := time.LoadLocation(s.Zone); err == nil && s.Zone != "" {
			if there = z; c.ChoiceSaid {
				c.Zone, c.ZoneFrom = z, ""
			} else {
				c.Claimed = z
			}
		}
		timed := s.Until.After(s.From)
		if timed {
			c.Slots = append(c.Slots, pipeline.Slot{From: s.From, Until: s.Until})
		}
		switch {
		case s.Words != "":
			words = append(words, "“"+s.Words+"”")
		case timed:
			words = append(words, s.From.In(there).Format("Mon 2 Jan, 15:04")+" to "+s.Until.In(there).Format("15:04")+" their time")
		}
	}
	c.SlotsInWord = strings.Join(words, " or ")
}

// contactGrounds are what they asked for and what they agreed to.
func contactGrounds(db *store.Query, l store.Lead, c *pipeline.Contact) error {
	var asked []struct {
		At    time.Time
		Title string
		Said  bool
	}
	err := db.Raw(`select s.received_at as at, `+gateTitle+` as title, coalesce(ad.confirmed_at >= s.received_at, false)
			or exists (select 1 from lead_values x where x.submission_id = s.id and x.state = 'confirmed')
			or exists (select 1 from downloads d where d.lead_id = o.lead_id and d.at >= s.received_at) as said
		from outcomes o join submissions s on s.id = o.submission_id join gates g on g.id = s.gate_id left join lead_addresses ad on ad.id = o.address_id
		left join gate_versions v on v.id = g.published_version_id where o.lead_id = ? order by s.received_at desc limit 1`, l.ID).Scan(&asked).Error
	if err != nil {
		return err
	}
	if len(asked) > 0 {
		c.AskedAt, c.AskedFor, c.AskedSaid = asked[0].At, "“"+asked[0].Title+"”", asked[0].Said
	}
	if err := db.Raw("select exists ("+agreedToMarketing+") from leads l where l.id = ?", l.ID).Scan(&c.Agreed).Error; err != nil {
		return err
	}
	var origins []store.LeadOrigin
	if err := db.Raw(originsOf, l.ID, l.ID).Scan(&origins).Error; err != nil {
		return err
	}
	for _, o := range origins {
		c.Origins = append(c.Origins, pipeline.Origin{Kind: o.Kind, Basis: o.LegalBasis, Covers: o.Ways()})
	}
	return nil
}

// originsOf are where a lead came from by hand: its own first, then those of the leads that were merged into it, which go
// with them when that is undone.
const originsOf = `with recursive same(id) as (select ?::uuid union select l.id from leads l join same s on l.merged_into = s.id)
	select o.* from lead_origins o join same s on s.id = o.lead_id order by o.lead_id <> ?, o.at desc, o.lead_id`

// contactTouches are what came back, and what went out since. Only what is known to be theirs opens anything: a question that
// nobody confirmed, or a mail whose sender nobody verified, may come from anybody who knows the address.
func contactTouches(db *store.Query, l store.Lead, c *pipeline.Contact) error {
	var t struct{ Mailed, Answered *time.Time }
	err := db.Raw(`select max(at) filter (where direction = 'out' and kind = 'mail') as mailed, greatest(max(at) filter (where direction = 'in' and (how <> 'reply' or sender = ?)),
		(select max(s.at) from sayings s where s.lead_id = ? and s.kind = 'ask' and s.state = 'confirmed' and s.taken_back_at is null)) as answered
		from activities where lead_id = ? and taken_back_at is null`, store.SenderVerified, l.ID, l.ID).Scan(&t).Error
	if err != nil {
		return err
	}
	if t.Mailed != nil {
		c.Mailed = *t.Mailed
	}
	since := c.Now.AddDate(0, 0, -7)
	if t.Answered != nil {
		if c.Answered = *t.Answered; c.Answered.After(since) {
			since = c.Answered
		}
	}
	return db.Raw("select count(*) from activities where lead_id = ? and taken_back_at is null and direction = 'out' and kind <> 'note' and at > ?", l.ID, since).Scan(&c.Touches).Error
}

// MayApproach answers "why may I?" for a lead and a channel now.
func (a *App) MayApproach(ctx context.Context, id uuid.UUID, channel string) (pipeline.Allowance, error) {
	l, err := a.store.Lead(ctx, id)
	if err != nil {
		return pipeline.Allowance{}, err
	}
	c, err := a.contactOf(a.store.DB(ctx), l)
	return c.Allows(channel), a.store.Translate(err)
}

// tellManager lets the manager of sales, and those who look after the installation, know that somebody went beyond the
// contact policy. The sentence names who did and which rule, not the lead; where nobody could be asked before it happened
// it says that the reason is still to come.
func (a *App) tellManager(tx *store.Tx, lead uuid.UUID, by store.Actor, al pipeline.Allowance, asked bool) error {
	object := store.NewID().String()
	reason := "The reason stands with the activity, on the lead's page."
	if asked {
		reason = "Nobody could be asked before: whoever sent it is asked now, and the reason will stand with the activity, on the lead's page."
	}
	sentence := by.Name + " approached a lead (" + al.Channel + ") beyond the contact policy: " + beyondWords[al.Beyond] + ". " + reason
	if err := tx.Raise("beyond-policy", lead.String()+" "+object, sentence); err != nil {
		return err
	}
	var sales store.SalesSettings
	if err := tx.Where("id = 1").Take(&sales).Error; err != nil || sales.ManagerUserID == nil {
		return err
	}
	var admin int64 // administrators hear of every alarm
	if err := tx.Model(&store.User{}).Where("id = ? and (role = 'admin' or disabled_at is not null)", *sales.ManagerUserID).Count(&admin).Error; err != nil || admin > 0 {
		return err
	}
	var ids []uuid.UUID
	if err := tx.Model(&store.Alarm{}).Where("kind = 'beyond-policy' and object = ? and cleared_at is null", lead.String()+" "+object).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return err
	}
	return a.staffMail(tx, *sales.ManagerUserID, "alarm", map[string]any{"alarm": ids[0].String()})
}

// beyondWords say which rule of the contact policy a touch went beyond.
var beyondWords = map[string]string{
	pipeline.BeyondBlock: "there is a “do not approach”", pipeline.BeyondChoice: "the reader chose otherwise", pipeline.BeyondRefusal: "the reader wants no mail",
	pipeline.BeyondConsent: "nobody agreed to it", pipeline.BeyondAddress: "there is no address or number that works", pipeline.BeyondTouches: "too often within a week",
	pipeline.BeyondQuiet: "at a quiet hour", pipeline.BeyondSlot: "at another time than the one named",
	pipeline.BeyondClaim: "nobody has confirmed the number",
}
