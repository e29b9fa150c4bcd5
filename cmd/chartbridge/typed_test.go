package main

import (
	"strings"
	"testing"
)

// TestHintsNameTheConfig that was named on the command line, and no other.
func TestHintsNameTheConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		named              bool
		config, hint, want string
	}{
		{false, "./config.yaml", "run `chartbridge check`", "run `chartbridge check`"},
		{true, "a.yaml", "run `chartbridge check`, then `chartbridge plan`", "run `chartbridge check --config a.yaml`, then `chartbridge plan --config a.yaml`"},
		{true, "a b.yaml", "`chartbridge plan`", "`chartbridge plan --config 'a b.yaml'`"},
		{true, "a.yaml", "`chartbridge plan --config b.yaml`", "`chartbridge plan --config b.yaml`"},
	} {
		if got := (&shared{named: tt.named, config: tt.config}).typed(tt.hint); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	s := newSite(t)
	if code, _, stderr := s.run("state", "show", "doctors"); code != exitUsage || !strings.Contains(stderr, "`chartbridge state list --config "+s.config+"`") {
		t.Errorf("an error says, with exit code %d: %s", code, stderr)
	}
	if stdout, _ := s.mustRun(exitDone, "lookups", "template"); !strings.Contains(stdout, "`chartbridge run --only extract --config "+s.config+"`") {
		t.Errorf("a template of nothing says\n%s", stdout)
	}
	s.mustRun(exitDone, "run", "--only", "extract")
	if stdout, _ := s.mustRun(exitDone, "plan"); !strings.Contains(stdout, " --config "+s.config+"\n") {
		t.Errorf("plan says how to send it by\n%s", stdout[max(0, len(stdout)-300):])
	}
	if stdout, _ := s.mustRun(exitDone, "export", "initial", "--destination", "rethink"); !strings.Contains(stdout, "FILE.csv... --config "+s.config+"`") {
		t.Errorf("the export says\n%s", stdout)
	}
	if stdout, _ := s.mustRun(exitDone, "discharges", "list"); !strings.Contains(stdout, "`chartbridge discharges approve --config "+s.config+"`") || strings.Contains(stdout, "discharges list") {
		t.Errorf("what waits says\n%s", stdout)
	}
}
