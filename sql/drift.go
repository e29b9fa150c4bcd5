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

// watch counts what a page's changed rows look like, and at the end of a drain
// keeps in what they differ from earlier ones. It is part of the page's
// transaction, so a kill neither loses nor repeats a row. A backfill's old rows
// say nothing of what DrChrono sends now.
func watch(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, changed []writtenRow) error {
	drained := c.State == etl.StreamDrained
	if c.Lane != extract.Nightly || len(changed) == 0 && !drained {
		return nil
	}
	var kept struct{ Base, Recent, Open string }
	err := tx.GetContext(ctx, &kept, query("profile"), c.Endpoint)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the profile of %s: %w", c.Endpoint, err)
	}
	if len(changed) == 0 && kept.Open == "" {
		return nil
	}
	open, err := extract.ReadProfile(c.Endpoint, kept.Open)
	if err != nil {
		return err
	}
	for _, r := range changed {
		if r.row.Fault == "" {
			open.Add(r.row.Raw, r.row.Verbose)
		}
	}
	kept.Open = open.String()
	if drained {
		if kept.Base, kept.Recent, err = settleDrift(ctx, tx, run, c, kept.Base, kept.Recent, open); err != nil {
			return err
		}
		kept.Open = ""
	}
	_, err = tx.ExecContext(ctx, query("put-profile"), c.Endpoint, kept.Base, kept.Recent, kept.Open)
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
