package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAYearOfNights(t *testing.T) {
	for _, zone := range zones {
		for _, spec := range []string{"30 2 * * *", "30 1 * * *"} {
			e := entry(t, spec, zone)
			from := time.Date(2026, 1, 1, 0, 0, 0, 0, e.Zone)
			s := newStory(from)
			s.took = 40 * time.Minute
			s.play(t, from.AddDate(1, 0, 0), e)
			dates := map[string]int{}
			for _, local := range s.ran {
				dates[local[:len(time.DateOnly)]]++
			}
			if len(s.ran) != 365 || len(dates) != 365 {
				t.Errorf("%s in %s: %d runs on %d dates, want 365 on 365", spec, zone, len(s.ran), len(dates))
			}
			for _, r := range s.book.rows {
				if r.state != Ran {
					t.Errorf("%s in %s: %s is %s, want ran", spec, zone, r.o.Local, r.state)
				}
			}
		}
	}
}

func TestASuspendOfThreeDaysIsCaughtUpByOneRun(t *testing.T) {
	e := entry(t, "30 2 * * *", "America/New_York")
	from := time.Date(2026, 3, 6, 12, 0, 0, 0, e.Zone) // sleeps over the spring change
	s := newStory(from)
	s.clock.events = []event{step(from.Add(time.Hour), 72*time.Hour)}
	s.play(t, from.AddDate(0, 0, 4), e)
	s.want(t, "2026-03-09 02:30, 2026-03-10 02:30",
		"2026-03-07 02:30 skipped, 2026-03-08 02:30 skipped, 2026-03-09 02:30 late, 2026-03-10 02:30 ran")
	for _, r := range s.book.rows {
		if r.state == Skipped && r.note != "the machine slept or its clock was set; the run of nightly 2026-03-09 02:30 caught it up" {
			t.Errorf("the note of %s is %q", r.o.Local, r.note)
		}
	}
}

func TestAClockThatGoesBackRunsNothingTwice(t *testing.T) {
	e := entry(t, "30 2 * * *", "Europe/London")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 25 * time.Hour} {
		s := newStory(from)
		s.clock.events = []event{step(from.Add(26*time.Hour+45*time.Minute), -back)}
		s.play(t, from.AddDate(0, 0, 3), e)
		s.want(t, "2026-05-04 02:30, 2026-05-05 02:30, 2026-05-06 02:30",
			"2026-05-04 02:30 ran, 2026-05-05 02:30 ran, 2026-05-06 02:30 ran")
	}
}

// A clock that jumps four years ahead and is set right again must not take the
// nights in between as skipped.
func TestAClockThatWasInTheFuture(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.clock.until = from.AddDate(9, 0, 0)
	ahead := from.AddDate(4, 0, 0)
	s.clock.events = []event{
		{from.Add(time.Hour), func(c *fakeClock) { c.now = ahead }},
		{ahead.Add(time.Hour), func(c *fakeClock) { c.now = from.Add(2 * time.Hour); c.until = from.AddDate(0, 0, 2) }},
	}
	s.play(t, from.AddDate(9, 0, 0), e)
	s.want(t, "2030-05-03 02:30, 2026-05-04 02:30, 2026-05-05 02:30",
		"2026-05-04 02:30 ran, 2026-05-05 02:30 ran, 2030-05-03 02:30 late")
}

func TestAPanicDoesNotLockOutTheNext(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.run = func(_ context.Context, o Occurrence) Ending {
		switch {
		case strings.HasPrefix(o.Local, "2026-05-04"):
			panic(fmt.Errorf("cannot map Ada Roma"))
		case strings.HasPrefix(o.Local, "2026-05-05"):
			var list []int
			_ = list[len(s.ran)]
		}
		return Ending{State: Ran}
	}
	s.play(t, from.AddDate(0, 0, 3), e)
	s.want(t, "2026-05-04 02:30, 2026-05-05 02:30, 2026-05-06 02:30",
		"2026-05-04 02:30 failed, 2026-05-05 02:30 failed, 2026-05-06 02:30 ran")
	for _, r := range s.book.rows {
		if r.state == Failed && (!strings.Contains(r.note, "scheduler_test.go:") || strings.Contains(r.note, "Roma")) {
			t.Errorf("the note of %s is %q: it must name the place and no value", r.o.Local, r.note)
		}
	}
}

func TestARunLongerThanADay(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.run = func(ctx context.Context, o Occurrence) Ending {
		if len(s.ran) == 1 {
			_ = s.clock.Sleep(ctx, 55*time.Hour)
		}
		return Ending{State: Ran}
	}
	s.play(t, from.AddDate(0, 0, 4), e)
	s.want(t, "2026-05-04 02:30, 2026-05-06 02:30, 2026-05-07 02:30",
		"2026-05-04 02:30 ran, 2026-05-05 02:30 skipped, 2026-05-06 02:30 late, 2026-05-07 02:30 ran")
	if note := s.book.rows[key(Occurrence{Schedule: "nightly", Due: from.Add(26*time.Hour + 30*time.Minute)})].note; !strings.HasPrefix(note, whyBusy) {
		t.Errorf("the note is %q, want %q", note, whyBusy)
	}
}

func TestTwoSchedulesOfOneTimeShareARun(t *testing.T) {
	daily, weekly := entry(t, "30 2 * * *", "UTC"), entry(t, "30 2 * * 1", "UTC")
	weekly.Name = "weekly"
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC) // a Monday
	s := newStory(from)
	s.play(t, from.AddDate(0, 0, 2), daily, weekly)
	s.want(t, "2026-05-04 02:30, 2026-05-05 02:30", "2026-05-04 02:30 skipped, 2026-05-04 02:30 ran, 2026-05-05 02:30 ran")
	for _, r := range s.book.rows {
		if r.state == Skipped && !strings.HasPrefix(r.note, "another schedule fell due at the same time; the run of ") {
			t.Errorf("the note of %s is %q", r.o.Schedule, r.note)
		}
	}
}

func TestARestartGoesOn(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.took = time.Hour
	s.play(t, from.Add(3*time.Hour), e) // stopped in the middle of the run
	s.want(t, "2026-05-04 02:30", "2026-05-04 02:30 running")
	s.clock.now = from.Add(5 * time.Hour)
	s.play(t, from.Add(30*time.Hour), e)
	s.want(t, "2026-05-04 02:30, 2026-05-04 02:30, 2026-05-05 02:30", "2026-05-04 02:30 late, 2026-05-05 02:30 ran")
	s.clock.now = from.Add(100 * time.Hour) // down for two nights
	s.play(t, from.Add(102*time.Hour), e)
	s.want(t, "2026-05-04 02:30, 2026-05-04 02:30, 2026-05-05 02:30, 2026-05-08 02:30",
		"2026-05-04 02:30 late, 2026-05-05 02:30 ran, 2026-05-06 02:30 skipped, 2026-05-07 02:30 skipped, 2026-05-08 02:30 late")
}

// What was left in the middle is not gone on with where its schedule is no
// longer in the config.
func TestAScheduleThatIsGoneIsNotGoneOnWith(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.took = time.Hour
	s.play(t, from.Add(3*time.Hour), e) // stopped in the middle of the run
	s.clock.now = from.Add(5 * time.Hour)
	s.play(t, from.Add(30*time.Hour))
	s.want(t, "2026-05-04 02:30", "2026-05-04 02:30 skipped")
}

// A run that takes the process down each time is given up, so that the next
// night has its chance.
func TestARunThatKillsTheDaemonIsGivenUp(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	due := time.Date(2026, 5, 4, 2, 30, 0, 0, e.Zone)
	s := newStory(due.Add(10 * time.Minute))
	s.book.since["nightly"] = due.AddDate(0, 0, -1)
	o := Occurrence{Schedule: "nightly", Due: due, Local: "2026-05-04 02:30"}
	s.book.rows[key(o)] = &row{o: o, state: Running, attempts: mostRetries}
	s.play(t, due.Add(25*time.Hour), e)
	s.want(t, "2026-05-05 02:30", "2026-05-04 02:30 failed, 2026-05-05 02:30 ran")
}

func TestABookThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	from := time.Date(2026, 5, 4, 2, 0, 0, 0, e.Zone)
	s := newStory(from)
	s.book.fail = 3
	s.play(t, from.Add(2*time.Hour), e)
	s.want(t, "2026-05-04 02:30", "2026-05-04 02:30 ran")
}

func TestANewScheduleHasMissedNothing(t *testing.T) {
	e := entry(t, "30 2 * * *", "UTC")
	s := newStory(time.Date(2026, 5, 4, 12, 0, 0, 0, e.Zone))
	s.play(t, s.clock.now.Add(time.Hour), e)
	s.want(t, "", "")
}

// With Go's own timers, in a bubble: the same nights, and a stop at once.
func TestServeOnRealTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := entry(t, "30 2 * * *", "America/New_York")
		ctx, cancel := context.WithTimeout(t.Context(), 10*24*time.Hour)
		defer cancel()
		ran := 0
		s := Scheduler{Entries: []Entry{e}, Book: newMemory(), Clock: bubbleClock{}, Run: func(context.Context, Occurrence) Ending {
			ran++
			return Ending{State: Ran}
		}}
		if err := s.Serve(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Serve: %v", err)
		}
		if ran != 10 {
			t.Errorf("%d runs in ten days, want 10", ran)
		}
	})
}

// A time with a monotonic reading is compared by it, so that a clock which
// goes back does not show: the scheduler believes the wall clock alone.
func TestTheWallClockAloneIsBelieved(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := Scheduler{Entries: []Entry{entry(t, "30 2 * * *", "UTC")}, Book: newMemory(), Clock: bubbleClock{}}
	s.OnLook = func(now time.Time) {
		if strings.Contains(now.String(), " m=") {
			t.Errorf("looked at %s, which has a monotonic reading", now)
		}
		cancel()
	}
	if err := s.Serve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve: %v", err)
	}
	if s.quiet.from != s.quiet.from.Round(0) || s.seen != s.seen.Round(0) {
		t.Errorf("keeps %s and %s, with a monotonic reading", s.quiet.from, s.seen)
	}
}
