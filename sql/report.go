package sql

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jmoiron/sqlx"
)

//go:embed report/*.sql
var reportFiles embed.FS

// reportQueries holds the reports' queries by their name: one a file, named
// as the file is. A test prepares each against the migrated schema.
var reportQueries = readReportQueries()

func readReportQueries() map[string]string {
	all := map[string]string{}
	entries, err := reportFiles.ReadDir("report")
	if err != nil {
		panic(fmt.Sprintf("embedded report queries: %v", err))
	}
	for _, e := range entries {
		text, err := reportFiles.ReadFile("report/" + e.Name())
		if err != nil {
			panic(fmt.Sprintf("embedded report query %s: %v", e.Name(), err))
		}
		all[strings.TrimSuffix(e.Name(), ".sql")] = string(text)
	}
	return all
}

// A Snapshot is one read transaction: every query that it runs sees the
// database as it was when the snapshot was taken, whatever is written
// meanwhile. It holds one reader's connection until it is closed. Several
// queries may be under way on it: database/sql lets one at a time go on by a row.
type Snapshot struct {
	tx   *sqlx.Tx
	seal *Sealer
}

// Snapshot takes a snapshot. The caller closes it.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := s.read.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin a snapshot: %w", err)
	}
	// A deferred transaction sees nothing yet: its first read fixes what it sees.
	var n int
	if err := tx.GetContext(ctx, &n, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a snapshot: %w", err), tx.Rollback())
	}
	return &Snapshot{tx, s.seal}, nil
}

// Close ends the snapshot. It only read, so there is nothing to lose.
func (s *Snapshot) Close() error {
	return wrap(s.tx.Rollback(), "end a snapshot")
}

// Rows streams the rows of the report query of that name. A row holds int64,
// float64, string, []byte or nil, and is valid until the next one; an error
// is the last thing that comes. The SQL function unseal opens payloads; those of
// records, which are many and the same on many sheets, are left to OpenRecord.
func (s *Snapshot) Rows(ctx context.Context, name string, args ...any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		text, ok := reportQueries[name]
		if !ok {
			yield(nil, fmt.Errorf("no report query is named %s", name))
			return
		}
		rows, err := s.tx.QueryxContext(ctx, text, args...)
		if err != nil {
			yield(nil, fmt.Errorf("report query %s: %w", name, err))
			return
		}
		defer rows.Close()
		if err := each(rows, yield); err != nil {
			yield(nil, fmt.Errorf("report query %s: %w", name, err))
		}
	}
}

// OpenRecord opens the payload of a record that a row holds sealed.
func (s *Snapshot) OpenRecord(endpoint, id string, sealed []byte) ([]byte, error) {
	return s.seal.Open(sealed, "record", endpoint, id)
}

// each hands on every row until yield has enough. The error is one of reading.
func each(rows *sqlx.Rows, yield func([]any, error) bool) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	row, into := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if !yield(row, nil) {
			return nil
		}
	}
	return rows.Err()
}
