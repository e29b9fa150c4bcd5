package load_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/google/go-cmp/cmp"
)

// TestOrder: staff, client, visit, in one night, each with the ids of those
// before it.
func TestOrder(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.must(w.night())
	var order []string
	for _, e := range w.writes(0) {
		order = append(order, e.Op+" "+e.Object)
	}
	if diff := cmp.Diff([]string{"create staff", "create client", "create appointment"}, order); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	visit := vendorOf(w).Objects("appointment")[0]
	if got, want := visit["clientId"], jsonNumber(w.theirs("client", "1")); got != want {
		t.Errorf("the visit's clientId is %v, want %v", got, want)
	}
	if got, want := visit["staffId"], jsonNumber(w.theirs("staff", "5")); got != want {
		t.Errorf("the visit's staffId is %v, want %v", got, want)
	}
}

// TestBlocked: a visit waits for its client and goes once that is there.
func TestBlocked(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.Inject(loadtest.Status(400, `{"ErrorMessage":"lastName is required."}`).On("POST", "/client"))
	w.must(w.night())
	w.expect("client refused", "appointment", "9", "blocked reference")
	from, marks := len(w.Journal()), 0
	w.must(w.night(func(s *load.Stage) { s.Store = marked{s.Store, &marks} }))
	if sent := w.writes(from); len(sent) > 0 || marks > 0 {
		t.Errorf("%d writes and %d marks, want none: neither the reject nor what waits for it changed", len(sent), marks)
	}
	if lines := w.number(`SELECT count(*) FROM result WHERE object = 'appointment' AND outcome = 'blocked'`); lines != 2 {
		t.Errorf("%d lines of two nights, want one in each", lines)
	}
	w.put("patients", patient(1, "Rome"))
	w.must(w.night())
	w.expect("client there", "appointment", "9", "created")
}

// marked counts the marks that are written.
type marked struct {
	load.Store
	n *int
}

func (m marked) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	*m.n += len(marks)
	return m.Store.Commit(ctx, run, done, marks, intents)
}

// TestBlockedByUncertain: while a client is unanswered, its visits wait.
func TestBlockedByUncertain(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(2, "Troy"))
	w.must(w.night())
	w.practice()
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	w.expect("client unanswered", "appointment", "9", "blocked reference")
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("client found", "appointment", "9", "created")
}

// TestRejectedIsNotSentAgain until its payload changes.
func TestRejectedIsNotSentAgain(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.Status(200, `{"clientId":null,"ErrorMessage":"Ada: lastName length exceeded"}`).On("POST", "/client"))
	w.must(w.night())
	w.expect("refused", "client", "1", "rejected too_long")
	if p := w.target("client", "1").Problems; len(p) != 1 || p[0].Field != "lastName" {
		t.Errorf("problems %+v, want one that names lastName", p)
	}
	if got := w.message("client", "1"); got == "" || cmp.Equal(got, "Ada: lastName length exceeded") {
		t.Errorf("message %q, want our own sentence", got)
	}
	w.must(w.night())
	if got := len(w.writes(0)); got != 1 {
		t.Errorf("%d writes, want the first only", got)
	}
	w.put("patients", patient(1, "Rome"))
	w.must(w.night())
	w.expect("changed", "client", "1", "created")
}

// TestProofOfAbsence: an empty list proves nothing, since it may be that these
// credentials show none.
func TestProofOfAbsence(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.ResetBefore().On("POST", "/client"))
	w.must(w.night())
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("nobody visible", "client", "1", "uncertain")
	w.put("patients", patient(2, "Troy"))
	w.must(w.night())
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("another is visible, and this one is not", "client", "1", "created")
}

// TestSettledInTheSameNight: a quiet period that is short is waited for at the
// end of the run, and what was read before the delivery no longer counts.
func TestSettledInTheSameNight(t *testing.T) {
	for _, fault := range []loadtest.Fault{loadtest.ResetBefore(), loadtest.ResetAfter()} {
		w := newWorld(t, rethinkAt(true))
		w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
		w.Inject(fault.On("POST", "/client"))
		w.must(w.night(func(s *load.Stage) { s.Quiet, s.InFlight = 10*time.Second, 1 }))
		for _, id := range []string{"1", "2"} {
			w.expect("at the end", "client", id, "created")
		}
	}
}

// TestUncertainTwin: somebody there made a record of the same natural key while
// our create was unanswered. It is adopted, and not overwritten unasked.
func TestUncertainTwin(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.ResetBefore().On("POST", "/client"))
	w.must(w.night())
	_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Rome"}))
	w.must(err)
	from := len(w.Journal())
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("theirs", "client", "1", "held overwrite")
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
}

// TestOneAtATime: where nobody can be asked, at most one create is open at any
// moment.
func TestOneAtATime(t *testing.T) {
	for _, readback := range []bool{true, false} {
		w := newWorld(t, rethinkAt(readback))
		w.put("patients", patients(1, 40, "Troy")...)
		most := 0
		w.must(w.night(func(s *load.Stage) {
			s.Destination = hooked{s.Destination, func(etl.Delivery) {
				most = max(most, w.number(`SELECT count(*) FROM delivery WHERE state = 'intent'`))
			}}
			s.InFlight = 1
		}))
		if want := map[bool]int{true: 32, false: 1}[readback]; most != want {
			t.Errorf("readback %t: %d creates were open at once, want %d", readback, most, want)
		}
	}
}

// TestIntentFirst: when a request leaves, its intent is on the disk.
func TestIntentFirst(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	var missing []string
	w.must(w.night(func(s *load.Stage) {
		s.InFlight = 1
		s.Destination = hooked{s.Destination, func(d etl.Delivery) {
			if w.number(`SELECT count(*) FROM delivery WHERE id = ? AND state = 'intent' AND source_id = ?`, d.ID, d.SourceID) != 1 {
				missing = append(missing, d.Object)
			}
		}}
	}))
	if len(missing) > 0 {
		t.Errorf("left without an intent: %v", slices.Compact(missing))
	}
}

// A countingStore counts what a kill would leave open.
type countingStore struct {
	load.Store
	open, most int
	commits    chan struct{}
}

func (c *countingStore) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	ids, err := c.Store.Commit(ctx, run, done, marks, intents)
	c.open += len(ids) - len(done)
	c.most = max(c.most, c.open)
	select {
	case c.commits <- struct{}{}:
	default:
	}
	return ids, err
}

// TestRequestsGoOnWhileOthersAreCommitted: a request that is under way keeps no
// other from its turn, and no more than a group is ever open.
func TestRequestsGoOnWhileOthersAreCommitted(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 70, "Troy")...)
	store := &countingStore{commits: make(chan struct{}, 70)}
	requests := 0
	w.must(w.night(func(s *load.Stage) {
		s.InFlight, store.Store, s.Store = 1, s.Store, store
		s.Destination = hooked{s.Destination, func(etl.Delivery) {
			if requests++; requests == 20 {
				<-store.commits // of the first intents
				<-store.commits // of the answers that came since, while this one is under way
			}
		}}
	}))
	if created := w.count("created", ""); created != 70 || store.most != 32 || store.open != 0 {
		t.Errorf("created %d of 70; at most %d were open, want 32; %d in the end", created, store.most, store.open)
	}
}

// A hooked destination looks before each request.
type hooked struct {
	load.Destination
	look func(etl.Delivery)
}

func (d hooked) Send(ctx context.Context, del etl.Delivery) load.Answer {
	d.look(del)
	return d.Destination.Send(ctx, del)
}

// TestVisitsThatNothingTellsApart: of two new visits with one natural key one
// goes, also where the answer of the first was lost.
func TestVisitsThatNothingTellsApart(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.put("appointments", visit(9, 1, 5, "2026-03-03T09:00:00"), visit(10, 1, 5, "2026-03-03T09:00:00"), visit(11, 1, 5, "2026-03-03T10:00:00"))
	w.Inject(loadtest.ResetAfter().On("POST", "/appointment"))
	w.must(w.night(func(s *load.Stage) { s.InFlight = 1 }))
	w.expect("first", "appointment", "9", "uncertain no_answer")
	w.expect("its twin", "appointment", "10", "held candidates")
	w.expect("another hour", "appointment", "11", "created")
	if text := w.message("appointment", "10"); !strings.Contains(text, "appointment 9") {
		t.Errorf("message %q does not name the other visit", text)
	}
	w.must(w.night())
	w.expect("while the first is open", "appointment", "10", "held candidates")
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("asked after", "appointment", "9", "created")
	w.expect("its twin", "appointment", "10", "held candidates")
	w.put("appointments", visit(10, 1, 5, "2026-03-03T11:00:00"))
	w.must(w.night())
	w.expect("moved", "appointment", "10", "created")
	if n := len(vendorOf(w).Objects("appointment")); n != 3 {
		t.Errorf("they hold %d visits, want 3", n)
	}
}
