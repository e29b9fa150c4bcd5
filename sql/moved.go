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
// one, perhaps past us. The next drain reads the same window again.
func hold(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, written []writtenRow) error {
	if c.Page == 0 {
		return nil
	}
	moved, older := 0, []string{}
	for _, w := range written {
		switch {
		case w.had > c.Mark: // written by this drain
			moved++
		case w.had > 0:
			older = append(older, w.row.ID)
		}
	}
	if len(older) > 0 {
		var n int
		if err := tx.GetContext(ctx, &n, query("seen-among"), shown(c), jsonList(older)); err != nil {
			return fmt.Errorf("look for records of %s that moved: %w", c.Endpoint, err)
		}
		moved += n
	}
	if moved > 0 {
		c.Began, c.Newest = "", ""
		note(c, fmt.Sprintf("%d records moved while the list was read, so others may have been passed over: the next run reads the same window again", moved))
	}
	return nil
}

// shown is under what the records are noted that an open drain has shown and
// not written; those that it wrote bear a change number later than its mark. A
// full read needs none of it: what it did not show is asked for twice.
func shown(c *etl.Cursor) string { return c.Endpoint + " " + c.Lane }

// noteShown notes a page's unwritten records while other pages follow it.
func noteShown(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, rows []etl.Row, written []writtenRow) error {
	if len(written) == len(rows) && c.Page > 0 && c.State == etl.StreamOpen {
		return nil
	}
	changed := make(map[string]bool, len(written))
	for _, w := range written {
		changed[w.row.ID] = true
	}
	list := make([][1]string, 0, len(rows))
	for _, r := range rows {
		if !changed[r.ID] {
			list = append(list, [1]string{r.ID})
		}
	}
	return noteBy(ctx, tx, c, "put-seen", jsonList(list))
}

// noteKnown is noteShown for the records of a known page.
func noteKnown(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, records string) error {
	return noteBy(ctx, tx, c, "put-known", records)
}

// noteBy begins the notes of a drain with its first page, and drops them with
// its last.
func noteBy(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor, name, list string) error {
	if c.Page == 0 || c.State != etl.StreamOpen {
		if _, err := tx.ExecContext(ctx, query("clear-seen"), shown(c)); err != nil {
			return fmt.Errorf("forget what a drain of %s has shown: %w", c.Endpoint, err)
		}
	}
	if c.State != etl.StreamOpen {
		return nil
	}
	_, err := tx.ExecContext(ctx, query(name), shown(c), list)
	return wrap(err, "note what a drain of %s has shown", c.Endpoint)
}
