package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
