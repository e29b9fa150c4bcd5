package sql

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
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
