package crm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const hubspotPage = 100

func hubspotTime(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// hubspotCursor reads "contacts,deals,companies". Companies are read from their beginning: who owns one was often settled
// years ago.
func hubspotCursor(cursor string, now time.Time) (places [3]place) {
	texts, begin := strings.SplitN(cursor+",,", ",", 4), [3]string{hubspotTime(now), hubspotTime(now), "0"}
	for i := range places {
		places[i] = placeOf(texts[i], begin[i], now)
	}
	return places
}

// Pull reads who and what changed since.
func (h *HubSpot) Pull(ctx context.Context, c Config, cursor string) (Page, Outcome) {
	s, err := h.sync(c, Call{})
	if err != nil {
		return Page{}, (&talk{}).end(err, nil)
	}
	v, p := s.v.(*hubspot), Page{}
	at, next := hubspotCursor(cursor, h.client.now()), [3]string{}
	var owners struct{ Results []hubspotOwner }
	err = s.t.get(ctx, "/crm/v3/owners/?limit=100&archived=false", &owners)
	for _, o := range owners.Results {
		p.Users = append(p.Users, User{o.ID, strings.TrimSpace(o.FirstName + " " + o.LastName), o.Email})
	}
	if err == nil {
		next[0], err = h.changed(ctx, s, &p, Person, "lastmodifieddate", at[0], []string{v.key, "email", "hubspot_owner_id", "hs_email_optout"})
	}
	if err == nil {
		next[1], err = h.changed(ctx, s, &p, Deal, "hs_lastmodifieddate", at[1], []string{v.key, "dealstage", "amount", "hubspot_owner_id", "deal_currency_code", "closed_lost_reason"})
	}
	if err == nil && c.Get("owners", hubspotFields) == readOwners {
		next[2], err = h.changed(ctx, s, &p, Company, "hs_lastmodifieddate", at[2], []string{v.key, "domain", "name", "hubspot_owner_id"})
	}
	p.Cursor = strings.Join(next[:], ",")
	return p, s.t.end(err, nil)
}

type hubspotFilter struct {
	Property string `json:"propertyName"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

// changed reads a page of one kind, oldest change first, and gives the place where to go on. The moment of the last one is
// asked for again: others may have changed in it. A page full of one moment is read by id instead, until that moment is over.
func (h *HubSpot) changed(ctx context.Context, s *sync, p *Page, object, since string, from place, props []string) (string, error) {
	v := s.v.(*hubspot)
	filters, sort := []hubspotFilter{{since, "GTE", from.moment}}, since
	if from.within != "" {
		filters, sort = append(filters, hubspotFilter{since, "LTE", from.moment}, hubspotFilter{"hs_object_id", "GT", from.within}), "hs_object_id"
	}
	var out struct{ Results []hubspotObject }
	in := map[string]any{"filterGroups": []any{map[string]any{"filters": filters}}, "sorts": []any{map[string]any{"propertyName": sort, "direction": "ASCENDING"}},
		"properties": append(props, since), "limit": hubspotPage}
	if err := s.t.ask(ctx, http.MethodPost, v.prefix+"/"+v.kind(object)+"/search", in, &out); err != nil {
		return "", err
	}
	last := from.moment
	for _, o := range out.Results {
		r := o.remote()
		ch := Change{EventKey: fmt.Sprintf("%s/%s/%d", v.kind(object), o.ID, o.UpdatedAt.UnixMilli()), Object: object, Kind: v.kind(object), ID: o.ID, Key: r.props[v.key],
			Email: r.props["email"], At: o.UpdatedAt, Deleted: o.Archived}
		owner := r.props["hubspot_owner_id"]
		ch.Owner = &owner
		if object == Deal {
			h.deal(s.stages, &ch, r.props)
		}
		if object == Company {
			ch.Domain, ch.Name = r.props["domain"], r.props["name"]
		}
		ch.OptOut = r.props["hs_email_optout"] == "true"
		p.Changes = append(p.Changes, ch)
		last = max(last, hubspotTime(o.UpdatedAt))
	}
	full := len(out.Results) == hubspotPage
	p.More = p.More || full || from.within != ""
	switch {
	case full && from.within != "":
		return from.on(from.moment, out.Results[hubspotPage-1].ID), nil
	case full && last == from.moment:
		return from.on(from.moment, "0"), nil
	case full:
		return from.on(last, ""), nil
	case from.within != "":
		ms, err := strconv.ParseInt(from.moment, 10, 64)
		return from.on(strconv.FormatInt(ms+1, 10), ""), err
	}
	return from.over(last, hubspotTime), nil
}

func (h *HubSpot) deal(stages Stages, ch *Change, props map[string]string) {
	ch.TheirStage = props["dealstage"]
	if ours, ok := stages.ours(ch.TheirStage); ok {
		ch.Stage = &ours
	}
	if v := props["amount"]; v != "" {
		ch.Value = &v
	}
	ch.Currency, ch.Reason = props["deal_currency_code"], props["closed_lost_reason"]
}

// Hook takes HubSpot's webhooks, version 3 of the signature: HMAC-SHA-256 over method, address, body and time.
func (h *HubSpot) Hook(c Config, k Hook) ([]Change, error) {
	secret := c.Secrets["client_secret"]
	if secret == "" {
		return nil, errNoHooks
	}
	stamp := k.Header.Get("X-HubSpot-Request-Timestamp")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if age := k.Now.Sub(time.UnixMilli(ms)); err != nil || age > hookAge || age < -hookAge {
		return nil, errBadSignature
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(k.Method + k.URL))
	m.Write(k.Body)
	m.Write([]byte(stamp))
	got, err := base64.StdEncoding.DecodeString(k.Header.Get("X-HubSpot-Signature-v3"))
	if err != nil || !hmac.Equal(got, m.Sum(nil)) {
		return nil, errBadSignature
	}
	var in []struct {
		EventID          json.Number `json:"eventId"`
		SubscriptionType string      `json:"subscriptionType"`
		ObjectID         json.Number `json:"objectId"`
		PropertyName     string      `json:"propertyName"`
		PropertyValue    string      `json:"propertyValue"`
		OccurredAt       int64       `json:"occurredAt"`
	}
	if err := json.Unmarshal(k.Body, &in); err != nil {
		return nil, errs.New(errs.Malformed, "The body is not the JSON of HubSpot's webhooks.")
	}
	stages, err := ParseStages(c.Get("stages", hubspotFields))
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, e := range in {
		what, event, _ := strings.Cut(e.SubscriptionType, ".")
		ch := Change{EventKey: fmt.Sprintf("hook/%s/%s/%s", e.EventID, e.ObjectID, e.SubscriptionType), Object: Person, Kind: "contacts", ID: e.ObjectID.String(), At: time.UnixMilli(e.OccurredAt).UTC()}
		switch what {
		case "contact":
		case "company":
			ch.Object, ch.Kind = Company, "companies"
		case "deal":
			ch.Object, ch.Kind = Deal, "deals"
		default:
			continue
		}
		v := e.PropertyValue
		switch {
		case event == "deletion", event == "privacyDeletion":
			ch.Deleted = true
		case e.PropertyName == "hubspot_owner_id":
			ch.Owner = &v
		case e.PropertyName == "hs_email_optout" && v == "true":
			ch.OptOut = true
		case slices.Contains([]string{"dealstage", "amount"}, e.PropertyName) && what == "deal":
			h.deal(stages, &ch, map[string]string{e.PropertyName: v})
		default:
			continue
		}
		out = append(out, ch)
	}
	return out, nil
}
