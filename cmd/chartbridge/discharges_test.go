package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

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

// demographic gives a patient another value of a custom demographic that is not empty.
func (s *site) demographic(patient, meaning, value string) {
	s.t.Helper()
	field := fmt.Sprint(s.v.Practice.DemographicIDs()[meaning])
	for _, p := range s.v.Practice.Rows("patients") {
		if fmt.Sprint(p["id"]) != patient {
			continue
		}
		list := p["custom_demographics"].([]any)
		for _, one := range list {
			if d := one.(map[string]any); fmt.Sprint(d["field_type"]) == field {
				d["value"] = value
				s.v.Practice.Patch("patients", patient, map[string]any{"custom_demographics": list})
				return
			}
		}
	}
	s.t.Fatalf("patient %s has no %s", patient, meaning)
}

// TestADischargeThatChangedSince it was judged does not go before it is judged
// again, whatever of what feeds it changed, and whoever approved it.
func TestADischargeThatChangedSince(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	before := s.waiting()
	if len(before) < 4 {
		t.Fatalf("%d discharges wait, want four", len(before))
	}
	reason, dose, same, still := before[0], before[1], before[2], before[3]
	for _, d := range before[:4] {
		s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
	}
	desk := s.newDesk()
	desk.turn("Discharges to approve")
	desk.decide(desk.find("Source id", dose.ID)[0], "APPROVE")

	s.demographic(reason.ID, "discharge_reason", "")
	s.v.Practice.Patch("patients", same.ID, map[string]any{"city": "Newtown"})
	for _, m := range s.v.Practice.Rows("medications") {
		if fmt.Sprint(m["patient"]) == dose.ID {
			s.v.Practice.Patch("medications", fmt.Sprint(m["id"]), map[string]any{"dosage_quantity": "55"})
		}
	}
	s.mustRun(exitDone, "run", "--only", "extract")

	unjudged := func(when string, want ...sql.WaitingDischarge) {
		t.Helper()
		got := map[string]string{}
		for _, d := range s.discharges() {
			got[d.ID] = string(d.Outcome) + " " + d.Cause + ": " + d.Message
		}
		for _, d := range want {
			if !strings.HasPrefix(got[d.ID], "failed not_judged: it, or what it is judged by, changed") {
				t.Errorf("%s: discharge %s is %s", when, d.ID, got[d.ID])
			}
			if _, says := s.mustRun(exitUsage, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Bo Lin"); !strings.Contains(says, "`chartbridge plan") {
				t.Errorf("%s: approving discharge %s says %s", when, d.ID, says)
			}
		}
	}
	unjudged("extracted", reason, dose, same)
	if words := desk.send(exitAttention, "--apply", "--as", "Bo Lin").words(); !slices.Equal(words, []string{sql.NotAllowed}) {
		t.Errorf("an approval in a workbook: %v", words)
	}
	if text, _ := s.mustRun(exitDone, "discharges", "list"); !strings.Contains(text, dose.Hash[:12]) {
		t.Errorf("the list leaves out what changed:\n%s", text)
	}
	s.mustRun(exitAttention, "run", "--only", "load")
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Fatalf("%d discharges went, want that of %s alone, which did not change", n, still.ID)
	}
	unjudged("loaded", reason, dose, same)

	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 2 {
		t.Errorf("the registry holds %d discharges, want also that of %s, whose approved payload stands", n, same.ID)
	}
	after := s.waiting()
	if len(after) != 1 || after[0].ID != dose.ID || after[0].Hash == dose.Hash {
		t.Fatalf("after a whole run these wait for an approval: %v", after)
	}

	s.mustRun(exitDone, "discharges", "approve", dose.ID, "--hash", after[0].Hash, "--as", "Ada Roma")
	s.set("  last_name: Roma", "  last_name: Lin")
	s.mustRun(exitAttention, "run", "--only", "load")
	if n := len(s.v.Registry.Objects("discharge")); n != 2 {
		t.Errorf("%d discharges went as another person's", n-2)
	}
	unjudged("another authorised person", after[0])
}

// TestAClientThatChangedSince it was judged likewise.
func TestAClientThatChangedSince(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run", "--dry-run")
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"city": "Newtown"})
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitAttention, "run", "--only", "load", "--destinations", "rethink")
	clients := s.v.Rethink.Objects("client")
	for _, c := range clients {
		if c["clientExternalId"] == id {
			t.Errorf("client %s went before it was judged", id)
		}
	}
	if len(clients) == 0 {
		t.Error("no other client went")
	}
}
