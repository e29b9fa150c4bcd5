package sql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// What is counted as it changes is the count of the rows, whatever happens to
// them.
func TestKeptCountsAreThoseOfTheRows(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	ctx, run := t.Context(), etl.Run{ID: "r1", At: noon}
	holds := func(after string) {
		t.Helper()
		if err := s.Recount(ctx); err != nil {
			t.Errorf("after %s: %v", after, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fillSealed(t, s)
	holds("a first night")
	for i, page := range [][]etl.Row{
		{{ID: "1", Hash: []byte("h"), Raw: []byte(`{"id":1}`), Parts: []string{"primary", "secondary"}}},
		{{ID: "1", Hash: []byte("i"), Raw: []byte(`{"id":1}`), Parts: []string{"primary"}, Deleted: "archived"},
			{ID: "7", Hash: []byte("k"), Raw: []byte(`{"id":7}`), Parts: []string{"primary"}, Deleted: "archived"},
			{ID: "8", Hash: []byte("l"), Raw: []byte(`{`), Fault: "it breaks off"}},
		{{ID: "1", Hash: []byte("j"), Raw: []byte(`{`), Fault: "it breaks off"}},
	} {
		_, err := s.StagePage(ctx, run, etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamOpen}, page, false)
		must(err)
		holds(fmt.Sprint("page ", i))
	}
	for i, target := range []etl.Target{
		{Outcome: etl.Failed, Payload: []byte(`{"a":1}`), Hash: []byte("n1")},
		{Outcome: etl.Excluded, Cause: etl.CauseRoute},
		{Outcome: etl.Failed, Cause: etl.CauseNotSent, Payload: []byte(`{"a":"Wren"}`), Hash: []byte("h1")},
	} {
		target.Destination, target.Object, target.Source = "there", "client", etl.Ref{Endpoint: "patients", ID: "1"}
		must(s.PutTargets(ctx, run, []etl.Target{target}, nil))
		holds(fmt.Sprint("verdict ", i))
	}
	_, err := s.Commit(ctx, run, nil, []load.Mark{{TargetRow: 1, Outcome: etl.Unchanged, Adopt: "78", How: load.ByNaturalKey, Acked: true}}, nil)
	must(err)
	holds("an adoption")
	must(s.OpenRun(ctx, etl.Run{ID: "r2", At: noon}, "v", ""))
	must(s.Conclude(ctx, etl.Run{ID: "r2", At: noon}))
	holds("another night")
	must(s.PutTargets(ctx, run, nil, []int64{3}))
	holds("a visit is dropped")
	if _, err := s.db.Exec("UPDATE standing SET n = n + 1 WHERE n > 0"); err != nil {
		t.Fatal(err)
	}
	if err := s.Recount(ctx); err == nil || !strings.Contains(err.Error(), "standing there client") {
		t.Errorf("a wrong count: %v, want it named", err)
	}
}

// The totals of visits follow each visit: to another month, to another length
// there, out and in again.
func TestTotalsFollowTheVisits(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	ctx, run := t.Context(), etl.Run{ID: "r1", At: noon}
	stage := func(id, month string) {
		t.Helper()
		row := etl.Row{ID: id, Doctor: "7", Hash: []byte(month), Raw: []byte(`{"month":"` + month + `"}`)}
		if _, err := s.StagePage(ctx, run, etl.Cursor{Endpoint: "appointments", Lane: "nightly", State: etl.StreamOpen}, []etl.Row{row}, false); err != nil {
			t.Fatal(err)
		}
	}
	judge := func(id, body string, outcome etl.Outcome) {
		t.Helper()
		if err := s.PutTargets(ctx, run, []etl.Target{{Destination: "there", Object: "event", Source: etl.Ref{Endpoint: "appointments", ID: id},
			Payload: []byte(body), Hash: []byte(body), Outcome: outcome}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	want := func(after string, lines ...string) {
		t.Helper()
		if err := s.AddUp(ctx, func(record, body []byte) (v Visit) {
			read++
			v.Known = json.Unmarshal(record, &v) == nil && json.Unmarshal(body, &v.There) == nil
			v.Minutes = 30
			return v
		}); err != nil {
			t.Fatal(err)
		}
		snap, err := s.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer snap.Close()
		var got []string
		for row, err := range snap.Rows(ctx, "controls") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(row...))
		}
		slices.Sort(got)
		if !slices.Equal(got, lines) {
			t.Errorf("after %s: %q, want %q", after, got, lines)
		}
		if err := s.Recount(ctx); err != nil {
			t.Errorf("after %s: %v", after, err)
		}
	}
	stage("1", "2026-03")
	stage("2", "2026-03")
	judge("1", "30", etl.Matched)
	judge("2", "25", etl.Matched)
	want("two visits", `thereevent2026-0372 60 2 55`)
	judge("2", "x", etl.Matched)
	want("one cannot be read there", `thereevent2026-0372 60 1 30`)
	stage("2", "2026-04")
	want("one moved", `thereevent2026-0371 30 1 30`, `thereevent2026-0471 30 0 0`)
	judge("1", "30", etl.Missing)
	want("one is missing", `thereevent2026-0471 30 0 0`)
	judge("1", "31", etl.Matched)
	read = 0
	want("it came back", `thereevent2026-0371 30 1 31`, `thereevent2026-0471 30 0 0`)
	if read != 1 {
		t.Errorf("%d visits were opened for one that changed", read)
	}
	if err := s.PutTargets(ctx, run, nil, []int64{1, 2}); err != nil {
		t.Fatal(err)
	}
	want("both are dropped")
}
