package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// startOf reads the verdict on Start of a run's workbook, and the word of each
// check on a sheet.
func (s *site) startOf(run string) (word, text string, bad []string) {
	s.t.Helper()
	f, err := excelize.OpenFile(filepath.Join(s.dir, "out", run, "reconciliation.xlsx"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range []string{"Balance", "Checks", "Outcomes"} {
		rows, err := f.GetRows(sheet)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, row := range rows[1:] {
			if line := strings.Join(row, " | "); strings.Contains(line, "| ✗") {
				bad = append(bad, sheet+": "+line)
			}
		}
	}
	rows, err := f.GetRows("Start")
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(rows[2], " "), strings.Join(rows[3], " "), bad
}

// What is switched off has no source in a run: what is still known of it is held
// against nothing, and a run that had it is told as it was.
func TestTheLawHoldsWhereSomethingIsSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ran := func(args ...string) string {
		t.Helper()
		stdout, _ := s.mustRun(exitAttention, append([]string{"run", "--output", "json"}, args...)...)
		return decodeJSON[struct{ Run string }](t, stdout).Run
	}
	closes := func(run string, rethink, employees bool) {
		t.Helper()
		s.mustRun(exitDone, "report", "--run", run)
		sum := s.summaryOf(run)
		if sum.Balanced == nil || !*sum.Balanced || (sum.Destinations["rethink"] != nil) != rethink || (sum.Destinations["centralreach"]["employee"] != nil) != employees {
			t.Errorf("%s: %v, want Rethink %t, employees %t", run, sum, rethink, employees)
		}
		if word, text, bad := s.startOf(run); strings.Contains(word+text, "✗") || len(bad) > 0 {
			t.Errorf("%s: %s %s %q", run, word, text, bad)
		}
	}
	whole := ran("--dry-run")
	s.set("rethink:\n  enabled: true\n", "rethink:\n  enabled: false\n")
	without := ran()
	closes(without, false, true)
	lines, err := os.ReadFile(filepath.Join(s.dir, "out", without, "load-results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(lines); strings.Contains(text, "dry run") || !strings.Contains(text, "is not enabled in the config") {
		t.Error("what is not sent to what is switched off has the reason of an earlier run")
	}
	s.set("centralreach:\n", "centralreach:\n  write: {employees: false}\n")
	neither := ran()
	closes(neither, false, false)
	closes(whole, true, true)
	s.set("rethink:\n  enabled: false\n", "rethink:\n  enabled: true\n")
	closes(neither, false, false)
}

// A run that touched nothing has turned the page all the same: what the one
// before it sent is still counted once when that one is told again.
func TestTheLawHoldsOfARunThatAnIdleOneFollowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stdout, _ := s.mustRun(exitAttention, "run", "--output", "json")
	run := decodeJSON[struct{ Run string }](t, stdout).Run
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "report", "--run", run)
	if word, text, bad := s.startOf(run); strings.Contains(word+text, "✗") || len(bad) > 0 {
		t.Errorf("%s %s %q", word, text, bad)
	}
}

// Of a run that was killed before it counted, and that others of an older
// program followed, nobody knows whether the balance closed.
func TestTheBalanceOfAKilledRunIsNotKnown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stdout, _ := s.mustRun(exitDone, "run", "--only", "extract", "--output", "json")
	run := decodeJSON[struct{ Run string }](t, stdout).Run
	s.mustRun(exitAttention, "run")
	if err := os.RemoveAll(filepath.Join(s.dir, "out", run)); err != nil {
		t.Fatal(err)
	}
	of := " WHERE run = '" + run + "'; "
	tamper(t, s, "DELETE FROM tally"+of+"DELETE FROM result"+of+"DELETE FROM backlog"+of+"UPDATE run SET exit_code = -1, finished_at = '' WHERE id = '"+run+"'")
	stdout, _ = s.mustRun(exitDone, "report", "--run", run, "--output", "json")
	if sum := s.summaryOf(run); sum.Balanced != nil || strings.Contains(stdout, "balanced") {
		t.Errorf("balanced is told: %s", stdout)
	}
	if word, text, bad := s.startOf(run); !strings.Contains(word+text, "ended before it counted, and later runs have moved on") || len(bad) > 0 {
		t.Errorf("%s %s %q", word, text, bad)
	}
}
