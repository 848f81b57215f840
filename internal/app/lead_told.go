package app

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// news is what other systems may know of a person and a deal, read when they are told.
type news struct {
	erased  bool
	merged  *uuid.UUID // into another lead
	sales   bool       // qualified, or in somebody's hands
	values  crm.Values
	company *uuid.UUID
	deal    *store.Deal
	owner   *store.User
	said    []toldSaying
}

type toldSaying struct {
	Kind      string `json:"kind"`
	Question  string `json:"question,omitempty"`
	Text      string `json:"text,omitempty"`
	Confirmed bool   `json:"confirmed"`
}

// tell reads it. deal may be nil.
func (a *App) tell(tx *store.Tx, id uuid.UUID, deal *uuid.UUID) (t news, err error) {
	var l store.Lead
	if err := tx.Where("id = ?", id).Take(&l).Error; err != nil {
		return t, err
	}
	if t.erased = l.State == "erased"; t.erased {
		t.values = crm.Values{}
		return t, nil
	}
	v := crm.Values{"email": l.Email, "given_name": l.GivenName, "family_name": l.FamilyName, "company": l.Company, "job_title": l.JobTitle, "tel": l.Tel, "country": l.Country,
		"source": l.Source, "key": l.ID.String(), "link": a.o.BaseURL + "/admin/leads/" + l.ID.String()}
	v["name"] = strings.TrimSpace(l.GivenName + " " + l.FamilyName)
	if v["name"] == "" {
		v["name"] = l.Email
	}
	t.values, t.sales, t.merged, t.company = v, l.OwnerID != nil, l.MergedInto, l.CompanyID
	if err := tellCompany(tx, &t); err != nil {
		return t, err
	}
	if l.OwnerID != nil {
		t.owner = &store.User{}
		if err := tx.Where("id = ?", *l.OwnerID).Take(t.owner).Error; err != nil {
			return t, err
		}
		v["owner_email"], v["owner_name"] = t.owner.Email, t.owner.Name
	}
	for _, step := range []func(*store.Tx, store.Lead, *news) error{a.tellConsent, tellScore, tellSaid} {
		if err := step(tx, l, &t); err != nil {
			return t, err
		}
	}
	if deal != nil {
		return t, readDeal(tx, *deal, &t)
	}
	return t, nil
}

// tellCompany says where the person works.
func tellCompany(tx *store.Tx, t *news) error {
	if t.company == nil {
		return nil
	}
	var rows []struct{ Name, Domain string }
	err := tx.Raw(`select c.name, coalesce((select d.domain from company_domains d where d.company_id = c.id order by d.created_at, d.domain limit 1), '') as domain
		from companies c where c.id = ?`, *t.company).Scan(&rows).Error
	if len(rows) > 0 {
		t.values["company_name"], t.values["company_domain"], t.values["company_key"] = rows[0].Name, rows[0].Domain, t.company.String()
	}
	return err
}

// tellConsent says where the person stands with marketing and how they want to be met.
func (a *App) tellConsent(tx *store.Tx, l store.Lead, t *news) error {
	var addresses []store.LeadAddress
	if err := tx.Where("lead_id = ?", l.ID).Find(&addresses).Error; err != nil {
		return err
	}
	t.values["consent"] = "unknown"
	refused := false // by any of their addresses: it is one person
	for _, ad := range addresses {
		c, err := tx.Consent(ad.ID, "marketing", lead.Consent{})
		if err != nil {
			return err
		}
		if ad.Address == l.Email || len(addresses) == 1 {
			t.values["consent"] = map[lead.ConsentState]string{lead.NoConsent: "unknown", lead.ConsentClaimed: "claimed", lead.ConsentConfirmed: "yes", lead.ConsentWithdrawn: "no"}[c.State]
		}
		stops, err := tx.Suppressions(a.addressKeys(ad.Address))
		if err != nil {
			return err
		}
		refused = refused || c.State == lead.ConsentWithdrawn
		for _, kind := range []string{"unsubscribed", "never", "spam_report"} {
			_, stopped := stops[kind]
			refused = refused || stopped
		}
	}
	if refused {
		t.values["consent"] = "no"
	}
	var choice []store.ContactChoice
	if err := tx.Where("lead_id = ? and current", l.ID).Limit(1).Find(&choice).Error; err != nil {
		return err
	}
	if len(choice) > 0 {
		t.values["contact_choice"] = choice[0].How
	}
	return nil
}

func tellScore(tx *store.Tx, l store.Lead, t *news) error {
	var rows []store.Score
	if err := tx.Where("lead_id = ?", l.ID).Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) > 0 {
		t.values["grade"], t.values["score"] = rows[0].Grade, strconv.Itoa(int(rows[0].Fit+rows[0].Engagement)/100)
		t.sales = t.sales || rows[0].QualifiedAt != nil
	}
	return nil
}

// tellSaid is what the reader said and asked for.
func tellSaid(tx *store.Tx, l store.Lead, t *news) error {
	var rows []struct{ Kind, Question, Text, State string }
	err := tx.Raw(`select s.kind, coalesce(q.text, '') as question, s.text, s.state from sayings s left join document_questions q on q.id = s.question_id
		where s.lead_id = ? and s.taken_back_at is null order by s.at, s.id limit 50`, l.ID).Scan(&rows).Error
	if err != nil {
		return err
	}
	var lines []string
	for _, r := range rows {
		t.said = append(t.said, toldSaying{r.Kind, r.Question, r.Text, r.State == "confirmed"})
		if r.Kind == "ours" {
			lines = append(lines, "This one is us: "+cmp.Or(r.Text, r.Question)) // the question in the words in which it stood there
		} else {
			lines = append(lines, "Asks: "+r.Text)
		}
	}
	t.values["said"] = strings.Join(lines, "\n")
	if t.values["document"], err = askedFor(tx.DB, l.ID); t.values["document"] == "" {
		delete(t.values, "document")
	}
	return err
}

// askedFor is the title of the document that a lead asked for last; "" for one who asked for none.
func askedFor(db *store.Query, lead uuid.UUID) (string, error) {
	var titles []string
	err := db.Raw(`select d.title from outcomes o join grants g on g.id = o.grant_id join documents d on d.id = g.document_id join submissions s on s.id = o.submission_id
		where o.lead_id = ? order by s.received_at desc limit 1`, lead).Scan(&titles).Error
	if err != nil || len(titles) == 0 {
		return "", err
	}
	return titles[0], nil
}

func readDeal(tx *store.Tx, id uuid.UUID, t *news) error {
	t.deal = &store.Deal{}
	if err := tx.Where("id = ?", id).Take(t.deal).Error; err != nil {
		return err
	}
	d, v := t.deal, t.values
	v["deal_title"], v["deal_stage"], v["deal_currency"], v["deal_reason"], v["deal_key"] = d.Title, d.Stage, d.Currency, d.Reason, d.ID.String()
	if d.Value != nil {
		v["deal_value"] = major(*d.Value, d.Currency)
	}
	settings, err := settingsOf(tx.DB)
	if err != nil {
		return err
	}
	if d.Currency != settings.Currency {
		v[crm.ForeignMoney] = "yes"
	}
	if d.ExpectedOn != nil {
		v["deal_expected"] = d.ExpectedOn.Format(time.DateOnly)
	}
	var owner store.User
	if err := tx.Where("id = ?", d.OwnerID).Take(&owner).Error; err != nil {
		return err
	}
	v["deal_owner_email"] = owner.Email
	var titles []string
	err = tx.Model(&store.DealStage{}).Where("key = ?", d.Stage).Pluck("title", &titles).Error
	if len(titles) > 0 {
		v["deal_stage_title"] = titles[0]
	}
	return err
}

// eventData is what a webhook says of an event. It stays below 20 KB: what people typed is bounded where it is taken.
func (t news) eventData(e store.OutboxEvent, as *store.Assignment) map[string]any {
	l := map[string]any{"id": e.LeadID}
	out := map[string]any{"lead": l}
	if len(e.Detail) > 2 {
		out["detail"] = e.Detail
	}
	if e.SubmissionID != nil {
		out["submission"] = map[string]any{"id": *e.SubmissionID}
	}
	if t.erased {
		l["erased"] = true
		return out
	}
	if t.merged != nil {
		l["merged_into"] = *t.merged
		return out
	}
	for _, name := range []string{"email", "given_name", "family_name", "company", "job_title", "tel", "country", "source", "document", "grade", "consent", "contact_choice", "link"} {
		if v := t.values[name]; v != "" {
			l[name] = v
		}
	}
	if len(t.said) > 0 {
		l["said"] = t.said
	}
	if t.owner != nil {
		l["owner"] = map[string]any{"id": t.owner.ID, "name": t.owner.Name, "email": t.owner.Email}
	}
	if as != nil {
		out["assignment"] = map[string]any{"id": as.ID, "state": as.State, "owner_id": as.OwnerID, "reason": as.Reason, "close_reason": as.CloseReason}
	}
	if d := t.deal; d != nil {
		out["deal"] = map[string]any{"id": d.ID, "title": d.Title, "stage": d.Stage, "state": d.State, "value": d.Value, "currency": d.Currency, "expected_on": t.values["deal_expected"], "reason": d.Reason}
	}
	return out
}

// major writes minor units as others read them: "1250" or "1250.50".
func major(value int64, currency string) string {
	digits, _ := pipeline.Scale(currency)
	s := strconv.FormatInt(value, 10)
	if digits == 0 {
		return s
	}
	for len(s) <= digits {
		s = "0" + s
	}
	whole, part := s[:len(s)-digits], s[len(s)-digits:]
	if strings.Trim(part, "0") == "" {
		return whole
	}
	return whole + "." + part
}

// minor reads what major wrote, and what others write; false for anything that is no amount, or one that is too large to
// be added up.
func minor(text, currency string) (int64, bool) {
	whole, part, _ := strings.Cut(strings.TrimSpace(text), ".")
	digits, ok := pipeline.Scale(currency)
	if !ok {
		return 0, false
	}
	if len(part) > digits {
		if strings.Trim(part[digits:], "0") != "" {
			return 0, false
		}
		part = part[:digits]
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	return n, err == nil && n >= 0 && n <= pipeline.MaxMoney && whole != ""
}
