package load_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// A contender is a destination that the contract suite tries. Another one
// joins by an entry in contenders.
type contender struct {
	name    string
	start   func(*testing.T, *clock) account
	object  string // the object that the faults strike; of endpoint patients
	write   string // what stands in the path of its writes
	askable bool
	inside  bool // it hangs on the patient, who is there before it
}

// row is a patient for whom the object is as the city says; "" is one without
// the object, as "" is no patient where the object is the patient itself.
func (c contender) row(w *world, id int, city string) {
	switch plan := map[string]string{"Troy": "P1", "Rome": "P2"}[city]; {
	case c.inside && plan == "":
		w.put("patients", patient(id, "Troy"))
	case c.inside:
		w.put("patients", patient(id, "Troy", insurance("primary", plan)))
	case city != "":
		w.put("patients", patient(id, city))
	}
}

var contenders = []contender{
	{name: "rethink", start: rethinkAt(true), object: "client", write: "/client", askable: true},
	{name: "rethink without readback", start: rethinkAt(false), object: "client", write: "/client"},
	{name: "rethink by callbacks", start: rethinkAnswering(true, callbackWait), object: "client", write: "/client", askable: true},
	{name: "centralreach", start: centralReachAt(false), object: "client", write: "/contacts/client", askable: true},
	{name: "centralreach that replaces", start: centralReachAt(true), object: "client", write: "/contacts/client", askable: true},
	{name: "payors of centralreach", start: centralReachAt(true), object: "primary_payor", write: "/payors", askable: true, inside: true},
}

// A fate is what a fault does to one request.
type fate string

const (
	lost    fate = "lost"    // unanswered, and it was not applied
	landed  fate = "landed"  // unanswered, and it was applied
	again   fate = "again"   // turned away: sent again in the same night
	unready fate = "unready" // it did not arrive: sent in the next night
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
	c.row(w, 1, "Troy")
	c.row(w, 2, map[etl.Op]string{etl.Update: "Troy"}[op])
	w.must(w.night())
	w.expect("before", c.object, control, "created")
	c.row(w, 2, "Rome")
	w.clock.Move(24 * time.Hour)

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
	c.settled(w, m, last)
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
		m.fault.Match = func(r *http.Request) bool {
			return r.Method != http.MethodGet && strings.Contains(r.URL.Path, c.write)
		}
		w.Inject(m.fault)
		if !m.slow {
			w.must(w.night())
			return
		}
		from := len(w.writes(0))
		w.must(w.night(func(s *load.Stage) { s.Destination = hasty{s.Destination} }))
		for len(w.writes(0)) == from && w.ctx.Err() == nil { // until the vendor sees that we are gone
			time.Sleep(time.Millisecond)
		}
	}
}

func after(f loadtest.Fault) loadtest.Fault {
	f.When = loadtest.After
	return f
}

// hasty gives a write no time.
type hasty struct{ load.Destination }

func (d hasty) Send(ctx context.Context, del etl.Delivery) load.Answer {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	return d.Destination.Send(ctx, del)
}

// ends gives the outcomes of the night of a mishap and after the rest.
func (c contender) ends(op etl.Op, f fate) (first, last string) {
	done := map[etl.Op]string{etl.Create: "created", etl.Update: "updated"}[op]
	switch {
	case f == again:
		return done, "unchanged"
	case f == unready:
		return "failed", done
	case op == etl.Create && !c.askable:
		return "uncertain no_answer", "uncertain no_answer"
	}
	return "uncertain no_answer", done
}

// settled holds the end: what they hold, and that a night without changes
// writes nothing. What waits for a person goes on waiting.
func (c contender) settled(w *world, m mishap, last string) {
	w.Helper()
	from := len(w.Journal())
	for range 2 {
		w.clock.Move(24 * time.Hour)
		w.must(w.night())
	}
	if sent := w.writes(from); len(sent) > 0 {
		w.Errorf("%d needless writes on nights without changes", len(sent))
	}
	applied := 0
	for _, e := range w.writes(0) {
		if e.Applied && e.Op == "create" && (c.inside && e.Object == "payor" || !c.inside && strings.HasSuffix(e.ExternalID, victim)) {
			applied++
		}
	}
	want := 1
	if last == "uncertain no_answer" {
		w.expect("for good", c.object, victim, last)
		if m.fate == lost {
			want = 0
		}
	} else {
		w.expect("for good", c.object, victim, "unchanged")
	}
	if c.inside {
		applied-- // the control's
	}
	if applied != want {
		w.Errorf("it was created %d times, want %d", applied, want)
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
			s.Destination = unsent{s.Destination}
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

type unsent struct{ load.Destination }

func (unsent) Send(context.Context, etl.Delivery) load.Answer {
	return load.Answer{Kind: load.Unknown}
}
