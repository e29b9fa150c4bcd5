package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A site is a practice on disk that points at simulated vendors.
type site struct {
	t      *testing.T
	v      *vendors
	dir    string
	config string
}

// newSite makes a small practice whose day was yesterday, so that a day's
// changes lie in the past too.
func newSite(t *testing.T) *site { return newSizedSite(t, drchronotest.MinSize) }

func newSizedSite(t *testing.T, size drchronotest.Size) *site {
	t.Helper()
	clock := wallClock{}
	practice := drchronotest.NewPractice(11, size, clock.Now().Add(-24*time.Hour))
	v, err := startVendors("127.0.0.1:0", practice, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	dir := t.TempDir()
	config, err := v.writeFiles(dir, clock.Now().AddDate(0, -4, 0).Format(time.DateOnly))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t, v, dir, config}
	s.set(simSchedules, "") // a test names its own
	s.hurry()
	return s
}

// hurry lets the calls to DrChrono go as fast as they come, on both sides.
func (s *site) hurry() {
	s.t.Helper()
	s.v.DrChrono.Hurry()
	s.set("drchrono:\n", "drchrono:\n  calls_per_second: 1000\n")
}

// set changes the config by replacing a text that must stand in it.
func (s *site) set(old, new string) {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		s.t.Fatalf("the config does not hold %q", old)
	}
	if err := os.WriteFile(s.config, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run runs the program in this process; what it prints is kept beside the
// site's files.
func (s *site) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return runHere(s.t, append(args, "--config", s.config)...)
}

func runHere(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	out, errs := open("stdout"), open("stderr")
	code = run(args, out, errs)
	read := func(f *os.File) string {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return code, read(out), read(errs)
}

func (s *site) mustRun(want int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	code, stdout, stderr := s.run(args...)
	if code != want {
		s.t.Fatalf("%s: exit code %d, want %d\n%s\n%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout, stderr
}

// writes counts what the destinations were asked to create or change.
func (s *site) writes() int {
	n := 0
	for _, journal := range [][]string{opsOf(s.v.Rethink.Calls()), opsOf(s.v.CentralReach.Calls()), opsOf(s.v.Registry.Calls())} {
		n += len(journal)
	}
	return n
}

// opsOf lists the calls that may change something, each as often as it came.
func opsOf(calls map[string]int) []string {
	var list []string
	for call, n := range calls {
		op, object, _ := strings.Cut(call, " ")
		if object == "token" || op == "find" || op == "list" || op == "login" {
			continue
		}
		for range n {
			list = append(list, call)
		}
	}
	return list
}
