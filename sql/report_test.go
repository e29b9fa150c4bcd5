package sql

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
)

func openReportStore(t *testing.T) *Store {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	seal, err := NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), t.TempDir(), seal, "report test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestReportQueriesPrepare(t *testing.T) {
	s := openReportStore(t)
	if len(reportQueries) == 0 {
		t.Fatal("no report query is embedded")
	}
	for name, text := range reportQueries {
		stmt, err := s.read.Prepare(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := stmt.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSnapshotSeesOneMoment(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	put := func(outcome string) {
		if _, err := s.db.Exec(`INSERT INTO tally VALUES ('r1', 'rethink', 'client', ?, 1)`, outcome); err != nil {
			t.Fatal(err)
		}
	}
	put("created")
	snap, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	put("updated")
	for _, err := range snap.Rows(ctx, "tally", "r1") {
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // while the first is under way, on a connection of its own
			if got := countRows(t, snap, "tally", "r1"); got != 1 {
				t.Errorf("the snapshot sees %d rows, want the 1 that it began with", got)
			}
		}
	}
	first, done := snap.take()
	other, _ := snap.take()
	if done(); first == other {
		t.Error("a query waits for another, though a connection is free")
	}
	if again, _ := snap.take(); again != first {
		t.Error("a query waits for another, though the one before it is over")
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	snap, err = s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := countRows(t, snap, "tally", "r1"); got != 2 {
		t.Errorf("a new snapshot sees %d rows, want 2", got)
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
}

func countRows(t *testing.T, snap *Snapshot, name string, args ...any) (n int) {
	t.Helper()
	for _, err := range snap.Rows(context.Background(), name, args...) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestSnapshotRefusesAnUnknownName(t *testing.T) {
	s := openReportStore(t)
	snap, err := s.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range snap.Rows(context.Background(), "no-such-query") {
		if err == nil {
			t.Error("got a row of a query that does not exist")
		}
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
}

// A snapshot gives payloads only where it is asked to, and sealed.
func TestObjectRowsGiveSealedRecords(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	blob := s.seal.Seal([]byte(`{"first_name":"Ada"}`), "record", "patients", "1")
	for _, q := range []string{
		`INSERT INTO target (destination, object, source_endpoint, source_id, outcome, run) VALUES ('rethink', 'client', 'patients', '1', 'created', 'r1')`,
		`INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash, destination, object, source_endpoint, source_id)
			VALUES ('r1', 1, 'created', '', 1, 200, '77', '', '', '', NULL, 'rethink', 'client', 'patients', '1')`,
	} {
		if _, err := s.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.db.Exec(`INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload)
		VALUES ('patients', '1', 1, x'00', 'r1', 'r1', ?)`, blob); err != nil {
		t.Fatal(err)
	}
	snap, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for level := range 2 {
		for row, err := range snap.Rows(ctx, "object-rows", "r1", "rethink", "client", level, "r1") {
			if err != nil {
				t.Fatal(err)
			}
			sealed, given := row[13].([]byte)
			if given != (level > 0) || bytes.Contains(sealed, []byte("Ada")) {
				t.Errorf("level %d: payload = %q", level, row[13])
			}
			if !given {
				continue
			}
			if got, err := snap.OpenRecord(row[11].(string), row[12].(string), sealed); err != nil || string(got) != `{"first_name":"Ada"}` {
				t.Errorf("the record is %s, %v", got, err)
			}
		}
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
}

// What grows with the records is streamed in the order of an index: a sort
// would hold all of it in memory.
func TestStreamedReportsAreNotSorted(t *testing.T) {
	s := openReportStore(t)
	for _, name := range []string{"results", "object-rows", "object-rows-all", "rejects", "carried", "touched"} {
		rows, err := s.read.Queryx("EXPLAIN QUERY PLAN "+reportQueries[name], "run", "destination", "object", 0, "run")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
