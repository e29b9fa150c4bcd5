package sql

import (
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

// A break is new once, repeats while it lasts, closes as resolved or as a
// person decided, and comes back as the same one; each night's ledger adds up.
func TestItemsKeepTheirIdentity(t *testing.T) {
	s := openReportStore(t)
	n := 0
	night := func(outcome etl.Outcome, cause string, before func()) etl.Run {
		t.Helper()
		n++
		run := etl.Run{ID: "r" + string(rune('0'+n)), At: noon.Add(time.Duration(n) * 24 * time.Hour)}
		if err := s.OpenRun(t.Context(), run, "v", "r"); err != nil {
			t.Fatal(err)
		}
		if before != nil {
			before()
		}
		err := s.PutTargets(t.Context(), run, []etl.Target{{Destination: "there", Object: "client", Source: etl.Ref{Endpoint: "patients", ID: "1"}, Outcome: outcome, Cause: cause}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Conclude(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		return run
	}
	ledger := func(run etl.Run) (l [6]int) {
		t.Helper()
		row := s.db.QueryRow("SELECT opening, fresh, reopened, resolved, decided, closing FROM backlog WHERE run = ?", run.ID)
		if err := row.Scan(&l[0], &l[1], &l[2], &l[3], &l[4], &l[5]); err != nil {
			t.Fatal(err)
		}
		if l[0]+l[1]+l[2]-l[3]-l[4] != l[5] {
			t.Errorf("%s: %v does not add up", run.ID, l)
		}
		return l
	}
	decide := func() {
		mustExec(t, s.db, `INSERT INTO decision (target, destination, object, source_id, verb, by, at) VALUES (1, 'there', 'client', '1', 'SKIP', 'Ada', '2036-01-01T00:00:00.000Z')`)
	}
	nights := []struct {
		outcome etl.Outcome
		cause   string
		before  func()
		want    [6]int // opening, fresh, reopened, resolved, decided, closing
	}{
		{etl.Invalid, etl.CodeRequired, nil, [6]int{0, 1, 0, 0, 0, 1}},
		{etl.Invalid, etl.CodeRequired, nil, [6]int{1, 0, 0, 0, 0, 1}},
		{etl.Excluded, etl.CauseRoute, nil, [6]int{1, 0, 0, 1, 0, 0}},
		{etl.Invalid, etl.CodeRequired, nil, [6]int{0, 0, 1, 0, 0, 1}},
		{etl.Invalid, etl.CodeLookup, nil, [6]int{1, 1, 0, 1, 0, 1}}, // another cause is another break
		{etl.Excluded, etl.CauseSkipped, decide, [6]int{1, 0, 0, 0, 1, 0}},
	}
	for i, night1 := range nights {
		run := night(night1.outcome, night1.cause, night1.before)
		if diff := cmp.Diff(night1.want, ledger(run)); diff != "" {
			t.Errorf("night %d (-want +got):\n%s", i+1, diff)
		}
		if got := count(t, s, "SELECT count(*) FROM item WHERE closed_run = '' AND seen_run <> '"+run.ID+"'"); got != 0 {
			t.Errorf("night %d: %d open breaks were not seen by it", i+1, got)
		}
	}
	if got := count(t, s, "SELECT count(*) FROM item"); got != 2 {
		t.Errorf("%d breaks, want 2", got)
	}
}

func count(t *testing.T, s *Store, query string) (n int) {
	t.Helper()
	if err := s.db.Get(&n, query); err != nil {
		t.Fatal(err)
	}
	return n
}
