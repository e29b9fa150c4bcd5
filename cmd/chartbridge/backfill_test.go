package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
)

// newPastSite is a practice whose nightly has run, and to which a year of old
// visits was then added whose stamps lie before the nightly's watermark: only
// a backfill finds them. No schedule falls due.
func newPastSite(t *testing.T, visits int) *site {
	t.Helper()
	s := newSite(t)
	s.set("drchrono:", "schedules: []\ndrchrono:")
	s.mustRun(exitDone, "run", "--only", "extract")
	s.addPast(visits)
	return s
}

// addPast adds visits, one a day from yesterday back, over and over a year.
func (s *site) addPast(visits int) {
	s.t.Helper()
	model := s.v.Practice.Rows("appointments")[0]
	for i := range visits {
		at := s.v.Practice.Now().AddDate(0, 0, -1-i%360).Truncate(24 * time.Hour).Add(9 * time.Hour).Format(naiveStamp)
		visit := map[string]any{}
		for k, v := range model {
			visit[k] = v
		}
		visit["id"], visit["scheduled_time"] = fmt.Sprint(990000000+i), at
		visit["created_at"], visit["updated_at"], visit["extended_updated_at"] = "2020-01-01T00:00:00", "2020-01-01T00:00:00", "2020-01-01T00:00:00"
		s.v.Practice.Add("appointments", visit)
	}
}

// ago is the day so many days before today, in UTC.
func ago(days int) string { return wallClock{}.Now().UTC().AddDate(0, 0, -days).Format(time.DateOnly) }

// open opens the site's practice beside the program, as another process.
func (s *site) open() *practice {
	s.t.Helper()
	p, err := openPractice(context.Background(), &shared{config: s.config, output: "text", logLevel: "error", logFormat: "text", stdout: os.Stdout, stderr: os.Stderr})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.close() })
	return p
}

// past is how many of the added visits are staged.
func (s *site) past() int {
	s.t.Helper()
	ids, err := s.open().store.IDs(s.t.Context(), "appointments")
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, id := range ids {
		if strings.HasPrefix(id, "99") {
			n++
		}
	}
	return n
}

// apiCalls counts the calls below /api/.
func (s *site) apiCalls() int {
	n := 0
	for _, c := range s.v.DrChrono.Calls() {
		if c.Endpoint != "" {
			n++
		}
	}
	return n
}

func (s *site) status() (v backfillView) {
	s.t.Helper()
	stdout, _ := s.mustRun(exitDone, "backfill", "status", "--output", "json")
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

func TestBackfillStagesWhatTheNightlyHadNot(t *testing.T) {
	t.Parallel()
	s := newPastSite(t, 360)
	watermark := s.watermark()
	before := s.apiCalls()
	_, stderr := s.mustRun(exitDone, "backfill", "--from", ago(365), "--endpoints", "appointments,medications")
	if got := s.past(); got != 360 {
		t.Errorf("%d of 360 visits are staged", got)
	}
	if got := s.watermark(); got != watermark {
		t.Errorf("the nightly's watermark moved from %s to %s", watermark, got)
	}
	if got := strings.Count(stderr, "new or changed"); got != 4 || strings.Contains(stderr, "\r") {
		t.Errorf("%d lines for 4 windows, and no bar where nobody looks:\n%s", got, stderr)
	}
	v := s.status()
	if v.State != "done" || v.Done != 4 || v.All != 4 || v.Calls != s.apiCalls()-before || v.Changed != 360 || v.Pages != v.Calls {
		t.Errorf("status %+v, with %d calls made", v, s.apiCalls()-before)
	}
	if _, stderr := s.mustRun(exitUsage, "backfill"); !strings.Contains(stderr, "--from is missing") {
		t.Errorf("nothing is open any more:\n%s", stderr)
	}
	stdout, _ := s.mustRun(exitAttention, "run")
	if strings.Contains(stdout, "does not close") {
		t.Errorf("the next run:\n%s", stdout)
	}
}

func (s *site) watermark() string {
	s.t.Helper()
	c, err := s.open().store.Cursor(s.t.Context(), "appointments", extract.Nightly)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Watermark
}

func TestBackfillLoads(t *testing.T) {
	t.Parallel()
	s := newPastSite(t, 30)
	s.mustRun(exitAttention, "run")
	stdout, _ := s.mustRun(exitAttention, "backfill", "--from", ago(40), "--endpoints", "appointments", "--load")
	if !strings.Contains(stdout, "created") || !strings.Contains(stdout, "workbook") {
		t.Errorf("nothing was mapped and sent:\n%s", stdout)
	}
}

func TestBackfillDryRun(t *testing.T) {
	t.Parallel()
	s := newPastSite(t, 10)
	before := len(s.v.DrChrono.Calls())
	args := []string{"backfill", "--from", ago(365), "--dry-run", "--endpoints", "appointments,patients,medications,insurances"}
	stdout, _ := s.mustRun(exitDone, args...)
	for _, want := range []string{"drained once", "in full", "6 of 6 windows are left: about 8 calls", "The nightly keeps 300 of the 500 calls", "in 1 minute; begun now, it ends about"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the forecast does not say %q:\n%s", want, stdout)
		}
	}
	if got := strings.Count(stdout, "appointments  "); got != 3 {
		t.Errorf("%d windows of appointments, want 3:\n%s", got, stdout)
	}
	var v backfillView
	stdout, _ = s.mustRun(exitDone, append(args, "--output", "json")...)
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.All != 6 || v.Left == 0 || v.ETA == "" || v.State != "planned" {
		t.Errorf("the forecast as JSON: %v\n%s", err, stdout)
	}
	p := s.open()
	small := etl.Cursor{Endpoint: "patients", Lane: extract.Nightly, State: etl.StreamDrained, Page: 20, Rows: 39}
	if err := p.store.PutCursor(t.Context(), p.newRun("test", false), small); err != nil { // two rows a page
		t.Fatal(err)
	}
	if stdout, _ := s.mustRun(exitDone, args...); strings.Contains(stdout, "about 8 calls") {
		t.Errorf("the forecast does not go by the pages that came:\n%s", stdout)
	}
	if got := len(s.v.DrChrono.Calls()); got != before {
		t.Errorf("a dry run made %d calls", got-before)
	}
	if _, stderr := s.mustRun(exitUsage, "backfill", "cancel"); !strings.Contains(stderr, "no backfill is open") {
		t.Errorf("a dry run left something open:\n%s", stderr)
	}
}

func TestBackfillRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	tomorrow, old := ago(-2), ago(31*366)
	for _, c := range []struct{ args, want string }{
		{"--to 2026-01-31", "--from is missing"},
		{"--from 2026-02-01 --to 2026-01-31", "is after --to"},
		{"--from " + tomorrow + " --to " + ago(-9), "lies in the future"},
		{"--from " + old, "--yes"},
		{"--from 01/02/2026", "write a day"},
		{"--from 2026-01-01 --endpoints visits", `no endpoint "visits"`},
		{"--from 2026-01-01 --endpoints patients/:id/ccda", "on request only"},
		{"--from 2026-01-01 --order random", "newest or oldest"},
		{"--from 2026-01-01 --on-quota hope", "wait or stop"},
	} {
		for _, more := range []string{"", " --dry-run"} {
			args := append([]string{"backfill"}, strings.Fields(c.args+more)...)
			if _, stderr := s.mustRun(exitUsage, args...); !strings.Contains(stderr, c.want) {
				t.Errorf("%s: want %q in\n%s", c.args, c.want, stderr)
			}
		}
	}
	if got := len(s.v.DrChrono.Calls()); got != 0 {
		t.Errorf("%d calls for what was refused", got)
	}
	s.mustRun(exitDone, "backfill", "--from", old, "--yes", "--dry-run", "--endpoints", "appointments")
}

// reserved is a site whose every quota window is as long as the test, with a
// schedule in it, 20 calls, and so many for the nightly.
func reserved(t *testing.T, reserve int) *site {
	t.Helper()
	s := newSite(t)
	s.set("  base_url", fmt.Sprintf("  quota_window: 8760h\n  calls_per_hour: 20\n  nightly_reserve: %d\n  base_url", reserve))
	return s
}

// A run that is active has its reserve too, where no schedule falls due.
func TestBackfillLeavesARunItsReserve(t *testing.T) {
	t.Parallel()
	s := reserved(t, 12)
	s.set("drchrono:", "schedules: []\ndrchrono:")
	p := s.open()
	if err := p.lease(t.Context(), runLease); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitQuota, "backfill", "--from", ago(7200), "--endpoints", "appointments", "--on-quota", "stop")
	if got := len(s.v.DrChrono.Calls()); got != 8 {
		t.Errorf("beside a run the backfill made %d calls, want 8", got)
	}
	if err := p.store.Release(t.Context(), runLease); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitQuota, "backfill", "--on-quota", "stop")
	if got := len(s.v.DrChrono.Calls()); got != 20 {
		t.Errorf("alone the backfill made %d calls, want all 20", got)
	}
}

func TestBackfillLeavesTheReserve(t *testing.T) {
	t.Parallel()
	s := reserved(t, 12)
	s.mustRun(exitQuota, "backfill", "--from", ago(3650), "--endpoints", "appointments", "--on-quota", "stop")
	if got := len(s.v.DrChrono.Calls()); got != 8 {
		t.Errorf("the backfill made %d calls, want exactly the 8 that the nightly leaves", got)
	}
	v := s.status()
	if v.State != "open" || v.Calls != 8 || v.Done != 7 { // one call was for the token
		t.Errorf("status %+v, want 7 windows read with 8 calls", v)
	}
	_, stderr := s.run2("run", "--only", "extract", "--on-quota", "stop")
	if got := len(s.v.DrChrono.Calls()); got != 20 && strings.Contains(stderr, "quota") {
		t.Errorf("the nightly stopped after %d calls of all 20:\n%s", got-8, stderr)
	}
}

// run2 runs the program whatever its exit code.
func (s *site) run2(args ...string) (stdout, stderr string) {
	s.t.Helper()
	_, stdout, stderr = s.run(args...)
	return stdout, stderr
}

// In small windows a backfill waits for the next again and again, and ends well.
func TestBackfillWaitsForTheNextWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  base_url", "  quota_window: 3s\n  calls_per_hour: 5\n  nightly_reserve: 2\n  base_url")
	s.set("drchrono:", "schedules: [{name: often, cron: \"@every 1s\"}]\ndrchrono:")
	_, stderr := s.mustRun(exitDone, "backfill", "--from", ago(1000), "--endpoints", "appointments")
	if v := s.status(); v.State != "done" || v.Calls != 7 {
		t.Errorf("status %+v, want done with 7 calls\n%s", v, stderr)
	}
}

func TestBackfillCancelled(t *testing.T) {
	t.Parallel()
	s := reserved(t, 15)
	s.mustRun(exitQuota, "backfill", "--from", ago(3650), "--endpoints", "appointments", "--on-quota", "stop")
	_, stderr := s.mustRun(exitUsage, "backfill", "--from", ago(365), "--endpoints", "appointments")
	if id := s.status().ID; !strings.Contains(stderr, id) || !strings.Contains(stderr, ago(3650)) {
		t.Errorf("the refusal does not name the open backfill %s:\n%s", id, stderr)
	}
	s.mustRun(exitQuota, "backfill", "--on-quota", "stop") // goes on, and has no calls
	stdout, _ := s.mustRun(exitDone, "backfill", "cancel", "--as", "Ada Roma", "--output", "json")
	if b := decodeJSON[sql.Backfill](t, stdout); b.ID != s.status().ID || b.State != "cancelled" || b.EndedBy != "Ada Roma" {
		t.Errorf("cancelled: %s", stdout)
	}
	if v := s.status(); v.State != "cancelled" || v.EndedBy != "Ada Roma" || v.Calls != 5 {
		t.Errorf("status %+v", v)
	}
	stdout, _ = s.mustRun(exitDone, "audit", "list")
	if !strings.Contains(stdout, "backfill cancelled") || !strings.Contains(stdout, "Ada Roma") {
		t.Errorf("the audit log does not tell:\n%s", stdout)
	}
	s.mustRun(exitUsage, "backfill")
}

// On a terminal, of 80 columns too, a bar says how far it is and when it ends.
func TestBackfillBar(t *testing.T) {
	t.Parallel()
	s := reserved(t, 16)
	s.mustRun(exitQuota, "backfill", "--from", ago(3650), "--endpoints", "appointments", "--on-quota", "stop")
	p := s.open()
	b, _, err := p.store.NewestBackfill(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	windows, err := p.store.Windows(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	p.show = &show{out: &screen, live: true}
	bar := &progress{practice: p, all: windows}
	w := windows[10]
	bar.page(t.Context(), etl.Cursor{Endpoint: w.Endpoint, Lane: w.Lane, State: etl.StreamOpen, Page: 2, Rows: 500, Changed: 7})
	for _, want := range []string{"backfill [#-", "--]", " 3/21 ", "ETA ", "page 2 ", w.From} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("the bar lacks %q: %q", want, screen.String())
		}
	}
}
