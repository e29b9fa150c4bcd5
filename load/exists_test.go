package load_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestExistsIsNeverCreated: a record that they say they have is held, sent on
// no night, and adopted once it is to be found.
func TestExistsIsNeverCreated(t *testing.T) {
	w := newWorld(t, centralReachAt(false))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.Status(409, `{"responseStatus":{"errorCode":"Conflict"}}`).On("POST", "/contacts/client"))
	for range 3 {
		w.must(w.night())
		w.expect("not to be found", "client", "1", "held exists")
		w.clock.Move(24 * time.Hour)
	}
	w.must(w.night(func(s *load.Stage) { s.VendorFirst = true }))
	w.expect("the vendor loads first", "client", "1", "held exists")
	if sent := w.writes(0); len(sent) != 1 {
		t.Errorf("%d writes, want the first only", len(sent))
	}
	w.oracle.(*loadtest.CentralReach).SeedClient(map[string]any{"firstName": "Ada", "lastName": "Roma 1", "dateOfBirth": "2015-04-02"})
	w.must(w.night())
	w.expect("to be found", "client", "1", "held overwrite")
	if w.theirs("client", "1") == "" {
		t.Error("its id is not taken over")
	}
}

// TestUnseenInside: an unanswered update that would create a funder is not sent
// again while nothing shows whether it did.
func TestUnseenInside(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome", insurance("primary", "P1")))
	w.Inject(loadtest.ResetBefore().On("POST", "/client"))
	w.must(w.night())
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("no funder of anybody is shown", "client", "1", "uncertain no_answer")
	w.put("patients", patient(2, "Rome", insurance("primary", "P1")))
	w.must(w.night())
	w.must(w.night())
	w.expect("others' are", "client", "1", "updated")
	w.expect("with it", "funder", "1/primary", "created")
}

// TestAdoptUnseenInside: what a record's adoption does not show is not taken to
// be there.
func TestAdoptUnseenInside(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(nil))
	w.must(err)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	for range 2 {
		w.must(w.night())
		w.expect("adopted", "client", "1", "unchanged")
		w.expect("inside it", "funder", "1/primary", "held no_id")
	}
	if sent := w.writes(0); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
}

// TestBrakeOnRejectsHoldsWhatWouldGo: what waits for another reason keeps it.
func TestBrakeOnRejectsHoldsWhatWouldGo(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", map[string]any{"firstName": "Ada", "lastName": "Roma 440", "dateOfBirth": "2015-04-21", "genderID": 2, "city": "Rome"})
	w.must(err)
	w.put("patients", patients(1, 450, "Troy")...)
	w.Inject(loadtest.Status(400, `{"ErrorMessage":"lastName is required."}`).On("POST", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrBrake) {
		t.Errorf("got %v, want the brake", err)
	}
	w.expect("adopted after the brake", "client", "440", "held overwrite")
	w.expect("would have gone", "client", "441", "held brake")
}

// slow passes time between the look at what is due and its sending.
type slow struct {
	load.Store
	clock *clock
}

func (s slow) Due(ctx context.Context, destination, object string, after int64, limit int, at time.Time) ([]load.Due, error) {
	due, err := s.Store.Due(ctx, destination, object, after, limit, at)
	s.clock.Move(2 * time.Hour)
	return due, err
}

// TestApprovalRunsOut between the look at it and its turn: the database refuses
// the discharge, and that stops nothing else.
func TestApprovalRunsOut(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.approve("discharge", "1")
	w.clock.Move(71 * time.Hour)
	w.must(w.night(func(s *load.Stage) { s.Store = slow{s.Store, w.clock} }))
	w.is("too late", "held approval")
	if text := w.message("discharge", "1"); !strings.Contains(text, "ran out") {
		t.Errorf("message %q, want it to say that the approval ran out", text)
	}
	w.exec(`DELETE FROM approval`)
	w.approve("discharge", "1")
	w.must(w.night())
	w.is("approved again", "created")
}

// TestLedgerRefusesOne: a record that the ledger has as created and that nothing
// else knows of is held; the others go.
func TestLedgerRefusesOne(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.exec(`DELETE FROM crosswalk`)
	w.exec(`UPDATE target SET acked_hash = NULL, outcome = 'failed'`)
	w.put("patients", patient(2, "Troy"))
	blind := func(s *load.Stage) { s.Destination = unfound{s.Destination} }
	w.must(w.night(blind))
	w.expect("created already", "client", "1", "held exists")
	w.expect("another", "client", "2", "created")
	w.must(w.night())
	w.expect("to be found", "client", "1", "unchanged")
}

// unfound shows nothing.
type unfound struct{ load.Destination }

func (unfound) Find(_ context.Context, _ string, ds []etl.Delivery) ([]load.Finding, error) {
	return make([]load.Finding, len(ds)), nil
}

// TestPlanOfWhatExists: the plan says what the night does.
func TestPlanOfWhatExists(t *testing.T) {
	d := etl.Delivery{Object: "client", SourceID: "1", Hash: []byte("h")}
	steps := load.Plan(load.Object{Name: "client"}, []load.Due{{Delivery: d, Cause: etl.CauseExists}, {Delivery: d}}, 1, nil, map[string]bool{})
	if steps[0].Does != "held" || steps[0].Cause != etl.CauseExists || steps[1].Does != "create" {
		t.Errorf("plan %+v, want the first held and the second created", steps)
	}
}
