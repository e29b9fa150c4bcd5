package sql

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// A Visit is what one visit adds to the totals of its month and provider.
type Visit struct {
	Month   string // 2026-03, of its start in DrChrono
	Minutes int    // in DrChrono
	Known   bool   // what the destination holds of it can be read
	There   int    // its minutes there
}

// addBatch is how many visits are added up in one transaction.
const addBatch = 500

type unaddedRow struct {
	Target              int64
	Destination, Object string
	SourceID            string `db:"source_id"`
	Endpoint, Doctor    string
	Record, Body        []byte
}

// AddUp brings the totals of visits up to date with what changed since it was
// last called. read says what a visit adds, given its record in DrChrono and
// what the destination acknowledged or holds.
func (s *Store) AddUp(ctx context.Context, read func(record, body []byte) Visit) error {
	totals := map[[4]string]int64{}
	for n := addBatch; n == addBatch; {
		err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			var rows []unaddedRow
			if err := tx.SelectContext(ctx, &rows, query("unadded"), addBatch); err != nil {
				return err
			}
			n = len(rows)
			if err := dropAddends(ctx, tx, rows); err != nil {
				return err
			}
			for _, r := range rows {
				if err := s.addUp(ctx, tx, totals, r, read); err != nil {
					return fmt.Errorf("%s %s %s: %w", r.Destination, r.Object, r.SourceID, err)
				}
			}
			return nil
		})
		if err != nil {
			return wrap(err, "add up visits")
		}
	}
	return nil
}

// dropAddends takes back what visits added before.
func dropAddends(ctx context.Context, tx *sqlx.Tx, rows []unaddedRow) error {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.Target
	}
	for _, name := range []string{"drop-addends", "added"} {
		if _, err := tx.ExecContext(ctx, query(name), jsonList(ids)); err != nil {
			return err
		}
	}
	return nil
}

// addUp keeps what a visit adds, and to which total; totals are those that are
// known already.
func (s *Store) addUp(ctx context.Context, tx *sqlx.Tx, totals map[[4]string]int64, r unaddedRow, read func(record, body []byte) Visit) error {
	if r.Record == nil || r.Body == nil {
		return nil
	}
	record, err := s.seal.Open(r.Record, "record", r.Endpoint, r.SourceID)
	if err != nil {
		return err
	}
	body, err := s.seal.Open(r.Body, "target", r.Destination, r.Object, r.SourceID)
	if err != nil {
		return err
	}
	v := read(record, body)
	total := [4]string{r.Destination, r.Object, v.Month, r.Doctor}
	id, ok := totals[total]
	if !ok {
		if err := tx.GetContext(ctx, &id, query("total-of"), r.Destination, r.Object, v.Month, r.Doctor); err != nil {
			return err
		}
		totals[total] = id
	}
	_, err = tx.ExecContext(ctx, query("put-addend"), r.Target, id, v.Minutes, v.Known, v.There)
	return err
}
