package load_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
)

func (w *world) unlink(object, id, theirs string) error {
	return w.store.Unlink(w.ctx, sql.Link{Destination: w.name, Object: object, SourceID: id, TargetID: theirs}, "Ana", w.clock.Now())
}

// TestRemovedLink: a link that a person mistyped is taken back. Its record is not
// created, also where it changes meanwhile, until its id is given.
func TestRemovedLink(t *testing.T) {
	for _, readback := range []bool{true, false} {
		w := newWorld(t, rethinkAt(readback))
		right, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": "Other"}))
		w.must(err)
		wrong, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": "Another"}))
		w.must(err)
		w.give("client", "1", strconv.FormatInt(wrong, 10))
		w.put("patients", patient(1, "Troy"))
		w.must(w.night())
		_, err = vendorOf(w).Seed("client", map[string]any{"clientId": wrong, "firstName": "Another", "clientExternalId": nil}) // put right by hand
		w.must(err)
		w.must(w.unlink("client", "1", strconv.FormatInt(wrong, 10)))
		for _, city := range []string{"Troy", "Rome"} {
			w.put("patients", patient(1, city))
			from := len(w.Journal())
			w.must(w.night())
			w.expect("its link is gone", "client", "1", "held no_id")
			if sent := w.writes(from); len(sent) > 0 {
				t.Errorf("%d writes of a record whose id is not known", len(sent))
			}
		}
		w.give("client", "1", strconv.FormatInt(right, 10))
		w.must(w.night())
		w.expect("given the right one", "client", "1", "updated")
		if n := len(vendorOf(w).Objects("client")); n != 2 {
			t.Errorf("they hold %d clients, want 2", n)
		}
	}
}

// TestRetryAfterARemovedLink: a person says that it is not there.
func TestRetryAfterARemovedLink(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	wrong, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": "Another"}))
	w.must(err)
	w.give("client", "1", strconv.FormatInt(wrong, 10))
	w.put("patients", patient(1, "Troy"))
	w.judge(w.run())
	w.must(w.unlink("client", "1", strconv.FormatInt(wrong, 10)))
	w.must(w.night())
	w.expect("its link is gone", "client", "1", "held no_id")
	id := int64(w.number("SELECT id FROM target WHERE source_id = '1'"))
	w.must(w.store.Retry(w.ctx, []sql.Refused{{ID: id}}, "Ana", "not there", w.clock.Now()))
	w.must(w.night())
	w.expect("not there", "client", "1", "created")
}

// twoSeeded are two clients of theirs, each with a funder; w's client is linked to
// the first, which is not the right one, and has learnt its funder's id.
func (w *world) twoSeeded() (ids, parts []string) {
	w.Helper()
	funder := map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}
	for _, name := range []string{"Another", "Other"} {
		id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": name, "clientFunders": []any{funder}}))
		w.must(err)
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	for _, client := range vendorOf(w).Objects("client") {
		parts = append(parts, funderID(w.T, client["clientFunders"].([]any)[0]))
	}
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.give("client", "1", ids[0])
	w.must(w.night())
	if got := w.theirs("funder", "1/primary"); got != parts[0] {
		w.Fatalf("the funder is %s, want %s", got, parts[0])
	}
	_, err := vendorOf(w).Seed("client", map[string]any{"clientId": jsonNumber(ids[0]), "clientExternalId": nil})
	w.must(err)
	return ids, parts
}

// replace corrects a link, or says why not.
func (w *world) replace(object, id, theirs string) string {
	w.Helper()
	faults, err := w.store.Import(w.ctx, []sql.Link{{Destination: w.name, Object: object, SourceID: id, TargetID: theirs}}, true, "Ana", w.clock.Now())
	w.must(err)
	return faults[0]
}

// TestCorrectedLinkForgetsItsParts: the ids of what was found inside another
// client are not sent to the right one, whose own are found. What DrChrono does not
// hold just then, or what does not map, is held when it comes back.
func TestCorrectedLinkForgetsItsParts(t *testing.T) {
	for name, meanwhile := range map[string]string{"there": insurance("primary", "P1"), "away": `"x":1`, "unmapped": insurance("primary", "unmapped")} {
		for _, removed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, rethinkAt(true))
				ids, parts := w.twoSeeded()
				w.put("patients", patient(1, "Troy", meanwhile))
				w.must(w.night())
				if removed {
					w.must(w.unlink("client", "1", ids[0]))
				}
				if fault := w.replace("client", "1", ids[1]); fault != "" {
					t.Fatal(fault)
				}
				w.must(w.night())
				w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
				w.must(w.night())
				if name != "there" {
					w.expect("back again", "funder", "1/primary", "held no_id")
					w.give("funder", "1/primary", parts[1])
					w.must(w.night())
				}
				if got := w.theirs("funder", "1/primary"); got != parts[1] {
					t.Errorf("removed %v: the funder is %s, want %s", removed, got, parts[1])
				}
				for i, c := range vendorOf(w).Objects("client") {
					if list := c["clientFunders"].([]any); len(list) != 1 || funderID(t, list[0]) != parts[i] {
						t.Errorf("removed %v: %v holds %v, want %s", removed, c["firstName"], list, parts[i])
					}
				}
			})
		}
	}
}

// TestPartGivenByAPersonStays, also where it is away while its client is corrected.
func TestPartGivenByAPersonStays(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	ids, parts := w.twoSeeded()
	if fault := w.replace("funder", "1/primary", parts[1]); fault != "" {
		t.Fatal(fault)
	}
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.give("funder", "10/primary", "77")
	w.exec(`UPDATE crosswalk SET run = 'r0' WHERE source_id = '10/primary'`)
	if fault := w.replace("client", "1", ids[1]); fault != "" {
		t.Fatal(fault)
	}
	for id, want := range map[string]string{"1/primary": parts[1], "10/primary": "77"} {
		if got := w.theirs("funder", id); got != want {
			t.Errorf("the funder %s is %q, want %s", id, got, want)
		}
	}
}

// TestLinkOfAnotherObjectKeepsParts whose record has the same id.
func TestLinkOfAnotherObjectKeepsParts(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, parts := w.twoSeeded()
	w.give("appointment", "1", "70")
	w.must(w.unlink("appointment", "1", "70"))
	if got := w.theirs("funder", "1/primary"); got != parts[0] {
		t.Errorf("the funder is %q, want %s", got, parts[0])
	}
}

// TestReplacedWhileSent: a correction is refused while an update is under way, whose
// answer would take it back, and stands once it is taken.
func TestReplacedWhileSent(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	ids, parts := w.twoSeeded()
	w.put("patients", patient(1, "Rome", insurance("primary", "P1")))
	var told []string
	w.Inject(loadtest.Fault{Times: 1, When: loadtest.After, Match: func(r *http.Request) bool {
		return r.Method != http.MethodGet && strings.Contains(r.URL.Path, "client")
	},
		Do: func(*loadtest.Exchange) {
			told = append(told, w.replace("client", "1", ids[1]), w.replace("funder", "1/primary", parts[1]))
		}})
	w.must(w.night())
	if len(told) != 2 || !strings.Contains(told[0], "not answered") || !strings.Contains(told[1], "not answered") {
		t.Errorf("a correction of what is under way: %q", told)
	}
	if fault := w.replace("client", "1", ids[1]); fault != "" {
		t.Fatal(fault)
	}
	w.put("patients", patient(1, "Paris", insurance("primary", "P1")))
	w.must(w.night())
	if got := w.theirs("client", "1") + " " + w.theirs("funder", "1/primary"); got != ids[1]+" "+parts[1] {
		t.Errorf("they are %s, want %s %s", got, ids[1], parts[1])
	}
}

// TestLinksThatStay: a link that does not stand so, or whose record is under way.
func TestLinksThatStay(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	theirs := w.theirs("client", "1")
	for _, l := range [][2]string{{"2", theirs}, {"1", theirs + "0"}} {
		if err := w.unlink("client", l[0], l[1]); err == nil {
			t.Errorf("the link %v is removed", l)
		}
	}
	w.exec(`UPDATE target SET outcome = ? WHERE object = 'client'`, etl.Matched)
	if err := w.unlink("client", "1", theirs); err == nil {
		t.Error("a link that a comparison made is removed")
	}
	w.exec(`UPDATE target SET outcome = 'uncertain' WHERE object = 'client'`)
	w.exec(`INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline)
		SELECT target, destination, object, source_id, 'update', 'uncertain', hash, payload, run, process, intent_at, deadline FROM delivery`)
	if err := w.unlink("client", "1", theirs); err == nil {
		t.Error("the link of a record that is under way is removed")
	}
	if got := w.theirs("client", "1"); got != theirs {
		t.Errorf("it is linked to %q", got)
	}
}
