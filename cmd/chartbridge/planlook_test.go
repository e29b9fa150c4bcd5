package main

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// TestPlanTellsOfTheLook: what is only changed where it is found stands in the
// plan before anybody looked, so that push changes nothing that the plan lacks.
func TestPlanTellsOfTheLook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if empty, _ := s.mustRun(exitDone, "plan"); !strings.Contains(empty, "Nothing is staged yet") {
		t.Errorf("the plan of an empty database says:\n%s", empty)
	}
	s.mustRun(exitDone, "run", "--only", "extract")
	asJSON, _ := s.mustRun(exitDone, "plan", "--output", "json")
	before := decodeJSON[plan](t, asJSON)
	looked := 0
	for _, step := range before.Steps {
		if step.Object == "employee" && step.Does == string(etl.Update) && step.Cause == etl.CauseLookUp {
			looked++
		}
	}
	s.mustRun(exitAttention, "push", "--plan", before.Hash)
	updated := s.v.CentralReach.Calls()["update employee"]
	if updated == 0 || updated > looked {
		t.Errorf("%d employees were updated, and the plan told of %d", updated, looked)
	}
	asJSON, _ = s.mustRun(exitDone, "plan", "--output", "json")
	for _, step := range decodeJSON[plan](t, asJSON).Steps {
		if step.Cause == etl.CauseLookUp {
			t.Errorf("%s %s was looked for, and the plan does not know: %+v", step.Object, step.SourceID, step)
		}
	}
}

// TestPlanPutsTogetherWhatWaits: a person reads what is sent line by line, and
// what waits for the same as one line; JSON has each record.
func TestPlanPutsTogetherWhatWaits(t *testing.T) {
	step := func(id, does string, waits ...string) load.Step {
		return load.Step{Destination: "rethink", Object: "appointment", SourceID: id, Does: does, WaitsFor: waits}
	}
	rows := stepRows([]load.Step{step("1", "create"), step("2", "blocked", "client 7"), step("3", "blocked", "client 8"),
		step("4", "create"), step("5", "blocked", "client 7"), step("6", "blocked", "client 7")})
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row[1:], " "))
	}
	want := "1 create - -|3 records blocked - waits for client 7|3 blocked - waits for client 8|4 create - -"
	if strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
}
