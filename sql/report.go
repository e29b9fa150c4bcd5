package sql

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

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

// A Snapshot is the database as it was when the snapshot was taken, whatever is
// written meanwhile. It holds three readers' connections until it is closed, for
// the two workbooks and a long count beside them. More queries may be under way on
// it: database/sql lets one at a time of a connection go on by a row.
type Snapshot struct {
	seal *Sealer
	mu   sync.Mutex
	on   [3]reading
}

// A reading is one of a snapshot's read transactions.
type reading struct {
	tx      *sqlx.Tx
	queries int // under way on it
}

// Snapshot takes a snapshot. The caller closes it.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	snap := &Snapshot{seal: s.seal}
	err := s.inTx(ctx, func(*sqlx.Tx) error { // while this could write, nobody else does: all see the same
		for i := range snap.on {
			if err := snap.on[i].begin(ctx, s.read); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin a snapshot: %w", err), snap.Close())
	}
	return snap, nil
}

// begin fixes what the transaction sees: a deferred one sees nothing before its first read.
func (r *reading) begin(ctx context.Context, db *sqlx.DB) (err error) {
	if r.tx, err = db.BeginTxx(ctx, nil); err != nil {
		return err
	}
	var n int
	return r.tx.GetContext(ctx, &n, "SELECT count(*) FROM sqlite_schema")
}

// Close ends the snapshot. It only read, so there is nothing to lose.
func (s *Snapshot) Close() (err error) {
	for _, r := range s.on {
		if r.tx != nil {
			err = errors.Join(err, r.tx.Rollback())
		}
	}
	return wrap(err, "end a snapshot")
}

// take gives the transaction on which fewest queries are under way. done says
// that one more is over.
func (s *Snapshot) take() (tx *sqlx.Tx, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	least := &s.on[0]
	for i := range s.on {
		if s.on[i].queries < least.queries {
			least = &s.on[i]
		}
	}
	least.queries++
	return least.tx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		least.queries--
	}
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
		tx, done := s.take()
		defer done()
		rows, err := tx.QueryxContext(ctx, text, args...)
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
