package main

import (
	"strings"
	"testing"
)

// TestCheckTellsOfConstants: one that is missing or misspelt makes all records
// of its object invalid, and the client's payload goes without them.
func TestCheckTellsOfConstants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	told := func() string {
		stdout, _ := s.mustRun(exitDone, "check")
		return stdout
	}
	if text := told(); strings.Contains(text, "constants") {
		t.Errorf("check of what is right says:\n%s", text)
	}
	s.set("authorizationSubmissionTypeID", "authorizationSubmissionTypeId")
	text := told()
	for _, want := range []string{"rethink.constants.authorization: authorizationSubmissionTypeID is missing",
		"rethink.constants.authorization: authorizationSubmissionTypeId is no field there", "write authorizationSubmissionTypeID"} {
		if !strings.Contains(text, want) {
			t.Errorf("check does not say %q:\n%s", want, text)
		}
	}
}

// TestIdleSettingsAreTold by check and by each run: what hangs on contacts that
// are not written is not done.
func TestIdleSettingsAreTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	told := func() string {
		stdout, _ := s.mustRun(exitDone, "check")
		return stdout
	}
	if text := told(); strings.Contains(text, "without centralreach.write.clients") {
		t.Errorf("check of what is right says:\n%s", text)
	}
	s.set("centralreach:\n", "centralreach:\n  write: {clients: false, tasks: true, payors: true, claim_settings: true}\n")
	text := told()
	_, log := s.mustRun(exitAttention, "run")
	for _, want := range []string{"visits are not compared with the schedule, without centralreach.write.clients", "write.tasks is on and does nothing", "write.payors is on and does nothing"} {
		if !strings.Contains(text, want) || !strings.Contains(log, want) {
			t.Errorf("%q is not told:\n%s\n%s", want, text, log)
		}
	}
	if strings.Contains(text, "claim_settings is on") {
		t.Errorf("claim settings need no clients:\n%s", text)
	}
}
