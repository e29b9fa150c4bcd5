package load_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func patients(from, to int, city string) []string {
	var rows []string
	for id := from; id <= to; id++ {
		rows = append(rows, patient(id, city))
	}
	return rows
}

// count is how many targets are in an outcome, for a cause if that is given.
func (w *world) count(outcome, cause string) int {
	w.Helper()
	return w.number(`SELECT count(*) FROM target WHERE outcome = ? AND ? IN ('', cause)`, outcome, cause)
}

// TestBrakeOnChanges: a night that would change over 30 % of the known records
// changes none, until a person releases it. A first load is exempt.
func TestBrakeOnChanges(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 40, "Troy")...)
	w.must(w.night())
	if got := w.count("created", ""); got != 40 {
		t.Fatalf("the first load created %d, want 40", got)
	}
	w.put("patients", patients(1, 12, "Rome")...)
	w.must(w.night())
	if got := w.count("updated", ""); got != 12 {
		t.Errorf("30 %%: updated %d, want all 12", got)
	}
	from := len(w.Journal())
	w.put("patients", patients(1, 13, "Utica")...)
	w.put("patients", patient(41, "Troy"))
	for range 2 {
		if err := w.night(); !errors.Is(err, load.ErrBrake) {
			t.Errorf("over 30 %%: got %v, want the brake", err)
		}
	}
	if got := w.count("held", "brake"); got != 13 {
		t.Errorf("held %d, want 13", got)
	}
	w.expect("a new record is no change", "client", "41", "unchanged")
	if sent := w.writes(from); len(sent) != 1 {
		t.Errorf("%d writes, want only the create", len(sent))
	}
	w.must(w.night(func(s *load.Stage) { s.Released = true }))
	if got := w.count("updated", ""); got != 13 {
		t.Errorf("released: updated %d, want 13", got)
	}
}

// TestBrakeOnRejects: where over 20 % of what was sent is rejected, the rest
// stays, also what stands on later pages, until a person releases it.
func TestBrakeOnRejects(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 450, "Troy")...)
	w.Inject(loadtest.Status(400, `{"ErrorMessage":"lastName is required."}`).On("POST", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrBrake) {
		t.Errorf("got %v, want the brake", err)
	}
	sent := len(w.writes(0))
	if sent < 50 || sent > 50+32 {
		t.Errorf("sent %d, want little more than 50", sent)
	}
	if rejected, rest := w.count("rejected", "required"), w.count("held", "brake"); rejected != sent || rest != 450-sent {
		t.Errorf("rejected %d and held %d of 450 after %d writes", rejected, rest, sent)
	}
	w.Heal()
	w.must(w.night())
	if got := len(w.writes(0)); got != sent {
		t.Errorf("not released: %d writes left", got-sent)
	}
	w.must(w.night(func(s *load.Stage) { s.Released = true }))
	if got := w.count("created", ""); got != 450-sent {
		t.Errorf("released: created %d, want %d", got, 450-sent)
	}
	if got := w.count("rejected", ""); got != sent {
		t.Errorf("%d are rejected, want the %d as before: their payload is the same", got, sent)
	}
}

// TestFewRejectsDoNotBrake: one fifth is not over one fifth.
func TestFewRejectsDoNotBrake(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 100, "Troy")...)
	w.Inject(loadtest.Status(400, `{}`).On("POST", "/client").Repeat(5))
	w.must(w.night())
	if created, rejected := w.count("created", ""), w.count("rejected", ""); created != 95 || rejected != 5 {
		t.Errorf("created %d and rejected %d, want 95 and 5", created, rejected)
	}
}

// TestCircuit: a destination that is down is given up after a few deliveries,
// and what was not sent goes with the next night.
func TestCircuit(t *testing.T) {
	tests := []struct {
		name      string
		fault     loadtest.Fault
		most      int    // writes that may be tried
		uncertain bool   // what was tried is uncertain
		down      string // nobody listens
	}{
		{name: "refused", down: nobody},
		{name: "busy", fault: loadtest.Status(503, `{}`), most: 10 + 3, uncertain: true},
		{name: "slow down", fault: loadtest.TooMany("1"), most: 3 * (3 + 3)},
		{name: "no credentials", fault: loadtest.Status(403, `{}`), most: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			w.put("patients", patients(1, 60, "Troy")...)
			w.must(w.night())
			w.put("patients", patients(1, 60, "Rome")...)
			from := len(w.Journal())
			w.down = tt.down
			if tt.fault.Do != nil {
				w.Inject(tt.fault.On("POST", "/client").Repeat(-1))
			}
			released := func(s *load.Stage) { s.Released = true }
			if err := w.night(released); !errors.Is(err, load.ErrGivenUp) {
				t.Errorf("got %v, want the destination given up", err)
			}
			sent := len(w.writes(from))
			if sent > tt.most {
				t.Errorf("%d writes, want at most %d", sent, tt.most)
			}
			uncertain := w.count("uncertain", "")
			if tt.uncertain && uncertain != sent || !tt.uncertain && uncertain > 0 {
				t.Errorf("%d uncertain after %d writes", uncertain, sent)
			}
			if w.count("failed", "")+uncertain != 60 {
				t.Errorf("%d failed and %d uncertain, want 60", w.count("failed", ""), uncertain)
			}
			w.down = ""
			w.Heal()
			w.clock.Move(rested)
			w.must(w.night(released))
			if got := w.count("updated", ""); got != 60 {
				t.Errorf("the next night updated %d, want 60", got)
			}
		})
	}
}

// TestAttempts: each request of a delivery is counted.
func TestAttempts(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome"))
	w.Inject(loadtest.TooMany("1").On("POST", "/client").Repeat(2))
	w.must(w.night())
	if got := w.target("client", "1"); got.Outcome != etl.Updated || got.Attempts != 3 {
		t.Errorf("%s after %d attempts, want updated after 3", got.Outcome, got.Attempts)
	}
	w.must(w.night())
	if got := w.target("client", "1"); got.Attempts != 0 {
		t.Errorf("%d attempts on a night that did not send it, want 0", got.Attempts)
	}
	w.put("patients", patient(1, "Utica"))
	w.Inject(loadtest.TooMany("1").On("POST", "/client").Repeat(-1))
	if err := w.night(); err != nil {
		t.Errorf("one that is turned away does not end the night: %v", err)
	}
	if got := w.target("client", "1"); got.Outcome != etl.Failed || got.Attempts != 3 {
		t.Errorf("%s after %d attempts, want failed after 3", got.Outcome, got.Attempts)
	}
}

// A failingStore fails its n-th Commit and all that follow, as a disk does.
type failingStore struct {
	load.Store
	left   int
	failed atomic.Bool
}

var errDisk = errors.New("disk I/O error")

func (f *failingStore) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	if f.left--; f.left < 0 {
		f.failed.Store(true)
		return nil, errDisk
	}
	return f.Store.Commit(ctx, run, done, marks, intents)
}

// A watched destination notes a request that leaves after the store failed.
type watched struct {
	load.Destination
	store *failingStore
	late  atomic.Int32
}

func (d *watched) Send(ctx context.Context, del etl.Delivery) load.Answer {
	if d.store.failed.Load() {
		d.late.Add(1)
	}
	return d.Destination.Send(ctx, del)
}

// TestStoreFails fails each commit of a night in turn: no request leaves after
// it, and the nights that follow bring everything there once.
func TestStoreFails(t *testing.T) {
	for n := 0; ; n++ {
		w := newWorld(t, rethinkAt(true))
		w.practice()
		w.must(w.night())
		w.put("patients", patients(1, 70, "Rome")...)
		store := &failingStore{left: n}
		var there *watched
		err := w.night(func(s *load.Stage) {
			store.Store = s.Store
			there = &watched{Destination: s.Destination, store: store}
			s.Store, s.Destination = store, there
		})
		if !store.failed.Load() {
			w.must(err)
			if n < 4 {
				t.Errorf("the night made only %d commits, want several", n)
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("commit %d fails: got %v, want its error", n, err)
		}
		if late := there.late.Load(); late > 0 {
			t.Errorf("commit %d fails: %d requests left after it", n, late)
		}
		w.clock.Move(rested)
		w.must(w.night())
		if got := w.number(`SELECT count(*) FROM target WHERE object = 'client' AND acked_hash = hash`); got != 70 {
			t.Errorf("commit %d fails: %d clients in the end, want 70", n, got)
		}
	}
}

// cancelling interrupts a night in the middle of its n-th request.
type cancelling struct {
	load.Destination
	cancel context.CancelFunc
	left   atomic.Int32
}

func (d *cancelling) Send(ctx context.Context, del etl.Delivery) load.Answer {
	if d.left.Add(-1) == 0 {
		d.cancel()
	}
	return d.Destination.Send(ctx, del)
}

// TestInterrupt: what is under way is finished, the rest stays unsent, and
// nothing is uncertain.
func TestInterrupt(t *testing.T) {
	for _, n := range []int32{1, 5, 40} {
		t.Run(fmt.Sprint("request ", n), func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			w.put("patients", patients(1, 70, "Troy")...)
			ctx, cancel := context.WithCancel(t.Context())
			w.ctx, w.clock.stands = ctx, true // the grace does not pass
			err := w.night(func(s *load.Stage) {
				d := &cancelling{Destination: s.Destination, cancel: cancel}
				d.left.Store(n)
				s.Destination = d
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want it cancelled", err)
			}
			created, sent := w.count("created", ""), len(w.writes(0))
			if created != sent || created < int(n) || created > int(n)+3 {
				t.Errorf("created %d with %d writes, want those under way at request %d", created, sent, n)
			}
			if rest := w.count("failed", ""); rest != 70-created || w.count("uncertain", "") > 0 {
				t.Errorf("%d unsent, want %d, and none uncertain", rest, 70-created)
			}
			w.ctx, w.clock.stands = t.Context(), false
			w.must(w.night())
			if got := w.count("created", ""); got != 70-created {
				t.Errorf("the next night created %d, want the other %d", got, 70-created)
			}
		})
	}
}

// TestInterruptCutsOff: a request that hangs beyond the grace is cut off; what
// came of it is uncertain, and found out later.
func TestInterruptCutsOff(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(9, "Troy"))
	w.must(w.night())
	w.put("patients", patients(1, 8, "Troy")...)
	arrived := make(chan struct{})
	hold := loadtest.Hold(nil).On("POST", "/client")
	wait := hold.Do
	hold.Do = func(x *loadtest.Exchange) {
		close(arrived)
		wait(x)
	}
	w.Inject(hold)
	ctx, cancel := context.WithCancel(t.Context())
	w.ctx = ctx
	err := w.night(func(s *load.Stage) {
		s.InFlight = 1
		s.Destination = &hanging{s.Destination, cancel, arrived}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
	if uncertain, unsent := w.count("uncertain", ""), w.count("failed", ""); uncertain != 1 || unsent != 7 {
		t.Errorf("%d uncertain and %d unsent, want 1 and 7", uncertain, unsent)
	}
	w.ctx = t.Context()
	w.clock.Move(rested)
	w.must(w.night())
	if got := w.count("created", ""); got != 8 {
		t.Errorf("the next night created %d, want 8", got)
	}
}

// hanging interrupts the run once its request lies with the vendor.
type hanging struct {
	load.Destination
	cancel  context.CancelFunc
	arrived chan struct{}
}

func (d *hanging) Send(ctx context.Context, del etl.Delivery) load.Answer {
	answer := make(chan load.Answer)
	go func() { answer <- d.Destination.Send(ctx, del) }()
	<-d.arrived
	d.cancel()
	return <-answer
}
