package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

func TestFaultsOnRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// A list is asked for five times in each of five sizes before it is given up.
	for _, spec := range []string{"drchrono:broken-json:25", "rethink:reset-after:2", "centralreach:500-after", "registry:429"} {
		if err := s.v.inject(spec); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for _, spec := range []string{"drchrono", "elsewhere:html", "rethink:nothing", "rethink:html:0", "a:b:c:d"} {
		if err := s.v.inject(spec); err == nil || !strings.Contains(err.Error(), "--fault") {
			t.Errorf("%s: error %v, want one that names --fault", spec, err)
		}
	}
	_, stderr := s.mustRun(exitFailed, "run")
	if !strings.Contains(stderr, "doctors") {
		t.Errorf("the broken list is not named:\n%s", stderr)
	}
	stdout, _ := s.mustRun(exitDone, "uncertain", "list")
	if strings.Count(stdout, "rethink") != 2 || strings.Count(stdout, "a run from ") != 3 {
		t.Errorf("want 2 uncertain deliveries to Rethink:\n%s", stdout)
	}
}

// simulated runs simulate in this process until it serves, then stops it.
func simulated(t *testing.T, f simulateFlags) (string, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it writes its files, serves, and ends at once
	f.size, f.seed = drchronotest.MinSize, 11
	err = errors.Join(simulate(ctx, &shared{stdout: out, stderr: out}, f), out.Close())
	text, _ := os.ReadFile(out.Name())
	return string(text), err
}

func TestSimulateKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if _, err := simulated(t, simulateFlags{dir: dir}); err != nil {
		t.Fatal(err)
	}
	before := map[string]string{}
	for _, name := range []string{"key", "config.yaml", "lookups.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, "# mine\n"...)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		before[name] = string(text)
	}
	if err := os.Remove(filepath.Join(dir, "secret")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "chartbridge.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := simulated(t, simulateFlags{dir: dir})
	if !strings.Contains(shown, "begin anew and hold nothing of what it sent") {
		t.Errorf("of the earlier database is not told:\n%s", shown)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range before {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != want {
			t.Errorf("%s was not kept (%v)", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "secret")); err != nil {
		t.Errorf("what was missing was not written: %v", err)
	}
	at := simulatedAt.FindStringSubmatch(before["config.yaml"])
	if at == nil || !strings.Contains(shown, "vendors at http://"+at[1]+".") || !strings.Contains(shown, "# mine") {
		t.Errorf("it does not serve where the kept config points, %v:\n%s", at, shown)
	}
	_, err = simulated(t, simulateFlags{dir: dir, address: "127.0.0.1:1"})
	if exitCode(err, 0) != exitUsage || !strings.Contains(err.Error(), "leave --listen out") {
		t.Errorf("another address than the config's: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("practice: real\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = simulated(t, simulateFlags{dir: dir}); exitCode(err, 0) != exitUsage || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("another program's config: %v", err)
	}
}

func TestSimulateListensOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true, "127.9.9.9:0": true,
		"0.0.0.0:0": false, ":8080": false, "[::]:0": false, "192.0.2.1:80": false, "vendor.test:80": false, "127.0.0.1": false, "127.0.0.1:": false} {
		got, err := simulateFlags{dir: t.TempDir(), address: address}.listen()
		if (err == nil) != ok || ok && got != address || !ok && exitCode(err, 0) != exitUsage {
			t.Errorf("%s: %q, %v", address, got, err)
		}
	}
	if code, _, stderr := runHere(t, "simulate", "--listen", "0.0.0.0:0", "--dir", t.TempDir()); code != exitUsage || !strings.Contains(stderr, "loopback") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// A database of an earlier start opens with the kept key, and is let in again.
// Not beside other tests, whose connections might take its port meanwhile.
func TestARunGoesOnAfterTheSimulationWasStartedAgain(t *testing.T) {
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	address := strings.TrimPrefix(s.v.URL, "http://")
	if err := s.v.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := startVendors(address, s.v.Practice, wallClock{}.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	if _, err := v.writeFiles(s.dir, "2026-01-01"); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitDone, "run", "--only", "extract")
}

// The program's own simulation gives its own check nothing to warn of.
func TestTheSimulatedConfigHasAQuietSchedule(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", simSchedules+"drchrono:\n")
	wantFinding(t, findingsOf(s, exitDone), "ok schedules", "nightly (30 3 * * *)")
}
