package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A State is what became of an occurrence.
type State string

// States. An occurrence is running from its beginning until its end is noted:
// one that a restart finds running was stopped in the middle.
const (
	Running State = "running"
	Ran     State = "ran"
	Late    State = "late"
	Skipped State = "skipped"
	Failed  State = "failed"
)

// An Ending is how the run of an occurrence ended.
type Ending struct {
	State    State // Ran, Skipped or Failed
	Run      string
	Exit     int
	Note     string
	Panicked bool
}

// A Begun occurrence was running when the last process ended.
type Begun struct {
	Occurrence
	Attempts int // how often it was begun without being stopped in order
}

// A Book keeps a row for each occurrence. Obligation: what a method wrote is on
// the disk when it returns.
type Book interface {
	// Since gives from when on an entry's occurrences count: its newest row
	// up to now, or when it first had this spec, which is now if it is new.
	Since(ctx context.Context, e Entry, now time.Time) (time.Time, error)
	// Begun lists the rows that are running.
	Begun(ctx context.Context) ([]Begun, error)
	// Fresh keeps those that have no row.
	Fresh(ctx context.Context, list []Occurrence) ([]Occurrence, error)
	// Begin notes in one transaction that o runs and that the others do not.
	Begin(ctx context.Context, o Occurrence, at time.Time, others []Occurrence, why string) error
	// End notes how it ended.
	End(ctx context.Context, o Occurrence, at time.Time, e Ending) error
	// Stop notes that it was stopped in order: the next start goes on with it.
	Stop(ctx context.Context, o Occurrence) error
	// Forget drops what was skipped after an instant, which is to come again.
	Forget(ctx context.Context, after time.Time) error
}

const (
	longestNap  = 30 * time.Second // a timer cannot be trusted across a suspend or a clock step
	grace       = 2 * time.Minute  // a start later than this is late
	mostRetries = 3                // a run that took the process down so often is not begun again
)

// A Scheduler runs what falls due, one after the other. It asks the clock at
// least every 30 s and believes nothing else.
type Scheduler struct {
	Entries []Entry
	Book    Book
	Clock   etl.Clock
	// Run does the work of an occurrence. A panic in it is a failed run.
	Run func(context.Context, Occurrence) Ending
	// OnLook, if set, is told each time that the clock was asked.
	OnLook func(now time.Time)
	// OnEnd, if set, is told what became of an occurrence, OnError what the
	// book could not do (it is tried again), OnStep that the clock went back.
	OnEnd   func(Occurrence, Ending)
	OnError func(error)
	OnStep  func(from, to time.Time)

	started bool
	seen    time.Time            // the last look; zero until one was noted in full
	last    map[string]time.Time // entry to the instant up to which it is in the book
	begun   []Occurrence         // stopped in the middle by the last process
	why     string               // why an occurrence would be missed now
	quiet   span                 // where nothing falls due
}

// A span holds instants from one on and before another.
type span struct{ from, until time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.until) }

const (
	whyGone   = "the daemon ended in the middle of it, and its schedule is no longer in the config"
	whyDown   = "the daemon was not running"
	whyBusy   = "another run was under way"
	whyAsleep = "the machine slept or its clock was set"
	whyBoth   = "another schedule fell due at the same time"
)

// Serve runs until ctx is done, whose error it returns.
func (s *Scheduler) Serve(ctx context.Context) error {
	for ctx.Err() == nil {
		ran, err := s.look(ctx)
		if err != nil && ctx.Err() == nil && s.OnError != nil {
			s.OnError(err)
		}
		if !ran {
			_ = s.Clock.Sleep(ctx, s.nap()) // its error is ctx's
		}
	}
	return ctx.Err()
}

// now is what the clock shows. Go's times carry a second reading that only
// goes forward, and compare by it: a clock that was set back would not show,
// and no time would fall due until it reaches again what it once showed.
func (s *Scheduler) now() time.Time { return s.Clock.Now().Round(0) }

// nap is how long nothing needs to be looked at.
func (s *Scheduler) nap() time.Duration {
	now := s.now()
	if !s.quiet.holds(now) {
		s.quiet = span{now, now.Add(reach)}
		if next, ok := first(s.Entries, now); ok {
			s.quiet.until = next.Due
		}
	}
	return min(longestNap, s.quiet.until.Sub(now))
}

// look asks the clock and runs what is due. Several are caught up by one run,
// the newest's: a pass brings everything that changed since the last.
func (s *Scheduler) look(ctx context.Context) (ran bool, err error) {
	now := s.now()
	if s.OnLook != nil {
		s.OnLook(now)
	}
	if err := s.ready(ctx, now); err != nil {
		return false, err
	}
	due, err := s.due(ctx, now)
	if err != nil {
		return false, err
	}
	if len(due) > 0 {
		newest, others := due[len(due)-1], due[:len(due)-1]
		why := s.why
		if len(others) > 0 && others[0].Due.Equal(newest.Due) { // the first is the earliest
			why = whyBoth
		}
		why = fmt.Sprintf("%s; the run of %s %s caught it up", why, newest.Schedule, newest.Local)
		if err := s.Book.Begin(ctx, newest, now, others, why); err != nil {
			return false, err
		}
		for _, o := range others {
			s.tell(o, Ending{State: Skipped, Note: why})
		}
		s.advance(now)
		s.begun, s.why = nil, whyBusy
		return true, s.run(ctx, newest, now)
	}
	s.advance(now)
	s.why = whyAsleep
	return false, nil
}

// ready reads the book at the start, and sets itself right when the clock went
// back: rows keep what ran from running twice; what was only skipped comes
// again.
func (s *Scheduler) ready(ctx context.Context, now time.Time) error {
	if !s.started {
		return s.start(ctx, now)
	}
	if !now.Before(s.seen) {
		return nil
	}
	if err := s.Book.Forget(ctx, now); err != nil {
		return err
	}
	if s.OnStep != nil {
		s.OnStep(s.seen, now)
	}
	s.advance(now)
	return nil
}

func (s *Scheduler) start(ctx context.Context, now time.Time) error {
	if err := s.Book.Forget(ctx, now); err != nil {
		return err
	}
	last := map[string]time.Time{}
	for _, e := range s.Entries {
		since, err := s.Book.Since(ctx, e, now)
		if err != nil {
			return err
		}
		last[e.Name] = since
	}
	begun, err := s.Book.Begun(ctx)
	if err != nil {
		return err
	}
	for _, b := range begun {
		end := Ending{State: Failed, Exit: 1, Note: fmt.Sprintf("the daemon ended %d times in the middle of it", b.Attempts)}
		switch {
		case !slices.ContainsFunc(s.Entries, func(e Entry) bool { return e.Name == b.Schedule }):
			end = Ending{State: Skipped, Note: whyGone}
		case b.Attempts < mostRetries:
			s.begun = append(s.begun, b.Occurrence)
			continue
		}
		if err := s.Book.End(ctx, b.Occurrence, now, end); err != nil {
			return err
		}
		s.tell(b.Occurrence, end)
	}
	s.last, s.why, s.started = last, whyDown, true
	return nil
}

// due lists what has no row yet, and what the last process left running.
func (s *Scheduler) due(ctx context.Context, now time.Time) (list []Occurrence, err error) {
	if s.quiet.holds(now) && s.quiet.holds(s.seen) && len(s.begun) == 0 {
		return nil, nil
	}
	for _, e := range s.Entries {
		list = append(list, e.Due(s.last[e.Name], now)...)
	}
	if len(list) > 0 {
		if list, err = s.Book.Fresh(ctx, list); err != nil {
			return nil, err
		}
	}
	list = append(list, s.begun...)
	sortByDue(list)
	return list, nil
}

func (s *Scheduler) advance(now time.Time) {
	s.seen = now
	for _, e := range s.Entries {
		s.last[e.Name] = now
	}
}

// run runs one occurrence and notes its end, also when ctx is done.
func (s *Scheduler) run(ctx context.Context, o Occurrence, begun time.Time) error {
	end := Guarded(func() Ending { return s.Run(ctx, o) })
	saving := context.WithoutCancel(ctx)
	if ctx.Err() != nil && end.State != Ran && !end.Panicked {
		s.tell(o, Ending{State: Running, Run: end.Run, Note: "stopped in the middle; the next start goes on"})
		return s.Book.Stop(saving, o)
	}
	if delay := begun.Sub(o.Due); delay > grace {
		end.Note = join("began "+delay.Round(time.Second).String()+" late", end.Note)
		if end.State == Ran {
			end.State = Late
		}
	}
	err := s.Book.End(saving, o, s.now(), end)
	s.tell(o, end)
	return err
}

func (s *Scheduler) tell(o Occurrence, end Ending) {
	if s.OnEnd != nil {
		s.OnEnd(o, end)
	}
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
