package sql

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

// TestMovedRecordsAreKnown by the stretches that were shown, which may lie
// within each other: a record that only lies between them was not shown.
func TestMovedRecordsAreKnown(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	page := func(c etl.Cursor, state, notes string, ids ...int) etl.Cursor {
		t.Helper()
		var rows []etl.Row
		for _, id := range ids {
			rows = append(rows, rowOf(fmt.Sprint(id), fmt.Sprintf(`{"id":%d,"notes":"%s"}`, id, notes), false))
		}
		c.State = state
		c, err := s.StagePage(t.Context(), run1, c, rows, false)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := etl.Cursor{Endpoint: "patients", Lane: "nightly"}
	page(c, etl.StreamDrained, "", 1, 2, 3, 4, 5, 6, 7, 8, 9)
	c = page(c, etl.StreamOpen, "", 1, 2, 3, 4, 5)
	c = page(c, etl.StreamOpen, "", 3, 7, 9)
	if c = page(c, etl.StreamOpen, "changed", 2, 5, 6, 7, 8); !strings.HasPrefix(c.Note, "3 records moved") {
		t.Errorf("note %q, want it to tell of records 2, 5 and 7", c.Note)
	}
	c.Note = ""
	if c = page(c, etl.StreamDrained, "changed again", 2, 9); !strings.HasPrefix(c.Note, "2 records moved") {
		t.Errorf("note %q, want it to tell of record 2, which was written, and 9, which was shown", c.Note)
	}
	c.Note = ""
	if c = page(c, etl.StreamOpen, "changed", 1); c.Note != "" {
		t.Errorf("note %q, want what was shown forgotten at the end", c.Note)
	}
	var many []int
	for id := range 700 {
		many = append(many, 1000+id)
	}
	c = etl.Cursor{Endpoint: "patients", Lane: "nightly"}
	page(c, etl.StreamDrained, "", append(many, 999, 1700)...)
	c = page(c, etl.StreamOpen, "", many...)
	if c = page(c, etl.StreamOpen, "changed", 999, 1000, 1249, 1250, 1251, 1699, 1700); !strings.HasPrefix(c.Note, "5 records moved") {
		t.Errorf("note %q, want it to tell of all but 999 and 1700", c.Note)
	}
}

// openBefore are drains that the program of schema 28 left open behind their
// first page. It noted what a page showed and, but for full reads, what was
// written by its change number alone.
const openBefore = `
INSERT INTO record (id, endpoint, source_id, seq, hash, first_run, changed_run, payload) VALUES
  (11, 'offices', '1', 5, x'01', '', '', x'00'), (12, 'offices', '2', 5, x'01', '', '', x'00'), (13, 'offices', '3', 9, x'01', '', '', x'00'), (14, 'offices', '4', 5, x'01', '', '', x'00'),
  (21, 'tasks', '1', 5, x'01', '', '', x'00'), (22, 'tasks', '2', 5, x'01', '', '', x'00'), (23, 'tasks', '3', 9, x'01', '', '', x'00');
INSERT INTO stream (endpoint, lane, next, mark, page, rows, state) VALUES ('offices', 'nightly', '/api/offices?page=2', 7, 1, 2, 'open'),
  ('tasks', 'nightly', '/api/tasks?page=2', 7, 1, 2, 'failed'), ('tasks', 'backfill/cc01/full', '/api/tasks?page=2', 7, 1, 2, 'open');
INSERT INTO seen VALUES ('offices', '1'), ('offices', '3'), ('tasks nightly', '2');
INSERT INTO backfill (id, first_day, last_day, endpoints, newest, load, state, by, begun_at) VALUES ('cc01', '2025-01-01', '2025-12-31', 'tasks', 1, 0, 'cancelled', 'A. Person', '');
INSERT INTO backfill_window VALUES ('cc01', 1, 'tasks', 'backfill/cc01/full', 'full', '', '', 3)`

// TestAnOpenDrainGoesOnAfterTheMigration with what its first page showed.
func TestAnOpenDrainGoesOnAfterTheMigration(t *testing.T) {
	dir := t.TempDir()
	writeSchema(t, dir, 20) // the files of schema 28
	db := openPool(filepath.Join(dir, FileName), "immediate", nil, 1)
	mustExec(t, db, openBefore)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir, "a")
	goOn := func(endpoint string, full bool, ids ...string) etl.Cursor {
		t.Helper()
		c, err := s.Cursor(t.Context(), endpoint, "nightly")
		if err != nil {
			t.Fatal(err)
		}
		var rows []etl.Row
		for _, id := range ids {
			rows = append(rows, rowOf(id, `{"notes":"changed"}`, false))
		}
		c.State, c.Next = etl.StreamDrained, ""
		if c, err = s.StagePage(t.Context(), run1, c, rows, full); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := goOn("tasks", false, "1", "2", "3"); !strings.HasPrefix(c.Note, "2 records moved") {
		t.Errorf("note %q, want it to tell of 2, which was shown, and 3, which was written", c.Note)
	}
	goOn("offices", true, "4")
	var missed []string
	if err := s.db.Select(&missed, "SELECT source_id FROM record WHERE endpoint = 'offices' AND missed > 0"); err != nil || !cmp.Equal(missed, []string{"2"}) {
		t.Errorf("%v are missed (%v), want 2, which no page showed", missed, err)
	}
	var left []string
	if err := s.db.Select(&left, "SELECT drain FROM shown WHERE drain NOT LIKE 'patients%'"); err != nil || len(left) > 0 {
		t.Errorf("%v are left of what was shown (%v)", left, err)
	}
}
