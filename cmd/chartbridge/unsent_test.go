package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// TestADryRunEndsWithItsPlan, which is that of plan; one that could not read
// DrChrono has none.
func TestADryRunEndsWithItsPlan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stdout, _ := s.mustRun(exitAttention, "run", "--dry-run", "--output", "json")
	due := decodeJSON[struct {
		Run  string
		Plan plan
	}](t, stdout)
	stdout, _ = s.mustRun(exitDone, "plan", "--output", "json")
	if want := decodeJSON[plan](t, stdout); due.Run == "" || due.Plan.Hash != want.Hash || len(due.Plan.Steps) != len(want.Steps) || len(due.Plan.Left) != len(want.Left) {
		t.Errorf("run %q plans %s with %d steps, want %s with %d", due.Run, due.Plan.Hash, len(due.Plan.Steps), want.Hash, len(want.Steps))
	}
	push := "push --plan " + due.Plan.Hash
	if stdout, _ := s.mustRun(exitAttention, "run", "--dry-run"); !strings.Contains(stdout, push) {
		t.Errorf("a dry run without its plan:\n%s", stdout)
	}
	s.v.DrChrono.Inject(drchronotest.Fault{Times: -1, Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/api/") },
		Do: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) }})
	if stdout, _ := s.mustRun(exitEnvironment, "run", "--dry-run"); !strings.Contains(stdout, "exit code 3") || strings.Contains(stdout, push) {
		t.Errorf("a plan of what was not read:\n%s", stdout)
	}
}

// TestUnsentSaysWhy: a record that maps and was not sent says why in the results.
func TestUnsentSaysWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run", "--destinations", "rethink", "--dry-run")
	files, err := filepath.Glob(filepath.Join(s.dir, "out", "*", "load-results.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d results, %v", len(files), err)
	}
	lines, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for line := range strings.Lines(string(lines)) {
		if strings.Contains(line, `"outcome":"failed"`) && strings.Contains(line, `"message":""`) {
			t.Fatalf("it does not say why: %s", line)
		}
		said += strings.Count(line, "dry run")
	}
	if said == 0 {
		t.Error("no record says that it was a dry run")
	}
	n := night{practice: s.open(), destinations: []string{"rethink"}, came: []string{"rethink", "centralreach"}, short: []string{"centralreach"}}
	for destination, want := range map[string]string{"rethink": "goes with the next", "centralreach": "other destinations"} {
		if why := n.unsent(destination); !strings.Contains(why, want) {
			t.Errorf("%s: %q, want %q in it", destination, why, want)
		}
	}
	if n.destinations = nil; !strings.Contains(n.unsent("centralreach"), "stopped short") || !strings.Contains(n.unsent("another"), "cut short") {
		t.Error("a destination that stopped short, or whose turn did not come, is told wrongly")
	}
}
