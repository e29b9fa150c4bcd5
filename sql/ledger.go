package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/jmoiron/sqlx"
)

// Limits of DrChrono's calls (drchrono-facts, section 9).
type Limits struct {
	PerWindow int           // calls in one window
	Window    time.Duration // aligned to the wall clock: an hour starts at its top
	Per10Min  int           // rolling
	PerSecond int           // rolling
}

// A Ledger grants calls, as drchrono.Ledger wants it: each is on the disk
// before it is made, so the limits hold across processes and restarts. A
// ledger may count a call that a kill prevented, never miss one that was made.
type Ledger struct {
	Store   *Store
	Clock   etl.Clock
	Limits  Limits
	Run     string
	Spender string // nightly, backfill, operator

	// Spare says how many calls of the window that begins at start are the
	// nightly's alone; nil = none. The nightly's own ledger has none.
	Spare func(ctx context.Context, start time.Time) (int, error)
}

const throttled = "throttled_until"

// edge is how much later than it was reserved a call may be counted by the
// vendor: one from just before a window's start counts in both windows.
const edge = 2 * time.Second

// slack is added to waits, so that the far clock has surely moved on too.
const slack = 250 * time.Millisecond

// Reserve records a call that is about to be made, or says how long to wait.
func (l *Ledger) Reserve(ctx context.Context, c drchrono.Call) (id int64, wait time.Duration, err error) {
	spare := 0
	if l.Spare != nil { // before the transaction: it may ask the database itself
		if spare, err = l.Spare(ctx, l.Clock.Now().Truncate(l.Limits.Window)); err != nil {
			return 0, 0, fmt.Errorf("reserve a call to %s: %w", c.Endpoint, err)
		}
	}
	err = l.Store.inTx(ctx, func(tx *sqlx.Tx) error {
		now := l.Clock.Now()
		if wait, err = l.wait(ctx, tx, now, spare); err != nil || wait > 0 && !c.AtOnce() {
			return err
		}
		wait = 0
		return tx.GetContext(ctx, &id, query("add-call"), now.UnixMilli(), l.Run, l.Spender, c.Endpoint, c.Purpose)
	})
	return id, wait, wrap(err, "reserve a call to %s", c.Endpoint)
}

// wait is how long until every limit has room for one more call. What is spare
// is left to the nightly: all others together stay below the rest, whatever
// the nightly has used of its own.
func (l *Ledger) wait(ctx context.Context, tx *sqlx.Tx, now time.Time, spare int) (time.Duration, error) {
	until, err := throttledUntil(ctx, tx)
	if err != nil {
		return 0, err
	}
	wait := max(0, until.Sub(now))
	start := now.Truncate(l.Limits.Window)
	var used int
	if err := tx.GetContext(ctx, &used, query("calls-since"), start.Add(-min(edge, l.Limits.Window/1000)).UnixMilli()); err != nil {
		return 0, err
	}
	full := used >= l.Limits.PerWindow
	if spare > 0 && !full {
		var others int
		if err := tx.GetContext(ctx, &others, query("others-calls-since"), start.UnixMilli()); err != nil {
			return 0, err
		}
		full = others >= l.Limits.PerWindow-spare
	}
	if full {
		wait = max(wait, start.Add(l.Limits.Window).Sub(now)+slack)
	}
	for _, r := range []struct {
		n    int
		span time.Duration
	}{{l.Limits.Per10Min, 10*time.Minute + edge}, {l.Limits.PerSecond, time.Second}} {
		more, err := rolling(ctx, tx, now, r.n, r.span)
		if err != nil {
			return 0, err
		}
		wait = max(wait, more)
	}
	return wait, nil
}

// rolling is how long until a span holds fewer than n calls.
func rolling(ctx context.Context, tx *sqlx.Tx, now time.Time, n int, span time.Duration) (time.Duration, error) {
	if n <= 0 {
		return 0, nil
	}
	var at int64
	err := tx.GetContext(ctx, &at, query("nth-call-since"), now.Add(-span).UnixMilli(), n-1)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return max(time.Millisecond, time.UnixMilli(at).Add(span).Sub(now)+time.Millisecond), nil
}

// throttledUntil is when a 429's word runs out, by a transaction or without one.
func throttledUntil(ctx context.Context, from sqlx.QueryerContext) (time.Time, error) {
	var text string
	err := sqlx.GetContext(ctx, from, &text, query("setting"), throttled)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms), err
}

// Answered records what came of a call; status 0 is no answer, which is also
// what a power failure may leave.
func (l *Ledger) Answered(ctx context.Context, id int64, status int) error {
	err := l.Store.inTxSoon(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query("answer-call"), status, id)
		return err
	})
	return wrap(err, "record a call's answer")
}

// Throttled makes everybody wait until the instant. A shorter word, given to
// another process meanwhile, does not shorten the wait.
func (l *Ledger) Throttled(ctx context.Context, until time.Time) error {
	_, err := l.Store.db.ExecContext(ctx, query("throttle"), throttled, strconv.FormatInt(until.UnixMilli(), 10))
	return wrap(err, "record a throttle")
}

// A Spent is how many calls somebody made to an endpoint.
type Spent struct {
	Spender  string `json:"spender"` // run, backfill, operator
	Endpoint string `json:"endpoint"`
	Calls    int    `json:"calls"`
}

// Budget is how many calls the current window has seen.
type Budget struct {
	Used      int       `json:"used"`
	Left      int       `json:"left"`
	Limit     int       `json:"limit"`
	Used10Min int       `json:"used_10min"`
	Resets    time.Time `json:"resets"`
	Throttled time.Time `json:"throttled_until,omitzero"` // until when DrChrono's last 429 asks everybody to wait; zero if it does not
	By        []Spent   `json:"by"`
}

// Budget reads the ledger of the current window.
func (l *Ledger) Budget(ctx context.Context) (Budget, error) {
	now := l.Clock.Now()
	start := now.Truncate(l.Limits.Window)
	b := Budget{Limit: l.Limits.PerWindow, Resets: start.Add(l.Limits.Window)}
	if err := l.Store.db.SelectContext(ctx, &b.By, query("budget"), start.UnixMilli()); err != nil {
		return b, fmt.Errorf("read the call ledger: %w", err)
	}
	for _, s := range b.By {
		b.Used += s.Calls
	}
	b.Left = max(0, b.Limit-b.Used)
	until, err := throttledUntil(ctx, l.Store.db)
	if err != nil {
		return b, fmt.Errorf("read the call ledger: %w", err)
	}
	if until.After(now) {
		b.Throttled = until.UTC()
	}
	err = l.Store.db.GetContext(ctx, &b.Used10Min, query("calls-since"), now.Add(-10*time.Minute).UnixMilli())
	return b, wrap(err, "read the call ledger")
}
