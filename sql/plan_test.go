package sql

import (
	"regexp"
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
	seldom := []string{"holds-nothing", "backup-counts", "uncertain", "intents"} // once in a database's life, or when a person asks
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
	if plan := strings.Join(planOf(t, s, query("count-linked")), "\n"); !strings.Contains(plan, "crosswalk_run") {
		t.Errorf("the plan is %s, want it to use crosswalk_run", plan)
	}
}

// TestNightsLookUpWhatChanged: what a night asks of the tables that hold all
// history takes as long as what changed. A step that reads a table from its
// beginning, or by no more than its destination, object or endpoint, reads all.
func TestNightsLookUpWhatChanged(t *testing.T) {
	s := openReportStore(t)
	for _, name := range []string{"turn-page", "count-called", "count-linked", "put-results", "put-open-results", "put-tally", "close-items", "see-items", "open-items", "put-backlog",
		"source-count", "weight", "due", "mapped-of", "kept-back", "orphan-deliveries", "orphan-targets", "settled-targets", "close-unknown", "close-parents", "open-deliveries", "next-open",
		"count-new", "any-changed", "changed", "changed-by-patient", "changed-by-doctor", "unsettled", "records-by-row", "records-by-id", "records-by-patient", "known", "known-parts",
		"problems-of", "inside", "put-target", "crosswalk-ids", "put-intents", "answer-deliveries", "acknowledge-targets", "clear-problems-of", "put-crosswalk", "refuse-target", "uncarried", "set-carried", "release-carriers", "taken-inside",
		"changed-rows", "page-moved", "page-records", "put-shown", "shown-among", "unadded", "total-of", "put-addend", "forget-results", "forget-items", "forget-runs"} {
		looksUp(t, s, name, query(name))
	}
	for _, name := range []string{"aging", "backlog", "carried", "controls", "discharges", "endpoints", "history", "links", "matches", "mismatches", "missing",
		"moved-on", "object-rows", "reject-causes", "rejects", "results", "rules", "tally", "touched", "visits", "worklist", "worklist-groups"} {
		looksUp(t, s, name, reportQueries[name])
	}
}

// TestACarriersBodyIsWrittenByJudgingAlone: whether it carries its parts changes
// by them alone, and the database notes that.
func TestACarriersBodyIsWrittenByJudgingAlone(t *testing.T) {
	writes := regexp.MustCompile(`(?s)\b(UPDATE|INTO) target\b.*(SET|,)\s+(payload|hash|needs|parent_id|slot) =`)
	for name, text := range queries {
		if wrote := writes.MatchString(text); wrote != (name == "put-target") {
			t.Errorf("%s: it writes what carriers are held against: %t", name, wrote)
		}
	}
}

// wholeSteps read a table whole.
var wholeSteps = regexp.MustCompile(`^SCAN \S+$|^SCAN .* USING |^SEARCH .* \((destination=\?|endpoint=\?|source_endpoint=\?)( AND (object|source_endpoint)=\?)*\)( LEFT-JOIN)?$`)

// smallSteps read what is small however long the history is: what waits, what
// a night's own rows name, kept counts, runs; or are not taken in a night.
var smallSteps = regexp.MustCompile(`INDEX (target_(open|due|uncertain|fresh|parent)|decision_\w+|delivery_(intent|uncertain)|crosswalk_found|sqlite_autoindex_list_1) ?` +
	`|SEARCH (staged|standing|g) |SEARCH [cw] USING AUTOMATIC |^SCAN (staged|standing|total|q|k|e|s|d|j|n|called|past|night|json_each|touched|lacks|l|run|u|call|extra|stream|of_patient|of_doctor|next|piece)\b` +
	`|\((sub|virtual)`)

func looksUp(t *testing.T, s *Store, name, text string) {
	t.Helper()
	asked := map[string]bool{"links SCAN crosswalk": true, "visits SEARCH record USING COVERING INDEX sqlite_autoindex_record_1 (endpoint=?)": true} // where all rows are asked for
	for _, line := range planOf(t, s, text) {
		if wholeSteps.MatchString(line) && !smallSteps.MatchString(line) && !asked[name+" "+line] {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// TestWhatWaitsIsLookedUp by what it waits for, and not searched for among all
// that waits, for each record that was refused.
func TestWhatWaitsIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	if plan := strings.Join(planOf(t, s, reportQueries["reject-causes"]), "\n"); !strings.Contains(plan, "SEARCH w USING AUTOMATIC COVERING INDEX (destination=? AND object=? AND source_id=?)") {
		t.Errorf("reject-causes is read by\n%s", plan)
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

// TestWhatWasShownIsLookedUp by the stretches near a record, not among all of a
// drain's.
func TestWhatWasShownIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	for _, name := range []string{"shown-among", "note-missed", "forget-missed"} {
		plan := strings.Join(planOf(t, s, query(name)), "\n")
		if !strings.Contains(plan, "USING PRIMARY KEY (drain=? AND last>? AND last<?)") {
			t.Errorf("%s is read by\n%s", name, plan)
		}
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
