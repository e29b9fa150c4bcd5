package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// BenchmarkSecondNight is the night after the first load of the demo's
// practice, 300 patients and 5,000 visits, after a day's changes, to all three
// destinations: `chartbridge run` in a process of its own, which calls the
// simulated vendors of this one. The processor time is the program's alone.
// What it takes beside the calls is its time by the clock, from its start to
// its exit, in which no vendor had a call of it in hand; no limit makes a call
// wait. The schedule there holds the clients' visits from the day on which they
// are known there: found belongs to the first load, finding does not.
func BenchmarkSecondNight(b *testing.B) {
	b.Run("found", func(b *testing.B) { secondNight(b, true) })
	b.Run("finding", func(b *testing.B) { secondNight(b, false) })
}

func secondNight(b *testing.B, found bool) {
	var cpu, wall, beside time.Duration
	calls, peak := 0, int64(0) // KiB, of the first load too
	for range b.N {
		b.StopTimer()
		s := newBench(b, drchronotest.DefaultSize.Appointments)
		asked := s.timed()
		s.process()
		s.v.schedule()
		if found {
			s.process()
		}
		s.v.Practice.NextDay()
		s.v.admit()
		asked.forget()
		b.StartTimer()
		used, took := s.process()
		b.StopTimer()
		peak = max(peak, s.peak)
		cpu, wall, beside, calls = cpu+used, wall+took, beside+took-asked.time(), calls+asked.calls
	}
	for unit, total := range map[string]time.Duration{"cpu-ms": cpu, "wall-ms": wall, "beside-ms": beside} {
		b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), unit)
	}
	b.ReportMetric(float64(calls)/float64(b.N), "calls")
	b.ReportMetric(float64(peak)*1.024/1000, "peak-MB")
}

// process runs a night in a process of its own, and tells what it used of the
// processors and how long it took.
func (s *bench) process() (cpu, wall time.Duration) {
	s.Helper()
	cmd := exec.Command(os.Args[0], "run", "--config", s.config, "--log-level", "error")
	cmd.Env, cmd.Stderr = append(os.Environ(), "CHARTBRIDGE_TEST_MAIN=1"), os.Stderr
	began := time.Now()
	err := cmd.Run()
	wall = time.Since(began)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitAttention) {
		s.Fatal(err)
	}
	s.peak = max(s.peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall
}

// An answering is the time in which vendors had at least one call in hand.
type answering struct {
	mu      sync.Mutex
	open    int
	since   time.Time // when the first of those in hand came
	spent   time.Duration
	calls   int
	handler http.Handler
}

// timed takes the time of the vendors' answers. Nobody calls them yet.
func (s *bench) timed() *answering {
	a := &answering{handler: s.v.server.Handler}
	s.v.server.Handler = a
	return a
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.count(1)
	defer a.count(-1)
	a.handler.ServeHTTP(w, r)
}

// count counts a call that comes or goes.
func (a *answering) count(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == 0 {
		a.since = time.Now()
	}
	a.open += n
	if a.open == 0 {
		a.spent += time.Since(a.since)
	}
	a.calls += max(0, n)
}

// time is how long calls were in hand since forget.
func (a *answering) time() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spent
}

func (a *answering) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.spent, a.calls = 0, 0
}
