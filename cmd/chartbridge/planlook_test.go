package main

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
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
