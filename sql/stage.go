package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// Cursor reads where a stream stands; a stream never read is StreamNew.
func (s *Store) Cursor(ctx context.Context, endpoint, lane string) (etl.Cursor, error) {
	var c etl.Cursor
	err := s.db.GetContext(ctx, &c, query("cursor"), endpoint, lane)
	if errors.Is(err, sql.ErrNoRows) {
		return etl.Cursor{Endpoint: endpoint, Lane: lane, State: etl.StreamNew}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read cursor of %s: %w", endpoint, err)
	}
	return c, nil
}

// Cursors lists the streams of a lane.
func (s *Store) Cursors(ctx context.Context, lane string) ([]etl.Cursor, error) {
	var all []etl.Cursor
	if err := s.read.SelectContext(ctx, &all, query("cursors"), lane); err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	return all, nil
}

// PutCursor saves a stream's state when there is no page to save with it.
func (s *Store) PutCursor(ctx context.Context, run etl.Run, c etl.Cursor) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error { return putCursor(ctx, tx, run, c) })
}

func putCursor(ctx context.Context, tx *sqlx.Tx, run etl.Run, c etl.Cursor) error {
	drained := ""
	if c.State == etl.StreamDrained {
		drained = stamp(run.At)
	}
	_, err := tx.ExecContext(ctx, query("put-cursor"), c.Endpoint, c.Lane, c.Watermark, c.Next, c.Since, c.Newest,
		c.Page, c.Rows, c.Changed, c.Caught, c.State, c.Note, run.ID, drained)
	if err != nil {
		return fmt.Errorf("save cursor of %s: %w", c.Endpoint, err)
	}
	return nil
}

// StagePage upserts a page's changed rows and saves the cursor that follows
// it, in one transaction: a kill costs the page in flight and no more. It adds
// the page's counts to the cursor and returns it. With full set, the rows are
// noted as seen; a drained full read then marks the unseen as gone.
func (s *Store) StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error) {
	list, err := pageList(rows)
	if err != nil {
		return c, err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		changed, err := changedRows(ctx, tx, c.Endpoint, list)
		if err != nil {
			return err
		}
		var seq int64 // drawn only where something is written: an unchanged page writes no record
		if len(changed) > 0 {
			if seq, err = nextSeq(ctx, tx); err != nil {
				return err
			}
		}
		for _, ch := range changed {
			if err := s.putRecord(ctx, tx, run, c.Endpoint, rows[ch.N], ch.Seq, seq); err != nil {
				return err
			}
			if c.Since != "" && rows[ch.N].UpdatedAt != "" && rows[ch.N].UpdatedAt < c.Watermark {
				c.Caught++
			}
		}
		c.Page, c.Rows, c.Changed = c.Page+1, c.Rows+len(rows), c.Changed+len(changed)
		if full {
			if err := closeFullRead(ctx, tx, run, c, list); err != nil {
				return err
			}
		}
		return putCursor(ctx, tx, run, c)
	})
	return c, err
}

type changedRow struct {
	N       int
	Seq     int64
	Verbose int
}

func changedRows(ctx context.Context, tx *sqlx.Tx, endpoint, list string) (changed []changedRow, err error) {
	if err := tx.SelectContext(ctx, &changed, query("changed-rows"), list, endpoint); err != nil {
		return nil, fmt.Errorf("compare a page of %s: %w", endpoint, err)
	}
	return changed, nil
}

func nextSeq(ctx context.Context, tx *sqlx.Tx) (seq int64, err error) {
	if err := tx.GetContext(ctx, &seq, query("next-seq")); err != nil {
		return 0, fmt.Errorf("next change number: %w", err)
	}
	return seq, nil
}

func (s *Store) putRecord(ctx context.Context, tx *sqlx.Tx, run etl.Run, endpoint string, r etl.Row, had, seq int64) error {
	if had > 0 {
		if _, err := tx.ExecContext(ctx, query("keep-version"), endpoint, r.ID); err != nil {
			return fmt.Errorf("keep version of %s %s: %w", endpoint, r.ID, err)
		}
	}
	_, err := tx.ExecContext(ctx, query("put-record"), endpoint, r.ID, seq, r.Hash, r.UpdatedAt, r.Patient, r.Doctor,
		r.Parts, r.Verbose, r.Fault, run.ID, run.ID, s.seal.Seal(r.Raw, "record", endpoint, r.ID))
	if err != nil {
		return fmt.Errorf("stage %s %s: %w", endpoint, r.ID, err)
	}
	return nil
}

// closeFullRead notes what a page of a full read showed, and at its end marks
// what no page showed.
func closeFullRead(ctx context.Context, tx *sqlx.Tx, run etl.Run, c etl.Cursor, list string) error {
	if c.Page == 1 {
		if _, err := tx.ExecContext(ctx, query("clear-seen"), c.Endpoint); err != nil {
			return fmt.Errorf("begin full read of %s: %w", c.Endpoint, err)
		}
	}
	if _, err := tx.ExecContext(ctx, query("put-seen"), c.Endpoint, list); err != nil {
		return fmt.Errorf("note seen rows of %s: %w", c.Endpoint, err)
	}
	// A list that is suddenly empty more likely lost its permission than its
	// rows (drchrono-facts, section 8): nothing is marked.
	if c.State != etl.StreamDrained || c.Rows == 0 {
		return nil
	}
	seq, err := nextSeq(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("mark-gone"), seq, run.ID, c.Endpoint); err != nil {
		return fmt.Errorf("mark what is gone from %s: %w", c.Endpoint, err)
	}
	_, err = tx.ExecContext(ctx, query("clear-seen"), c.Endpoint)
	return err
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

type recordRow struct {
	Endpoint  string
	SourceID  string `db:"source_id"`
	Seq       int64
	UpdatedAt string `db:"updated_at"`
	Patient   string
	Doctor    string
	Gone      bool
	Fault     string
	Payload   []byte
}

func (s *Store) source(r recordRow) (etl.Source, error) {
	raw, err := s.seal.Open(r.Payload, "record", r.Endpoint, r.SourceID)
	if err != nil {
		return etl.Source{}, err
	}
	return etl.Source{Ref: etl.Ref{Endpoint: r.Endpoint, ID: r.SourceID}, Seq: r.Seq, UpdatedAt: r.UpdatedAt,
		Patient: r.Patient, Doctor: r.Doctor, Gone: r.Gone, Fault: r.Fault, Raw: raw}, nil
}

func (s *Store) sources(ctx context.Context, name string, args ...any) ([]etl.Source, error) {
	rows, err := s.db.QueryxContext(ctx, query(name), args...)
	if err != nil {
		return nil, fmt.Errorf("read records (%s): %w", name, err)
	}
	defer rows.Close()
	var all []etl.Source
	for rows.Next() {
		var r recordRow
		if err := rows.StructScan(&r); err != nil {
			return nil, fmt.Errorf("read records (%s): %w", name, err)
		}
		src, err := s.source(r)
		if err != nil {
			return nil, err
		}
		all = append(all, src)
	}
	return all, rows.Err()
}

// All reads every record of a small endpoint.
func (s *Store) All(ctx context.Context, endpoint string) ([]etl.Source, error) {
	return s.sources(ctx, "all-records", endpoint)
}

// ByID reads the records of those ids; ids that are not staged are left out.
func (s *Store) ByID(ctx context.Context, endpoint string, ids []string) ([]etl.Source, error) {
	return s.sources(ctx, "records-by-id", endpoint, jsonList(ids))
}

// ByPatient reads an endpoint's records of those patients.
func (s *Store) ByPatient(ctx context.Context, endpoint string, patients []string) ([]etl.Source, error) {
	return s.sources(ctx, "records-by-patient", endpoint, jsonList(patients))
}

// jsonList is a list of texts as one query parameter for json_each.
func jsonList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("a list of ids has no JSON: %v", err)) // ids and numbers always have
	}
	return string(text)
}
