package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestMain lets a test run the program as a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("CHARTBRIDGE_TEST_MAIN") != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	if os.Getenv("CHARTBRIDGE_TEST_HARDEN") != "" {
		tellLimits()
	}
	os.Exit(m.Run())
}

// tellLimits hardens this process and tells what came of it.
func tellLimits() {
	harden()
	var core syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_CORE, &core)
	dumpable, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	fmt.Printf("core %d %d, dumpable %d, umask %o\n", core.Cur, core.Max, dumpable, syscall.Umask(0))
	os.Exit(0)
}

// killAt is a fault that applies the n-th write, tells so, and never answers.
func killAt(n int32, applied chan<- struct{}) loadtest.Fault {
	var writes atomic.Int32
	return loadtest.Fault{Times: -1, When: loadtest.After, Match: isWrite, Do: func(x *loadtest.Exchange) {
		if writes.Add(1) == n {
			close(applied)
		}
		if writes.Load() >= n {
			x.Reset = true
		}
	}}
}

// TestKilledInTheMiddleOfAnything kills a first load at its n-th write to a
// destination. The next run goes on: nothing is lost, nothing is there twice,
// and the balance closes.
func TestKilledInTheMiddleOfAnything(t *testing.T) {
	t.Parallel()
	for _, n := range []int32{1, 9, 30, 60, 90} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.set("drchrono:", "quiet_period: 1s\ndrchrono:")
			s.killedAt(n)
			if _, told := s.mustRun(exitDone, "uncertain", "list"); !strings.Contains(told, "when a run was killed") {
				t.Errorf("what was under way is not told:\n%s", told)
			}
			s.mustRun(exitUsage, "report") // it has not counted yet
			s.mustRun(exitAttention, "run")
			if twice := append(s.v.Rethink.Duplicates(), s.v.CentralReach.Duplicates()...); len(twice) > 0 {
				t.Errorf("there twice: %v", twice)
			}
			if stdout, _ := s.mustRun(exitDone, "uncertain", "list"); !strings.Contains(stdout, "Every delivery has its answer") {
				t.Errorf("the next run did not settle everything:\n%s", stdout)
			}
			s.toldOnce()
			before := s.writes()
			s.mustRun(exitAttention, "run")
			if got := s.writes() - before; got != 0 {
				t.Errorf("the run after the next made %d writes, want none", got)
			}
		})
	}
}

// killedAt kills a first load at its n-th write to Rethink, and lets the vendor
// answer again.
func (s *site) killedAt(n int32) {
	s.t.Helper()
	applied := make(chan struct{})
	s.v.Rethink.Inject(killAt(n, applied))
	cmd := exec.Command(os.Args[0], "run", "--config", s.config)
	cmd.Env = append(os.Environ(), "CHARTBRIDGE_TEST_MAIN=1")
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	<-applied
	if err := cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, so it has an error to tell
	s.v.Rethink.Heal()
}

// toldOnce: the run that was killed has its files too, its balance closes, and
// what the vendors made was told as created once, by one run or the other.
func (s *site) toldOnce() {
	s.t.Helper()
	folders, err := filepath.Glob(filepath.Join(s.dir, "out", "2*"))
	if err != nil || len(folders) != 2 {
		s.t.Fatalf("%d runs have files, want 2 (%v)", len(folders), err)
	}
	if killed := s.summaryOf(filepath.Base(folders[0])); killed.ExitCode != 137 || killed.Balanced == nil || !*killed.Balanced {
		s.t.Errorf("the killed run ended with %d, balanced %v", killed.ExitCode, killed.Balanced)
	}
	made := map[string]int{}
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "load-results.jsonl"))
		if err != nil {
			s.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			l := decodeJSON[struct{ Destination, Object, Outcome string }](s.t, line)
			if l.Outcome == "created" {
				made[l.Destination+" "+l.Object]++
			}
		}
	}
	for _, object := range []string{"client", "staff", "appointment"} {
		if want := s.v.Rethink.Calls()["create "+object]; made["rethink "+object] != want {
			s.t.Errorf("%d were told as created at rethink (%s), %d were", made["rethink "+object], object, want)
		}
	}
}
