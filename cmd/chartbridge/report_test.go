package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What became of a workbook that is replaced is told in a sentence.
func TestReportSaysWhereTheOldWorkbookIs(t *testing.T) {
	if got := keptWhere("old.xlsx"); !strings.HasPrefix(got, "the old one is kept, since somebody wrote into it, or it cannot be read: old.xlsx.") {
		t.Errorf("it is told as %q", got)
	}
}

// TestReportTakesTheNewestThatEnded: of a run under way, or killed, nobody
// wants the workbook by default.
func TestReportTakesTheNewestThatEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stdout, _ := s.mustRun(exitAttention, "run", "--output", "json")
	run := decodeJSON[struct{ Run string }](t, stdout).Run
	s.mustRun(exitDone, "run", "--only", "extract")
	tamper(t, s, "UPDATE run SET finished_at = '', exit_code = -1 WHERE id > '"+run+"'")
	stdout, stderr := s.mustRun(exitDone, "report", "--output", "json")
	if !strings.Contains(stdout, run) || !strings.Contains(stderr, "under way, or was killed") {
		t.Errorf("%s\n%s", stdout, stderr)
	}
}

// TestARunThatSendsLeavesItsFiles, also where it did nothing else.
func TestARunThatSendsLeavesItsFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitAttention, "run", "--only", "transform")
	stdout, _ := s.mustRun(exitAttention, "run", "--only", "load", "--output", "json")
	run := decodeJSON[struct{ Run string }](t, stdout).Run
	lines := text(t, filepath.Join(s.dir, "out", run, "load-results.jsonl"))
	if want := s.v.Rethink.Calls()["create client"]; want == 0 || strings.Count(lines, `"object":"client"`) < want || !strings.Contains(lines, `"outcome":"created"`) {
		t.Errorf("%d clients were created; the run's lines:\n%s", want, lines)
	}
}
