package main

import (
	"os"
	"strings"
	"testing"
)

// TestCheckOfDemographicIDs: a name, or an id that DrChrono does not have, finds
// no patient's value.
func TestCheckOfDemographicIDs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	text, err := os.ReadFile(s.lookupsFile())
	if err != nil {
		t.Fatal(err)
	}
	s.writeLookups(strings.NewReplacer("crid: 7001,", "crid: central registry id, modality: 7999,",
		"centralreach:\n", "centralreach:\n  metadata: {7001: 51, 7998: 52}\n").Replace(string(text)))
	if stdout, _ := s.mustRun(exitUsage, "check"); strings.Contains(stdout, "centralreach metadata has") {
		t.Errorf("check speaks of a lookup that nothing reads:\n%s", stdout)
	}
	s.set("centralreach:\n", "centralreach:\n  write: {metadata: true}\n")
	stdout, _ := s.mustRun(exitUsage, "check")
	for _, want := range []string{`central_registry customDemographics has "central registry id", which is the id of no custom demographic`, "write its id, 7001",
		`central_registry customDemographics has "7999"`, `centralreach metadata has "7998"`} {
		if !strings.Contains(stdout, want) {
			t.Errorf("check does not say %q:\n%s", want, stdout)
		}
	}
	if strings.Count(stdout, "which is the id of no custom demographic") != 3 {
		t.Errorf("check names more than is wrong:\n%s", stdout)
	}
}
