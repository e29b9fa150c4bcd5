package main

import (
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
)

// A night of the daemon goes by what decisions mapped, as `run` does.
func TestTheDaemonGoesByWhatDecisionsMapped(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	row := d.find("Cause", "lookup", "Destination", "Rethink")[0]
	name, key := d.get("Lookup", row), d.get("Key", row)
	d.decide(row, "MAP", 4711.0)
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	served := s.daemon()
	if end := served.occur(t.Context(), schedule.Occurrence{Schedule: "nightly"}); end.State != schedule.Ran {
		t.Fatalf("the night ended %+v", end)
	}
	lacking, err := served.store.LackingLookups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lacking {
		if l.Destination == "rethink" && l.Lookup == name && l.Key == key {
			t.Errorf("after the night, %s still lacks %q", name, key)
		}
	}
}
