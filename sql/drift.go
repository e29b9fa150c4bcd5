package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/jmoiron/sqlx"
)

// A watching counts what a page's changed rows look like.
type watching struct {
	base, recent string
	open         *extract.Profile
	counted      chan struct{}
}

// watch begins to count what a page's changed rows look like, beside whoever
// writes them; nil where there is nothing to count or to end. It is part of the
// page's transaction, so a kill neither loses nor repeats a row. A backfill's old
// rows say nothing of what DrChrono sends now.
func watch(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, changed []writtenRow) (*watching, error) {
	if c.Lane != extract.Nightly || len(changed) == 0 && c.State != etl.StreamDrained {
		return nil, nil
	}
	var kept struct{ Base, Recent, Open string }
	err := tx.GetContext(ctx, &kept, query("profile"), c.Endpoint)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the profile of %s: %w", c.Endpoint, err)
	}
	if len(changed) == 0 && kept.Open == "" {
		return nil, nil
	}
	w := &watching{base: kept.Base, recent: kept.Recent, counted: make(chan struct{})}
	if w.open, err = extract.ReadProfile(c.Endpoint, kept.Open); err != nil {
		return nil, err
	}
	go func() {
		defer close(w.counted)
		for i := range changed {
			if r := &changed[i].row; r.Fault == "" {
				w.open.Add(r.Raw, r.Verbose)
			}
		}
	}()
	return w, nil
}

// keep keeps what was counted, and at the end of a drain in what its rows
// differ from earlier ones.
func (w *watching) keep(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor) (err error) {
	if w == nil {
		return nil
	}
	<-w.counted
	open := w.open.String()
	if c.State == etl.StreamDrained {
		if w.base, w.recent, err = settleDrift(ctx, tx, run, c, w.base, w.recent, w.open); err != nil {
			return err
		}
		open = ""
	}
	_, err = tx.ExecContext(ctx, query("put-profile"), c.Endpoint, w.base, w.recent, open)
	return wrap(err, "keep the profile of %s", c.Endpoint)
}

// settleDrift holds a whole drain against those before it.
func settleDrift(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, base, recent string, open *extract.Profile) (newBase, newRecent string, err error) {
	w := extract.Watch{Open: open}
	var err2 error
	w.Base, err = extract.ReadProfile(c.Endpoint, base)
	w.Recent, err2 = extract.ReadProfile(c.Endpoint, recent)
	if err := errors.Join(err, err2); err != nil {
		return "", "", err
	}
	list := w.Settle()
	for _, d := range list {
		if _, err := tx.ExecContext(ctx, query("add-drift"), run.ID, c.Endpoint, d.Field, d.Kind, d.Before, d.After, d.Rows); err != nil {
			return "", "", fmt.Errorf("keep the drift of %s: %w", c.Endpoint, err)
		}
	}
	if len(list) > 0 {
		note(c, extract.DriftNote(list))
	}
	return w.Base.String(), w.Recent.String(), nil
}
