package main

import (
	"strings"
	"testing"
)

// An endpointCount is what summary.json says of an endpoint.
type endpointCount struct {
	Endpoint             string
	Pages, Rows, Changed int
	Staged               int
}

// endpointsOf are the counts of a run.
func (s *site) endpointsOf(run string) map[string]endpointCount {
	s.t.Helper()
	all := map[string]endpointCount{}
	for _, e := range s.summaryOf(run).Endpoints {
		all[e.Endpoint] = e
	}
	return all
}

// TestEndpointsCountWhatTheRunRead: a list that a run does not come to has no
// pages of it, whatever is staged; and what was read in another way, or is no
// list, stands for itself nowhere.
func TestEndpointsCountWhatTheRunRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	first := s.endpointsOf("latest")
	if a := first["appointments"]; a.Rows == 0 || a.Changed != a.Rows || a.Staged != a.Rows || s.summaryOf("latest").Calls.ByEndpoint["appointments"] == 0 {
		t.Errorf("%+v of the first load, want all visits, and the calls of their bulk list", a)
	}
	for name := range first {
		if strings.HasSuffix(name, "_list") || name == "token" {
			t.Errorf("%s is no endpoint", name)
		}
	}
	s.v.Practice.Patch("patients", goodPatient(t, s.v.Practice), map[string]any{"city": "Elsewhere"})
	s.mustRun(exitAttention, "run")
	if p := s.endpointsOf("latest")["patients"]; p.Changed != 1 || p.Staged != first["patients"].Staged {
		t.Errorf("%+v of a night with one change", p)
	}
	stdout, _ := s.mustRun(exitAttention, "run", "--only", "report", "--output", "json")
	if p := s.endpointsOf(decodeJSON[struct{ Run string }](t, stdout).Run)["patients"]; p.Pages+p.Rows+p.Changed != 0 || p.Staged != first["patients"].Staged {
		t.Errorf("%+v of a run that reads nothing", p)
	}
}

// TestARunThatGoesOnCountsItsOwnPages: each of two runs that read a list
// counts what it read of it.
func TestARunThatGoesOnCountsItsOwnPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  client_id: demo-client\n", "  client_id: demo-client\n  calls_per_hour: 8\n  bulk: never\n  nightly_reserve: 0\n")
	stdout, _ := s.mustRun(exitQuota, "run", "--on-quota", "stop", "--output", "json")
	rows := map[string]int{}
	count := func(run string) {
		for name, e := range s.endpointsOf(run) {
			rows[name] += e.Rows
		}
	}
	count(decodeJSON[struct{ Run string }](t, stdout).Run)
	s.set("calls_per_hour: 8", "calls_per_hour: 400")
	s.mustRun(exitAttention, "run")
	count("latest")
	for _, e := range []string{"patients", "appointments"} {
		if want := s.staged(e); rows[e] != want {
			t.Errorf("two runs count %d %s, want %d", rows[e], e, want)
		}
	}
}
