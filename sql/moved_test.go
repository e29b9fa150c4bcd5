package sql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
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
