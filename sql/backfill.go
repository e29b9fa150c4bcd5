package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/jmoiron/sqlx"
)

// A Backfill is what an operator asked for. Days are 2026-03-31, inclusive.
type Backfill struct {
	ID        string `json:"id"`
	From      string `db:"first_day" json:"from"`
	To        string `db:"last_day" json:"to"`
	Endpoints string `json:"endpoints"` // separated by commas
	Newest    bool   `json:"newest_first"`
	Load      bool   `json:"load"`
	State     string `json:"state"` // open, done, cancelled
	By        string `json:"by"`
	BegunAt   string `db:"begun_at" json:"begun_at"`
	EndedAt   string `db:"ended_at" json:"ended_at"`
	EndedBy   string `db:"ended_by" json:"ended_by"`
}

// States of a backfill.
const (
	BackfillOpen      = "open"
	BackfillDone      = "done"
	BackfillCancelled = "cancelled"
)

// Order is the flag's value: newest or oldest.
func (b Backfill) Order() string {
	if b.Newest {
		return "newest"
	}
	return "oldest"
}

// Arguments are the command line that asks for it.
func (b Backfill) Arguments() string {
	return fmt.Sprintf("--from %s --to %s --endpoints %s --order %s", b.From, b.To, b.Endpoints, b.Order())
}

// A WindowState is a window and where its stream stands.
type WindowState struct {
	extract.Window
	N       int
	State   string
	Next    string
	Page    int
	Rows    int
	Changed int
	Note    string
}

// OpenBackfill writes a backfill with its windows, and who asked for it, in
// one transaction. The database holds one open backfill at a time.
func (s *Store) OpenBackfill(ctx context.Context, b Backfill, windows []extract.Window, at time.Time) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query("add-backfill"), b.ID, b.From, b.To, b.Endpoints, b.Newest, b.Load, b.By, stamp(at))
		if err != nil {
			return fmt.Errorf("open backfill %s: %w", b.ID, err)
		}
		for n, w := range windows {
			_, err := tx.ExecContext(ctx, query("add-window"), b.ID, n+1, w.Endpoint, w.Lane, w.Way, w.From, w.To, w.Guess)
			if err != nil {
				return fmt.Errorf("open backfill %s: window %d: %w", b.ID, n+1, err)
			}
		}
		return audit(ctx, tx, at, b.By, "backfill begin", b.ID, b.Arguments())
	})
}

// NewestBackfill gives the open backfill, or, unless only that is wanted, the
// newest one; ok is false if there is none.
func (s *Store) NewestBackfill(ctx context.Context, open bool) (b Backfill, ok bool, err error) {
	err = s.db.GetContext(ctx, &b, query("newest-backfill"), open)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, wrap(err, "read the backfill")
}

// BackfillState is a backfill's state: another process may have cancelled it.
func (s *Store) BackfillState(ctx context.Context, id string) (state string, err error) {
	err = s.db.GetContext(ctx, &state, query("backfill-state"), id)
	return state, wrap(err, "read the state of backfill %s", id)
}

// EndBackfill makes an open backfill done or cancelled and says by whom. One
// that was ended already is left as it is, and ended is false.
func (s *Store) EndBackfill(ctx context.Context, id, state, by string, at time.Time) (ended bool, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, query("end-backfill"), state, stamp(at), by, id)
		if err != nil {
			return fmt.Errorf("end backfill %s: %w", id, err)
		}
		n, err := res.RowsAffected()
		if ended = n > 0; err != nil || !ended {
			return wrap(err, "end backfill %s", id)
		}
		if _, err := tx.ExecContext(ctx, query("forget-shown"), id); err != nil {
			return fmt.Errorf("forget what backfill %s has shown: %w", id, err)
		}
		return audit(ctx, tx, at, by, "backfill "+state, id, "")
	})
	return ended, err
}

// Windows lists a backfill's windows in the order in which they are read.
func (s *Store) Windows(ctx context.Context, id string) ([]WindowState, error) {
	var rows []struct {
		N        int
		Endpoint string
		Lane     string
		Way      string
		From     string `db:"first_day"`
		To       string `db:"last_day"`
		Guess    int
		State    string
		Next     string
		Page     int
		Rows     int
		Changed  int
		Note     string
	}
	if err := s.db.SelectContext(ctx, &rows, query("windows"), id); err != nil {
		return nil, fmt.Errorf("list the windows of backfill %s: %w", id, err)
	}
	list := make([]WindowState, len(rows))
	for i, r := range rows {
		w := extract.Window{Endpoint: r.Endpoint, Lane: r.Lane, Way: extract.Way(r.Way), From: r.From, To: r.To, Guess: r.Guess}
		list[i] = WindowState{Window: w, N: r.N, State: r.State, Next: r.Next, Page: r.Page, Rows: r.Rows, Changed: r.Changed, Note: r.Note}
	}
	return list, nil
}

// CallsOfBackfill is how many calls a backfill has made so far.
func (s *Store) CallsOfBackfill(ctx context.Context, id string) (n int, err error) {
	err = s.db.GetContext(ctx, &n, query("calls-of-backfill"), id)
	return n, wrap(err, "count the calls of backfill %s", id)
}

// Span is what is staged of an endpoint: a forecast's measure.
func (s *Store) Span(ctx context.Context, endpoint, since string) (extract.Span, error) {
	var row struct {
		N     int
		Since int
		First string `db:"first_day"`
		Last  string `db:"last_day"`
	}
	err := s.db.GetContext(ctx, &row, query("staged-span"), strings.TrimSpace(since), endpoint)
	return extract.Span{Rows: row.N, Since: row.Since, First: row.First, Last: row.Last}, wrap(err, "measure what is staged of %s", endpoint)
}

// PageSizes is about how many rows the pages of each endpoint had when it last
// took several.
func (s *Store) PageSizes(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Endpoint string
		Size     int
		At       string `db:"at"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("page-sizes")); err != nil {
		return nil, fmt.Errorf("measure the pages that were read: %w", err)
	}
	sizes := map[string]int{}
	for _, r := range rows {
		sizes[r.Endpoint] = r.Size
	}
	return sizes, nil
}
