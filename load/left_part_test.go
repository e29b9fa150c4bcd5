package load_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
)

// clientPlan gives what a plan would change of a client, as "field: old -> new".
func (w *world) clientPlan(id string) (changes []string) {
	w.Helper()
	w.judge(w.run())
	due, err := w.store.Due(w.ctx, w.name, "client", 0, math.MaxInt32, w.clock.Now())
	w.must(err)
	acked, err := w.store.AckedPayloads(w.ctx, due)
	w.must(err)
	for _, step := range load.Plan(load.Object{Name: "client"}, due, 1, acked, map[string]bool{}) {
		for _, c := range step.Changes {
			if step.SourceID == id {
				changes = append(changes, c.Field+": "+c.Old+" -> "+c.New)
			}
		}
	}
	return changes
}

func (w *world) expectPlan(when, id string, want ...string) {
	w.Helper()
	if got := strings.Join(w.clientPlan(id), "\n"); got != strings.Join(want, "\n") {
		w.Errorf("%s: the plan says\n%s\nwant\n%s", when, got, strings.Join(want, "\n"))
	}
}

// TestPartOfUnknownIDThatComesBack: they hold it all the while, so it is not sent
// when its insurance is in DrChrono again.
func TestPartOfUnknownIDThatComesBack(t *testing.T) {
	for _, left := range []string{"afterwards", "while its client was unanswered", "and its id was given meanwhile"} {
		t.Run(left, func(t *testing.T) {
			w := newWorld(t, rethinkAt(false))
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			w.Inject(loadtest.ResetAfter().On("POST", "/client"))
			w.must(w.night())
			client := vendorOf(w).Objects("client")[0]["clientId"].(json.Number).String()
			leave := func() {
				w.put("patients", patient(1, "Utica"))
				w.must(w.night())
			}
			open := left == "while its client was unanswered"
			if open {
				leave()
			}
			w.must(w.store.Resolve(w.ctx, w.run(), int64(w.number("SELECT id FROM delivery")), client, "seen", "Ana", w.clock.Now()))
			if !open {
				leave()
			}
			want := "held no_id"
			if left == "and its id was given meanwhile" {
				w.give("funder", "1/primary", funderID(t, w.funders()[0]))
				want = "updated"
			}
			w.put("patients", patient(1, "Rome", insurance("primary", "P1")))
			w.must(w.night())
			w.expect("its client goes", "client", "1", "updated")
			w.expect("back again", "funder", "1/primary", want)
			if n := len(w.funders()); n != 1 {
				t.Errorf("they hold %d funders, want the first", n)
			}
			if want == "updated" {
				return
			}
			w.twins = []string{"clientFunder " + client + "|501|1"} // a person says otherwise, and is believed
			id := int64(w.number("SELECT id FROM target WHERE source_id = '1/primary'"))
			w.must(w.store.Retry(w.ctx, []sql.Refused{{ID: id}}, "Ana Roma", "none there", w.clock.Now()))
			w.must(w.night())
			w.expect("a person found none", "funder", "1/primary", "created")
		})
	}
}

// TestPartBesideOneThatLeaves goes once that one is gone, although its client is
// the same as before.
func TestPartBesideOneThatLeaves(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.put("patients", patient(1, "Rome", insurance("primary", "unmapped"), insurance("secondary", "P2")))
	for range 2 {
		w.must(w.night())
		w.expect("beside one that cannot go", "funder", "1/secondary", "blocked parent")
	}
	w.expect("waits for nothing", "client", "1", "unchanged")
	w.put("patients", patient(1, "Rome", insurance("secondary", "P2")))
	w.must(w.night())
	w.expect("alone", "funder", "1/secondary", "created")
	from := len(w.Journal())
	w.must(w.night())
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d needless writes", len(sent))
	}
}

const (
	primaryP1   = `{"funderSequence":1,"funderId":501,"serviceLineIds":[901]}`
	primaryP2   = `{"funderSequence":1,"funderId":502,"serviceLineIds":[901]}`
	secondaryP2 = `{"funderSequence":2,"funderId":502,"serviceLineIds":[901]}`
)

// TestPlanTellsWhatTheyHold of an array that stayed behind: what was taken of it
// before, and nothing where it stays again.
func TestPlanTellsWhatTheyHold(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	for _, city := range []string{"Rome", "Utica"} {
		w.put("patients", patient(1, city, insurance("primary", "unmapped"), insurance("secondary", "P2")))
		w.expectPlan("the array stays", "1", `city: "`+map[string]string{"Rome": "Troy", "Utica": "Rome"}[city]+`" -> "`+city+`"`)
		w.must(w.night())
	}
	w.put("patients", patient(1, "Utica", insurance("primary", "unmapped")))
	w.must(w.night())
	w.put("patients", patient(1, "Utica", insurance("primary", "P2"), insurance("secondary", "P2")))
	w.expectPlan("it goes", "1", `clientFunders: [`+primaryP1+`] -> [`+primaryP2+`,`+secondaryP2+`]`)
	w.must(w.night())
	w.expect("it went", "funder", "1/secondary", "created")
	w.put("patients", patient(1, "Utica", insurance("primary", "P2")))
	w.expectPlan("one leaves", "1", `clientFunders: [`+primaryP2+`,`+secondaryP2+`] -> [`+primaryP2+`]`)
}

// TestPlanTellsNothingOfARefusedPart as if they held it.
func TestPlanTellsNothingOfARefusedPart(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	w.expect("refused", "funder", "1/secondary", "rejected unknown_id")
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "P2")))
	w.expectPlan("cured", "1", `clientFunders: [`+primaryP1+`] -> [`+primaryP1+`,`+secondaryP2+`]`)
}

// TestPlanTellsNothingOfAnArrayThatALookDidNotShow: what they hold of it is not
// known when its client is adopted.
func TestPlanTellsNothingOfAnArrayThatALookDidNotShow(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientFunders": []any{map[string]any{"funderSequence": 1, "funderId": 502, "serviceLineIds": []any{901}}}}))
	w.must(err)
	w.seesNothingInside()
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.expect("adopted", "client", "1", "unchanged")
	theirs := funderID(t, vendorOf(w).Objects("client")[0]["clientFunders"].([]any)[0])
	w.Heal()
	w.give("funder", "1/primary", theirs)
	w.expectPlan("given its id", "1", `clientFunders:  -> [`+primaryP1+`]`)
}

// TestPlanTellsOfAPartOfUnknownID that it is there.
func TestPlanTellsOfAPartOfUnknownID(t *testing.T) {
	w := newWorld(t, rethinkAt(false))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	client := vendorOf(w).Objects("client")[0]["clientId"].(json.Number).String()
	w.must(w.store.Resolve(w.ctx, w.run(), int64(w.number("SELECT id FROM delivery")), client, "seen", "Ana", w.clock.Now()))
	w.put("patients", patient(1, "Rome", insurance("primary", "P2")))
	w.expectPlan("it stays", "1", `city: "Troy" -> "Rome"`)
	w.must(w.night())
	w.give("funder", "1/primary", funderID(t, w.funders()[0]))
	w.expectPlan("it goes", "1", `clientFunders: [`+primaryP1+`] -> [`+primaryP2+`]`)
}
