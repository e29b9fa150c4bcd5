package load_test

import (
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
	w.approve("client", "1")
	w.must(w.night())
	w.expect("approved", "client", "1", "updated")
	w.put("patients", patient(1, "Ithaca"))
	w.must(w.night())
	w.expect("after the first overwrite", "client", "1", "updated")
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
	w.put("appointments", visit(10, 1, 5, "2026-03-03T09:00:00"))
	w.Inject(loadtest.ResetBefore().On("POST", "/appointment"))
	w.must(w.night(func(s *load.Stage) { s.InFlight = 1 }))
	w.expect("sent first, no answer", "appointment", "9", "uncertain")
	w.expect("sent second", "appointment", "10", "created")
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("what is there is the other's", "appointment", "9", "held candidates")
}
