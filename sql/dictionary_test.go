package sql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

func notes(from, n int) (rows []etl.Row) {
	for i := from; i < from+n; i++ {
		raw := fmt.Sprintf(`{"id":"%d","notes":"%s","reason":"visit %d"}`, i, strings.Repeat("Wren sang; ", 90), i)
		rows = append(rows, etl.Row{ID: fmt.Sprint(i), Hash: []byte(raw[:12]), Raw: []byte(raw)})
	}
	return rows
}

func stage(t *testing.T, s *Store, rows []etl.Row) {
	t.Helper()
	c := etl.Cursor{Endpoint: "notes", Lane: "nightly", State: etl.StreamOpen}
	if _, err := s.StagePage(t.Context(), etl.Run{ID: "r1", At: noon}, c, rows, false); err != nil {
		t.Fatal(err)
	}
}

// Rows from before the dictionary, rows that another process compresses with
// one that this process has not met, and rows after the next start all open.
func TestDictionary(t *testing.T) {
	dir := t.TempDir()
	s, beside := openAt(t, dir, "a"), openAt(t, dir, "b")
	small, large := notes(1, 2), notes(3, 100)
	stage(t, s, small)
	stage(t, s, large)
	want := append(small, large...)
	for name, s := range map[string]*Store{"the same": s, "beside it": beside, "the next": openAt(t, dir, "c")} {
		all, err := s.All(t.Context(), "notes")
		if err != nil || len(all) != len(want) {
			t.Fatalf("%s: %d rows, %v; want %d", name, len(all), err, len(want))
		}
		for i, r := range all {
			if string(r.Raw) != string(want[i].Raw) {
				t.Errorf("%s: row %s is %d bytes, want %d", name, r.ID, len(r.Raw), len(want[i].Raw))
			}
		}
	}
	stage(t, openAt(t, dir, "d"), notes(200, 70))
	var made, longest int
	if err := s.db.QueryRow("SELECT count(*), (SELECT max(length(payload)) FROM record WHERE length(source_id) = 3) FROM dictionary").Scan(&made, &longest); err != nil {
		t.Fatal(err)
	}
	if made != 1 || longest > 150 {
		t.Errorf("%d dictionaries, a row of 1,000 bytes takes up to %d; want 1, at most 150", made, longest)
	}
}
