package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
)

// A handClock moves when someone sleeps, and tells.
type handClock struct {
	mu      sync.Mutex // of now, while a daemon runs
	now     time.Time
	onSleep func()
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
	if c.onSleep != nil {
		c.onSleep()
	}
	return ctx.Err()
}

func TestASecondDaemonIsRefusedAndADeadOneTakenOver(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	first, second := s.daemon(), s.daemon()
	if err := first.takeLease(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock := &handClock{now: time.Now()}
	second.clock = clock
	clock.onSleep = func() {
		if err := first.store.Lease(t.Context(), serveLease, clock.now, leaseLife); err != nil {
			t.Error(err)
		}
	}
	err := second.takeLease(t.Context())
	if exitCode(err, 0) != exitHeld || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("beside a daemon that lives: %v, want exit code 6", err)
	}
	clock.onSleep = nil
	if err := second.takeLease(t.Context()); err != nil {
		t.Errorf("after a daemon that died: %v", err)
	}
}

func TestALostLeaseStopsTheDaemon(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	d, other := s.daemon(), s.daemon()
	var cause error
	d.clock = &handClock{now: time.Now()}
	if err := other.store.Lease(t.Context(), serveLease, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.keepServing(ctx, func(err error) { cause = err; cancel() })
	if exitCode(cause, 0) != exitHeld {
		t.Errorf("the cause is %v, want that another took over", cause)
	}
}

func TestAnOperatorsRunIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	s.set("go_live:", "run_limit: 10m\ngo_live:")
	d, other := s.daemon(), s.daemon()
	clock := &handClock{now: time.Now()}
	d.clock = clock
	hold := func() {
		if err := other.store.Lease(t.Context(), runLease, clock.now, leaseLife); err != nil {
			t.Error(err)
		}
	}
	hold()
	clock.onSleep = hold
	end := d.occur(t.Context(), schedule.Occurrence{})
	if end.State != schedule.Skipped || !strings.Contains(end.Note, "run is held by") {
		t.Errorf("beside a run that does not end: %+v, want skipped with the holder", end)
	}
	slept := 0
	clock.onSleep = func() {
		if slept++; slept == 3 {
			if err := other.store.Release(t.Context(), runLease); err != nil {
				t.Error(err)
			}
			d.clock = wallClock{}
		}
	}
	if end := d.occur(t.Context(), schedule.Occurrence{}); end.State != schedule.Ran || end.Exit != exitAttention {
		t.Errorf("after a run that ended: %+v, want ran", end)
	}
}

// A writer that panics, with a name in it.
type poison struct{}

func (poison) Write([]byte) (int, error) { panic(errors.New("Ada Roma")) }

func TestAPanicInANightIsToldAndTheNextRuns(t *testing.T) {
	t.Parallel()
	s := newServedSite(t)
	d := s.daemon()
	good := d.show
	d.show = &show{out: poison{}, live: true}
	end := d.occur(t.Context(), schedule.Occurrence{Schedule: "nightly"})
	runs, err := d.store.Runs(t.Context(), 1)
	if err != nil || len(runs) != 1 || runs[0].ExitCode != exitFailed || runs[0].Note != end.Note {
		t.Errorf("runs %+v (%v), want one that failed with the note %q", runs, err, end.Note)
	}
	if end.State != schedule.Failed || strings.Contains(end.Note, "Roma") || !strings.Contains(end.Note, "daemon_test.go:") {
		t.Errorf("the end is %+v, want failed, its place and no value", end)
	}
	d.show = good
	if end := d.occur(t.Context(), schedule.Occurrence{Schedule: "nightly"}); end.State != schedule.Ran {
		t.Errorf("the next end is %+v, want ran", end)
	}
}

func TestAChangedScheduleHasMissedNothing(t *testing.T) {
	t.Parallel()
	d := newServedSite(t).daemon()
	b, e, now := book{d.store}, d.entries[0], d.clock.Now()
	long := now.Add(-100 * time.Hour)
	for _, c := range []struct {
		spec string
		at   time.Time
		want time.Time
	}{{e.Spec, long, long}, {e.Spec, now, long}, {"0 4 * * *", now, now}, {"0 4 * * *", now.Add(time.Hour), now}, {"0 4 * * *", long, long}} {
		e.Spec = c.spec
		got, err := b.Since(t.Context(), e, c.at)
		if err != nil || got.Sub(c.want).Abs() > time.Second {
			t.Errorf("%s at %s: since %s (%v), want %s", c.spec, c.at, got, err, c.want)
		}
	}
}

func TestScheduleNextFlagsWhatIsRisky(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "schedules: [{name: early, cron: \"30 2 * * *\"}, {name: safe, cron: \"15 4 * * *\"}]\ndrchrono:\n")
	show := func(output string, now time.Time) string {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		shared := s.shared()
		shared.stdout, shared.output = out, output
		if err := errors.Join(scheduleNext(shared, 3, now), out.Close()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := show("text", time.Date(2026, 3, 8, 6, 0, 0, 0, time.UTC))
	for _, want := range []string{"early", "2026-03-08 02:30", "2026-03-08 03:00 EDT", "2026-03-08 07:00Z", schedule.RiskSkipped,
		"safe", "2026-03-08 04:15", "early falls at 2026-03-08 02:30 where"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from:\n%s", want, text)
		}
	}
	if strings.Contains(text, "safe falls") {
		t.Errorf("a safe time is called risky:\n%s", text)
	}
	if text := show("json", time.Date(2026, 3, 8, 6, 0, 0, 0, time.UTC)); !strings.Contains(text, `"utc": "2026-03-08 07:00Z"`) {
		t.Errorf("JSON:\n%s", text)
	}
}
