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

// TestARunOfOneStageLeavesItsFiles: what was judged is told by the run that
// judged it, and what was sent by the run that sent it.
func TestARunOfOneStageLeavesItsFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	linesOf := func(stage string, exit int) string {
		stdout, _ := s.mustRun(exit, "run", "--only", stage, "--output", "json")
		run := decodeJSON[struct{ Run string }](t, stdout).Run
		return text(t, filepath.Join(s.dir, "out", run, "load-results.jsonl"))
	}
	linesOf(stageExtract, exitDone)
	if lines := linesOf(stageTransform, exitAttention); !strings.Contains(lines, `"outcome":"invalid"`) {
		t.Errorf("what was judged is not told:\n%s", lines)
	}
	lines := linesOf(stageLoad, exitAttention)
	if want := s.v.Rethink.Calls()["create client"]; want == 0 || strings.Count(lines, `"object":"client"`) < want || !strings.Contains(lines, `"outcome":"created"`) {
		t.Errorf("%d clients were created; the run's lines:\n%s", want, lines)
	}
}
