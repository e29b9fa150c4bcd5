package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
)

// newServedSite is a site whose health listens on any port, and whose nights
// fall due twelve hours away from the test.
func newServedSite(t *testing.T) *site {
	s := newSite(t)
	zone, err := time.LoadLocation(drchronotest.Zone)
	if err != nil {
		t.Fatal(err)
	}
	hour := wallClock{}.Now().Add(-12 * time.Hour).In(zone).Hour()
	s.set("drchrono:\n", fmt.Sprintf("serve: {listen: \"127.0.0.1:0\"}\nschedules: [{name: nightly, cron: \"30 %d * * *\"}]\ndrchrono:\n", hour))
	return s
}

func (s *site) shared() *shared {
	return &shared{config: s.config, output: "text", logLevel: "error", logFormat: "text", stdout: os.Stdout, stderr: os.Stderr}
}

// daemon opens the site's practice as the daemon would; a test that needs a
// clock of its own sets it.
func (s *site) daemon() *daemon {
	s.t.Helper()
	f, err := openFleet(s.t.Context(), s.shared(), []string{s.config}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = f.close() }) // a test may have closed it before
	return f[0]
}

// missed makes the daemon miss so many nights.
func (d *daemon) missed(t *testing.T, nights int) {
	t.Helper()
	e, now := d.entries[0], d.clock.Now()
	due := e.Due(now.AddDate(0, 0, -10), now)
	since := due[len(due)-nights].Due.Add(-time.Second).Format(time.RFC3339)
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
	t.Parallel()
	s := newServedSite(t)
	d := s.daemon()
	d.missed(t, 3)
	stop := d.serving(t, t.Context())
	d.until(t, "late skipped skipped")
	stop()
	rows := d.rows(t)
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
	t.Parallel()
	s := newServedSite(t)
	d := s.daemon()
	d.missed(t, 1)
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
	slices.SortFunc(runs, func(a, b sql.Past) int { return a.Started().Compare(b.Started()) })
	if err != nil || len(runs) != 2 || runs[0].ExitCode != 130 || runs[1].ExitCode != exitAttention {
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

func TestPracticesThatClashAreRefused(t *testing.T) {
	t.Parallel()
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
	err = serve(t.Context(), s.shared(), []string{s.dir}, 1)
	if exitCode(err, 0) != exitUsage || !strings.Contains(err.Error(), "have the same data_dir: give each practice its own") {
		t.Errorf("got %v", err)
	}
	if _, err := configFiles([]string{t.TempDir()}); exitCode(err, 0) != exitUsage {
		t.Errorf("an empty folder: %v, want a usage error", err)
	}
	if err := serve(t.Context(), s.shared(), []string{filepath.Join(s.dir, "none.yaml")}, 1); exitCode(err, 0) != exitUsage {
		t.Errorf("a missing config: %v, want a usage error", err)
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

// A stuckClock lets nobody go on, as a vendor that does not answer would.
type stuckClock struct {
	wallClock
	free chan struct{}
}

func (c stuckClock) Sleep(ctx context.Context, _ time.Duration) error {
	<-c.free
	return ctx.Err()
}

func TestAStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	d := newServedSite(t).daemon()
	stuck := stuckClock{free: make(chan struct{})}
	d.clock = stuck
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (fleet{d}).serve(ctx, time.Millisecond); err == nil || !strings.Contains(err.Error(), "the next run asks after it") {
		t.Errorf("got %v, want that something had no answer", err)
	}
	close(stuck.free)
}
