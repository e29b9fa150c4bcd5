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

// A watched destination notes requests that leave after the store failed.
type watched struct {
	load.Destination
	w             *world
	store         *failingStore
	late, unmeant atomic.Int32
}

func (d *watched) Send(ctx context.Context, del etl.Delivery) load.Answer {
	if d.store.failed.Load() {
		d.late.Add(1)
	}
	if d.w.number(`SELECT count(*) FROM delivery WHERE id = ? AND state = 'intent'`, del.ID) != 1 {
		d.unmeant.Add(1)
	}
	return d.Destination.Send(ctx, del)
}

// TestStoreFails fails each commit of a night in turn: no request leaves after
// it but of those whose intents are on the disk, and the nights that follow
// bring everything there once.
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
			there = &watched{Destination: s.Destination, w: w, store: store}
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
		if late, unmeant := there.late.Load(), there.unmeant.Load(); late > 16 || unmeant > 0 {
			t.Errorf("commit %d fails: %d requests left after it, want at most half a group, and %d without an intent", n, late, unmeant)
		}
		w.clock.Move(rested)
		w.must(w.night())
		if got := w.number(`SELECT count(*) FROM target WHERE object = 'client' AND acked_hash = hash`); got != 70 {
			t.Errorf("commit %d fails: %d clients in the end, want 70", n, got)
		}
	}
}

// cancelling interrupts a night in the middle of its n-th request, and counts
// those that begin once it is interrupted.
type cancelling struct {
	load.Destination
	cancel      context.CancelFunc
	left        atomic.Int32
	interrupted atomic.Bool
	late        atomic.Int32
}

func (d *cancelling) Send(ctx context.Context, del etl.Delivery) load.Answer {
	if d.interrupted.Load() {
		d.late.Add(1)
	}
	if d.left.Add(-1) == 0 {
		d.cancel()
		d.interrupted.Store(true)
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
			w.ctx = ctx
			d := &cancelling{cancel: cancel}
			d.left.Store(n)
			inFlight := 0
			err := w.night(func(s *load.Stage) {
				inFlight = s.InFlight
				d.Destination, s.Destination = s.Destination, d
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want it cancelled", err)
			}
			created, sent := w.count("created", ""), len(w.writes(0))
			if created != sent || created < int(n) || created == 70 {
				t.Errorf("created %d with %d writes, want as many, from %d on, and not all", created, sent, n)
			}
			// Each of the others may have looked for an interrupt just before it came.
			if late := int(d.late.Load()); late > inFlight-1 {
				t.Errorf("%d requests began after the interrupt, want at most %d", late, inFlight-1)
			}
			if rest := w.count("failed", ""); rest != 70-created || w.count("uncertain", "") > 0 {
				t.Errorf("%d unsent, want %d, and none uncertain", rest, 70-created)
			}
			w.ctx = t.Context()
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
	t.Parallel() // it lasts as long as the grace
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
