package sql

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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

// Spared lists the streams that runs which were cut short (killed,
// interrupted, out of calls) drained since an instant, with no whole run after
// them: a run that goes on where they stopped need not read those again.
func (s *Store) Spared(ctx context.Context, run etl.Run, since time.Time) (endpoints []string, err error) {
	err = s.db.SelectContext(ctx, &endpoints, query("spared"), run.ID, stamp(since))
	return endpoints, wrap(err, "list what a run that was cut short has read")
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
	_, err := tx.ExecContext(ctx, query("put-cursor"), c.Endpoint, c.Lane, c.Watermark, c.Next, c.Since, c.Began, c.Newest, c.Mark, c.IDs,
		c.Page, c.Rows, c.Changed, c.Caught, c.State, c.Note, run.ID, drained)
	if err != nil {
		return fmt.Errorf("save cursor of %s: %w", c.Endpoint, err)
	}
	return nil
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
	Parts     string `db:"part_names"`
	Payload   []byte
}

// source opens a record.
func (s *Store) source(r recordRow) (etl.Source, error) {
	raw, err := s.seal.Open(r.Payload, "record", r.Endpoint, r.SourceID)
	if err != nil {
		return etl.Source{}, err
	}
	src := etl.Source{Ref: etl.Ref{Endpoint: r.Endpoint, ID: r.SourceID}, Seq: r.Seq, UpdatedAt: r.UpdatedAt,
		Patient: r.Patient, Doctor: r.Doctor, Gone: r.Gone, Fault: r.Fault, Raw: raw}
	if r.Parts != "" {
		src.Parts = strings.Split(r.Parts, ",")
	}
	return src, nil
}

func (s *Store) sources(ctx context.Context, name string, args ...any) ([]etl.Source, error) {
	rows, err := s.db.QueryxContext(ctx, query(name), args...)
	if err != nil {
		return nil, fmt.Errorf("read records (%s): %w", name, err)
	}
	defer rows.Close()
	var list []recordRow
	for rows.Next() {
		var r recordRow
		if err := rows.Scan(&r.Endpoint, &r.SourceID, &r.Seq, &r.UpdatedAt, &r.Patient, &r.Doctor, &r.Gone, &r.Fault, &r.Parts, &r.Payload); err != nil {
			return nil, fmt.Errorf("read records (%s): %w", name, err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read records (%s): %w", name, err)
	}
	all, errs := make([]etl.Source, len(list)), make([]error, len(list))
	etl.OnAll(len(list), func(i int) {
		all[i], errs[i] = s.source(list[i])
		list[i].Payload = nil
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// IDs lists an endpoint's records that are not gone.
func (s *Store) IDs(ctx context.Context, endpoint string) (ids []string, err error) {
	err = s.db.SelectContext(ctx, &ids, query("record-ids"), endpoint)
	return ids, wrap(err, "list the records of %s", endpoint)
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

// jsonList is a list as one query parameter for json_each. JSON would alter a
// text that is not UTF-8: see areUTF8.
func jsonList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("a list for a query has no JSON: %v", err)) // texts and numbers, and structs of them, always have
	}
	return string(text)
}

// areUTF8 reports whether the database can keep texts as they are: what is not
// UTF-8 becomes another text in JSON, and two ids may become one. What people
// give is held against it where it comes in; DrChrono and the vendors write JSON.
func areUTF8(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(t string) bool { return !utf8.ValidString(t) })
}
