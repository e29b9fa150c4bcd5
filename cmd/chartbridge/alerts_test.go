package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A pager is a webhook that keeps what it was told.
type pager struct {
	*httptest.Server
	mu   sync.Mutex // of what was told
	told []alert
	down bool
}

func newPager(t *testing.T) *pager {
	p := new(pager)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		var a alert
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = append(p.told, a)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pager) events() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, a := range p.told {
		list = append(list, a.Event)
	}
	return strings.Join(list, " ")
}

// TestARunTellsWhatItChanged: where the system's own scheduler starts each
// night, no daemon tells. DrChrono lets nothing be read here, which is no good
// night.
func TestARunTellsWhatItChanged(t *testing.T) {
	t.Parallel()
	p, s := newPager(t), newSite(t)
	s.set("drchrono:\n", "alerts: {webhook: \""+p.URL+"\"}\ndrchrono:\n")
	s.v.DrChrono.Inject(drchronotest.Fault{Times: -1, Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/api/") },
		Do: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) }})
	for range 2 {
		_, stderr := s.mustRun(exitEnvironment, "run")
		if want := "extract appointments, doctors, patients, users: not available to this account"; !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	if got := p.events(); got != "failed" || p.told[0].ExitCode != exitEnvironment || p.told[0].Run == "" {
		t.Errorf("two failed nights were told as %q: %+v", got, p.told)
	}
	s.v.DrChrono.ClearFaults()
	s.mustRun(exitAttention, "run")
	if got := p.events(); got != "failed recovered" {
		t.Errorf("told %q, want the recovery too", got)
	}
	out := filepath.Join(s.dir, "out")
	if err := errors.Join(os.Rename(out, out+".away"), os.WriteFile(out, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitFailed, "run")
	s.mustRun(exitFailed, "run")
	if got := p.events(); got != "failed recovered failed" || p.told[2].ExitCode != exitFailed || p.told[2].Run != "" {
		t.Errorf("told %q, want also what failed before it had a row: %+v", got, p.told)
	}
	if err := errors.Join(os.Remove(out), os.Rename(out+".away", out)); err != nil {
		t.Fatal(err)
	}
	served, err := openPractice(t.Context(), s.shared())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = served.close() }() // it was read alone
	if err := served.store.Lease(t.Context(), serveLease, served.clock.Now(), leaseLife); err != nil {
		t.Fatal(err)
	}
	s.v.DrChrono.Inject(drchronotest.Fault{Times: -1, Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/api/") },
		Do: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) }})
	s.mustRun(exitEnvironment, "run")
	if got := p.events(); got != "failed recovered failed" {
		t.Errorf("beside a daemon, which tells itself, a run told %q", got)
	}
}

func TestAlertsTellOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	p, s := newPager(t), newServedSite(t)
	s.set("drchrono:\n", "alerts: {webhook: \""+p.URL+"\"}\ndrchrono:\n")
	d := s.daemon()
	clock := &handClock{now: d.first.UTC()}
	want := func(when, events string) {
		t.Helper()
		d.clock = clock
		for range 3 { // every minute
			if err := d.tellChange(t.Context(), d.channels()[0]); err != nil && !p.down {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(watchEvery)
		}
		if got := p.events(); got != events {
			t.Errorf("%s: %q, want %q", when, got, events)
		}
	}
	night := func(exit int) {
		clock.now = clock.now.Add(24 * time.Hour)
		d.clock = clock
		d.ended(t, exit)
		clock.now = clock.now.Add(5 * time.Minute)
	}
	want("at the start", "")
	night(exitAttention)
	want("a good night", "")
	night(exitEnvironment)
	want("the first failure", "failed")
	if a := p.told[0]; a.Practice != "demo-practice" || a.ExitCode != exitEnvironment || a.Run == "" || a.LastGood == "" || !strings.Contains(a.Cause, "a vendor could not be reached") {
		t.Errorf("told %+v", a)
	}
	night(exitEnvironment)
	want("the same trouble, and no good night for too long", "failed stale")
	d = s.daemon() // a restart
	want("a restart", "failed stale")
	night(exitBalance)
	want("another trouble", "failed stale failed")
	p.down = true
	night(exitDone)
	want("good again, the webhook away", "failed stale failed")
	p.down = false
	want("the webhook is back", "failed stale failed recovered")
	night(130)
	want("a night that was stopped", "failed stale failed recovered")
	clock.now = clock.now.Add(48 * time.Hour)
	want("nothing ran", "failed stale failed recovered stale")
}

func TestAnAlertCommandGetsTheAlertAndNoSecrets(t *testing.T) {
	dir := t.TempDir()
	script, out := filepath.Join(dir, "tell"), filepath.Join(dir, "out")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n{ env; cat; echo \" $2\"; } > \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DRCHRONO_CLIENT_SECRET", "do-not-tell")
	a := alert{Event: eventFailed, Practice: "demo-practice", Cause: "the run failed; $(touch oops)", ExitCode: 1}
	if err := execute(t.Context(), []string{script, out, "$HOME"}, a); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CHARTBRIDGE_ALERT_EVENT=failed\n", "CHARTBRIDGE_ALERT_EXIT_CODE=1\n", `{"event":"failed"`, " $HOME\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing from:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "do-not-tell") {
		t.Error("the command got a secret from our environment")
	}
	if err := execute(t.Context(), []string{filepath.Join(dir, "none")}, a); err == nil {
		t.Error("a command that does not exist: no error")
	}
	if err := os.WriteFile(script, []byte("#!/bin/sh\n{ echo; echo 'no route to the pager'; echo more; } >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := execute(t.Context(), []string{script}, a); err == nil || !strings.HasSuffix(err.Error(), "exit status 3; it said: no route to the pager") {
		t.Errorf("a command that fails: %v", err)
	}
}

// TestCheckLooksForTheAlertCommand: a misspelt one would tell nobody.
func TestCheckLooksForTheAlertCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "alerts: {command: \"sh -c exit\"}\ndrchrono:\n")
	s.mustRun(exitDone, "check")
	s.set("sh -c exit", "no-such-program --now")
	if stdout, _ := s.mustRun(exitUsage, "check"); !strings.Contains(stdout, "alerts.command cannot be run") {
		t.Errorf("check does not tell of it:\n%s", stdout)
	}
}
