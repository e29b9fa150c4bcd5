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
