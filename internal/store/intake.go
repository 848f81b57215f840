package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sort"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
)

// Intake is the group commit: submissions that arrive while a commit is under way share the next one. One transaction
// holds the once-keys, the facts, the payloads and the job that acts on them; each caller gets its own answer, and only
// after the commit.
type Intake struct {
	store   *Store
	queue   chan *entry
	done    chan struct{} // closed: nothing more is taken
	stopped chan struct{} // closed: the committers are gone
	wg      sync.WaitGroup
	observe func(size int, took time.Duration)
	hasty   bool
}

// The measures of a commit. Two committers keep the database busy while one of them prepares; more only shrink the batches.
const (
	maxBatch      = 256
	committers    = 2
	commitTimeout = 10 * time.Second
	queueLength   = 1024
)

// Entry is one submission on its way in. Key and BodyHash make a repeat the same intent until ExpiresAt.
type Entry struct {
	Submission Submission
	Payload    Payload
	Key        []byte
	BodyHash   []byte
	ExpiresAt  time.Time
}

// Taken is the answer: which submission holds the intent. Fresh is false for a repeat; SameBody is false when the key was
// used with another body before.
type Taken struct {
	SubmissionID uuid.UUID
	Fresh        bool
	SameBody     bool
}

type entry struct {
	Entry
	answer chan result
}

type result struct {
	taken Taken
	err   error
}

// NewIntake starts the committers. observe, which may be nil, is told the size and duration of every commit.
func (s *Store) NewIntake(observe func(size int, took time.Duration)) *Intake {
	in := &Intake{store: s, queue: make(chan *entry, queueLength), done: make(chan struct{}), stopped: make(chan struct{}), observe: observe}
	for range committers {
		in.wg.Go(in.run)
	}
	return in
}

// Close lets what was handed in be committed, then stops. A Submit that comes too late is told so.
func (in *Intake) Close() {
	close(in.done)
	in.wg.Wait()
	close(in.stopped)
}

// AnswerBeforeCommit breaks the promise on purpose, for the tests that must notice it. Call it before the first Submit.
func (in *Intake) AnswerBeforeCommit() { in.hasty = true }

// Submit waits for the commit that holds the entry. When ctx ends first the caller learns only that: the batch goes on,
// and a repeat with the same key finds what became of it.
func (in *Intake) Submit(ctx context.Context, e Entry) (Taken, error) {
	p := &entry{Entry: e, answer: make(chan result, 1)}
	select {
	case in.queue <- p:
	case <-ctx.Done():
		return Taken{}, ctx.Err()
	case <-in.done:
		return Taken{}, errClosing()
	}
	if in.hasty {
		return Taken{SubmissionID: e.Submission.ID, Fresh: true, SameBody: true}, nil
	}
	select {
	case r := <-p.answer:
		return r.taken, r.err
	case <-ctx.Done():
		return Taken{}, ctx.Err()
	case <-in.stopped:
		select {
		case r := <-p.answer: // of the last commit
			return r.taken, r.err
		default: // it slipped into the queue when nobody was there any more
			return Taken{}, errClosing()
		}
	}
}

func errClosing() error { return unavailable(errors.New("intake is closing")) }

func (in *Intake) run() {
	for {
		select {
		case first := <-in.queue:
			in.commit(in.gather(first))
		case <-in.done:
			for { // what was handed in before the end is still committed
				select {
				case first := <-in.queue:
					in.commit(in.gather(first))
				default:
					return
				}
			}
		}
	}
}

// gather takes what has queued up behind the first entry, without waiting for more.
func (in *Intake) gather(first *entry) []*entry {
	batch := append(make([]*entry, 0, 64), first)
	for len(batch) < maxBatch {
		select {
		case e := <-in.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// commit answers every entry of the batch. A batch that fails for a reason of its rows is halved until the bad row is alone.
func (in *Intake) commit(batch []*entry) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	leaders, followers := collapse(batch)
	taken, err := in.store.insertBatch(ctx, leaders)
	if err != nil && isStale(err) { // a connection that died idle: nothing was sent on it
		taken, err = in.store.insertBatch(ctx, leaders)
	}
	switch {
	case err == nil:
	case len(batch) > 1 && !errs.Is(translate(err), errs.Unavailable) && ctx.Err() == nil:
		in.commit(batch[:len(batch)/2])
		in.commit(batch[len(batch)/2:])
		return
	case ctx.Err() != nil:
		err = unavailable(err)
	default:
		err = translate(err)
	}
	if in.observe != nil {
		in.observe(len(batch), time.Since(start))
	}
	for i, e := range leaders {
		if err != nil {
			e.answer <- result{err: err}
			continue
		}
		e.answer <- result{taken: taken[i]}
		for _, f := range followers[e] {
			t := Taken{SubmissionID: taken[i].SubmissionID, SameBody: taken[i].SameBody && bytes.Equal(f.BodyHash, e.BodyHash)}
			f.answer <- result{taken: t}
		}
	}
	if err != nil {
		for _, fs := range followers {
			for _, f := range fs {
				f.answer <- result{err: err}
			}
		}
	}
}

// collapse keeps the first entry of each key, sorted by key as the lock order wants; the others follow it.
func collapse(batch []*entry) ([]*entry, map[*entry][]*entry) {
	first := make(map[string]*entry, len(batch))
	followers := map[*entry][]*entry{}
	leaders := make([]*entry, 0, len(batch))
	for _, e := range batch {
		if l, ok := first[string(e.Key)]; ok {
			followers[l] = append(followers[l], e)
			continue
		}
		first[string(e.Key)] = e
		leaders = append(leaders, e)
	}
	sort.Slice(leaders, func(i, j int) bool { return bytes.Compare(leaders[i].Key, leaders[j].Key) < 0 })
	return leaders, followers
}

const insertKeys = `insert into once_keys (key, body_hash, submission_id, expires_at)
select * from unnest($1::bytea[], $2::bytea[], $3::uuid[], $4::timestamptz[])
on conflict (key) do update set body_hash = excluded.body_hash, submission_id = excluded.submission_id, expires_at = excluded.expires_at
  where once_keys.expires_at <= $5
returning submission_id`

const insertSubmissions = `insert into submissions (id, gate_id, gate_version_id, received_at, door, language, variant, verdict, weight, reasons,
  notices, state, state_at, corrects_id)
select id, gate_id, gate_version_id, received_at, door, language, '', verdict, weight, reasons::jsonb, notices, state, received_at, corrects_id
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::smallint[], $9::text[], $10::text[],
  $11::text[], $12::uuid[]) as s(id, gate_id, gate_version_id, received_at, door, language, verdict, weight, reasons, notices, state, corrects_id)`

const insertPayloads = `insert into submission_payloads (submission_id, address, typed, answers, consents, flags, source, block, user_agent)
select id, address, typed, answers::jsonb, consents::jsonb, flags::jsonb, source::jsonb, block, user_agent
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
  as p(id, address, typed, answers, consents, flags, source, block, user_agent)`

// insertBatch commits the entries, whose keys are distinct and sorted, and says for each who holds its key.
func (s *Store) insertBatch(ctx context.Context, batch []*entry) ([]Taken, error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	taken, err := s.takeKeys(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	var fresh []*entry
	var work []uuid.UUID
	for i, t := range taken {
		if t.Fresh {
			fresh = append(fresh, batch[i])
			if batch[i].Submission.State == StateReceived {
				work = append(work, t.SubmissionID)
			}
		}
	}
	if len(fresh) > 0 {
		if err := insertRows(ctx, tx, fresh); err != nil {
			return nil, err
		}
	}
	if len(work) > 0 {
		if _, err := s.queue.InsertManyFastTx(ctx, tx, acceptJobs(work)); err != nil {
			return nil, err
		}
	}
	return taken, tx.Commit(ctx)
}

// acceptSize is how many submissions one job derives in one transaction: large enough to share the cost of the commit,
// small enough that a failing one holds few others up.
const acceptSize = 32

func acceptJobs(ids []uuid.UUID) []river.InsertManyParams {
	var out []river.InsertManyParams
	for len(ids) > 0 {
		n := min(len(ids), acceptSize)
		out = append(out, river.InsertManyParams{Args: jobs.Accept{SubmissionIDs: ids[:n]}})
		ids = ids[n:]
	}
	return out
}

func (s *Store) takeKeys(ctx context.Context, tx pgx.Tx, batch []*entry) ([]Taken, error) {
	keys, hashes := make([][]byte, len(batch)), make([][]byte, len(batch))
	ids, expiry := make([]uuid.UUID, len(batch)), make([]time.Time, len(batch))
	for i, e := range batch {
		keys[i], hashes[i], ids[i], expiry[i] = e.Key, e.BodyHash, e.Submission.ID, e.ExpiresAt
	}
	rows, err := tx.Query(ctx, insertKeys, keys, hashes, ids, expiry, s.Now())
	if err != nil {
		return nil, err
	}
	won, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	taken := make([]Taken, len(batch))
	mine := make(map[uuid.UUID]bool, len(won))
	for _, id := range won {
		mine[id] = true
	}
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
	rows, err = tx.Query(ctx, "select key, body_hash, submission_id from once_keys where key = any($1)", keys)
	if err != nil {
		return nil, err
	}
	var key, hash []byte
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key, &hash, &id}, func() error {
		if i, ok := lost[string(key)]; ok {
			taken[i] = Taken{SubmissionID: id, SameBody: bytes.Equal(hash, batch[i].BodyHash)}
		}
		return nil
	})
	return taken, err
}

func insertRows(ctx context.Context, tx pgx.Tx, batch []*entry) error {
	n := len(batch)
	var (
		ids, gates, versions                                = make([]uuid.UUID, n), make([]uuid.UUID, n), make([]uuid.UUID, n)
		received                                            = make([]time.Time, n)
		doors, languages, verdicts, reasons, notices, state = make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		weights                                             = make([]int16, n)
		corrects                                            = make([]*uuid.UUID, n)
		addresses, typed, answers, consents, flags, source  = make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		blocks, agents                                      = make([]string, n), make([]string, n)
	)
	for i, e := range batch {
		s, p := e.Submission, e.Payload
		ids[i], gates[i], versions[i], received[i] = s.ID, s.GateID, s.GateVersionID, s.ReceivedAt
		doors[i], languages[i], verdicts[i], weights[i] = s.Door, s.Language, s.Verdict, s.Weight
		reasons[i], notices[i], state[i], corrects[i] = list(s.Reasons), s.Notices, s.State, s.CorrectsID
		addresses[i], typed[i], blocks[i], agents[i] = p.Address, p.Typed, p.Block, p.UserAgent
		answers[i], consents[i], flags[i], source[i] = object(p.Answers), list(p.Consents), list(p.Flags), object(p.Source)
	}
	b := &pgx.Batch{}
	b.Queue(insertSubmissions, ids, gates, versions, received, doors, languages, verdicts, weights, reasons, notices, state, corrects)
	b.Queue(insertPayloads, ids, addresses, typed, answers, consents, flags, source, blocks, agents)
	return tx.SendBatch(ctx, b).Close()
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
