package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// OpenRun writes a run's row, before anything else of it, and turns the page:
// what earlier runs created or updated is unchanged from now on.
func (s *Store) OpenRun(ctx context.Context, run etl.Run, version, rules string) error {
	return Damaged(s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("open-run"), run.ID, run.Trigger, stamp(run.At), run.DryRun, run.Part, version, rules); err != nil {
			return fmt.Errorf("open run %s: %w", run.ID, err)
		}
		_, err := tx.ExecContext(ctx, query("turn-page"))
		return wrap(err, "turn the page")
	}))
}

// CloseRun writes how a run ended, whatever happened.
func (s *Store) CloseRun(ctx context.Context, run etl.Run, at time.Time, exit int, note string) error {
	_, err := s.db.ExecContext(ctx, query("close-run"), stamp(at), exit, note, run.ID)
	return wrap(err, "close run %s", run.ID)
}

// Attempted reports whether a run that was concluded sent anything, whatever came of it.
func (s *Store) Attempted(ctx context.Context, run string) (sent bool, err error) {
	err = s.db.GetContext(ctx, &sent, query("attempted"), run)
	return sent, wrap(err, "look whether run %s sent anything", run)
}

// A Past is a run as its row tells it.
type Past struct {
	ID         string `json:"id"`
	Trigger    string `json:"trigger"`
	StartedAt  string `db:"started_at" json:"started_at"`
	FinishedAt string `db:"finished_at" json:"finished_at"`
	ExitCode   int    `db:"exit_code" json:"exit_code"`
	Note       string `json:"note"`
	Dry        bool   `json:"dry_run"`
	Part       bool   `json:"part"` // it did one stage, or only some endpoints or destinations
	Version    string `json:"version"`
}

// Started is the instant of its start.
func (p Past) Started() time.Time { return parseStamp(p.StartedAt) }

// Finished is the instant of its end; zero if it is still running or was killed.
func (p Past) Finished() time.Time { return parseStamp(p.FinishedAt) }

// Begun is when a run, or a plan, began by its id (20260301T073000000Z-1f2e): UTC
// text, as of a run's row. "" where the id tells none.
func Begun(id string) string {
	day, _, _ := strings.Cut(id, "Z-")
	if len(day) != len("20260301T073000000") {
		return ""
	}
	at, err := time.Parse("20060102T150405.000", day[:15]+"."+day[15:])
	if err != nil {
		return ""
	}
	return stamp(at)
}

// Runs lists the newest runs.
func (s *Store) Runs(ctx context.Context, limit int) (list []Past, err error) {
	err = s.db.SelectContext(ctx, &list, query("runs"), limit)
	return list, wrap(err, "list runs")
}

// Run gives one run.
func (s *Store) Run(ctx context.Context, id string) (p Past, err error) {
	err = s.db.GetContext(ctx, &p, query("run"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("there is no run %q; `chartbridge runs list` lists them", id)
	}
	return p, wrap(err, "read run %s", id)
}

// RunsBeyond lists the runs that are not kept, newest first. Kept are the newest
// n, and so that runs by hand drive out no night, the last whole run of each of
// the newest n days of a zone that have one. Dry runs are counted apart.
func (s *Store) RunsBeyond(ctx context.Context, n int, zone *time.Location) (ids []string, err error) {
	var list []struct {
		ID        string
		StartedAt string `db:"started_at"`
		Dry, Part bool
	}
	if err := s.db.SelectContext(ctx, &list, query("all-runs")); err != nil {
		return nil, fmt.Errorf("list old runs: %w", err)
	}
	seen, nights, last := map[bool]int{}, 0, ""
	for _, r := range list {
		seen[r.Dry]++
		day, isNight := parseStamp(r.StartedAt).In(zone).Format(time.DateOnly), false
		if !r.Dry && !r.Part && day != last {
			nights, last, isNight = nights+1, day, true
		}
		if seen[r.Dry] > n && !(isNight && nights <= n) {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// ForgetRuns removes what was kept of those runs. Records, deliveries and the
// audit log stay.
func (s *Store) ForgetRuns(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, name := range []string{"forget-results", "forget-tally", "forget-drift", "forget-backlog", "forget-items", "forget-fetched", "forget-calls", "forget-runs"} {
			if _, err := tx.ExecContext(ctx, query(name), jsonList(ids)); err != nil {
				return fmt.Errorf("forget old runs: %w", err)
			}
		}
		return nil
	})
}

// A Count is how many source records are in one outcome.
type Count struct {
	Destination string      `json:"destination"`
	Object      string      `json:"object"`
	Outcome     etl.Outcome `json:"outcome"`
	N           int         `json:"n"`
}

// A Scope is what a destination takes from an endpoint's records.
type Scope struct {
	Destination, Object, Endpoint, Slot string
	Parts                               bool   // a record holds several
	Unsent                              string // why what maps was not sent in this run
}

// Conclude writes a run's results and counts from the targets as they stand,
// and the source counts of what is in scope, all of one moment. What is staged
// and not judged yet, because the run did not come to it, is failed first.
// What callbacks brought waits for a run that counts: a dry one leaves it.
func (s *Store) Conclude(ctx context.Context, run etl.Run, scopes ...Scope) error {
	why := map[string]string{}
	for _, c := range scopes {
		why[c.Destination+"/"+c.Object] = c.Unsent
	}
	unsent, err := json.Marshal(why)
	if err != nil {
		return fmt.Errorf("write why records were not sent: %w", err)
	}
	steps := []struct {
		name string
		args []any
	}{
		{"count-called", []any{run.ID}}, {"count-linked", []any{run.ID}},
		{"put-results", []any{run.ID, unsent}}, {"put-open-results", []any{run.ID, unsent}}, {"put-tally", []any{run.ID}},
	}
	if run.DryRun {
		steps = steps[2:]
	}
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, c := range scopes {
			if err := c.count(ctx, tx, run); err != nil {
				return fmt.Errorf("count %s %s: %w", c.Destination, c.Object, err)
			}
		}
		for _, step := range steps {
			if _, err := tx.ExecContext(ctx, query(step.name), step.args...); err != nil {
				return fmt.Errorf("write results and counts (%s): %w", step.name, err)
			}
		}
		return keepItems(ctx, tx, run)
	})
}

// count counts the source of a scope, and leaves a target for each record that
// has none yet.
func (c Scope) count(ctx context.Context, tx *sqlx.Tx, run etl.Run) error {
	if c.Parts {
		if _, err := tx.ExecContext(ctx, query("drop-parts"), c.Destination, c.Object, c.Endpoint); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, query("leave"), run.ID, c.Destination, c.Object, c.Endpoint, c.Slot, c.Parts); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, query("put-source"), run.ID, c.Destination, c.Object, c.Endpoint, c.Parts)
	return err
}

// An Unbalanced object has another number of source records than of outcomes.
type Unbalanced struct {
	Destination, Object string
	Source, Sum         int
}

// Unbalanced lists what a run that was concluded counted otherwise than once.
func (s *Store) Unbalanced(ctx context.Context, run string) (list []Unbalanced, err error) {
	err = s.db.SelectContext(ctx, &list, query("unbalanced"), run)
	return list, wrap(err, "hold the counts of run %s against each other", run)
}

// Tally reads a run's counts.
func (s *Store) Tally(ctx context.Context, run string) (list []Count, err error) {
	err = s.db.SelectContext(ctx, &list, query("tally"), run)
	return list, wrap(err, "read counts of run %s", run)
}

// Standing is how many records of each destination and object have each outcome
// now.
func (s *Store) Standing(ctx context.Context) (list []Count, err error) {
	err = s.db.SelectContext(ctx, &list, query("standing"))
	return list, wrap(err, "count records by outcome")
}

// SourceCount is how many source records an endpoint holds; with parts, how
// many objects of their own stand inside them. It is counted from staging
// alone, independently of what was judged.
func (s *Store) SourceCount(ctx context.Context, endpoint string, parts bool) (int, error) {
	var c struct{ N, Parts int }
	if err := s.db.GetContext(ctx, &c, query("source-count"), endpoint); err != nil {
		return 0, fmt.Errorf("count %s: %w", endpoint, err)
	}
	if parts {
		return c.Parts, nil
	}
	return c.N, nil
}

// CallsOf counts a run's calls by endpoint.
func (s *Store) CallsOf(ctx context.Context, run string) (list []Spent, err error) {
	err = s.db.SelectContext(ctx, &list, query("calls-of-run"), run)
	return list, wrap(err, "count calls of run %s", run)
}

// SetApprovers tells the database how many named people must approve a
// discharge before it takes its intent.
func (s *Store) SetApprovers(ctx context.Context, n int) error {
	return s.SetSetting(ctx, "approvers", strconv.Itoa(max(1, n)))
}
