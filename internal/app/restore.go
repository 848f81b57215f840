package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// RestoreOptions of Restore. Force replaces a database that is in use by people. Progress gets one sentence a step and
// may be nil.
type RestoreOptions struct {
	File     string
	Force    bool
	By       store.Actor
	Progress func(string)
}

// Restored tells what a restore did.
type Restored struct {
	Manifest Manifest
	Rows     int64
	Files    int
	Erased   int // people who had been erased since the backup and were erased again
	Unknown  int // messages that were being sent when the backup was made
	Accepts  int // submissions that are still to be acted on
	Delivers int // messages that wait
	Leads    int // leads that are to be scored, or to be given an owner
	Warnings []string
}

// CheckRestore refuses what must not be begun: a damaged or newer backup, a database that others use or that holds
// something. It changes nothing. The backup is read to its end: every checksum is right when there is no error.
func CheckRestore(ctx context.Context, s *store.Store, o RestoreOptions) (Manifest, error) {
	m, err := ReadManifest(ctx, o.File)
	if err != nil {
		return m, err
	}
	if known := store.KnownSchema(); m.Schema > known {
		return m, errs.New(errs.Conflict, "The backup's schema is version %d, this program knows %d. Restore with a newer program (the backup was made by %s).", m.Schema, known, m.Product)
	}
	if err := s.Alone(ctx); err != nil {
		return m, err
	}
	sc, err := s.Schema(ctx)
	if err != nil || sc.Empty() {
		return m, err
	}
	if sc.Applied != sc.Known {
		return m, errs.New(errs.Conflict, "The database's schema is version %d, this program's is %d. Run \"gatehouse migrate\" first (or restore with the program that fits).", sc.Applied, sc.Known)
	}
	held, err := s.Holdings(ctx)
	if err != nil || len(held) == 0 || o.Force {
		return m, err
	}
	var words []string
	for word, n := range held {
		words = append(words, fmt.Sprintf("%d %s", n, word))
	}
	slices.Sort(words)
	return m, errs.New(errs.Conflict, "The database is not empty: %s. A restore replaces all of it. Back it up first, then restore with --force.", strings.Join(words, ", "))
}

// Restore puts a backup in the place of everything. The database is built aside, mended, and swapped in by one
// transaction: whatever fails or is killed before leaves the old state. Outgoing mail is held afterwards, since what the
// backup believes unsent may have been sent; people who were erased since are erased again.
func (a *App) Restore(ctx context.Context, o RestoreOptions) (r Restored, err error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	o.Progress("checking the backup")
	if r.Manifest, err = CheckRestore(ctx, a.store, o); err != nil {
		return r, err
	}
	r.Warnings = a.restoreWarnings(r.Manifest)
	sc, err := a.store.Schema(ctx)
	if err != nil {
		return r, err
	}
	stage, err := a.store.OpenStage(ctx, r.Manifest.Schema)
	if err != nil {
		return r, err
	}
	swapped := false
	defer func() {
		stage.Close()
		if !swapped {
			cleaning, cancel := background(30 * time.Second)
			defer cancel()
			err = errors.Join(err, stage.Drop(cleaning))
		}
	}()
	if err := a.loadStage(ctx, stage, o, &r); err != nil {
		return r, err
	}
	if _, err := stage.Migrate(ctx); err != nil {
		return r, err
	}
	if !sc.Empty() {
		if err := stage.CarryOver(ctx); err != nil {
			return r, err
		}
	}
	if err := a.mendStage(ctx, stage.Store, o, &r); err != nil {
		return r, err
	}
	if err := stage.Analyze(ctx); err != nil {
		return r, err
	}
	o.Progress("putting it in place")
	if err := stage.Swap(ctx, func() { o.Progress("committing") }); err != nil {
		return r, err
	}
	swapped = true
	return r, nil
}

// loadStage fills tables and files. Files are kept by their content, so one that was there already stays as it is.
func (a *App) loadStage(ctx context.Context, stage *store.Stage, o RestoreOptions, r *Restored) error {
	return stage.Load(ctx, func(l *store.Loader) error {
		next := 0
		_, err := readBackup(ctx, o.File, func(m Manifest, p Part, body io.Reader) error {
			switch {
			case p.Name == secretName: // the wiring takes it
			case next < len(m.Tables) && p.Name == m.Tables[next].Part.Name:
				t := m.Tables[next]
				next++
				n, err := l.Copy(ctx, t.DumpTable, body)
				if err != nil {
					return fmt.Errorf("load %s: %w", t.Name, err)
				}
				if n != t.Rows {
					return damaged(nil, fmt.Sprintf("%s has %d rows instead of %d", t.Name, n, t.Rows))
				}
				r.Rows += n
				o.Progress(fmt.Sprintf("table %s: %d rows", t.Name, n))
			default:
				stored, err := a.files.Put(ctx, body)
				if err != nil {
					return err
				}
				if "files/"+stored.Key != p.Name {
					return damaged(nil, p.Name)
				}
				r.Files++
			}
			return nil
		})
		o.Progress(fmt.Sprintf("files: %d", r.Files))
		return err
	})
}

// mendStage brings the loaded past up to what is true now.
func (a *App) mendStage(ctx context.Context, s *store.Store, o RestoreOptions, r *Restored) error {
	opts := a.o
	opts.Store = s
	staged := New(opts)
	defer staged.Close()
	var err error
	if r.Erased, err = staged.ReapplyErasures(ctx); err != nil {
		return err
	}
	why := "Restored from the backup of " + r.Manifest.CreatedAt.UTC().Format("2 January 2006, 15:04 UTC") +
		". What it believes unsent may have been sent since: look at the messages, then let mail go out."
	if err := staged.HoldMail(ctx, why, o.By); err != nil {
		return err
	}
	err = s.Tx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		err := tx.Exec("update messages set state = 'sent', sent_at = delivery_at, reason = 'learnt from the provider''s event', state_at = ? where state = 'sending' and delivery_rank > 0", now).Error
		if err != nil {
			return err
		}
		res := tx.Exec("update messages set state = 'unknown', reason = 'being sent when the backup was made', due_at = ?, state_at = ? where state = 'sending'", now, now)
		if res.Error != nil {
			return res.Error
		}
		r.Unknown = int(res.RowsAffected)
		if err := tx.Exec("update attempts set outcome = 'unknown', finished_at = ?, reason = 'the answer is not in the backup' where outcome = 'open'", now).Error; err != nil {
			return err
		}
		return tx.Audit(o.By, "restore", "database", "1", map[string]any{"backup_of": r.Manifest.CreatedAt, "product": r.Manifest.Product,
			"rows": r.Rows, "files": r.Files, "erased_again": r.Erased})
	})
	if err != nil {
		return err
	}
	return staged.deriveJobs(ctx, r)
}

// deriveJobs makes the jobs anew: a backup holds none, the rows say what is still to be done.
func (a *App) deriveJobs(ctx context.Context, r *Restored) (err error) {
	r.Accepts, err = a.jobsFor(ctx, "select id from submissions where state in ('received','released') and id > ? order by id limit 1000",
		func(ids []uuid.UUID) (out []river.InsertManyParams) {
			for part := range slices.Chunk(ids, 100) {
				out = append(out, river.InsertManyParams{Args: jobs.Accept{SubmissionIDs: part}})
			}
			return out
		})
	if err != nil {
		return err
	}
	r.Delivers, err = a.jobsFor(ctx, "select id from messages where state in ('pending','held','unknown') and id > ? order by id limit 1000",
		func(ids []uuid.UUID) (out []river.InsertManyParams) {
			for _, id := range ids {
				out = append(out, river.InsertManyParams{Args: jobs.Deliver{MessageID: id}})
			}
			return out
		})
	if err != nil {
		return err
	}
	if r.Leads, err = a.deriveSalesJobs(ctx); err != nil {
		return err
	}
	if err := a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := a.wakeAll(tx); err != nil { // they find everything held; the release wakes them again
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Spread{}})
	}); err != nil {
		return err
	}
	return a.reapplyEvents(ctx)
}

// unscored are leads that did something since they were scored: a job may have been about to look at them. Scoring one
// again changes nothing.
const unscored = `select l.id from leads l left join scores s on s.lead_id = l.id where l.state = 'active' and l.id > ? and (s.lead_id is null or s.scored_at <= greatest(l.last_at,
		(select max(d.last_at) from downloads d where d.lead_id = l.id), (select max(greatest(y.at, y.taken_back_at)) from sayings y where y.lead_id = l.id),
		(select max(c.at) from contact_choices c where c.lead_id = l.id)))
	order by l.id limit 1000`

// unrouted are leads that qualified and are in nobody's hands. Routing leaves alone those that came back from sales since.
const unrouted = `select s.lead_id from scores s join leads l on l.id = s.lead_id and l.state = 'active' where s.qualified_at is not null and s.lead_id > ?
	and not exists (select 1 from assignments a where a.lead_id = s.lead_id and a.state in ('open','accepted')) order by s.lead_id limit 1000`

// deriveSalesJobs has leads scored and routed that were waiting for it, and long work of rules go on where it was.
func (a *App) deriveSalesJobs(ctx context.Context) (leads int, err error) {
	for _, what := range []struct {
		query string
		most  int // ids of one job
		job   func([]uuid.UUID) river.JobArgs
	}{
		{unscored, routeMost, func(ids []uuid.UUID) river.JobArgs { return jobs.Score{LeadIDs: ids} }},
		{unrouted, routeMost, func(ids []uuid.UUID) river.JobArgs { return jobs.Route{LeadIDs: ids} }},
		{"select id from rehearsals where state = 'running' and id > ? order by id limit 1000", 1, func(ids []uuid.UUID) river.JobArgs { return jobs.Rehearse{RehearsalID: ids[0]} }},
		{"select id from rescores where state = 'running' and id > ? order by id limit 1000", 1, func(ids []uuid.UUID) river.JobArgs { return jobs.Rescore{RescoreID: ids[0]} }},
	} {
		n, err := a.jobsFor(ctx, what.query, func(ids []uuid.UUID) (out []river.InsertManyParams) {
			for part := range slices.Chunk(ids, what.most) {
				out = append(out, river.InsertManyParams{Args: what.job(part)})
			}
			return out
		})
		if err != nil {
			return leads, err
		}
		if what.most > 1 {
			leads += n
		}
	}
	return leads, nil
}

func (a *App) jobsFor(ctx context.Context, query string, params func([]uuid.UUID) []river.InsertManyParams) (n int, err error) {
	var last uuid.UUID
	for {
		var ids []uuid.UUID
		if err := a.store.DB(ctx).Raw(query, last).Scan(&ids).Error; err != nil {
			return n, err
		}
		if len(ids) == 0 {
			return n, nil
		}
		if err := a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Enqueue(params(ids)...) }); err != nil {
			return n, err
		}
		n, last = n+len(ids), ids[len(ids)-1]
	}
}

// eventsAgain is how far back stored events may not have been applied yet; applying one again changes nothing.
const eventsAgain = time.Hour

func (a *App) reapplyEvents(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var rows []store.ProviderEvent
		err := tx.Select("event_id", "at").Where("received_at > (select max(received_at) from provider_events) - ?::interval", eventsAgain.String()).
			Limit(100_000).Find(&rows).Error
		if err != nil {
			return err
		}
		var ids []string
		for _, e := range rows {
			ids = append(ids, e.EventID)
		}
		return tx.Enqueue(applyJobs(rows, ids)...)
	})
}

func (a *App) restoreWarnings(m Manifest) (out []string) {
	if len(m.KeyIDs) > 0 && !slices.Contains(keyIDs(a.keys), m.KeyIDs[0]) {
		out = append(out, "The secret is another one than when the backup was made: links in mails already sent will not open. Add the old one to GATEHOUSE_SECRET, after a comma.")
	}
	if m.BaseURL != "" && m.BaseURL != a.o.BaseURL {
		out = append(out, fmt.Sprintf("The backup was made under %s, this installation answers at %s: links in mails already sent lead to the former.", m.BaseURL, a.o.BaseURL))
	}
	if len(m.Missing) > 0 {
		out = append(out, fmt.Sprintf("%d of the documents' files were missing or damaged when the backup was made: %s.", len(m.Missing), strings.Join(m.Missing, ", ")))
	}
	return out
}
