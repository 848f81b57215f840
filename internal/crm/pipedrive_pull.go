package crm

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const pipedriveTime = "2006-01-02 15:04:05"

const pipedrivePage = 200

func pipedriveMoment(at time.Time) string { return at.UTC().Format(pipedriveTime) }

// Pull reads what their list of recent changes says, in its order, and then their organizations.
func (p *Pipedrive) Pull(ctx context.Context, c Config, cursor string) (Page, Outcome) {
	s, err := p.sync(c, Call{})
	if err != nil {
		return Page{}, (&talk{}).end(err, nil)
	}
	page := Page{Cursor: cursor}
	recent, orgs, _ := strings.Cut(cursor, ",")
	var users struct{ Data []pipedriveUser }
	if err := s.t.get(ctx, "/v1/users", &users); err != nil {
		return page, s.t.end(err, nil)
	}
	for _, u := range users.Data {
		page.Users = append(page.Users, User{u.ID.String(), u.Name, u.Email})
	}
	recent, page.More, err = p.recent(ctx, s, &page, recent)
	if err == nil && c.Get("owners", pipedriveFields) == readOwners {
		var more bool
		orgs, more, err = p.organizations(ctx, s, &page, orgs)
		page.More = page.More || more
	}
	page.Cursor = recent + "," + orgs
	return page, s.t.end(err, nil)
}

// recent reads a page of what changed of persons and deals, and gives the place where to go on.
func (p *Pipedrive) recent(ctx context.Context, s *sync, page *Page, cursor string) (next string, more bool, err error) {
	now := p.client.now()
	from := placeOf(cursor, pipedriveMoment(now), now)
	start, _ := strconv.Atoi(from.within) // how many of the changes since then were read
	var out struct {
		Data []struct {
			Item string
			ID   json.Number
			Data map[string]any
		}
		AdditionalData struct {
			LastTimestampOnPage string `json:"last_timestamp_on_page"`
			Pagination          struct {
				More bool `json:"more_items_in_collection"`
			}
		} `json:"additional_data"`
	}
	path := "/v1/recents?since_timestamp=" + url.QueryEscape(from.moment) + "&items=person,deal&limit=" + strconv.Itoa(pipedrivePage)
	if start > 0 {
		path += "&start=" + strconv.Itoa(start)
	}
	if err := s.t.get(ctx, path, &out); err != nil {
		return cursor, false, err
	}
	for _, e := range out.Data {
		if ch, ok := p.change(s, e.Item, e.ID.String(), e.Data); ok {
			page.Changes = append(page.Changes, ch)
		}
	}
	last := max(out.AdditionalData.LastTimestampOnPage, from.moment)
	switch more = out.AdditionalData.Pagination.More && len(out.Data) > 0; {
	case more && last > from.moment:
		return from.on(last, ""), true, nil
	case more:
		return from.on(from.moment, strconv.Itoa(start+len(out.Data))), true, nil
	}
	return from.over(last, pipedriveMoment), false, nil
}

const pipedriveOrganizations = 500

func pipedriveStamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// organizations reads a page of them in the order of their changes, from the beginning: who owns one was often settled years
// ago. The list of recent changes reaches back a month only.
func (p *Pipedrive) organizations(ctx context.Context, s *sync, page *Page, cursor string) (next string, more bool, err error) {
	from := placeOf(cursor, pipedriveStamp(time.Unix(0, 0)), p.client.now())
	path := "/api/v2/organizations?updated_since=" + url.QueryEscape(from.moment) + "&sort_by=update_time&sort_direction=asc&limit=" + strconv.Itoa(pipedriveOrganizations)
	if from.within != "" { // their own word for the next page of the same question
		path += "&cursor=" + url.QueryEscape(from.within)
	}
	var out struct {
		Data           []map[string]any
		AdditionalData struct {
			NextCursor string `json:"next_cursor"`
		} `json:"additional_data"`
	}
	err = s.t.get(ctx, path, &out)
	if isStatus(err, http.StatusBadRequest) && from.within != "" { // their word holds no longer: the question is put anew
		return from.moment, true, nil
	}
	if err != nil {
		return cursor, false, err
	}
	last := from.moment
	if len(out.Data) == 0 && from.within != "" { // the page before was the last one, though they did not know yet
		last = pipedriveStamp(time.UnixMilli(from.began))
	}
	for _, data := range out.Data {
		r := pipedriveRecord(data)
		if r == nil {
			continue
		}
		ch := Change{Object: Company, Kind: "organization", ID: r.id, Domain: r.props["website"], Name: r.props["name"]}
		if at, err := time.Parse(time.RFC3339, r.props["update_time"]); err == nil {
			ch.At, last = at.UTC(), max(last, pipedriveStamp(at))
		}
		owner := r.props["owner_id"]
		ch.Owner = &owner
		page.Changes = append(page.Changes, ch.keyed("organization/"+r.id))
	}
	if out.AdditionalData.NextCursor != "" && len(out.Data) > 0 {
		return from.on(from.moment, out.AdditionalData.NextCursor), true, nil
	}
	return from.over(last, pipedriveStamp), false, nil
}

// change reads one of theirs, as the list of recents and the webhooks show it.
func (p *Pipedrive) change(s *sync, item, id string, data map[string]any) (Change, bool) {
	v := s.v.(*pipedrive)
	data["id"] = id
	deleted := data["active_flag"] == false || data["is_deleted"] == true || data["status"] == "deleted"
	delete(data, "is_deleted")
	if o, ok := data["owner_id"].(map[string]any); ok { // version 1 shows the whole user
		data["owner_id"] = o["id"]
	}
	if o, ok := data["user_id"].(map[string]any); ok && data["owner_id"] == nil {
		data["owner_id"] = o["id"]
	}
	for one, many := range map[string]string{"email": "emails"} {
		if data[many] == nil {
			data[many] = data[one]
		}
	}
	r := pipedriveRecord(data)
	if r == nil {
		return Change{}, false
	}
	at, _ := time.Parse(pipedriveTime, r.props["update_time"])
	if at.IsZero() {
		at, _ = time.Parse(time.RFC3339, r.props["update_time"])
	}
	ch := Change{Object: Person, Kind: "person", ID: id, Key: r.props[v.keys[Person]], Email: r.props["emails"], At: at.UTC(), Deleted: deleted,
		OptOut: r.props["marketing_status"] == "unsubscribed"}
	if o, ok := r.props["owner_id"]; ok {
		ch.Owner = &o
	}
	if item == "deal" {
		ch.Object, ch.Kind, ch.Key, ch.TheirStage = Deal, "deal", r.props[v.keys[Deal]], r.props["stage_id"]
		if ours, ok := s.stages.ours(ch.TheirStage); ok {
			ch.Stage = &ours
		}
		if val, ok := r.props["value"]; ok {
			ch.Value = &val
		}
		ch.Currency, ch.Reason = r.props["currency"], r.props["lost_reason"]
	}
	return ch.keyed(item + "/" + id + "/" + r.props["update_time"]), item == "person" || item == "deal"
}

// Hook takes their webhooks: they sign in with a name and a password, nothing else.
func (p *Pipedrive) Hook(c Config, h Hook) ([]Change, error) {
	user, password := c.Settings["hook_user"], c.Secrets["hook_password"]
	if user == "" || password == "" {
		return nil, errNoHooks
	}
	gotUser, gotPassword, ok := (&http.Request{Header: h.Header}).BasicAuth()
	if !ok || subtle.ConstantTimeCompare([]byte(gotUser), []byte(user))&subtle.ConstantTimeCompare([]byte(gotPassword), []byte(password)) != 1 {
		return nil, errBadSignature
	}
	var in struct {
		Meta struct {
			ID       string      `json:"id"`
			Action   string      `json:"action"`
			Entity   string      `json:"entity"`
			EntityID json.Number `json:"entity_id"`
		} `json:"meta"`
		Data     map[string]any `json:"data"`
		Previous map[string]any `json:"previous"`
	}
	d := json.NewDecoder(strings.NewReader(string(h.Body)))
	if err := d.Decode(&in); err != nil {
		return nil, errs.New(errs.Malformed, "The body is not the JSON of Pipedrive's webhooks.")
	}
	s, err := p.sync(c, Call{})
	if err != nil {
		return nil, errs.New(errs.Invalid, "The settings of this connector cannot be read.")
	}
	if in.Meta.Action == "delete" || in.Meta.Action == "deleted" {
		in.Data = map[string]any{"is_deleted": true, "update_time": h.Now.UTC().Format(pipedriveTime)}
	}
	if in.Data == nil {
		return nil, nil
	}
	ch, ok := p.change(s, in.Meta.Entity, in.Meta.EntityID.String(), in.Data)
	if !ok {
		return nil, nil
	}
	if in.Meta.ID != "" {
		ch.EventKey = "hook/" + in.Meta.ID
	}
	return []Change{ch}, nil
}
