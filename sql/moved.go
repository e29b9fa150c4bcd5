package sql

import (
	"context"
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/jmoiron/sqlx"
)

// hold keeps the watermark where it is when a record that changed had been
// shown by the same drain before: it was read on one page and, since it moved
// on in the list, again on a later one, and what stood between has moved up by
// one, perhaps past us. The next drain reads the same window again. A full read
// goes by no watermark, and what it did not show is asked for twice.
func hold(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, written []writtenRow, full bool) error {
	if c.Page == 0 || full {
		return nil
	}
	var older []int64
	for _, w := range written {
		if w.had > 0 {
			older = append(older, w.id)
		}
	}
	if len(older) == 0 {
		return nil
	}
	var moved int
	if err := tx.GetContext(ctx, &moved, query("shown-among"), notesOf(c), jsonList(older)); err != nil {
		return fmt.Errorf("look for records of %s that moved: %w", c.Endpoint, err)
	}
	if moved > 0 {
		c.Began, c.Newest = "", ""
		note(c, fmt.Sprintf("%d records moved while the list was read, so others may have been passed over: the next run reads the same window again", moved))
	}
	return nil
}

// leaveStale leaves out what the same drain has shown before with a later
// stamp: such a page comes from a server that lags behind, and what it lacks may
// have been passed over (drchrono-facts, section 2: keep the greatest
// updated_at). A page that does not stand as it came is not known again.
func leaveStale(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, list []writtenRow) ([]writtenRow, error) {
	var older []int64
	for _, w := range list {
		if w.had > 0 && w.row.Stamp != "" {
			older = append(older, w.id)
		}
	}
	if c.Page == 0 || len(older) == 0 {
		return list, nil
	}
	var shown []struct {
		ID int64
		At string `db:"updated_at"`
	}
	if err := tx.SelectContext(ctx, &shown, query("stamps-shown"), notesOf(c), jsonList(older)); err != nil {
		return nil, fmt.Errorf("look for older copies of %s: %w", c.Endpoint, err)
	}
	stamps := map[int64]string{}
	for _, r := range shown {
		stamps[r.ID] = extract.Stamp(r.At)
	}
	fresh := slices.DeleteFunc(slices.Clone(list), func(w writtenRow) bool { return w.row.Stamp != "" && w.row.Stamp < stamps[w.id] })
	if stale := len(list) - len(fresh); stale > 0 {
		c.Began, c.Newest, c.Digest = "", "", ""
		note(c, fmt.Sprintf("%d records came twice, and older the second time, so others may have been passed over: the newer ones stand, and the next run reads the same window again", stale))
	}
	return fresh, nil
}

// notesOf is by what an open drain's notes go.
func notesOf(c *etl.Cursor) string { return c.Endpoint + " " + c.Lane }

// noteShown notes a page's records, by their stretches: for a full read's end,
// or for the pages that follow.
func noteShown(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, full bool, records string) error {
	if c.Page == 0 {
		if err := forgetShown(ctx, tx, c); err != nil {
			return err
		}
	}
	if c.State == etl.StreamDrained && !full {
		return nil
	}
	_, err := tx.ExecContext(ctx, query("put-shown"), notesOf(c), records)
	return wrap(err, "note what a drain of %s has shown", c.Endpoint)
}

func forgetShown(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor) error {
	_, err := tx.ExecContext(ctx, query("clear-shown"), notesOf(c))
	return wrap(err, "forget what a drain of %s has shown", c.Endpoint)
}
