package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

type changedRow struct {
	N       int
	ID      int64 // its row of record; 0 = it is new
	Seq     int64 // change number of what is staged; 0 = it is new
	Verbose bool  // what is staged was read with verbose
}

// changedRows compares a page with what is staged. Where nothing is staged
// between its smallest and its largest id, all of it is new: as most of a first
// load.
func changedRows(ctx context.Context, tx *sqlx.Tx, endpoint string, rows []etl.Row, page string) (changed []changedRow, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	byID := func(a, b etl.Row) int { return strings.Compare(a.ID, b.ID) }
	var known bool
	err = tx.GetContext(ctx, &known, query("staged-between"), endpoint, slices.MinFunc(rows, byID).ID, slices.MaxFunc(rows, byID).ID)
	if err != nil {
		return nil, err
	}
	if known {
		err = tx.SelectContext(ctx, &changed, query("changed-rows"), page, endpoint)
		return changed, err
	}
	for n := range rows {
		changed = append(changed, changedRow{N: n})
	}
	return changed, nil
}

// A writtenRow is a row that is new or differs.
type writtenRow struct {
	row    etl.Row
	id     int64  // its row of record
	had    int64  // change number of what is staged; 0 = it is new
	raw    []byte // what is stored: the row's own bytes, with what only a verbose read brought
	sealed []byte // the same, packed
}

// toWrite lists the rows of a page to be written: those that differ, unless
// all that differs is what a read without verbose leaves out.
func (s *Store) toWrite(ctx context.Context, tx *sqlx.Tx, endpoint string, rows []etl.Row, changed []changedRow) ([]writtenRow, error) {
	list := make([]writtenRow, 0, len(changed))
	for _, ch := range changed {
		r := rows[ch.N]
		if ch.Verbose && !r.Verbose {
			same, err := s.keepVerbose(ctx, tx, endpoint, &r)
			if err != nil {
				return nil, err
			}
			if same {
				continue
			}
		}
		list = append(list, writtenRow{row: rows[ch.N], id: ch.ID, had: ch.Seq, raw: r.Raw})
	}
	return list, nil
}

// putRecords writes rows in their order, while those that come after them are
// still being sealed on all processors. The change number is drawn only where
// something is written: an unchanged page writes no record.
func (s *Store) putRecords(ctx context.Context, tx *sqlx.Tx, run etl.Run, endpoint string, list []writtenRow) error {
	if len(list) == 0 {
		return nil
	}
	seq, err := nextSeq(ctx, tx)
	if err != nil {
		return err
	}
	wait := inChunks(len(list), func(i int) { list[i].sealed = s.seal.Seal(list[i].raw, "record", endpoint, list[i].row.ID) })
	// A statement under a context that can end costs a goroutine of its own.
	whole := context.WithoutCancel(ctx)
	for i := range list {
		wait(i)
		if err := putRecord(whole, tx, run, endpoint, &list[i], seq); err != nil {
			return err
		}
	}
	if err := noteNew(whole, tx, run, endpoint, list); err != nil {
		return err
	}
	return ctx.Err()
}

// noteNew notes which run brought the records that are new, and adds them to
// the kept counts, before anything else changes them.
func noteNew(ctx context.Context, tx *sqlx.Tx, run etl.Run, endpoint string, list []writtenRow) error {
	first := slices.IndexFunc(list, func(w writtenRow) bool { return w.had == 0 })
	if first < 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, query("note-origin"), list[first].id, run.ID); err != nil {
		return fmt.Errorf("note who brought new records: %w", err)
	}
	_, err := tx.ExecContext(ctx, query("count-new"), endpoint, list[first].id)
	return wrap(err, "count new records")
}

// maxUnhung is how many new records may wait before they are noted with what
// they hang on: queries look through them.
const maxUnhung = 10_000

// hang notes new records with the patients and doctors that they hang on: at
// the end of a drain, and when many wait for it.
func hang(ctx context.Context, tx *sqlx.Tx, drained bool) error {
	var waiting int
	if err := tx.GetContext(ctx, &waiting, query("unhung")); err != nil {
		return fmt.Errorf("count what hangs on nothing yet: %w", err)
	}
	if waiting == 0 || waiting < maxUnhung && !drained {
		return nil
	}
	for _, name := range []string{"hang-lists", "hang-patients", "hang-doctors", "all-hung"} {
		if _, err := tx.ExecContext(ctx, query(name)); err != nil {
			return fmt.Errorf("note what records hang on: %w", err)
		}
	}
	return nil
}

func nextSeq(ctx context.Context, tx *sqlx.Tx) (seq int64, err error) {
	if err := tx.GetContext(ctx, &seq, query("next-seq")); err != nil {
		return 0, fmt.Errorf("next change number: %w", err)
	}
	return seq, nil
}

func putRecord(ctx context.Context, tx *sqlx.Tx, run etl.Run, endpoint string, w *writtenRow, seq int64) error {
	r, name := &w.row, "add-record"
	args := []any{endpoint, r.ID, seq, r.Hash, r.UpdatedAt, r.Patient, r.Doctor,
		len(r.Parts), strings.Join(r.Parts, ","), r.Verbose, r.Deleted, r.Fault, r.Problem, w.sealed}
	if w.had > 0 {
		name, args = "change-record", append(args, run.ID)
		if _, err := tx.ExecContext(ctx, query("keep-version"), endpoint, r.ID); err != nil {
			return fmt.Errorf("keep version of %s %s: %w", endpoint, r.ID, err)
		}
	}
	res, err := tx.ExecContext(ctx, query(name), args...)
	if err != nil {
		return fmt.Errorf("stage %s %s: %w", endpoint, r.ID, err)
	}
	if w.had == 0 {
		w.id, err = res.LastInsertId()
	}
	return err
}
