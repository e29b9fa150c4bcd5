package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
)

// newServedSite is a site whose health listens on any port.
func newServedSite(t *testing.T) *site {
	s := newSite(t)
	s.set("drchrono:\n", "serve: {listen: \"127.0.0.1:0\"}\ndrchrono:\n")
	return s
}

func (s *site) shared() *shared {
	return &shared{config: s.config, output: "text", logLevel: "error", logFormat: "text", stdout: os.Stdout, stderr: os.Stderr}
}

// daemon opens the site's practice as the daemon would; a test that needs a
// clock of its own sets it.
func (s *site) daemon() *daemon {
	s.t.Helper()
	f, err := openFleet(s.t.Context(), s.shared(), []string{s.config})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = f.close() }) // a test may have closed it before
	return f[0]
}

// servedSince says that the nightly schedule has been served for a while.
func (d *daemon) servedSince(t *testing.T, age time.Duration) {
	t.Helper()
	e := d.entries[0]
	since := d.clock.Now().Add(-age).UTC().Format(time.RFC3339)
	if err := d.store.SetSetting(t.Context(), "schedule/"+e.Name, since+" "+e.Spec+" "+e.Zone.String()); err != nil {
		t.Fatal(err)
	}
}

func (d *daemon) rows(t *testing.T) []sql.Occurrence {
	t.Helper()
	list, err := d.store.Occurrences(context.Background(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func statesOf(rows []sql.Occurrence) string {
	var list []string
	for _, r := range rows {
		list = append(list, r.State)
	}
	return strings.Join(list, " ")
}

// until looks at the rows until they are as wanted; the test's own limit ends it.
func (d *daemon) until(t *testing.T, want string) {
	t.Helper()
	for statesOf(d.rows(t)) != want {
		if err := d.clock.Sleep(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatalf("rows %q, want %q", statesOf(d.rows(t)), want)
		}
	}
}

// serving runs a daemon; stop cancels it, as SIGTERM does, and waits.
func (d *daemon) serving(t *testing.T, ctx context.Context) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.serve(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
}

func TestServeCatchesUpOnceAndARestartRunsNothing(t *testing.T) {
	s := newServedSite(t)
	d := s.daemon()
	d.servedSince(t, 60*time.Hour) // two or three nights
	stop := d.serving(t, t.Context())
	for len(d.rows(t)) == 0 || d.rows(t)[0].State == "running" {
		if d.clock.Sleep(t.Context(), 20*time.Millisecond) != nil {
			t.Fatal("nothing ran")
		}
	}
	stop()
	rows := d.rows(t)
	if got := strings.Join(strings.Fields(statesOf(rows))[1:], " "); rows[0].State != "late" || strings.ReplaceAll(got, "skipped", "") != strings.Repeat(" ", len(rows)-2) {
		t.Errorf("rows %q, want the newest late and the others skipped", statesOf(rows))
	}
	if !strings.Contains(rows[1].Note, "the daemon was not running") {
		t.Errorf("the note of what was skipped is %q", rows[1].Note)
	}
	before := s.writes()
	d.serving(t, t.Context())()
	runs, err := d.store.Runs(t.Context(), 10)
	if err != nil || len(runs) != 1 || runs[0].Trigger != "schedule" || runs[0].ID != rows[0].Run {
		t.Errorf("runs %v (%v), want one by the schedule", runs, err)
	}
	if s.writes() != before || before == 0 {
		t.Errorf("%d writes, and %d after the restart", before, s.writes())
	}
}

func TestAStopInTheMiddleAndARestartThatGoesOn(t *testing.T) {
	s := newServedSite(t)
	d := s.daemon()
	d.servedSince(t, 24*time.Hour) // one night
	ctx, kill := context.WithCancel(t.Context())
	s.v.DrChrono.Inject(drchronoWatch("/api/appointments", kill))
	stop := d.serving(t, ctx)
	<-ctx.Done()
	stop()
	rows := d.rows(t)
	if statesOf(rows) != "running" || rows[0].Attempts != 0 {
		t.Fatalf("after the stop: %+v, want one row that waits to go on", rows)
	}
	stop = d.serving(t, t.Context())
	d.until(t, "late")
	stop()
	runs, err := d.store.Runs(t.Context(), 10)
	if err != nil || len(runs) != 2 || runs[1].ExitCode != 130 || runs[0].ExitCode != exitAttention {
		t.Errorf("runs %+v (%v), want one that was interrupted and one that is good", runs, err)
	}
	for name, n := range map[string]int{"Rethink": len(s.v.Rethink.Duplicates()), "CentralReach": len(s.v.CentralReach.Duplicates())} {
		if n > 0 {
			t.Errorf("%s has %d duplicates", name, n)
		}
	}
}

func TestSIGTERMEndsTheDaemonInOrder(t *testing.T) {
	if config := os.Getenv("SERVE_TEST_CONFIG"); config != "" {
		os.Exit(run([]string{"serve", "--config", config}, os.Stdout, os.Stderr))
	}
	s := newServedSite(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestSIGTERMEndsTheDaemonInOrder$")
	cmd.Env = append(os.Environ(), "SERVE_TEST_CONFIG="+s.config)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(told.String(), "msg=serving"); {
		n, err := stderr.Read(buf)
		if err != nil {
			t.Fatalf("the daemon did not serve: %v\n%s", err, told.String())
		}
		told.Write(buf[:n])
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = told.ReadFrom(stderr) // until it ends
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("exit code %d, want 143\n%s", cmd.ProcessState.ExitCode(), told.String())
	}
}

// A handClock moves when someone sleeps, and tells.
type handClock struct {
	now     time.Time
	onSleep func()
}

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	if c.onSleep != nil {
		c.onSleep()
	}
	return ctx.Err()
}

func TestASecondDaemonIsRefusedAndADeadOneTakenOver(t *testing.T) {
	s := newServedSite(t)
	first, second := s.daemon(), s.daemon()
	if err := first.takeLease(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock := &handClock{now: time.Now()}
	second.clock = clock
	clock.onSleep = func() {
		if err := first.store.Lease(t.Context(), serveLease, clock.now, leaseLife); err != nil {
			t.Error(err)
		}
	}
	err := second.takeLease(t.Context())
	if exitCode(err, 0) != exitHeld || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("beside a daemon that lives: %v, want exit code 6", err)
	}
	clock.onSleep = nil
	if err := second.takeLease(t.Context()); err != nil {
		t.Errorf("after a daemon that died: %v", err)
	}
}

func TestALostLeaseStopsTheDaemon(t *testing.T) {
	s := newServedSite(t)
	d, other := s.daemon(), s.daemon()
	var cause error
	d.clock = &handClock{now: time.Now()}
	if err := other.store.Lease(t.Context(), serveLease, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.keepServing(ctx, func(err error) { cause = err; cancel() })
	if exitCode(cause, 0) != exitHeld {
		t.Errorf("the cause is %v, want that another took over", cause)
	}
}

func TestAnOperatorsRunIsWaitedFor(t *testing.T) {
	s := newServedSite(t)
	s.set("go_live:", "run_limit: 10m\ngo_live:")
	d, other := s.daemon(), s.daemon()
	clock := &handClock{now: time.Now()}
	d.clock = clock
	hold := func() {
		if err := other.store.Lease(t.Context(), runLease, clock.now, leaseLife); err != nil {
			t.Error(err)
		}
	}
	hold()
	clock.onSleep = hold
	end := d.occur(t.Context(), schedule.Occurrence{})
	if end.State != schedule.Skipped || !strings.Contains(end.Note, "run is held by") {
		t.Errorf("beside a run that does not end: %+v, want skipped with the holder", end)
	}
	slept := 0
	clock.onSleep = func() {
		if slept++; slept == 3 {
			if err := other.store.Release(t.Context(), runLease); err != nil {
				t.Error(err)
			}
			d.clock = wallClock{}
		}
	}
	if end := d.occur(t.Context(), schedule.Occurrence{}); end.State != schedule.Ran || end.Exit != exitAttention {
		t.Errorf("after a run that ended: %+v, want ran", end)
	}
}

// A writer that panics, with a name in it.
type poison struct{}

func (poison) Write([]byte) (int, error) { panic(errors.New("Ada Roma")) }

func TestAPanicInANightIsToldAndTheNextRuns(t *testing.T) {
	s := newServedSite(t)
	d := s.daemon()
	good := d.show
	d.show = &show{out: poison{}, live: true}
	end := d.occur(t.Context(), schedule.Occurrence{Schedule: "nightly"})
	runs, err := d.store.Runs(t.Context(), 1)
	if err != nil || len(runs) != 1 || runs[0].ExitCode != exitFailed || runs[0].Note != end.Note {
		t.Errorf("runs %+v (%v), want one that failed with the note %q", runs, err, end.Note)
	}
	if end.State != schedule.Failed || strings.Contains(end.Note, "Roma") || !strings.Contains(end.Note, "serve_test.go:") {
		t.Errorf("the end is %+v, want failed, its place and no value", end)
	}
	d.show = good
	if end := d.occur(t.Context(), schedule.Occurrence{Schedule: "nightly"}); end.State != schedule.Ran {
		t.Errorf("the next end is %+v, want ran", end)
	}
}

func TestPracticesThatClashAreRefused(t *testing.T) {
	s := newServedSite(t)
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(s.dir, link); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(s.dir, "other.yaml")
	text = bytes.Replace(text, []byte("practice: demo-practice"), []byte("practice: other-practice"), 1)
	text = bytes.Replace(text, []byte("output_dir: ./out"), []byte("output_dir: ./other-out"), 1)
	text = bytes.Replace(text, []byte("data_dir: ./data"), []byte("data_dir: "+link+"/data"), 1)
	if err := os.WriteFile(other, text, 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := configFiles([]string{s.dir})
	if err != nil || len(files) != 2 {
		t.Fatalf("the folder holds %v (%v), want its two configs", files, err)
	}
	err = serve(t.Context(), s.shared(), []string{s.dir})
	if exitCode(err, 0) != exitUsage || !strings.Contains(err.Error(), "have the same data_dir: give each practice its own") {
		t.Errorf("got %v", err)
	}
	if _, err := configFiles([]string{t.TempDir()}); exitCode(err, 0) != exitUsage {
		t.Errorf("an empty folder: %v, want a usage error", err)
	}
	if err := serve(t.Context(), s.shared(), []string{filepath.Join(s.dir, "none.yaml")}); exitCode(err, 0) != exitUsage {
		t.Errorf("a missing config: %v, want a usage error", err)
	}
}

func TestAChangedScheduleHasMissedNothing(t *testing.T) {
	d := newServedSite(t).daemon()
	b, e, now := book{d.store}, d.entries[0], d.clock.Now()
	long := now.Add(-100 * time.Hour)
	for _, c := range []struct {
		spec string
		at   time.Time
		want time.Time
	}{{e.Spec, long, long}, {e.Spec, now, long}, {"0 4 * * *", now, now}, {"0 4 * * *", now.Add(time.Hour), now}, {"0 4 * * *", long, long}} {
		e.Spec = c.spec
		got, err := b.Since(t.Context(), e, c.at)
		if err != nil || got.Sub(c.want).Abs() > time.Second {
			t.Errorf("%s at %s: since %s (%v), want %s", c.spec, c.at, got, err, c.want)
		}
	}
}

func TestScheduleNextFlagsWhatIsRisky(t *testing.T) {
	s := newServedSite(t)
	s.set("drchrono:\n", "schedules: [{name: early, cron: \"30 2 * * *\"}, {name: safe, cron: \"15 4 * * *\"}]\ndrchrono:\n")
	show := func(output string, now time.Time) string {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		shared := s.shared()
		shared.stdout, shared.output = out, output
		if err := errors.Join(scheduleNext(shared, 3, now), out.Close()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := show("text", time.Date(2026, 3, 8, 6, 0, 0, 0, time.UTC))
	for _, want := range []string{"early", "2026-03-08 02:30", "2026-03-08 03:00 EDT", "2026-03-08 07:00Z", schedule.RiskSkipped,
		"safe", "2026-03-08 04:15", "early falls at 2026-03-08 02:30 where"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from:\n%s", want, text)
		}
	}
	if strings.Contains(text, "safe falls") {
		t.Errorf("a safe time is called risky:\n%s", text)
	}
	if text := show("json", time.Date(2026, 3, 8, 6, 0, 0, 0, time.UTC)); !strings.Contains(text, `"utc": "2026-03-08 07:00Z"`) {
		t.Errorf("JSON:\n%s", text)
	}
}

// drchronoWatch calls do at the first request for a path, and lets it pass.
func drchronoWatch(path string, do func()) drchronotest.Fault {
	return drchronotest.Fault{Times: 1, Match: func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, path) {
			do()
		}
		return false
	}}
}
