package load_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// seeded is a client as Rethink holds it, equal to patient 1 but for what a
// test changes; nil takes a member away.
func seeded(change map[string]any) map[string]any {
	client := map[string]any{"firstName": "Ada", "lastName": "Roma 1", "dateOfBirth": "2015-04-02", "genderID": 2,
		"city": "Troy", "clientExternalId": "1"}
	for name, v := range change {
		if v == nil {
			delete(client, name)
		} else {
			client[name] = v
		}
	}
	return client
}

// TestMatchBeforeCreate seeds Rethink and asks what becomes of patient 1, who
// was never sent, and what was written.
func TestMatchBeforeCreate(t *testing.T) {
	type change = map[string]any
	tests := []struct {
		name    string
		theirs  []change
		outcome string
		write   string // the op of the only write; "" = none
	}{
		{"nothing there", nil, "created", "create"},
		{"external id, equal", []change{{}}, "unchanged", ""},
		{"external id, different", []change{{"city": "Rome"}}, "updated", "update"},
		{"external id, other names", []change{{"lastName": "Lin", "firstName": "Bo"}}, "updated", "update"},
		{"natural key, equal", []change{{"clientExternalId": nil}}, "unchanged", ""},
		{"natural key in other case", []change{{"clientExternalId": nil, "lastName": "ROMA 1"}}, "held overwrite", ""},
		{"natural key, different", []change{{"clientExternalId": nil, "city": "Rome"}}, "held overwrite", ""},
		{"several by natural key", []change{{"clientExternalId": nil}, {"clientExternalId": nil}}, "held candidates", ""},
		{"natural key, but another record of ours", []change{{"clientExternalId": "77"}}, "created", "create"},
		{"name alone", []change{{"clientExternalId": nil, "dateOfBirth": "2001-01-01"}}, "created", "create"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rethinkAt(true))
			for _, c := range tt.theirs {
				_, _ = vendorOf(w).Seed("client", seeded(c)) // what it refuses shows as a wrong outcome
			}
			w.twins = w.Duplicates()
			w.put("patients", patient(1, "Troy"))
			w.must(w.night())
			w.expect("first night", "client", "1", tt.outcome)
			got := ""
			for _, e := range w.writes(0) {
				got += e.Op
			}
			if got != tt.write {
				t.Errorf("writes %q, want %q", got, tt.write)
			}
			from := len(w.Journal())
			w.must(w.night())
			if sent := w.writes(from); len(sent) > 0 {
				t.Errorf("the next night writes %d times", len(sent))
			}
		})
	}
}

// TestHeldOverwrite holds that nobody's work is overwritten without a person's
// word, whatever the source does meanwhile, and that the word is for one
// payload.
func TestHeldOverwrite(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Rome"}))
	w.must(err)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.expect("adopted", "client", "1", "held overwrite")
	if p := w.message("client", "1"); !strings.Contains(p, "city") || strings.Contains(p, "Rome") {
		t.Errorf("message %q, want it to name the field and no value", p)
	}
	if w.theirs("client", "1") == "" {
		t.Error("the adopted id is not in the crosswalk")
	}
	w.approve("client", "1")
	w.put("patients", patient(1, "Utica"))
	w.must(w.night())
	w.expect("changed since the approval", "client", "1", "held overwrite")
	if sent := w.writes(0); len(sent) > 0 {
		t.Fatalf("%d writes without approval", len(sent))
	}
	if n := w.number("SELECT count(*) FROM difference"); n != 1 {
		t.Errorf("%d differences are kept while it waits, want one", n)
	}
	w.approve("client", "1")
	w.must(w.night())
	w.expect("approved", "client", "1", "updated")
	if n := w.number("SELECT count(*) FROM difference"); n != 0 {
		t.Errorf("%d differences are kept after the overwrite, want none", n)
	}
	w.put("patients", patient(1, "Ithaca"))
	w.must(w.night())
	w.expect("after the first overwrite", "client", "1", "updated")
}

// TestImportConfirms: a person who gives the id that was found says that it is
// theirs, as with a record that nothing linked.
func TestImportConfirms(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Rome"}))
	w.must(err)
	w.put("patients", patient(1, "Troy"))
	for range 2 {
		w.must(w.night())
		w.expect("adopted", "client", "1", "held overwrite")
	}
	w.give("client", "1", strconv.FormatInt(id, 10))
	w.must(w.night())
	w.expect("confirmed", "client", "1", "updated")
}

func TestCandidatesAreNamed(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	for range 2 {
		_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil}))
		w.must(err)
	}
	w.twins = w.Duplicates()
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	message := w.message("client", "1")
	for _, o := range vendorOf(w).Objects("client") {
		if id := o["clientId"]; !strings.Contains(message, id.(interface{ String() string }).String()) {
			t.Errorf("message %q does not name their id %v", message, id)
		}
	}
}

// TestAppointmentByNaturalKey: a visit has no external id, so client, staff,
// day and start tell it.
func TestAppointmentByNaturalKey(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.must(w.night())
	w.exec(`DELETE FROM crosswalk WHERE object = 'appointment'`)
	w.exec(`UPDATE delivery SET source_id = 'gone' WHERE object = 'appointment'`)
	w.exec(`UPDATE target SET acked_hash = NULL, outcome = 'failed' WHERE object = 'appointment'`)
	from := len(w.Journal())
	w.must(w.night())
	w.expect("forgotten by us", "appointment", "9", "unchanged")
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d writes, want the visit found by client, staff, day and start", len(sent))
	}
}

// TestVendorFirst: where the vendor loads the records first, the first nights
// only match.
func TestVendorFirst(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(nil))
	w.must(err)
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
	vendorFirst := func(s *load.Stage) { s.VendorFirst = true }
	w.must(w.night(vendorFirst))
	w.expect("loaded by the vendor", "client", "1", "unchanged")
	w.expect("not loaded yet", "client", "2", "held initial_load")
	if sent := w.writes(0); len(sent) > 0 {
		t.Errorf("%d writes before the vendor's load", len(sent))
	}
	w.approve("client", "2")
	w.must(w.night(vendorFirst))
	w.expect("approved", "client", "2", "created")
}

// TestVendorFirstWritesNothing: until the vendor's load is over, what is there
// and differs is held too, and what changes after it was matched.
func TestVendorFirstWritesNothing(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(nil))
	w.must(err)
	_, err = vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": "2", "lastName": "Roma 2", "dateOfBirth": "2015-04-03", "city": "Utica"}))
	w.must(err)
	vendorFirst := func(s *load.Stage) { s.VendorFirst = true }
	w.put("patients", patient(1, "Troy"), patient(2, "Troy", insurance("primary", "P1")))
	for range 2 {
		w.must(w.night(vendorFirst))
		w.expect("the same", "client", "1", "unchanged")
		w.expect("there and different", "client", "2", "held initial_load")
	}
	if text := w.message("client", "2"); !strings.Contains(text, "city") || strings.Contains(text, "Utica") || w.theirs("client", "2") == "" {
		t.Errorf("linked to %q, and told as %q", w.theirs("client", "2"), text)
	}
	w.put("patients", patient(1, "Rome"))
	w.must(w.night(vendorFirst))
	w.expect("changed", "client", "1", "held initial_load")
	if sent := w.writes(0); len(sent) > 0 {
		t.Fatalf("%d writes before the vendor's load is over", len(sent))
	}
	w.must(w.night())
	w.expect("over", "client", "1", "updated")
	w.expect("over", "client", "2", "updated")
}

// TestTwinsStayTwo: of two charts with one name and birth date, only the first
// adopts what is there; the other waits for a person.
func TestTwinsStayTwo(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil}))
	w.must(err)
	twin := strings.Replace(patient(1, "Troy"), `"id":1`, `"id":2`, 1)
	w.put("patients", patient(1, "Troy"), twin)
	w.must(w.night())
	w.expect("the first", "client", "1", "unchanged")
	w.expect("its twin", "client", "2", "held candidates")
	if w.theirs("client", "2") != "" {
		t.Error("two of ours share one of theirs")
	}
}

// TestTwinVisits: a visit that looks like one that went is not taken for it,
// nor is one whose answer was lost.
func TestTwinVisits(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.must(w.night())
	w.put("appointments", visit(10, 1, 5, "2026-03-03T09:00:00"))
	w.must(w.night())
	w.expect("looks like visit 9", "appointment", "10", "held candidates")
	if sent := w.writes(0); len(sent) != 3 {
		t.Errorf("%d writes, want those of the first night", len(sent))
	}

	w = newWorld(t, rethinkAt(true))
	w.practice()
	w.put("appointments", visit(10, 1, 5, "2026-03-03T09:00:00"), visit(11, 1, 5, "2026-03-03T10:00:00"))
	w.Inject(loadtest.ResetBefore().On("POST", "/appointment"))
	w.must(w.night(func(s *load.Stage) { s.InFlight = 1 }))
	w.expect("sent first, no answer", "appointment", "9", "uncertain")
	w.expect("looks like it", "appointment", "10", "held candidates")
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("it was not there", "appointment", "9", "created")
	w.expect("looks like one that is there", "appointment", "10", "held candidates")
}

// TestHeldOverwriteOfEachObject: staff and visits too are held, with the fields
// that differ, until a person approves the first overwrite.
func TestHeldOverwriteOfEachObject(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.must(w.night())
	staff, client := jsonNumber(w.theirs("staff", "5")), jsonNumber(w.theirs("client", "1"))
	_, err := vendorOf(w).Seed("staff", map[string]any{"username": "bo.lin.6", "statusId": 202, "firstName": "Bo", "lastName": "Lin 6"})
	w.must(err)
	_, err = vendorOf(w).Seed("appointment", map[string]any{"appointmentTypeId": 1, "date": "2026-03-04", "scheduledStartTime": "09:00",
		"scheduledEndTime": "09:30", "staffId": staff, "clientId": client, "payCodeId": 301})
	w.must(err)
	row, user := doctor(6)
	w.put("doctors", row)
	w.put("users", user)
	w.put("appointments", visit(10, 1, 5, "2026-03-04T09:00:00"))
	from := len(w.Journal())
	for _, tt := range []struct{ object, id, field string }{{"staff", "6", "statusId"}, {"appointment", "10", "scheduledEndTime"}} {
		w.must(w.night())
		w.expect("adopted", tt.object, tt.id, "held overwrite")
		if text := w.message(tt.object, tt.id); !strings.Contains(text, tt.field) {
			t.Errorf("message %q does not name %s", text, tt.field)
		}
		if sent := w.writes(from); len(sent) > 0 {
			t.Fatalf("%d writes without approval", len(sent))
		}
	}
	w.approve("staff", "6")
	w.approve("appointment", "10")
	w.must(w.night())
	w.expect("approved", "staff", "6", "updated")
	w.expect("approved", "appointment", "10", "updated")
}

// TestBlindLook: a list that does not even show what we put there proves
// nothing, so nothing is created on its word.
func TestBlindLook(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.put("patients", patient(2, "Troy"))
	w.Inject(loadtest.Status(200, `[]`).On("GET", "/client").Repeat(-1))
	err := w.night()
	if !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v, want the object given up", err)
	}
	if text := fmt.Sprint(err); !strings.Contains(text, "none of it is created in this run, since what is there already cannot be seen: a look shows no record") ||
		strings.Contains(text, "refuses our credentials") {
		t.Errorf("told as %q", text)
	}
	w.expect("blind", "client", "2", "failed not_sent")
	w.Heal()
	w.must(w.night())
	w.expect("seeing", "client", "2", "created")
}

// TestOpenIsTriedAgain: one moment without a token does not cost the night, and
// a vendor that is down is told in words.
func TestOpenIsTriedAgain(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.Status(503, `{}`).On("POST", "/connect/token").Repeat(2))
	w.must(w.night())
	w.expect("the third try", "client", "1", "created")
	w.Inject(loadtest.TooMany("").On("POST", "/connect/token").Repeat(6))
	w.must(w.night())
	asked, limit := 0, loadtest.TooMany("3600").Repeat(-1)
	limit.Match = func(r *http.Request) bool {
		if r.URL.Path != "/connect/token" {
			return false
		}
		asked++
		return true
	}
	w.Inject(limit)
	err := w.night()
	if !errors.Is(err, load.ErrGivenUp) || !strings.Contains(err.Error(), "rate limit") || strings.Contains(err.Error(), "token_url") {
		t.Errorf("got %v, want it to name the limit", err)
	}
	if asked != 1 {
		t.Errorf("asked for a token %d times, want one who asks for an hour left alone", asked)
	}
	w.server.Close()
	err = w.night()
	if err == nil || !strings.Contains(err.Error(), "the connection is refused") || strings.Contains(err.Error(), "HTTP 0") {
		t.Errorf("got %v, want words for what happened", err)
	}
}
