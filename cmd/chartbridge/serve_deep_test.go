//go:build deep

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// fleetSize is how many small practices one process carries through one night.
const fleetSize = 200

// TestDeepAFleetInOneProcess has all of them fall due in the same minute, the
// daemon in a process of its own, and states that process's peak memory.
func TestDeepAFleetInOneProcess(t *testing.T) {
	dir, clock := t.TempDir(), wallClock{}
	zone, err := time.LoadLocation(drchronotest.Zone)
	if err != nil {
		t.Fatal(err)
	}
	due := clock.Now().Add(5 * time.Minute).In(zone) // the daemon has to serve by then
	for i := range fleetSize {
		practice := drchronotest.NewPractice(uint64(i+1), drchronotest.MinSize, clock.Now().Add(-24*time.Hour))
		v, err := startVendors("127.0.0.1:0", practice, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		path, err := v.writeFiles(filepath.Join(dir, fmt.Sprint(i)), clock.Now().AddDate(0, -4, 0).Format(time.DateOnly))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte(simSchedules), nil, 1)
		text = bytes.Replace(text, []byte("practice: demo-practice\n"), fmt.Appendf(nil,
			"practice: practice-%d\nserve: {listen: \"127.0.0.1:0\"}\nschedules: [{name: nightly, cron: \"%d %d * * *\"}]\n", i, due.Minute(), due.Hour()), 1)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSIGTERMEndsTheDaemonInOrder$")
	cmd.Env = append(os.Environ(), "SERVE_TEST_CONFIG="+dir)
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := func() int {
		found, _ := filepath.Glob(filepath.Join(dir, "*", "out", "latest", "summary.json"))
		return len(found)
	}
	for done() < fleetSize {
		if clock.Sleep(t.Context(), time.Second) != nil {
			t.Fatal("not every practice had its night")
		}
	}
	took := clock.Now().Sub(due.Truncate(time.Minute))
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code is looked at
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok || cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("exit code %d, want 143", cmd.ProcessState.ExitCode())
	}
	if n := strings.Count(told.String(), "the run ended"); n != fleetSize {
		t.Errorf("%d runs, want %d", n, fleetSize)
	}
	t.Logf("%d practices in one process: the night took %s, peak memory %d MiB", fleetSize, took.Round(time.Second), usage.Maxrss/1024)
}
