package crm

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const salesforceTime = "2006-01-02T15:04:05.000Z"

func salesforceMoments(at time.Time) string { return at.UTC().Format(salesforceTime) }

// Pull asks by SOQL for what changed, deleted rows included.
func (s *Salesforce) Pull(ctx context.Context, c Config, cursor string) (Page, Outcome) {
	stages, err := ParseStages(c.Get("stages", salesforceFields))
	if err != nil {
		return Page{}, (&talk{}).end(&Fault{Class: Misconfigured, Reason: errs.Public(err).Message}, nil)
	}
	if cursor == "" {
		cursor = s.client.now().UTC().Format(salesforceTime)
	}
	var p Page
	t, err := s.again(ctx, c, func(t *talk) error {
		p = Page{Cursor: cursor}
		v := s.vendor(c)
		var users struct{ Records []map[string]any }
		if err := t.get(ctx, v.root+"/query?q="+url.QueryEscape("SELECT Id,Name,Email FROM User WHERE IsActive = true LIMIT 2000"), &users); err != nil {
			return err
		}
		for _, u := range users.Records {
			if r := salesforceRecord(u); r != nil {
				p.Users = append(p.Users, User{r.id, r.props["Name"], r.props["Email"]})
			}
		}
		places := strings.SplitN(cursor+",,", ",", 4) // leads, deals, companies
		leads, deals, accounts := places[0], cmp.Or(places[1], places[0]), places[2]
		var more [3]bool
		var err error
		if leads, more[0], err = s.changed(ctx, t, v, stages, &p, Person, "Email,OwnerId,HasOptedOutOfEmail", leads); err != nil {
			return err
		}
		if deals, more[1], err = s.changed(ctx, t, v, stages, &p, Deal, "StageName,Amount,OwnerId", deals); err != nil {
			return err
		}
		if c.Get("owners", salesforceFields) == readOwners {
			if accounts == "" { // from the beginning: who owns one was often settled years ago
				accounts = salesforceMoments(time.Unix(0, 0))
			}
			if accounts, more[2], err = s.changed(ctx, t, v, stages, &p, Company, "Name,Website,OwnerId", accounts); err != nil {
				return err
			}
		}
		p.Cursor, p.More = leads+","+deals+","+accounts, more[0] || more[1] || more[2]
		return nil
	})
	return p, t.end(err, nil)
}

const salesforcePage = 200

// changed reads a page of one kind in the order of moment and id, so that no page ends within a moment for good.
func (s *Salesforce) changed(ctx context.Context, t *talk, v *salesforce, stages Stages, p *Page, object, fields, since string) (next string, more bool, err error) {
	from := placeOf(since, salesforceMoments(s.client.now()), s.client.now())
	where := "SystemModstamp >= " + from.moment
	if from.within != "" {
		where = fmt.Sprintf("(SystemModstamp > %s OR (SystemModstamp = %s AND Id > '%s'))", from.moment, from.moment, soqlQuote(from.within))
	}
	kind := v.kind(object)
	if object == Company { // an Account is read and never written: it carries no key of ours
		kind = "Account"
	} else {
		fields, where = v.key+","+fields, where+" AND "+v.key+" != null"
	}
	soql := fmt.Sprintf("SELECT Id,%s,SystemModstamp,IsDeleted FROM %s WHERE %s ORDER BY SystemModstamp, Id LIMIT %d", fields, kind, where, salesforcePage)
	var out struct{ Records []map[string]any }
	if err := t.get(ctx, v.root+"/queryAll?q="+url.QueryEscape(soql), &out); err != nil {
		return since, false, err
	}
	last, lastID := from.moment, ""
	for _, rec := range out.Records {
		r := salesforceRecord(rec)
		if r == nil {
			continue
		}
		at := salesforceMoment(r.props["SystemModstamp"])
		owner := r.props["OwnerId"]
		ch := Change{Object: object, Kind: kind, ID: r.id, Key: r.props[v.key], Email: r.props["Email"],
			At: at, Owner: &owner, OptOut: r.props["HasOptedOutOfEmail"] == "true", Deleted: r.props["IsDeleted"] == "true"}
		if object == Company {
			ch.Domain, ch.Name = r.props["Website"], r.props["Name"]
		}
		if object == Deal {
			ch.TheirStage = r.props["StageName"]
			if ours, ok := stages.ours(ch.TheirStage); ok {
				ch.Stage = &ours
			}
			if v := r.props["Amount"]; v != "" {
				ch.Value = &v
			}
		}
		p.Changes = append(p.Changes, ch.keyed(kind+"/"+r.id+"/"+r.props["SystemModstamp"]))
		last, lastID = max(last, at.Format(salesforceTime)), r.id
	}
	if len(out.Records) == salesforcePage {
		return from.on(last, lastID), true, nil
	}
	return from.over(last, salesforceMoments), false, nil
}

func salesforceMoment(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", salesforceTime, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Hook refuses: Salesforce posts nothing that we take.
func (s *Salesforce) Hook(Config, Hook) ([]Change, error) { return nil, errNoHooks }
