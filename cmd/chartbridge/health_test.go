package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
)

// ended writes a run that ended with an exit code.
func (d *daemon) ended(t *testing.T, exit int) {
	t.Helper()
	r := d.newRun("schedule", false)
	if err := d.store.OpenRun(t.Context(), r, version, ""); err != nil {
		t.Fatal(err)
	}
	if err := d.store.CloseRun(t.Context(), r, r.At.Add(90*time.Second), exit, ""); err != nil {
		t.Fatal(err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	d := newServedSite(t).daemon()
	clock := &handClock{now: d.first.UTC()}
	d.clock = clock
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		fleet{d}.handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	want := func(path string, code int, words string) {
		t.Helper()
		if got, body := get(path); got != code || !strings.Contains(body, words) {
			t.Errorf("%s: %d %q, want %d with %q", path, got, body, code, words)
		}
	}
	pass := func(age time.Duration) {
		clock.now = clock.now.Add(age)
		d.look(clock.now)
	}
	want("/livez", 200, "ok")
	want("/healthz", 200, "ok")
	pass(27 * time.Hour)
	want("/livez", 200, "ok")
	want("/readyz", 503, "no good night")
	want("/healthz", 503, "demo-practice: no good night since the first start at")
	d.ended(t, exitAttention)
	want("/healthz", 200, "ok")
	pass(20 * time.Hour)
	d.ended(t, exitEnvironment)
	want("/healthz", 200, "ok")
	pass(7 * time.Hour)
	want("/healthz", 503, "the last good night ended at")
	clock.now = clock.now.Add(asleep + time.Second)
	want("/livez", 503, "the scheduler has not looked at the clock for 3m1s")
	d.running = true
	want("/livez", 200, "ok")
	want("/nothing", 404, "")
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	want("/livez", 503, "the database does not answer")
	want("/metrics", 200, `chartbridge_up{practice="demo-practice"} 0`)
}

var exposed = regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{[a-z]+="(\\.|[^"\\])*"(,[a-z]+="(\\.|[^"\\])*")*\} [0-9.]+)$`)

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	d := s.daemon()
	if _, err := d.attempt(t.Context(), schedule.Occurrence{Schedule: "nightly"}); exitCode(err, 0) != exitAttention {
		t.Fatal(err)
	}
	m, err := d.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m.practice = `quote " backslash \ line` + "\n"
	text := exposition([]measured{m, m})
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !exposed.MatchString(line) {
			t.Errorf("no line of the text format: %s", line)
		}
	}
	for _, want := range []string{`chartbridge_last_run_exit_code{practice="quote \" backslash \\ line\n"} 4`,
		`destination="rethink",object="client",outcome="created"}`, "chartbridge_last_good_run_timestamp_seconds{", "chartbridge_run_calls{",
		"chartbridge_run_duration_seconds{", "chartbridge_running{"} {
		if strings.Count(text, want) != 2 {
			t.Errorf("%s is not there for both:\n%s", want, text)
		}
	}
	if strings.Count(text, "# TYPE chartbridge_records ") != 1 {
		t.Error("a family is not in one piece")
	}
	path := filepath.Join(t.TempDir(), "chartbridge.prom")
	if err := d.writeMetrics(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(written), `chartbridge_last_run_exit_code{practice="demo-practice"} 4`) {
		t.Errorf("the textfile: %v\n%s", err, written)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := d.writeMetrics(t.Context(), filepath.Join(path, "in-a-file")); err == nil {
		t.Error("a folder that is none: no error")
	}
}

func TestMetricsBeforeTheFirstRun(t *testing.T) {
	t.Parallel()
	d := newServedSite(t).daemon()
	m, err := d.measure(t.Context())
	if err != nil || !m.up {
		t.Fatal(m.up, err)
	}
	if text := exposition([]measured{m}); strings.Contains(text, "chartbridge_last_run_exit_code{") || !strings.Contains(text, "chartbridge_running{") {
		t.Errorf("before the first run:\n%s", text)
	}
}
