package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// APIAssignment is an assignment as programs see it.
type APIAssignment struct {
	ID              uuid.UUID  `json:"id"`
	LeadID          uuid.UUID  `json:"lead_id"`
	OwnerID         uuid.UUID  `json:"owner_id"`
	Owner           string     `json:"owner"`
	TeamID          *uuid.UUID `json:"team_id"`
	Team            string     `json:"team"`
	State           string     `json:"state"`
	How             string     `json:"how"`
	Reason          string     `json:"reason"`
	PreviousID      *uuid.UUID `json:"previous_id"`
	AssignedAt      time.Time  `json:"assigned_at"`
	ClockFrom       time.Time  `json:"clock_from"`
	FirstResponseAt *time.Time `json:"first_response_at"`
	ResponseSeconds *int32     `json:"response_seconds"`
	AcceptedAt      *time.Time `json:"accepted_at"`
	ClosedAt        *time.Time `json:"closed_at"`
	CloseReason     string     `json:"close_reason"`
}

func apiAssignment(l AssignmentLine) APIAssignment {
	return APIAssignment{ID: l.ID, LeadID: l.LeadID, OwnerID: l.OwnerID, Owner: l.Owner, TeamID: l.AnsweringTeamID, Team: l.Team, State: l.State, How: l.How, Reason: l.Reason, PreviousID: l.PreviousID,
		AssignedAt: l.At, ClockFrom: l.ClockFrom, FirstResponseAt: l.FirstResponseAt, ResponseSeconds: l.ResponseSeconds, AcceptedAt: l.AcceptedAt, ClosedAt: l.ClosedAt, CloseReason: l.CloseReason}
}

// APIDeal is a deal as programs see it. Value is in minor units of Currency.
type APIDeal struct {
	ID           uuid.UUID  `json:"id"`
	LeadID       uuid.UUID  `json:"lead_id"`
	AssignmentID uuid.UUID  `json:"assignment_id"`
	OwnerID      uuid.UUID  `json:"owner_id"`
	Owner        string     `json:"owner"`
	Title        string     `json:"title"`
	State        string     `json:"state"`
	Stage        string     `json:"stage"`
	StageTitle   string     `json:"stage_title"`
	Value        *int64     `json:"value"`
	Currency     string     `json:"currency"`
	ExpectedOn   *string    `json:"expected_on"`
	Reason       string     `json:"reason"`
	Version      int64      `json:"version"`
	OpenedAt     time.Time  `json:"opened_at"`
	StageAt      time.Time  `json:"stage_at"`
	ClosedAt     *time.Time `json:"closed_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

type dealRow struct {
	store.Deal
	Owner, StageTitle string
}

func apiDeal(d dealRow) APIDeal {
	out := APIDeal{ID: d.ID, LeadID: d.LeadID, AssignmentID: d.AssignmentID, OwnerID: d.OwnerID, Owner: d.Owner, Title: d.Title, State: d.State, Stage: d.Stage, StageTitle: d.StageTitle, Value: d.Value,
		Currency: d.Currency, Reason: d.Reason, Version: d.Version, OpenedAt: d.OpenedAt, StageAt: d.StageAt, ClosedAt: d.ClosedAt, UpdatedAt: d.UpdatedAt}
	if d.ExpectedOn != nil {
		day := d.ExpectedOn.Format(time.DateOnly)
		out.ExpectedOn = &day
	}
	return out
}

// APIPush is a push as programs see it: never what was sent.
type APIPush struct {
	ID          uuid.UUID `json:"id"`
	ConnectorID uuid.UUID `json:"connector_id"`
	Connector   string    `json:"connector"`
	Kind        string    `json:"kind"`
	Type        string    `json:"type"`
	Object      string    `json:"object"`
	ObjectID    uuid.UUID `json:"object_id"`
	LeadID      uuid.UUID `json:"lead_id"`
	State       string    `json:"state"`
	Reason      string    `json:"reason"`
	RemoteID    string    `json:"remote_id"`
	Attempts    int32     `json:"attempts"`
	DueAt       time.Time `json:"due_at"`
	CreatedAt   time.Time `json:"created_at"`
	StateAt     time.Time `json:"state_at"`
}

func apiPush(p PushLine) APIPush {
	return APIPush{ID: p.ID, ConnectorID: p.ConnectorID, Connector: p.Connector, Kind: p.Kind, Type: p.Type, Object: p.ObjectKind, ObjectID: p.ObjectID, LeadID: p.LeadID, State: p.State, Reason: p.Reason,
		RemoteID: p.RemoteID, Attempts: p.Tries, DueAt: p.DueAt, CreatedAt: p.CreatedAt, StateAt: p.StateAt}
}

// What the filters know, as in the CHECK constraints of the tables.
var (
	assignmentStates = []string{store.AssignmentOpen, store.AssignmentAccepted, store.AssignmentReturned, store.AssignmentDeclined, store.AssignmentReassigned, store.AssignmentClosed}
	dealStates       = []string{pipeline.Open, pipeline.Won, pipeline.Lost}
	pushStates       = []string{PushWaiting, PushHeld, PushSending, PushDone, PushRefused, PushDropped, PushSuperseded}
)

// SalesQuery filters what sales works on. Stage is of deals, Connector of pushes; what a list does not know is not asked.
type SalesQuery struct {
	State, Owner, Lead, Stage, Connector string
	Since                                *time.Time
	Limit                                int
	After                                *uuid.UUID
}

// ReadAssignments lists assignments, the newest first.
func (a *App) ReadAssignments(ctx context.Context, q SalesQuery) (Page[APIAssignment], error) {
	return readSales(a, assignmentsOf(a.store.DB(ctx)), "a", "at", q, assignmentID, apiAssignment, apiFilter{name: "state", column: "a.state", value: q.State, options: assignmentStates},
		apiFilter{name: "owner", column: "a.owner_id", value: q.Owner, what: "a member of staff"})
}

// ReadDeals lists deals, the newest first.
func (a *App) ReadDeals(ctx context.Context, q SalesQuery) (Page[APIDeal], error) {
	stages, err := a.Stages(ctx)
	if err != nil {
		return Page[APIDeal]{}, err
	}
	keys := []string{}
	for _, s := range stages {
		keys = append(keys, s.Key)
	}
	return readSales(a, dealsWithNames(a.store.DB(ctx)), "d", "opened_at", q, dealID, apiDeal, apiFilter{name: "state", column: "d.state", value: q.State, options: dealStates},
		apiFilter{name: "stage", column: "d.stage", value: q.Stage, options: keys}, apiFilter{name: "owner", column: "d.owner_id", value: q.Owner, what: "a member of staff"})
}

// ReadPushes lists pushes, the newest first.
func (a *App) ReadPushes(ctx context.Context, q SalesQuery) (Page[APIPush], error) {
	return readSales(a, pushesOf(a.store.DB(ctx)), "p", "created_at", q, pushID, apiPush, apiFilter{name: "state", column: "p.state", value: q.State, options: pushStates},
		apiFilter{name: "connector", column: "p.connector_id", value: q.Connector, what: "a connector"})
}

// readSales is one page of a table that is known by its short name.
func readSales[R, T any](a *App, db *store.Query, table, since string, q SalesQuery, id func(R) uuid.UUID, view func(R) T, filters ...apiFilter) (Page[T], error) {
	db, err := narrow(db, append(filters, apiFilter{name: "lead", column: table + ".lead_id", value: q.Lead, what: "a lead"})...)
	if err != nil {
		return Page[T]{}, err
	}
	if q.Since != nil {
		db = db.Where(table+"."+since+" >= ?", *q.Since)
	}
	page, err := readPage(db, table+".id", q.Limit, q.After, id, view)
	return page, a.store.Translate(err)
}

// ReadAssignment reads one.
func (a *App) ReadAssignment(ctx context.Context, id uuid.UUID) (APIAssignment, error) {
	return readOne(a, assignmentsOf(a.store.DB(ctx)).Where("a.id = ?", id), apiAssignment)
}

// ReadDeal reads one.
func (a *App) ReadDeal(ctx context.Context, id uuid.UUID) (APIDeal, error) {
	return readOne(a, dealsWithNames(a.store.DB(ctx)).Where("d.id = ?", id), apiDeal)
}

// ReadPush reads one.
func (a *App) ReadPush(ctx context.Context, id uuid.UUID) (APIPush, error) {
	return readOne(a, pushesOf(a.store.DB(ctx)).Where("p.id = ?", id), apiPush)
}

func readOne[R, T any](a *App, db *store.Query, view func(R) T) (out T, err error) {
	var row R
	if err := db.Take(&row).Error; err != nil {
		return out, a.store.Translate(err)
	}
	return view(row), nil
}

func assignmentsOf(db *store.Query) *store.Query {
	return db.Table("assignments a").Select("a.*, u.name as owner, coalesce(t.name, '') as team").Joins("join users u on u.id = a.owner_id").Joins("left join teams t on t.id = a.answering_team_id")
}

func dealsWithNames(db *store.Query) *store.Query {
	return db.Table("deals d").Select("d.*, u.name as owner, s.title as stage_title").Joins("join users u on u.id = d.owner_id").Joins("join stages s on s.key = d.stage")
}

func pushesOf(db *store.Query) *store.Query {
	return db.Table("pushes p").Select("p.*, c.name as connector, c.kind").Joins("join connectors c on c.id = p.connector_id")
}

func assignmentID(l AssignmentLine) uuid.UUID { return l.ID }
func dealID(d dealRow) uuid.UUID              { return d.ID }
func pushID(p PushLine) uuid.UUID             { return p.ID }

// receiptPushes bounds the pushes that a receipt tells; the list of pushes has all.
const receiptPushes = 50

// salesSince tells what sales made of a submission: in whose hands the lead is, or was put since; the same of its deal; what
// other systems were told since.
func salesSince(db *store.Query, leadID uuid.UUID, since time.Time, out *SubmissionReport) error {
	hands, err := readPage(assignmentsOf(db).Where("a.lead_id = ? and (a.state in ('open','accepted') or a.at >= ?)", leadID, since).Order("a.state in ('open','accepted') desc"), "a.id", 1, nil, assignmentID, apiAssignment)
	if err != nil {
		return err
	}
	deals, err := readPage(dealsWithNames(db).Where("d.lead_id = ? and (d.state = 'open' or d.opened_at >= ?)", leadID, since).Order("d.state = 'open' desc"), "d.id", 1, nil, dealID, apiDeal)
	if err != nil {
		return err
	}
	pushes, err := readPage(pushesOf(db).Where("p.lead_id = ? and p.created_at >= ?", leadID, since), "p.id", receiptPushes, nil, pushID, apiPush)
	if err != nil {
		return err
	}
	if len(hands.Data) > 0 {
		out.Assignment = &hands.Data[0]
	}
	if len(deals.Data) > 0 {
		out.Deal = &deals.Data[0]
	}
	out.Pushes = pushes.Data
	return nil
}
