package load_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestInside follows two insurances that travel inside a client: each has its
// own outcome, and an update carries their ids, so that none is made twice.
func TestInside(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	w.expect("created", "client", "1", "created")
	w.expect("created", "funder", "1/primary", "created")
	w.expect("unknown payer", "funder", "1/secondary", "rejected unknown_id")
	first := w.theirs("funder", "1/primary")
	if first == "" {
		t.Fatal("the funder's id is not kept")
	}

	w.put("patients", patient(1, "Rome", insurance("primary", "P1"), insurance("secondary", "P2")))
	w.must(w.night())
	w.expect("changed", "client", "1", "updated")
	w.expect("unchanged inside", "funder", "1/primary", "unchanged")
	w.expect("cured", "funder", "1/secondary", "created")
	if got := w.theirs("funder", "1/primary"); got != first {
		t.Errorf("the funder's id became %s, it was %s", got, first)
	}

	w.put("patients", patient(1, "Rome", insurance("primary", "P2"), insurance("secondary", "P2")))
	w.must(w.night())
	w.expect("another payer", "funder", "1/primary", "updated")
	funders := vendorOf(w).Objects("client")[0]["clientFunders"].([]any)
	if len(funders) != 2 {
		t.Errorf("they hold %d funders, want 2", len(funders))
	}
}

// TestInsideWaits: what travels inside a record that does not go waits for it.
func TestInsideWaits(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.Status(400, `{"ErrorMessage":"lastName is required."}`).On("POST", "/client"))
	w.must(w.night())
	w.expect("refused", "client", "1", "rejected required")
	w.expect("inside it", "funder", "1/primary", "blocked parent")
}

// TestInsideUnanswered: the funder of an unanswered client is found with it.
func TestInsideUnanswered(t *testing.T) {
	for _, op := range []string{"create", "update"} {
		t.Run(op, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			w.put("patients", patient(2, "Troy"))
			if op == "update" {
				w.put("patients", patient(1, "Rome"))
			}
			w.must(w.night())
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			w.Inject(loadtest.ResetAfter().On("POST", "/client"))
			w.must(w.night())
			w.expect("unanswered", "client", "1", "uncertain")
			w.clock.Move(rested)
			w.must(w.night())
			w.expect("found", "client", "1", op+"d")
			w.expect("found inside", "funder", "1/primary", "created")
			w.put("patients", patient(1, "Utica", insurance("primary", "P2")))
			w.must(w.night())
			w.expect("changed", "funder", "1/primary", "updated")
		})
	}
}

// TestInsideMovedOn: an update that brought a new funder went unanswered, and
// somebody there changed the client meanwhile. It is sent again, with the
// funder's id.
func TestInsideMovedOn(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	_, err := vendorOf(w).Seed("client", map[string]any{"clientId": jsonNumber(w.theirs("client", "1")), "city": "Utica"})
	w.must(err)
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("sent again", "client", "1", "updated")
	w.expect("with it", "funder", "1/primary", "updated")
	if n := len(vendorOf(w).Objects("client")[0]["clientFunders"].([]any)); n != 1 {
		t.Errorf("they hold %d funders, want 1", n)
	}
}

// TestInsideNobodyToAsk: an unanswered update that brought a new funder is not
// repeated where nobody can be asked, since that might make a second one.
func TestInsideNobodyToAsk(t *testing.T) {
	w := newWorld(t, rethinkAt(false))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	from := len(w.Journal())
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("waits for a person", "client", "1", "uncertain no_answer")
	if text := w.message("client", "1"); !strings.Contains(text, "uncertain resolve") || strings.Contains(text, "then asked after") {
		t.Errorf("told as %q", text)
	}
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
}

// TestInsideLostMeanwhile: an insurance that the source loses while its client
// is unanswered does not keep the client from being settled.
func TestInsideLostMeanwhile(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	w.put("patients", patient(1, "Troy"))
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("settled, and sent as it is now", "client", "1", "updated")
	if w.theirs("funder", "1/primary") == "" {
		t.Error("the id of the funder there is forgotten")
	}
}

// TestAdoptInside: adopting a record takes over what travels inside it, and
// nothing that only shares its number.
func TestAdoptInside(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	row, user := doctor(1)
	w.put("doctors", row)
	w.put("users", user)
	_, err := vendorOf(w).Seed("staff", map[string]any{"username": "bo.lin.1", "statusId": 201, "companyStaffId": "1", "firstName": "Bo", "lastName": "Lin 1"})
	w.must(err)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.Status(400, `{}`).On("POST", "/client"))
	w.must(w.night())
	w.expect("adopted", "staff", "1", "unchanged")
	w.expect("refused", "client", "1", "rejected")
	w.expect("inside the client, not the doctor", "funder", "1/primary", "blocked parent")
}

// TestRevert: an update went unanswered and was given up, and the source went
// back to what they held before: that is sent, since they may hold either.
func TestRevert(t *testing.T) {
	for _, readback := range []bool{true, false} {
		t.Run(fmt.Sprint("readback ", readback), func(t *testing.T) {
			w := newWorld(t, rethinkAt(readback))
			w.put("patients", patient(1, "Troy"))
			w.must(w.night())
			w.put("patients", patient(1, "Rome"))
			w.Inject(loadtest.ResetAfter().On("POST", "/client"))
			w.must(w.night())
			w.put("patients", patient(1, "Troy"))
			w.clock.Move(24 * time.Hour)
			w.must(w.night())
			w.clock.Move(24 * time.Hour)
			w.must(w.night())
			w.expect("in the end", "client", "1", "unchanged")
			if got := vendorOf(w).Objects("client")[0]["city"]; got != "Troy" {
				t.Errorf("they hold %v, want what the source has", got)
			}
		})
	}
}
