package sql

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/google/go-cmp/cmp"
)

// driftPage stages a page of patients, of which the rows lack or have what
// change makes of them.
func driftPage(t *testing.T, s *Store, c etl.Cursor, run string, first int, change func(string) string) etl.Cursor {
	t.Helper()
	e, _ := extract.Find("patients")
	var rows []etl.Row
	for i := range 10 {
		raw := change(fmt.Sprintf(`{"id":%d,"first_name":"Canary","gender":"Male","run":"%s"}`, first+i, run))
		rows = append(rows, extract.ReadRow(e, []byte(raw), ""))
	}
	c, err := s.StagePage(context.Background(), etl.Run{ID: run, At: noon}, c, rows, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A drain is watched in its pages' transactions: a process that dies between
// two of them loses nothing and tells nothing twice.
func TestDriftSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	same := func(s string) string { return s }
	other := func(s string) string {
		return strings.Replace(strings.Replace(s, `"first_name":"Canary"`, `"nick":"Canary"`, 1), "Male", "Nonbinary", 1)
	}
	drain := func(run, lane string, change func(string) string) etl.Cursor {
		c := etl.Cursor{Endpoint: "patients", Lane: lane, State: etl.StreamOpen}
		s := openAt(t, dir, "process 1")
		c = driftPage(t, s, c, run, 100, change)
		s = openAt(t, dir, "process 2")
		c.State = etl.StreamDrained
		return driftPage(t, s, c, run, 200, change)
	}
	drain("run 1", "nightly", same)
	drain("run 2", "backfill/x", other)
	c := drain("run 3", "nightly", other)
	drain("run 4", "nightly", other)
	if want := "schema drift: 1 new field, 1 vanished field, 1 new value"; c.Note != want {
		t.Errorf("note %q, want %q", c.Note, want)
	}
	s := openAt(t, dir, "process 3")
	var got []string
	if err := s.db.Select(&got, "SELECT run || ' ' || kind || ' ' || field || ' ' || rows FROM drift ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	want := []string{"run 3 new value gender 20", "run 3 new field nick 20", "run 3 vanished field first_name 20"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	var kept string
	if err := s.db.Get(&kept, "SELECT (SELECT group_concat(base || recent || open) FROM profile) || (SELECT group_concat(before || after) FROM drift)"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(kept, "Canary") {
		t.Errorf("a patient's name is kept: %s", kept)
	}
}
