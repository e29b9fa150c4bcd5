package schedule

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// A fakeClock moves when someone sleeps; events move it otherwise.
type fakeClock struct {
	now    time.Time
	until  time.Time // the end of the story
	stop   context.CancelFunc
	events []event
}

// An event happens at the first sleep that reaches its time.
type event struct {
	at time.Time
	do func(*fakeClock)
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	if len(c.events) > 0 && !c.now.Before(c.events[0].at) {
		do := c.events[0].do
		c.events = c.events[1:]
		do(c)
	}
	if !c.now.Before(c.until) {
		c.stop()
	}
	return ctx.Err()
}

// step moves the clock at an instant, as a suspend or a person would.
func step(at time.Time, d time.Duration) event {
	return event{at, func(c *fakeClock) { c.now = c.now.Add(d) }}
}

type row struct {
	o        Occurrence
	state    State
	attempts int
	note     string
}

// A memory is a Book without a disk, kept to the obligations of the real one.
type memory struct {
	rows  map[string]*row
	since map[string]time.Time
	fail  int // so many calls to Begin fail
}

func newMemory() *memory { return &memory{rows: map[string]*row{}, since: map[string]time.Time{}} }

func key(o Occurrence) string { return o.Due.Format(time.RFC3339) + " " + o.Schedule }

func (m *memory) Since(_ context.Context, e Entry, now time.Time) (time.Time, error) {
	since, ok := m.since[e.Name]
	if !ok || since.After(now) {
		m.since[e.Name], since = now, now
	}
	for _, r := range m.rows {
		if r.o.Schedule == e.Name && !r.o.Due.After(now) && r.o.Due.After(since) {
			since = r.o.Due
		}
	}
	return since, nil
}

func (m *memory) Begun(context.Context) (list []Begun, err error) {
	for _, k := range slices.Sorted(maps.Keys(m.rows)) {
		if r := m.rows[k]; r.state == Running {
			list = append(list, Begun{r.o, r.attempts})
		}
	}
	return list, nil
}

func (m *memory) Fresh(_ context.Context, list []Occurrence) ([]Occurrence, error) {
	return slices.DeleteFunc(list, func(o Occurrence) bool { return m.rows[key(o)] != nil }), nil
}

func (m *memory) Begin(_ context.Context, o Occurrence, _ time.Time, others []Occurrence, why string) error {
	if m.fail > 0 {
		m.fail--
		return errors.New("the disk is full")
	}
	for _, other := range others {
		m.rows[key(other)] = &row{o: other, state: Skipped, note: why}
	}
	r := m.rows[key(o)]
	if r == nil {
		r = &row{o: o}
		m.rows[key(o)] = r
	} else if r.state != Running {
		return errors.New("has ended before")
	}
	r.state, r.attempts = Running, r.attempts+1
	return nil
}

func (m *memory) End(_ context.Context, o Occurrence, _ time.Time, e Ending) error {
	m.rows[key(o)].state, m.rows[key(o)].note = e.State, e.Note
	return nil
}

func (m *memory) Stop(_ context.Context, o Occurrence) error {
	m.rows[key(o)].attempts--
	return nil
}

func (m *memory) Forget(_ context.Context, after time.Time) error {
	maps.DeleteFunc(m.rows, func(_ string, r *row) bool { return r.state == Skipped && r.o.Due.After(after) })
	return nil
}

// states lists every row as "local time state", in their order.
func (m *memory) states() (list []string) {
	for _, k := range slices.Sorted(maps.Keys(m.rows)) {
		list = append(list, m.rows[k].o.Local+" "+string(m.rows[k].state))
	}
	return list
}

// A story is a scheduler with its world.
type story struct {
	clock *fakeClock
	book  *memory
	ran   []string // local times whose run was begun
	took  time.Duration
	run   func(context.Context, Occurrence) Ending
}

func newStory(from time.Time) *story {
	return &story{clock: &fakeClock{now: from}, book: newMemory()}
}

// play runs a scheduler as a process would, until the clock shows an instant.
func (s *story) play(t *testing.T, until time.Time, entries ...Entry) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s.clock.until, s.clock.stop = until, cancel
	scheduler := Scheduler{Entries: entries, Book: s.book, Clock: s.clock, Run: func(ctx context.Context, o Occurrence) Ending {
		s.ran = append(s.ran, o.Local)
		if s.run != nil {
			return s.run(ctx, o)
		}
		if s.clock.Sleep(ctx, s.took) != nil {
			return Ending{State: Failed, Exit: 130}
		}
		return Ending{State: Ran}
	}}
	if err := scheduler.Serve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve: %v, want context.Canceled", err)
	}
}

func (s *story) want(t *testing.T, ran, rows string) {
	t.Helper()
	if got := strings.Join(s.ran, ", "); got != ran {
		t.Errorf("ran %s\nwant %s", got, ran)
	}
	if got := strings.Join(s.book.states(), ", "); got != rows {
		t.Errorf("rows %s\nwant %s", got, rows)
	}
}

type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
