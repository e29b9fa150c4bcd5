package load_test

import (
	"strconv"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
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

// TestCorrectedLinkForgetsItsParts: the ids of what was found inside another
// client are not sent to the right one, whose own are found.
func TestCorrectedLinkForgetsItsParts(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	funder := map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}
	var ids, parts []string
	for _, name := range []string{"Another", "Other"} {
		id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": name, "clientFunders": []any{funder}}))
		w.must(err)
		ids, parts = append(ids, strconv.FormatInt(id, 10)), append(parts, "")
	}
	for i, client := range vendorOf(w).Objects("client") {
		parts[i] = funderID(t, client["clientFunders"].([]any)[0])
	}
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.give("client", "1", ids[0])
	w.must(w.night())
	if got := w.theirs("funder", "1/primary"); got != parts[0] {
		t.Fatalf("the funder is %s, want %s", got, parts[0])
	}
	_, err := vendorOf(w).Seed("client", map[string]any{"clientId": jsonNumber(ids[0]), "clientExternalId": nil})
	w.must(err)
	faults, err := w.store.Import(w.ctx, []sql.Link{{Destination: w.name, Object: "client", SourceID: "1", TargetID: ids[1]}}, true, "Ana", w.clock.Now())
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	w.must(w.night())
	w.expect("corrected", "client", "1", "updated")
	if got := w.theirs("funder", "1/primary"); got != parts[1] {
		t.Errorf("the funder is %s, want %s", got, parts[1])
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
