package sql

import (
	"slices"
	"strings"
	"testing"
)

// planOf gives the lines of a query's plan.
func planOf(t *testing.T, s *Store, text string) (lines []string) {
	t.Helper()
	for n := range strings.Count(text, "?") + 1 {
		rows, err := s.db.Queryx("EXPLAIN QUERY PLAN "+text, slices.Repeat([]any{"1"}, n)...)
		if err != nil {
			continue // it takes more arguments
		}
		defer rows.Close()
		for rows.Next() {
			row, err := rows.SliceScan()
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, row[3].(string))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return lines
	}
	t.Fatal("no number of arguments fits " + text)
	return nil
}

// TestDeliveriesAreLookedUp and not searched for: the ledger only grows, and a
// search for each record that is due would take the square of it.
func TestDeliveriesAreLookedUp(t *testing.T) {
	s := openReportStore(t)
	seldom := []string{"discharges", "holds-nothing", "backup-counts", "uncertain"} // once in a database's life, or when a person asks
	looked := 0
	for name, text := range queries {
		if !strings.Contains(text, "delivery") || slices.Contains(seldom, name) {
			continue
		}
		looked++
		for _, line := range planOf(t, s, text) {
			if strings.HasPrefix(line, "SCAN delivery") || strings.HasPrefix(line, "SCAN d") && strings.Contains(text, "delivery d") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	if looked < 10 {
		t.Errorf("%d queries of deliveries were looked at, want the most of them", looked)
	}
}

// TestWhatCallbacksLinkedIsLookedUp, not searched for among all ids.
func TestWhatCallbacksLinkedIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	if plan := strings.Join(planOf(t, s, query("count-linked")), "\n"); !strings.Contains(plan, "crosswalk_called") {
		t.Errorf("the plan is %s, want it to use crosswalk_called", plan)
	}
}

// TestWhatHangsIsLookedUp and not searched for among all of an endpoint's
// records; of those that wait to be noted, each is looked at once.
func TestWhatHangsIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	for name, index := range map[string]string{
		"changed-by-patient": "SEARCH p USING PRIMARY KEY (patient=? AND list=?)",
		"changed-by-doctor":  "SEARCH d USING PRIMARY KEY (doctor=? AND list=?)",
		"records-by-patient": "SEARCH p USING PRIMARY KEY (patient=? AND list=?)",
	} {
		plan := strings.Join(planOf(t, s, query(name)), "\n")
		if !strings.Contains(plan, index) || !strings.Contains(plan, "SEARCH record USING INTEGER PRIMARY KEY (rowid>?)") {
			t.Errorf("%s is read by\n%s\nwant %s, and the later records by their row", name, plan, index)
		}
	}
	if plan := strings.Join(planOf(t, s, query("deleted-payments")), "\n"); !strings.Contains(plan, "SEARCH o USING PRIMARY KEY (patient=? AND list=?)") {
		t.Errorf("deleted-payments is read by\n%s", plan)
	}
}

// TestAPageOfWhatIsDueCostsAPage: its rows are read in order of their key, not
// sorted out of all that are due.
func TestAPageOfWhatIsDueCostsAPage(t *testing.T) {
	s := openReportStore(t)
	walked := 0
	for _, line := range planOf(t, s, query("due")) {
		switch {
		case !strings.Contains(line, " target USING INDEX"):
		case strings.Contains(line, "target_outcome (destination=? AND object=? AND outcome=? AND rowid>?)"):
			walked++
		default:
			t.Errorf("the plan has %s", line)
		}
	}
	if walked == 0 {
		t.Error("no outcome is walked by its index")
	}
}
