package sql

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/jmoiron/sqlx"
)

// StagePage upserts a page's changed rows and saves the cursor that follows
// it, in one transaction: a kill costs the page in flight and no more. It adds
// the page's counts to the cursor and returns it; a drained cursor gets its
// new watermark here. With full set, a drained cursor marks as gone what the
// read has not shown.
func (s *Store) StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error) {
	list, err := pageList(rows)
	if err != nil {
		return c, err
	}
	if err := s.useDictionary(ctx, c.Endpoint, rows); err != nil {
		return c, err
	}
	return s.page(ctx, c, func(tx *sqlx.Tx, after *etl.Cursor) error {
		written, watched, err := s.putRows(ctx, tx, run, after, rows, list)
		if err != nil {
			return err
		}
		records, err := recordsOf(ctx, tx, c.Endpoint, rows, written, list)
		if err != nil {
			return err
		}
		if err := remember(ctx, tx, run, after, rows, records); err != nil {
			return err
		}
		return s.endPage(ctx, tx, run, after, written, watched, len(rows), records, full)
	})
}

// page does f with the cursor that follows a page, in one transaction.
func (s *Store) page(ctx context.Context, c etl.Cursor, f func(tx *sqlx.Tx, after *etl.Cursor) error) (etl.Cursor, error) {
	after, inTx := c, s.inTxSoon // a page that a power failure takes, with its cursor, is read again
	if c.State == etl.StreamDrained {
		inTx = s.inTx
	}
	err := inTx(ctx, func(tx *sqlx.Tx) error {
		if after.Page == 0 {
			if err := tx.GetContext(ctx, &after.Mark, query("max-seq")); err != nil {
				return fmt.Errorf("read the change number: %w", err)
			}
		}
		return f(tx, &after)
	})
	if err != nil {
		return c, err
	}
	return after, nil
}

// endPage does what follows a page's rows: what they tell of others, what the
// drain is to know at its end, and the cursor.
func (s *Store) endPage(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, written []writtenRow, watched *watching, rows int, records string, full bool) error {
	if err := hang(ctx, tx, c.State == etl.StreamDrained); err != nil {
		return err
	}
	if err := noteDeletions(ctx, tx, run, c, written); err != nil {
		return err
	}
	if err := watched.keep(ctx, tx, run, c); err != nil {
		return err
	}
	if err := hold(ctx, tx, c, written, full); err != nil {
		return err
	}
	if err := noteShown(ctx, tx, c, full, records); err != nil {
		return err
	}
	c.Page, c.Rows = c.Page+1, c.Rows+rows
	if c.Lane == extract.Nightly {
		if _, err := tx.ExecContext(ctx, query("put-fetched"), run.ID, c.Endpoint, rows, len(written)); err != nil {
			return fmt.Errorf("count a page of %s: %w", c.Endpoint, err)
		}
	}
	if c.State == etl.StreamDrained {
		if err := endDrain(ctx, tx, run, c, full); err != nil {
			return err
		}
	}
	return putCursor(ctx, tx, run, *c)
}

func endDrain(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, full bool) error {
	if full {
		if err := closeFullRead(ctx, tx, run, c); err != nil {
			return err
		}
	}
	if err := settle(ctx, tx, c); err != nil {
		return err
	}
	if err := forgetPages(ctx, tx, run, c); err != nil {
		return err
	}
	return forgetShown(ctx, tx, c)
}

// pageList is a page as the JSON list that the queries join with.
func pageList(rows []etl.Row) (string, error) {
	list := make([][2]string, len(rows))
	for i, r := range rows {
		list[i] = [2]string{r.ID, hex.EncodeToString(r.Hash)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("list a page: %w", err)
	}
	return string(text), nil
}

// putRows writes the rows that are new or differ, and gives them.
func (s *Store) putRows(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, rows []etl.Row, page string) ([]writtenRow, *watching, error) {
	changed, err := changedRows(ctx, tx, c.Endpoint, rows, page)
	if err != nil {
		return nil, nil, fmt.Errorf("compare a page of %s: %w", c.Endpoint, err)
	}
	list, err := s.toWrite(ctx, tx, c.Endpoint, rows, changed)
	if err != nil {
		return nil, nil, err
	}
	if list, err = leaveStale(ctx, tx, c, list); err != nil {
		return nil, nil, err
	}
	watched, err := watch(ctx, tx, c, list)
	if err != nil {
		return nil, nil, err
	}
	if err := s.putRecords(ctx, tx, run, c.Endpoint, list); err != nil {
		return nil, nil, err
	}
	for _, w := range list {
		c.Changed++
		if c.Since != "" && w.row.Stamp != "" && w.row.Stamp < c.Watermark {
			c.Caught++
		}
	}
	return list, watched, nil
}

// note adds a sentence to what a stream says of itself.
func note(c *etl.Cursor, text string) {
	if c.Note != "" {
		text = c.Note + "; " + text
	}
	c.Note = text
}

// settle ends a drain: only here, when the whole stream is read, does the
// watermark move, and never back.
func settle(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor) error {
	c.Watermark = max(c.Watermark, c.Newest)
	var odd int
	if err := tx.GetContext(ctx, &odd, query("odd-records"), c.Endpoint); err != nil {
		return fmt.Errorf("count odd records of %s: %w", c.Endpoint, err)
	}
	if odd > 0 {
		note(c, fmt.Sprintf("%d records have an updated_at that is no date; it is kept as sent", odd))
	}
	return nil
}

// closeFullRead marks what no page of a full read showed.
func closeFullRead(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor) error {
	if c.Rows == 0 {
		return keepAll(ctx, tx, c)
	}
	return wrap(markGone(ctx, tx, run, c), "mark what is gone from %s", c.Endpoint)
}

// keepAll: a list that is suddenly empty more likely lost its permission than
// its rows (drchrono-facts, section 8), so nothing is marked.
func keepAll(ctx context.Context, tx *sqlx.Tx, c *etl.Cursor) error {
	var staged int
	if err := tx.GetContext(ctx, &staged, query("live-records"), c.Endpoint); err != nil {
		return fmt.Errorf("count records of %s: %w", c.Endpoint, err)
	}
	if staged > 0 {
		note(c, fmt.Sprintf("the list came empty; the %d staged records are kept", staged))
	}
	return nil
}

// markGone: a list of one page is one moment, and what it lacks is gone. Over
// several pages a row may slip through while others are taken away before it,
// so the next complete read must lack it too.
func markGone(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor) error {
	for _, name := range []string{"note-missed", "forget-missed"} {
		if _, err := tx.ExecContext(ctx, query(name), c.Endpoint, notesOf(c)); err != nil {
			return err
		}
	}
	reads := 1
	if c.Page > 1 {
		reads = 2
	}
	var n struct {
		All       int `db:"all_missed"`
		Confirmed int
	}
	if err := tx.GetContext(ctx, &n, query("missed-records"), reads, c.Endpoint); err != nil {
		return err
	}
	if n.All > n.Confirmed {
		note(c, fmt.Sprintf("%d records were missing; they count as gone when the next complete read lacks them too", n.All-n.Confirmed))
	}
	if n.Confirmed == 0 {
		return nil
	}
	seq, err := nextSeq(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("mark-gone"), seq, run.ID, c.Endpoint, reads)
	return err
}
