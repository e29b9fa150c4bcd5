package load_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// A fate is what a fault does to one request.
type fate string

const (
	lost    fate = "lost"    // unanswered, and it was not applied
	landed  fate = "landed"  // unanswered, and it was applied
	again   fate = "again"   // turned away: sent again in the same night
	unready fate = "unready" // it did not arrive: sent in the next night
	refused fate = "refused" // for good, until it changes
)

// A mishap is one fault of the suite.
type mishap struct {
	name  string
	fate  fate
	fault loadtest.Fault
	slow  bool  // we give up waiting before the fault lets the answer go
	crash crash // instead of the fault
	down  bool  // instead of the fault: nobody listens
}

var mishaps = []mishap{
	{name: "reset before", fate: lost, fault: loadtest.ResetBefore()},
	{name: "reset after apply", fate: landed, fault: loadtest.ResetAfter()},
	{name: "500 after apply", fate: landed, fault: loadtest.StatusAfter(500)},
	{name: "truncated reply after apply", fate: landed, fault: loadtest.TruncateAfter()},
	{name: "timeout before apply", fate: lost, fault: loadtest.Hold(nil), slow: true},
	{name: "timeout after apply", fate: landed, fault: after(loadtest.Hold(nil)), slow: true},
	{name: "HTML with 200", fate: lost, fault: loadtest.HTML200()},
	{name: "503", fate: lost, fault: loadtest.Status(503, `{"message":"busy"}`)},
	{name: "redirect", fate: lost, fault: loadtest.Status(307, `{}`)},
	{name: "429", fate: again, fault: loadtest.TooMany("7")},
	{name: "token death", fate: again, fault: loadtest.TokenDeath()},
	{name: "refused with 200", fate: refused},
	{name: "connection refused", fate: unready, down: true},
	{name: "killed before the request", fate: lost, crash: beforeRequest},
	{name: "killed after the answer", fate: landed, crash: afterAnswer},
}

// TestContract tries each mishap on a create and on an update, at each
// destination, and follows the record to its end. The vendor's own journal is
// the judge: nothing twice, nothing lost, nothing without intent, nothing
// needless.
func TestContract(t *testing.T) {
	for _, c := range contenders {
		for _, op := range []etl.Op{etl.Create, etl.Update} {
			for _, m := range mishaps {
				t.Run(c.name+"/"+string(op)+"/"+m.name, func(t *testing.T) {
					t.Parallel()
					c.try(t, op, m)
				})
			}
		}
	}
}

// victim is the record that the mishap strikes; control is one that is there
// already, so that the destination is seen to show what it holds.
const (
	control = "1"
	victim  = "2"
)

func (c contender) try(t *testing.T, op etl.Op, m mishap) {
	w := newWorld(t, c.start)
	if c.ready != nil {
		c.ready(w)
	}
	before := map[etl.Op]string{etl.Update: troy}[op]
	c.row(w, 1, troy)
	c.row(w, 2, before)
	w.must(w.night())
	w.expect("before", c.object, control, c.done(etl.Create))
	c.row(w, 2, rome)
	w.clock.Move(24 * time.Hour)

	from := len(w.Journal())
	c.strike(w, op, m)
	first, last := c.ends(op, m.fate)
	if m.crash != "" {
		first = "failed" // the dead process had no time to say so
	}
	w.expect("the night of the mishap", c.object, victim, first)

	if m.fate == lost || m.fate == landed {
		w.clock.Move(time.Minute)
		from := len(w.Journal())
		w.must(w.night())
		w.expect("within the quiet period", c.object, victim, "uncertain no_answer")
		if sent := w.writes(from); len(sent) > 0 {
			t.Errorf("within the quiet period %d writes left", len(sent))
		}
	}
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("after it", c.object, victim, last)
	c.settled(w, op, m, from)
}

// strike is the night of the mishap.
func (c contender) strike(w *world, op etl.Op, m mishap) {
	w.Helper()
	switch {
	case m.crash != "":
		if err := w.night(dying(m.crash)); !errors.Is(err, errDead) {
			w.Fatalf("the process outlived its death: %v", err)
		}
		w.restart()
	case m.down:
		w.down = nobody
		if err := w.night(); c.askable && op == etl.Create && !errors.Is(err, load.ErrGivenUp) {
			w.Errorf("got %v, want the destination given up", err)
		}
		w.down = ""
	default:
		if m.fate == refused {
			m.fault = loadtest.Status(200, c.refusal)
		}
		m.fault.Match = func(r *http.Request) bool {
			return r.Method != http.MethodGet && strings.Contains(r.URL.Path, c.write)
		}
		if !m.slow {
			w.Inject(m.fault)
			w.must(w.night())
			return
		}
		kept, hold := make(chan struct{}), m.fault.Do
		m.fault.Do = func(x *loadtest.Exchange) { close(kept); hold(x) }
		w.Inject(m.fault)
		from := len(w.writes(0))
		w.must(w.night(func(s *load.Stage) { s.Destination = hasty{changed{s.Destination}, kept} }))
		for len(w.writes(0)) == from && w.ctx.Err() == nil { // until the vendor sees that we are gone
			time.Sleep(time.Millisecond)
		}
	}
}

func after(f loadtest.Fault) loadtest.Fault {
	f.When = loadtest.After
	return f
}

// changed is a destination whose writes go another way.
type changed struct{ load.Destination }

func (d changed) From() string { return d.Destination.(load.Comparer).From() }

func (d changed) Compare(ctx context.Context, object string, span []load.Month, due iter.Seq2[load.Due, error]) (load.Comparison, error) {
	return d.Destination.(load.Comparer).Compare(ctx, object, span, due)
}

// hasty gives a write up once the vendor keeps it waiting.
type hasty struct {
	changed
	kept <-chan struct{}
}

func (d hasty) Send(ctx context.Context, del etl.Delivery) load.Answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.kept:
			cancel()
		case <-ctx.Done():
		}
	}()
	return d.Destination.Send(ctx, del)
}

// done is the outcome of a write that was taken.
func (c contender) done(op etl.Op) string {
	if op == etl.Create && !c.there {
		return "created"
	}
	return "updated"
}

// ends gives the outcomes of the night of a mishap and after the rest.
func (c contender) ends(op etl.Op, f fate) (first, last string) {
	switch {
	case f == again:
		return c.done(op), "unchanged"
	case f == refused:
		return "rejected", "rejected"
	case f == unready:
		return "failed", c.done(op)
	case op == etl.Create && !c.askable:
		return "uncertain no_answer", "uncertain no_answer"
	}
	return "uncertain no_answer", c.done(op)
}

// settled holds the end: how often it was written and what they hold, and that
// a night without changes writes nothing. What waits for a person goes on
// waiting.
func (c contender) settled(w *world, op etl.Op, m mishap, from int) {
	w.Helper()
	_, last := c.ends(op, m.fate)
	waits := last == "uncertain no_answer" || last == "rejected"
	quiet := len(w.Journal())
	for range 2 {
		w.clock.Move(24 * time.Hour)
		w.must(w.night())
	}
	if sent := w.writes(quiet); len(sent) > 0 {
		w.Errorf("%d needless writes on nights without changes", len(sent))
	}
	want := 1
	switch {
	case waits:
		w.expect("for good", c.object, victim, last)
		if m.fate != landed {
			want = 0
		}
	default:
		w.expect("for good", c.object, victim, "unchanged")
		if m.fate == landed && !c.askable {
			want = 2 // the same update twice does no harm, and nobody can be asked
		}
	}
	applied := len(slices.DeleteFunc(w.writes(from), func(e loadtest.Entry) bool { return !e.Applied }))
	if applied != want {
		w.Errorf("it was written %d times, want %d", applied, want)
	}
	if got := c.holds(w, rome); got != (want > 0) {
		w.Errorf("they hold it: %v, want %v", got, want > 0)
	}
}

// nobody listens there: port 1 takes no connection.
const nobody = "http://127.0.0.1:1"

// A crash says where a process dies.
type crash string

const (
	beforeRequest crash = "before the request"
	afterAnswer   crash = "after the answer"
)

var errDead = errors.New("the process is dead")

// dying makes a stage whose process dies at the first request: what it would
// commit after that never comes to the disk.
func dying(at crash) func(*load.Stage) {
	return func(s *load.Stage) {
		s.Store = deadStore{s.Store}
		if at == beforeRequest {
			s.Destination = unsent{changed{s.Destination}}
		}
	}
}

type deadStore struct{ load.Store }

func (d deadStore) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	if len(done) > 0 {
		return nil, errDead
	}
	return d.Store.Commit(ctx, run, done, marks, intents)
}

type unsent struct{ changed }

func (unsent) Send(context.Context, etl.Delivery) load.Answer {
	return load.Answer{Kind: load.Unknown}
}
