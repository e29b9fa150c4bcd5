package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A bench is a practice on disk whose simulated vendors set no pace, so that
// what is measured is the program.
type bench struct {
	testing.TB
	v      *vendors
	config string
	peak   int64 // KiB: the largest peak of its processes
}

// benchPace lets every call go at once.
const benchPace = "calls_per_hour: 10000000\n  calls_per_10min: 10000000\n  calls_per_second: 1000000\n  bulk: never\n"

// newBench makes a practice of so many appointments, with a patient for each
// twenty of them, that sends to Rethink alone.
func newBench(tb testing.TB, appointments int) *bench {
	tb.Helper()
	clock := wallClock{}
	size := drchronotest.Size{Patients: appointments / 20, Staff: 12, Appointments: appointments}
	if appointments == drchronotest.DefaultSize.Appointments {
		size = drchronotest.DefaultSize
	}
	v, err := startVendors("127.0.0.1:0", drchronotest.NewPractice(11, size, clock.Now().Add(-24*time.Hour)), clock.Now)
	if err != nil {
		tb.Fatal(err)
	}
	v.DrChrono.Hurry()
	tb.Cleanup(func() { _ = v.Close() })
	dir := tb.TempDir()
	config, err := v.writeFiles(dir, clock.Now().AddDate(-1, 0, 0).Format(time.DateOnly))
	if err != nil {
		tb.Fatal(err)
	}
	s := &bench{TB: tb, v: v, config: config}
	s.set(simSchedules, "")
	s.set("drchrono:\n", "drchrono:\n  "+benchPace)
	return s
}

// set changes the config by replacing a text that must stand in it.
func (s *bench) set(old, new string) {
	s.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		s.Fatalf("the config does not hold %q", old)
	}
	if err := os.WriteFile(s.config, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600); err != nil {
		s.Fatal(err)
	}
}

// open opens the practice in this process.
func (s *bench) open() *practice {
	s.Helper()
	p, err := openPractice(s.Context(), &shared{config: s.config, stdout: os.Stdout, stderr: os.Stderr, output: "text", logLevel: "error", logFormat: "text"})
	if err != nil {
		s.Fatal(err)
	}
	return p
}
