package main

import (
	"fmt"
	"strings"
	"testing"
)

// route gives Rethink a route.
func (s *site) route(route string) {
	s.t.Helper()
	s.set("rethink:\n  enabled: true\n", "rethink:\n  enabled: true\n  route: "+route+"\n")
}

// inABA puts two patients into a programme: a custom demographic, and a flag with
// words of its own beside it.
func (s *site) inABA() {
	s.t.Helper()
	s.v.Practice.Add("custom_demographics", map[string]any{"id": 7990, "name": "Program", "archived": false})
	s.v.Practice.Add("patient_flag_types", map[string]any{"id": 7991, "name": "ABA Client", "archived": false})
	put := 0
	for _, p := range s.v.Practice.Rows("patients") {
		if p["patient_status"] != "A" || put == 2 {
			continue
		}
		put++
		s.v.Practice.Patch("patients", fmt.Sprint(p["id"]), map[string]any{
			"custom_demographics":    []any{map[string]any{"field_type": 7990, "value": "ABA"}},
			"patient_flags":          []any{map[string]any{"id": 7991, "name": "ABA Client"}},
			"patient_flags_attached": []any{map[string]any{"id": 1, "flag_type": 7991, "flag_text": "call first", "archived": false}}})
	}
}

func TestRoutesGoByName(t *testing.T) {
	t.Parallel()
	for name, route := range map[string]string{"demographic": "{demographics: {program: [ABA]}}", "flag": "{patient_flags: [aba client]}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.inABA()
			s.route(route)
			_, stderr := s.mustRun(exitAttention, "run")
			if strings.Contains(stderr, "lets nobody in") {
				t.Errorf("the run says that nobody is let in:\n%s", stderr)
			}
			wantFinding(t, findingsOf(s, exitDone), "ok routes", "the route of rethink lets in 2 of ")
		})
	}
}

// TestARouteThatLetsNobodyIn: a run says so once, and check says why.
func TestARouteThatLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.inABA()
	s.route("{demographics: {NoSuch: [x]}, patient_flags: [Nope], offices: [\"999\"], profiles: [\"998\"], doctors: [\"997\"]}")
	found := findingsOf(s, exitDone)
	wantFinding(t, found, "warn routes", "nothing is staged yet")
	_, stderr := s.mustRun(exitAttention, "run")
	if got := strings.Count(stderr, "the route of rethink lets nobody in"); got != 1 {
		t.Errorf("the run says %d times that nobody is let in, want once:\n%s", got, stderr)
	}
	found = findingsOf(s, exitUsage)
	wantFinding(t, found, "warn routes", "the route of rethink lets in none of the ")
	wantFinding(t, found, "fail routes", `rethink.route.demographics names "NoSuch": DrChrono has no such custom demographic`)
	wantFinding(t, found, "fail routes", `rethink.route.patient_flags names "Nope": DrChrono has no such patient flag`)
	wantFinding(t, found, "fail routes", `rethink.route.offices names "999": DrChrono has no such office`)
	wantFinding(t, found, "fail routes", `rethink.route.doctors names "997": DrChrono has no such doctor`)
	wantFinding(t, found, "warn routes", `rethink.route.profiles names "998": no staged record has it, and appointment_profiles, which would tell, was not read`)
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "appointment_profiles")
	wantFinding(t, findingsOf(s, exitUsage), "fail routes", `rethink.route.profiles names "998": DrChrono has no such appointment profile`)
}
