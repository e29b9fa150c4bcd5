package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
)

func TestTraceTellsARecordsLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"first_name": canaries[0], "last_name": canaries[1]})
	s.mustRun(exitAttention, "run")
	s.v.Practice.Patch("patients", id, map[string]any{"address": "77 Changed Way"})
	s.mustRun(exitAttention, "run")
	stdout, _ := s.mustRun(exitDone, "trace", "patients", id)
	for _, want := range []string{"patients " + id, "Versions", "rethink client " + id, "their id", "Deliveries", "create", "update", "acknowledged", "answer"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the trace does not hold %q:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, canaries[0]) || strings.Contains(stdout, "Changed Way") {
		t.Errorf("the trace shows the patient:\n%s", stdout)
	}
	var life traced
	text, _ := s.mustRun(exitDone, "trace", "patients", id, "--output", "json")
	if err := json.Unmarshal([]byte(text), &life); err != nil {
		t.Fatal(err)
	}
	if got, want := len(life.Versions), 2; got != want {
		t.Errorf("got %d versions, want %d", got, want)
	}
	if strings.Contains(text, canaries[1]) || len(life.Staged) > 0 {
		t.Error("the JSON shows the patient")
	}
}

func TestTraceWithPHIIsAudited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"first_name": canaries[0]})
	s.mustRun(exitAttention, "run")
	for _, args := range [][]string{{}, {"--output", "json"}} {
		stdout, _ := s.mustRun(exitDone, append([]string{"trace", "patients", id, "--phi", "full"}, args...)...)
		if !strings.Contains(stdout, canaries[0]) || !strings.Contains(stdout, "first_name") || !strings.Contains(stdout, "firstName") {
			t.Errorf("%v: the trace lacks the staged record or what it maps to:\n%s", args, stdout)
		}
	}
	audit, _ := s.mustRun(exitDone, "audit", "list")
	if strings.Count(audit, "patients "+id) != 2 || strings.Contains(audit, canaries[0]) {
		t.Errorf("the audit log:\n%s", audit)
	}
	if stdout, _ := s.mustRun(exitDone, "trace", "patients", id); !strings.Contains(stdout, "shown with phi full") {
		t.Errorf("the trace does not tell who looked:\n%s", stdout)
	}
}

func TestTraceNamesProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	c := s.v.Practice.CasesOf(drchronotest.KindMissingLastName)[0]
	stdout, _ := s.mustRun(exitDone, "trace", "patients", c.ID)
	if !strings.Contains(stdout, "invalid") || !strings.Contains(stdout, "lastName") {
		t.Errorf("got:\n%s", stdout)
	}
}

func TestTraceHidesWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := goodPatient(t, s.v.Practice)
	s.mustRun(exitAttention, "run")
	tamper(t, s, fmt.Sprintf(`UPDATE delivery SET settled_by = 'Bo Lin', evidence = 'seen under %s' WHERE source_id = '%s';
		INSERT INTO decision (target, verb, comment, by, at) SELECT id, 'RETRY', 'ask %[1]s', 'Bo Lin', '2026-03-01T07:30:00.000Z' FROM target WHERE source_id = '%[2]s'`,
		canaries[0], id))
	stdout, _ := s.mustRun(exitDone, "trace", "patients", id)
	if strings.Contains(stdout, canaries[0]) || !strings.Contains(stdout, "Bo Lin") || !strings.Contains(stdout, hiddenWords) {
		t.Errorf("got:\n%s", stdout)
	}
	if full, _ := s.mustRun(exitDone, "trace", "patients", id, "--phi", "full"); strings.Count(full, canaries[0]) < 2 {
		t.Errorf("with --phi full, evidence or comment is missing:\n%s", full)
	}
}

func TestTraceRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "trace", "patients", goodPatient(t, s.v.Practice))
	for _, args := range [][]string{{"patients", "0"}, {"patient", "1"}, {"patients"}, {"patients", "1", "--phi", "masked"}} {
		s.mustRun(exitUsage, append([]string{"trace"}, args...)...)
	}
}

// TestTraceTellsAPlanFromARun: a plan judges as a run does, and no run is named
// that `runs list` does not know.
func TestTraceTellsAPlanFromARun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	good, bad := goodPatient(t, s.v.Practice), s.v.Practice.CasesOf(drchronotest.KindMissingBirthDate)[0].ID
	s.v.Practice.Patch("patients", good, map[string]any{"address": "77 Changed Way"})
	s.v.Practice.Patch("patients", bad, map[string]any{"last_name": ""})
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "plan")
	due, _ := s.mustRun(exitDone, "trace", "patients", good)
	if !strings.Contains(due, "rethink client "+good+": planned: due at the next run, by a plan at 20") {
		t.Errorf("what was only planned:\n%s", due)
	}
	refused, _ := s.mustRun(exitDone, "trace", "patients", bad)
	if !strings.Contains(refused, "), by a plan at 20") {
		t.Errorf("what a plan judged:\n%s", refused)
	}
	text, _ := s.mustRun(exitDone, "rejects", "list", "--output", "json")
	for _, r := range decodeJSON[[]sql.Refused](t, text) {
		if r.FirstAt == "" || r.LastAt == "" {
			t.Errorf("%s %s was judged at no time", r.Object, r.SourceID)
		}
	}
	s.mustRun(exitAttention, "run")
	if sent, _ := s.mustRun(exitDone, "trace", "patients", good); !strings.Contains(sent, "rethink client "+good+": updated, by run 20") {
		t.Errorf("what was sent then:\n%s", sent)
	}
}
