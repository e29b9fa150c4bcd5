package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/jmoiron/sqlx"
)

type knownPage struct {
	etl.Page
	Seq     int64
	Records string // JSON list of the first and last row of each stretch of its records
}

// knownPageOf gives a page that is remembered and of which no record has moved
// on since.
func knownPageOf(ctx context.Context, from sqlx.QueryerContext, endpoint string, digest string) (p knownPage, ok bool, err error) {
	err = sqlx.GetContext(ctx, from, &p, query("page"), endpoint, digest)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	var moved bool
	if err == nil {
		err = sqlx.GetContext(ctx, from, &moved, query("page-moved"), endpoint, p.Seq, p.Records)
	}
	return p, !moved, wrap(err, "recall a page of %s", endpoint)
}

// KnownPage gives what is remembered of a page whose records are all staged as
// they stood on it.
func (s *Store) KnownPage(ctx context.Context, endpoint string, digest string) (etl.Page, bool, error) {
	p, ok, err := knownPageOf(ctx, s.db, endpoint, digest)
	return p.Page, ok, err
}

// StageKnown is StagePage for a page that KnownPage knows: no record changes.
// Where one was marked by another since it was asked about, the cursor stays,
// and the error is extract.ErrMoved.
func (s *Store) StageKnown(ctx context.Context, run etl.Run, c etl.Cursor, digest string, full bool) (etl.Cursor, error) {
	return s.page(ctx, c, func(tx *sqlx.Tx, after *etl.Cursor) error {
		p, ok, err := knownPageOf(ctx, tx, c.Endpoint, digest)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%s: %w", c.Endpoint, extract.ErrMoved)
		}
		if _, err := tx.ExecContext(ctx, query("page-seen"), run.ID, c.Endpoint, digest); err != nil {
			return fmt.Errorf("remember a page of %s: %w", c.Endpoint, err)
		}
		watched, err := watch(ctx, tx, after, nil)
		if err != nil {
			return err
		}
		return s.endPage(ctx, tx, run, after, nil, watched, p.Rows, p.Records, full)
	})
}

// remember keeps what is needed to know a page again, by its cursor's digest.
func remember(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, rows []etl.Row, records string) error {
	if c.Digest == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, query("put-page"), c.Endpoint, c.Digest, len(rows), extract.NewestStamp(rows), c.IDs, records, run.ID)
	return wrap(err, "remember a page of %s", c.Endpoint)
}

// recordsOf gives the stretches of a page's records, as a JSON list.
func recordsOf(ctx context.Context, tx *sqlx.Tx, endpoint string, rows []etl.Row, written []writtenRow, list string) (string, error) {
	var ids []int64
	if len(written) == len(rows) {
		for _, w := range written {
			ids = append(ids, w.id)
		}
	} else if err := tx.SelectContext(ctx, &ids, query("page-records"), list, endpoint); err != nil {
		return "", fmt.Errorf("look up the records of a page of %s: %w", endpoint, err)
	}
	return jsonList(stretchesOf(ids)), nil
}

// stretchesOf gives the first and last of each stretch of ids without a gap.
func stretchesOf(ids []int64) (list [][2]int64) {
	slices.Sort(ids)
	for _, id := range ids {
		if n := len(list); n > 0 && list[n-1][1] == id-1 {
			list[n-1][1] = id
		} else {
			list = append(list, [2]int64{id, id})
		}
	}
	return list
}

// forgetPages drops at the end of a drain what it did not see.
func forgetPages(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor) error {
	if c.Lane != extract.Nightly {
		return nil
	}
	_, err := tx.ExecContext(ctx, query("forget-pages"), c.Endpoint, run.ID)
	return wrap(err, "forget pages of %s", c.Endpoint)
}
