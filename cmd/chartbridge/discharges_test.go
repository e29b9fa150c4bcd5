package main

import "testing"

// TestAnotherAuthorisedPerson changes nothing that was recorded; what was not
// sent yet is another payload, which nobody has approved.
func TestAnotherAuthorisedPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run", "--dry-run")
	before := s.waiting() // as a run would have it
	if len(before) < 2 {
		t.Fatalf("%d discharges wait for approval after a dry run, want some", len(before))
	}
	for _, d := range before {
		s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
		if d.ID == before[0].ID {
			s.mustRun(exitAttention, "run")
		}
	}
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Fatalf("the registry holds %d discharges, want the approved one", n)
	}
	s.set("  last_name: Roma", "  last_name: Lin")
	s.mustRun(exitAttention, "run")
	if n := s.v.Registry.Calls()["create discharge"]; n != 1 {
		t.Errorf("%d discharges were sent, want the one whose payload was approved", n)
	}
	for _, d := range s.discharges() {
		if d.ID == before[0].ID {
			t.Errorf("the recorded discharge is %s %s: %s", d.Outcome, d.Cause, d.Message)
		}
	}
	for i, d := range s.waiting() {
		if d.Hash == before[i+1].Hash || d.Approvals > 0 {
			t.Errorf("discharge %s waits with the payload that was approved", d.ID)
		}
	}
}
