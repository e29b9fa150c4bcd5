package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// An Occurrence is one time that a schedule fell due, and what became of it:
// running, ran, late, skipped or failed.
type Occurrence struct {
	Schedule string `json:"schedule"`
	DueAt    string `db:"due_at" json:"due_at"`
	Local    string `json:"local"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	BegunAt  string `db:"begun_at" json:"begun_at"`
	EndedAt  string `db:"ended_at" json:"ended_at"`
	ExitCode int    `db:"exit_code" json:"exit_code"`
	Run      string `json:"run"`
	Note     string `json:"note"`
}

// Due is the instant that it fell due.
func (o Occurrence) Due() time.Time { return parseStamp(o.DueAt) }

// NewOccurrence names an occurrence.
func NewOccurrence(schedule string, due time.Time, local string) Occurrence {
	return Occurrence{Schedule: schedule, DueAt: stamp(due), Local: local}
}

// Occurrences lists the newest.
func (s *Store) Occurrences(ctx context.Context, limit int) (list []Occurrence, err error) {
	err = s.read.SelectContext(ctx, &list, query("occurrences"), limit)
	return list, wrap(err, "list occurrences")
}

// BegunOccurrences lists those that are running, oldest first.
func (s *Store) BegunOccurrences(ctx context.Context) (list []Occurrence, err error) {
	err = s.db.SelectContext(ctx, &list, query("begun-occurrences"))
	return list, wrap(err, "list running occurrences")
}

// LastOccurrence is when a schedule's newest occurrence up to now fell due;
// zero if it has none.
func (s *Store) LastOccurrence(ctx context.Context, schedule string, now time.Time) (time.Time, error) {
	var due string
	err := s.db.GetContext(ctx, &due, query("last-occurrence"), schedule, stamp(now))
	return parseStamp(due), wrap(err, "read the last occurrence of %s", schedule)
}

// HasOccurrence reports whether an occurrence has a row.
func (s *Store) HasOccurrence(ctx context.Context, o Occurrence) (bool, error) {
	var n int
	err := s.db.GetContext(ctx, &n, query("has-occurrence"), o.Schedule, o.DueAt)
	return n > 0, wrap(err, "look for the occurrence of %s", o.Schedule)
}

// BeginOccurrence notes that o runs and that the others are skipped, and why.
// It refuses an o that ended before: nothing runs twice.
func (s *Store) BeginOccurrence(ctx context.Context, o Occurrence, at time.Time, others []Occurrence, why string) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, other := range others {
			if _, err := tx.ExecContext(ctx, query("skip-occurrence"), other.Schedule, other.DueAt, other.Local, stamp(at), why); err != nil {
				return fmt.Errorf("skip the occurrence of %s: %w", other.Schedule, err)
			}
		}
		res, err := tx.ExecContext(ctx, query("begin-occurrence"), o.Schedule, o.DueAt, o.Local, stamp(at))
		if err != nil {
			return fmt.Errorf("begin the occurrence of %s: %w", o.Schedule, err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("the occurrence of %s at %s has ended before", o.Schedule, o.DueAt)
		}
		return nil
	})
}

// EndOccurrence notes how an occurrence ended: its State, ExitCode, Run, Note.
func (s *Store) EndOccurrence(ctx context.Context, o Occurrence, at time.Time) error {
	_, err := s.db.ExecContext(ctx, query("end-occurrence"), o.State, stamp(at), o.ExitCode, o.Run, o.Note, o.Schedule, o.DueAt)
	return wrap(err, "end the occurrence of %s", o.Schedule)
}

// StopOccurrence notes that a running occurrence was stopped in order, to be
// gone on with.
func (s *Store) StopOccurrence(ctx context.Context, o Occurrence) error {
	_, err := s.db.ExecContext(ctx, query("stop-occurrence"), o.Schedule, o.DueAt)
	return wrap(err, "stop the occurrence of %s", o.Schedule)
}

// ForgetOccurrences drops what was skipped after an instant.
func (s *Store) ForgetOccurrences(ctx context.Context, after time.Time) error {
	_, err := s.db.ExecContext(ctx, query("forget-occurrences"), stamp(after))
	return wrap(err, "forget skipped occurrences")
}

// PruneOccurrences drops what fell due before an instant, but for the newest of
// each schedule.
func (s *Store) PruneOccurrences(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, query("prune-occurrences"), stamp(before))
	return wrap(err, "prune occurrences")
}

// Ping reports whether the database answers. Like what follows it reads beside
// the writer, so that health answers during a run.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return errors.Join(s.inPlace(), wrap(s.read.GetContext(ctx, &n, "SELECT count(*) FROM setting"), "read the database"))
}

// LastGood is when the newest good run ended: exit code 0 or 4, not dry; zero
// if there is none.
func (s *Store) LastGood(ctx context.Context) (time.Time, error) {
	var at string
	err := s.read.GetContext(ctx, &at, query("last-good-run"))
	return parseStamp(at), wrap(err, "read the last good run")
}

// LastRun gives the newest run that ended, its counts and its calls to
// DrChrono; ok is false if there is none.
func (s *Store) LastRun(ctx context.Context) (run Past, counts []Count, calls int, ok bool, err error) {
	err = s.read.GetContext(ctx, &run, query("last-run"))
	if errors.Is(err, sql.ErrNoRows) {
		return run, nil, 0, false, nil
	}
	if err == nil {
		err = s.read.SelectContext(ctx, &counts, query("tally"), run.ID)
	}
	if err == nil {
		err = s.read.GetContext(ctx, &calls, query("run-calls"), run.ID)
	}
	return run, counts, calls, err == nil, wrap(err, "read the last run")
}

// LastEnding is the exit code of the newest end that says whether nights go
// well, and its run, "" if it failed before it had one; ok is false if there
// is none.
func (s *Store) LastEnding(ctx context.Context) (exit int, run string, ok bool, err error) {
	var end struct {
		At       string
		ExitCode int `db:"exit_code"`
		Run      string
	}
	err = s.read.GetContext(ctx, &end, query("last-ending"))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", false, nil
	}
	return end.ExitCode, end.Run, err == nil, wrap(err, "read the last end")
}
