package main

import (
	"strings"
	"testing"
)

func TestFaultsOnRequest(t *testing.T) {
	s := newSite(t)
	for _, spec := range []string{"drchrono:broken-json", "rethink:reset-after:2", "centralreach:500-after", "registry:429"} {
		if err := s.v.inject(spec); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for _, spec := range []string{"drchrono", "elsewhere:html", "rethink:nothing", "rethink:html:0", "a:b:c:d"} {
		if err := s.v.inject(spec); err == nil || !strings.Contains(err.Error(), "--fault") {
			t.Errorf("%s: error %v, want one that names --fault", spec, err)
		}
	}
	_, stderr := s.mustRun(exitFailed, "run")
	if !strings.Contains(stderr, "doctors") {
		t.Errorf("the broken list is not named:\n%s", stderr)
	}
	stdout, _ := s.mustRun(exitDone, "uncertain", "list")
	if strings.Count(stdout, "rethink") != 2 {
		t.Errorf("want 2 uncertain deliveries to Rethink:\n%s", stdout)
	}
}
