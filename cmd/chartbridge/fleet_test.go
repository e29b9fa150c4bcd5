package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
	"golang.org/x/sys/unix"
)

// TestADamagedPracticeKeepsNoOtherFromBeingServed: its own health and metrics
// say so.
func TestADamagedPracticeKeepsNoOtherFromBeingServed(t *testing.T) {
	t.Parallel()
	good, bad, p := newServedSite(t), newServedSite(t), newPager(t)
	bad.set("practice: demo-practice", "alerts: {webhook: \""+p.URL+"\"}\npractice: damaged")
	if err := bad.daemon().close(); err != nil { // it has made the database
		t.Fatal(err)
	}
	path := filepath.Join(bad.dir, "data", sql.FileName)
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFleet(t.Context(), bad.shared(), []string{bad.config}, nil); !errors.Is(err, sql.ErrDamaged) {
		t.Errorf("alone: %v, want that it is damaged", err)
	}
	f, err := openFleet(t.Context(), quiet(good), []string{good.config, bad.config}, nil)
	if err != nil || len(f) != 2 || len(f.served()) != 1 {
		t.Fatalf("%d of %d are served (%v), want 1 of 2", len(f.served()), len(f), err)
	}
	if err := f.takeLeases(t.Context()); err != nil {
		t.Error(err)
	}
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		f.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	if code, text := ask("/healthz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(text, "damaged: ") || strings.Contains(text, "demo-practice") {
		t.Errorf("ready: %d %s", code, text)
	}
	if code, text := ask("/livez"); code != http.StatusOK {
		t.Errorf("a probe would restart the others over and over: %d %s", code, text)
	}
	if err := f[1].serve(t.Context()); err != nil || p.events() != eventFailed || p.told[0].ExitCode != exitEnvironment || p.told[0].Practice != "damaged" {
		t.Errorf("%v, told %+v", err, p.told)
	}
	if code, text := ask("/metrics"); code != http.StatusOK || !strings.Contains(text, `chartbridge_up{practice="demo-practice"} 1`) || !strings.Contains(text, `chartbridge_up{practice="damaged"} 0`) {
		t.Errorf("metrics: %d %s", code, text)
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}

// TestALeaseThatCannotBeWrittenKeepsNoOtherFromBeingServed, as of a database
// whose disk is full; it is taken when there is room again.
func TestALeaseThatCannotBeWrittenKeepsNoOtherFromBeingServed(t *testing.T) {
	t.Parallel()
	good, bad := newServedSite(t), newServedSite(t)
	bad.set("practice: demo-practice", "practice: full")
	if err := bad.daemon().close(); err != nil { // it has made the database
		t.Fatal(err)
	}
	tamper(t, bad, "CREATE TRIGGER full BEFORE INSERT ON lease WHEN NEW.name = 'serve' BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
	open := func(files ...string) fleet {
		f, err := openFleet(t.Context(), quiet(good), files, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.close() })
		return f
	}
	if err := open(bad.config).takeLeases(t.Context()); err == nil || !strings.Contains(err.Error(), "full: ") {
		t.Errorf("alone: %v, want that its disk is full", err)
	}
	f := open(good.config, bad.config)
	if err := f.takeLeases(t.Context()); err != nil {
		t.Error(err)
	}
	if err := f[1].healthy(t.Context()); err == nil || !strings.Contains(err.Error(), "lease") {
		t.Errorf("ready: %v, want that its lease cannot be written", err)
	}
	if err := errors.Join(f[0].alive(t.Context()), f[1].alive(t.Context())); err != nil {
		t.Errorf("a probe would restart the others over and over: %v", err)
	}
	clock, asked := &handClock{now: f[1].clock.Now()}, 0
	clock.onSleep = func() {
		if asked++; asked == 2 {
			tamper(t, bad, "DROP TRIGGER full")
		}
	}
	f[1].clock = clock
	if err := f[1].awaitLease(t.Context()); err != nil || asked != 2 || f[1].unleased != nil {
		t.Errorf("asked %d times: %v, %v", asked, err, f[1].unleased)
	}
}

func quiet(s *site) *shared {
	sh := s.shared()
	sh.logLevel = "panic"
	return sh
}

// TestAReplacedDatabaseEndsTheDaemon: what it writes is in a file that nobody
// finds any more.
func TestAReplacedDatabaseEndsTheDaemon(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	d := s.daemon()
	if err := d.alive(t.Context()); err != nil {
		t.Error(err)
	}
	path := filepath.Join(s.dir, "data", sql.FileName)
	if err := errors.Join(os.Rename(path, path+".away"), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := d.alive(t.Context()); !errors.Is(err, sql.ErrReplaced) {
		t.Errorf("health: %v, want that it was replaced", err)
	}
	if err := d.takeCallback(t.Context(), "client", "1", []byte("{}")); !errors.Is(err, sql.ErrReplaced) {
		t.Errorf("a callback: %v, want that it is not taken for kept", err)
	}
	d.clock, d.log.Logger.Level = &handClock{}, 0
	if err := d.serve(t.Context()); !errors.Is(err, sql.ErrReplaced) {
		t.Errorf("served until %v, want that it was replaced", err)
	}
	if d.calledForARun(t) || s.apiCalls() > 0 {
		t.Error("a run began in it")
	}
}

// calledForARun asks the file that is open; where a connection was opened anew
// it is the empty one in its place, which holds no run and cannot be asked.
func (d *daemon) calledForARun(t *testing.T) bool {
	t.Helper()
	runs, err := d.store.Runs(t.Context(), 1)
	return err == nil && len(runs) > 0
}

// TestAHolderOfAnotherPidSpaceIsNotGone: containers may share a host's name.
func TestAHolderOfAnotherPidSpaceIsNotGone(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const none = "/2147483646/" // above every limit of pids
	for holder, want := range map[string]bool{
		host + none + pidSpace() + "-aa": true, host + none + "1-aa": false, host + none + "aa": false, "elsewhere" + none + pidSpace() + "-aa": false,
	} {
		if got := goneFromHere(holder); got != want {
			t.Errorf("%s is gone: %t, want %t", holder, got, want)
		}
	}
	if goneFromHere(holder()) {
		t.Error("this process is gone")
	}
}

// A process that was killed is gone also before its parent takes notice.
func TestAZombieIsGone(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("cat")
	if _, err := cmd.StdinPipe(); err != nil { // so that it waits
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%s/%d/%s-aa", host, cmd.Process.Pid, pidSpace())
	if goneFromHere(name) {
		t.Error("a process that runs is gone")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil { // it stays a zombie
		t.Fatal(err)
	}
	if !goneFromHere(name) {
		t.Error("a zombie is not gone")
	}
	_ = cmd.Wait() // it was killed
}
