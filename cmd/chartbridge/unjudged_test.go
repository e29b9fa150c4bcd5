package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// A runSummary is what a test reads of summary.json.
type runSummary struct {
	ExitCode int `json:"exit_code"`
	Balanced *bool
	Calls    struct {
		ByEndpoint map[string]int `json:"by_endpoint"`
	}
	Endpoints    []endpointCount
	Destinations map[string]map[string]map[string]int
}

// summaryOf reads summary.json of a run.
func (s *site) summaryOf(run string) runSummary {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "out", run, "summary.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	return decodeJSON[runSummary](s.t, string(text))
}

// A run that does a part of the job counts what is staged and not judged yet,
// on stdout as in its files, and so does a rebuilt report.
func TestTheLawHoldsWhereNothingIsJudgedYet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	holds := func(after, stage string, want int) (failed int) {
		t.Helper()
		stdout, _ := s.mustRun(want, "run", "--output", "json", "--only", stage)
		res := decodeJSON[struct {
			Run    string
			Counts []sql.Count
		}](t, stdout)
		s.mustRun(exitDone, "report")
		sum := s.summaryOf(res.Run)
		if sum.Balanced == nil || !*sum.Balanced {
			t.Errorf("%s: the balance does not close", after)
		}
		told := map[string]int{}
		for destination, objects := range sum.Destinations {
			for object, counts := range objects {
				for outcome, n := range counts {
					if n > 0 && outcome != "source" && outcome != "extra" {
						told[destination+" "+object+" "+outcome] = n
					}
				}
				failed += counts["failed"]
			}
		}
		shown := map[string]int{}
		for _, c := range res.Counts {
			if c.Outcome != "extra" {
				shown[c.Destination+" "+c.Object+" "+string(c.Outcome)] = c.N
			}
		}
		if !maps.Equal(told, shown) {
			t.Errorf("%s: the files tell %v, the run showed %v", after, told, shown)
		}
		return failed
	}
	if n := holds("a first extraction", stageReport, exitDone); n == 0 {
		t.Error("nothing is failed, though nothing is judged")
	}
	tamper(t, s, "DELETE FROM tally; DELETE FROM result; DELETE FROM target; UPDATE run SET exit_code = -1") // as if it was killed
	s.mustRun(exitDone, "report")
	s.mustRun(exitAttention, "run")
	before := holds("a whole run", stageReport, exitAttention)
	s.v.Practice.Patch("patients", goodPatient(t, s.v.Practice), map[string]any{"city": "Elsewhere"})
	holds("a changed patient", stageExtract, exitDone)
	if n := holds("a changed patient", stageReport, exitAttention); n <= before {
		t.Errorf("%d are failed, want more than %d", n, before)
	}

	tamper(t, s, "UPDATE tally SET n = n + 1 WHERE outcome = 'unchanged'")
	s.mustRun(exitBalance, "report")
}
