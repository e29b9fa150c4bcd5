package sql

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// What a run did not come to judge is failed at its end, and the law holds.
func TestWhatIsNotJudgedIsFailed(t *testing.T) {
	s, ctx := openAt(t, t.TempDir(), "a"), t.Context()
	scopes := []Scope{{Destination: "there", Object: "funder", Endpoint: "patients", Slot: "funders", Parts: true},
		{Destination: "there", Object: "client", Endpoint: "patients"}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	stage := func(run string, rows ...etl.Row) {
		t.Helper()
		for i := range rows {
			rows[i].Raw = []byte(`{}`)
		}
		_, err := s.StagePage(ctx, etl.Run{ID: run, At: noon}, etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamOpen}, rows, false)
		must(err)
	}
	target := func(object, id, parent string, o etl.Outcome) etl.Target {
		return etl.Target{Destination: "there", Object: object, Source: etl.Ref{Endpoint: "patients", ID: id}, Parent: parent, Outcome: o, Hash: []byte("a"), Payload: []byte(`{}`)}
	}
	ends := func(run string, want map[string]int) {
		t.Helper()
		must(s.Conclude(ctx, etl.Run{ID: run, At: noon}, scopes...))
		if list, err := s.Unbalanced(ctx, run); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v; want the law to hold", run, list, err)
		}
		counts, err := s.Tally(ctx, run)
		must(err)
		got := map[string]int{}
		for _, c := range counts {
			got[c.Object+" "+string(c.Outcome)] = c.N
		}
		for what, n := range want {
			if got[what] != n {
				t.Errorf("%s: %d %s, want %d", run, got[what], what, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %v, want %v", run, got, want)
		}
		must(s.Recount(ctx))
	}

	stage("r1", etl.Row{ID: "1", Hash: []byte("a"), Parts: []string{"primary", "secondary"}}, etl.Row{ID: "2", Hash: []byte("a")})
	ends("r1", map[string]int{"funder failed": 2, "client failed": 2})

	must(s.PutTargets(ctx, etl.Run{ID: "r2", At: noon}, []etl.Target{target("client", "1", "", etl.Unchanged), target("client", "2", "", etl.Rejected),
		target("funder", "1/primary", "1", etl.Unchanged), target("funder", "1/secondary", "1", etl.Unchanged)}, nil))
	for _, c := range scopes {
		seq, err := s.MaxSeq(ctx)
		must(err)
		must(s.SetJudged(ctx, c.Destination, c.Object, seq, ""))
	}
	ends("r2", map[string]int{"funder unchanged": 2, "client unchanged": 1, "client rejected": 1})

	stage("r3", etl.Row{ID: "1", Hash: []byte("b"), Parts: []string{"primary", "tertiary"}}, etl.Row{ID: "2", Hash: []byte("b")}, etl.Row{ID: "3", Hash: []byte("a")})
	ends("r3", map[string]int{"funder failed": 2, "client failed": 2, "client rejected": 1})

	if _, err := s.db.Exec("UPDATE tally SET n = n + 1 WHERE run = 'r3' AND outcome = 'rejected'"); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Unbalanced(ctx, "r3"); err != nil || len(list) != 1 || list[0] != (Unbalanced{"there", "client", 3, 4}) {
		t.Errorf("a record that is counted twice: %v, %v", list, err)
	}
}

// A night costs what changed, however much is staged.
func TestWhatIsNotJudgedIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	for _, name := range []string{"leave", "drop-parts"} {
		if plan := strings.Join(planOf(t, s, query(name)), "\n"); !strings.Contains(plan, "record_seq (endpoint=? AND seq>?)") || strings.Contains(plan, "SCAN r") || strings.Contains(plan, "SCAN t") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}
