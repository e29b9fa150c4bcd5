package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
)

// TestEmptyListsAreLists in JSON, wherever they stand.
func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, args := range []string{"budget", "backfill status", "lookups template", "runs list", "state list", "rejects list", "uncertain list", "discharges list",
		"crosswalk list", "decide --imports", "audit list", "plan", "schedule list", "endpoints", "shapes", "run --only extract --endpoints tasks", "run --dry-run --only transform"} {
		if stdout, _ := s.mustRun(exitDone, append(strings.Fields(args), "--output", "json")...); stdout == "" || strings.Contains(stdout, "null") {
			t.Errorf("%s says null:\n%s", args, stdout)
		}
	}
	stdout, _ := s.mustRun(exitDone, "runs", "list", "--output", "json")
	run := decodeJSON[[]sql.Past](t, stdout)[0]
	if stdout, _ := s.mustRun(exitDone, "runs", "show", run.ID, "--output", "json"); !strings.Contains(stdout, `"counts": []`) {
		t.Errorf("a run that counted nothing:\n%s", stdout)
	}
}

// TestDischargesThatAreNotJudged are counted in a line, and are no list of
// patients.
func TestDischargesThatAreNotJudged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	want := fmt.Sprintf("Staged and not judged yet: %d patients.", len(s.discharges()))
	if stdout, _ := s.mustRun(exitDone, "discharges", "list"); !strings.HasPrefix(stdout, want) || strings.Count(stdout, "\n") != 1 {
		t.Errorf("got %q, want one line that says %q", stdout, want)
	}
}

// TestASkipIsToldBeforeTheRun that acts on it: until then the record stands as it was.
func TestASkipIsToldBeforeTheRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	held, invalid := d.find("Cause", "approval")[0], d.find("Outcome", "invalid", "Destination", "Rethink")[0]
	id := d.get("Source id", held)
	d.decide(held, "SKIP")
	d.decide(invalid, "SKIP")
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	const says = "SKIP was decided by Ada Roma"
	for _, look := range []struct{ verb, want string }{
		{"discharges list", says}, {"trace patients " + id, says}, {"rejects list", "SKIP was decided for 1 of these"}, {"rejects list --records", says}, {"rejects list --output json", `"skipped_by": "Ada Roma"`},
	} {
		if stdout, _ := s.mustRun(exitDone, strings.Fields(look.verb)...); !strings.Contains(stdout, look.want) {
			t.Errorf("%s does not say %q:\n%s", look.verb, look.want, stdout)
		}
	}
	s.mustRun(exitAttention, "run")
	for _, verb := range []string{"discharges list", "trace patients " + id, "rejects list"} {
		if stdout, _ := s.mustRun(exitDone, strings.Fields(verb)...); strings.Contains(stdout, "SKIP was decided") {
			t.Errorf("%s still says that a run will act on it:\n%s", verb, stdout)
		}
	}
}

// TestTheReportOfAPartLeavesLatest with the newest night that was whole.
func TestTheReportOfAPartLeavesLatest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	latest := func() string {
		target, err := os.Readlink(filepath.Join(s.dir, "out", "latest"))
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	night := latest()
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "report")
	if got := latest(); got != night {
		t.Errorf("latest names %s, want the night %s", got, night)
	}
}

// TestOurClockIsToldInWords: a stream whose server told no clock bears the time
// of ours.
func TestOurClockIsToldInWords(t *testing.T) {
	if v := viewOf(etl.Cursor{Endpoint: "patients", Began: etl.OurClock + "2026-03-01T07:30:00"}); v.Began != "2026-03-01T07:30:00" || !v.OurClock {
		t.Errorf("%+v", v)
	}
	if v := viewOf(etl.Cursor{Endpoint: "patients", Began: "2026-03-01T07:30:00"}); v.Began != "2026-03-01T07:30:00" || v.OurClock {
		t.Errorf("%+v", v)
	}
}
