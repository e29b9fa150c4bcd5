package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/reports"
)

// A range holds the lines of both nights, leaves `latest` and the nights'
// folders alone, feeds decide, and goes with its newest run.
func TestReportOverARange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:", "keep: 2\ndrchrono:")
	if _, stderr := s.mustRun(exitUsage, "report", "--from", "2026-03-01"); !strings.Contains(stderr, "there is no run yet") {
		t.Errorf("without a run:\n%s", stderr)
	}
	for range 2 {
		s.mustRun(exitAttention, "run")
	}
	out := filepath.Join(s.dir, "out")
	latest, err := os.Readlink(filepath.Join(out, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitAttention, "run", "--dry-run")
	if newest, _ := s.mustRun(exitDone, "report"); !strings.Contains(newest, latest) {
		t.Errorf("the newest real run is %s, this was rebuilt:\n%s", latest, newest)
	}
	s.mustRun(exitUsage, "report", "--from", "2001-02-03", "--to", "2001-02-01")
	s.mustRun(exitUsage, "report", "--from", "2001-2-3")
	s.mustRun(exitUsage, "report", "--from", "2001-02-03", "--run", latest)
	if _, stderr := s.mustRun(exitUsage, "report", "--to", "2001-02-03"); !strings.Contains(stderr, "no run began up to 2001-02-03; the nearest is ") || strings.Contains(stderr, latest) {
		t.Errorf("a range before every run must name the oldest:\n%s", stderr)
	}
	stdout, _ := s.mustRun(exitDone, "report", "--from", "2001-02-03", "--output", "json")
	files := decodeJSON[reports.Files](t, stdout)
	dir := filepath.Dir(files.Reconciliation)
	if !strings.HasPrefix(filepath.Base(dir), "2001-02-03_2") {
		t.Errorf("the range lies in %s", dir)
	}
	if again, _ := os.Readlink(filepath.Join(out, "latest")); again != latest {
		t.Errorf("latest names %s now, want %s", again, latest)
	}
	alone := text(t, filepath.Join(out, latest, "load-results.jsonl"))
	both := text(t, files.Results)
	if strings.Contains(alone, `"outcome":"created"`) || !strings.Contains(both, `"outcome":"created"`) {
		t.Error("what the first night created must be told of by the range alone")
	}
	for _, line := range strings.Split(strings.TrimSpace(alone), "\n") {
		if !strings.Contains(both, line) {
			t.Errorf("the range lacks a line of its newest night: %s", line)
		}
	}
	s.mustRun(exitDone, "decide", files.Reconciliation)
	for i := range 2 {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("after %d more nights: %v", i, err)
		}
		s.mustRun(exitAttention, "run")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the range outlived its newest run")
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
