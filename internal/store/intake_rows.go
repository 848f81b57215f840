package store

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/jobs"
)

// acceptSize is how many submissions one job derives in one transaction: large enough to share the cost of the commit,
// small enough that a failing one holds few others up.
const acceptSize = 32

// insertIntake takes a batch in one statement, which is a transaction of its own: one way to the database and back, one
// wait for its disk. Keys that somebody else holds and that have not expired are not in the answer, and nothing is stored
// for them. The job is written as the queue's own client would write it (a test compares the two); going through the
// client takes several ways to the database, each of which all waiting prospects would pay for.
const insertIntake = `with entry as materialized (
  select * from unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::text[], $9::text[],
    $10::text[], $11::smallint[], $12::text[], $13::text[], $14::text[], $15::uuid[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
    $21::text[], $22::text[], $23::text[])
  as e(key, body_hash, expires_at, id, gate_id, gate_version_id, received_at, door, language, verdict, weight, reasons, notices, state, corrects_id,
    address, typed, answers, consents, flags, source, block, user_agent)
), won as (
  insert into once_keys (key, body_hash, submission_id, expires_at) select key, body_hash, id, expires_at from entry
  on conflict (key) do update set body_hash = excluded.body_hash, submission_id = excluded.submission_id, expires_at = excluded.expires_at
    where once_keys.expires_at <= $24
  returning submission_id
), fact as (
  insert into submissions (id, gate_id, gate_version_id, received_at, door, language, variant, verdict, weight, reasons, notices, state, state_at,
    corrects_id)
  select id, gate_id, gate_version_id, received_at, door, language, '', verdict, weight, reasons::jsonb, notices, state, received_at, corrects_id
  from entry where id in (select submission_id from won)
  returning id, state
), payload as (
  insert into submission_payloads (submission_id, address, typed, answers, consents, flags, source, block, user_agent)
  select id, address, typed, answers::jsonb, consents::jsonb, flags::jsonb, source::jsonb, block, user_agent
  from entry where id in (select submission_id from won)
), job as (
  insert into river_job (kind, queue, priority, max_attempts, args)
  select $25, $26, $27, $28, jsonb_build_object('submission_ids', jsonb_agg(id))
  from (select id, (row_number() over () - 1) / $29::bigint as part from fact where state = 'received') as work group by part
)
select submission_id from won`

// insertBatch commits the entries, whose keys are distinct and sorted, and says for each who holds its key.
func (s *Store) insertBatch(ctx context.Context, batch []*entry) ([]Taken, error) {
	rows, err := s.intake.Query(ctx, insertIntake, append(columns(batch), acceptArgs(s.Now())...)...)
	if err != nil {
		return nil, err
	}
	won, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	mine := make(map[uuid.UUID]bool, len(won))
	for _, id := range won {
		mine[id] = true
	}
	taken := make([]Taken, len(batch))
	lost := map[string]int{}
	for i, e := range batch {
		taken[i] = Taken{SubmissionID: e.Submission.ID, Fresh: true, SameBody: true}
		if !mine[e.Submission.ID] {
			lost[string(e.Key)] = i
		}
	}
	if len(lost) == 0 {
		return taken, nil
	}
	return taken, s.holders(ctx, batch, lost, taken)
}

// holders reads who holds the keys that were not won.
func (s *Store) holders(ctx context.Context, batch []*entry, lost map[string]int, taken []Taken) error {
	keys := make([][]byte, 0, len(lost))
	for k := range lost {
		keys = append(keys, []byte(k))
	}
	rows, err := s.intake.Query(ctx, "select key, body_hash, submission_id from once_keys where key = any($1)", keys)
	if err != nil {
		return err
	}
	var key, hash []byte
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key, &hash, &id}, func() error {
		i := lost[string(key)]
		taken[i] = Taken{SubmissionID: id, SameBody: bytes.Equal(hash, batch[i].BodyHash)}
		return nil
	})
	return err
}

// columns are the batch as the arrays $1 to $23 of insertIntake.
func columns(batch []*entry) []any {
	n := len(batch)
	var (
		keys, hashes        = make([][]byte, n), make([][]byte, n)
		expiry, received    = make([]time.Time, n), make([]time.Time, n)
		ids, gates, version = make([]uuid.UUID, n), make([]uuid.UUID, n), make([]uuid.UUID, n)
		weights             = make([]int16, n)
		corrects            = make([]*uuid.UUID, n)
		text                [14][]string // in the order below
	)
	for c := range text {
		text[c] = make([]string, n)
	}
	for i, e := range batch {
		s, p := e.Submission, e.Payload
		keys[i], hashes[i], expiry[i], received[i] = e.Key, e.BodyHash, e.ExpiresAt, s.ReceivedAt
		ids[i], gates[i], version[i], weights[i], corrects[i] = s.ID, s.GateID, s.GateVersionID, s.Weight, s.CorrectsID
		for c, v := range [len(text)]string{s.Door, s.Language, s.Verdict, list(s.Reasons), s.Notices, s.State,
			p.Address, p.Typed, object(p.Answers), list(p.Consents), list(p.Flags), object(p.Source), p.Block, p.UserAgent} {
			text[c][i] = v
		}
	}
	args := []any{keys, hashes, expiry, ids, gates, version, received, text[0], text[1], text[2], weights, text[3], text[4], text[5], corrects}
	for _, c := range text[6:] {
		args = append(args, c)
	}
	return args
}

// acceptArgs are $24 to $29 of insertIntake: the clock, and what the queue has to know of a job.
func acceptArgs(now time.Time) []any {
	job := jobs.Accept{}
	opts := job.InsertOpts()
	return []any{now, job.Kind(), opts.Queue, opts.Priority, opts.MaxAttempts, acceptSize}
}

// wakeIntake calls the workers as the queue's own client does after it has inserted jobs.
func (s *Store) wakeIntake(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `select pg_notify(current_schema() || '.river_insert', json_build_object('queue', $1::text)::text)`, jobs.QueueIntake)
	return err
}

// list and object keep an empty value from becoming a JSON null.
func list[T any](v []T) string {
	if len(v) == 0 {
		return "[]"
	}
	return object(v)
}

func object(v any) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return "{}"
	}
	return string(b)
}
