package load_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// payors are what the simulated CentralReach holds.
func payors(w *world) []map[string]any {
	return w.oracle.(*loadtest.CentralReach).Objects("payor")
}

// TestPayors follows a client's insurances at CentralReach: each is created
// once, updated with its fields over theirs, and found again by type and plan.
func TestPayors(t *testing.T) {
	w := newWorld(t, centralReachAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	w.expect("created", "primary_payor", "1", "created")
	w.expect("unknown payer", "secondary_payor", "1", "invalid lookup")
	w.must(w.night())
	w.expect("no third insurance", "tertiary_payor", "1", "excluded no_insurance")
	w.expect("the same again", "primary_payor", "1", "unchanged")
	if list := payors(w); len(list) != 1 || list[0]["payorType"] != json.Number("1") {
		t.Errorf("they hold %v", list)
	}

	w.put("patients", patient(1, "Troy", insurance("primary", "P2")))
	w.must(w.night())
	w.expect("another plan", "primary_payor", "1", "updated")
	list := payors(w)
	if len(list) != 1 || list[0]["insurance"].(map[string]any)["planId"] != json.Number("2002") {
		t.Errorf("they hold %v", list)
	}
}

// TestPayorThatIsGone: an insurance that DrChrono does not have any more is
// left there, for people to archive; when it comes back, it is found.
func TestPayorThatIsGone(t *testing.T) {
	w := newWorld(t, centralReachAt(false))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.put("patients", patient(1, "Troy", `"primary_insurance":{"insurance_company":"","insurance_id_number":""}`))
	w.must(w.night())
	w.expect("gone", "primary_payor", "1", "excluded no_insurance")
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.expect("back again", "primary_payor", "1", "unchanged")
	if list := payors(w); len(list) != 1 {
		t.Errorf("they hold %d payors, want 1", len(list))
	}
}

// TestPayorUnanswered: what landed is found by type and plan, and not created
// again; what did not is.
func TestPayorUnanswered(t *testing.T) {
	for name, fault := range map[string]loadtest.Fault{"landed": loadtest.ResetAfter(), "lost": loadtest.ResetBefore()} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, centralReachAt(false))
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			w.Inject(fault.On("POST", "/payors"))
			w.must(w.night())
			w.expect("unanswered", "primary_payor", "1", "uncertain no_answer")
			w.clock.Move(rested)
			w.must(w.night())
			w.expect("settled", "primary_payor", "1", "created")
			if list := payors(w); len(list) != 1 {
				t.Errorf("they hold %d payors, want 1", len(list))
			}
		})
	}
}

// TestPayorOfSomebodyElse: another current insurance of that type is their
// people's work, so ours waits for a person.
func TestPayorOfSomebodyElse(t *testing.T) {
	w := newWorld(t, centralReachAt(false))
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	vendor := w.oracle.(*loadtest.CentralReach)
	vendor.SeedPayor(w.theirs("client", "1"), map[string]any{"payorType": 1, "insurance": map[string]any{"planId": 2009}})
	w.clock.Move(24 * time.Hour)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.expect("taken", "primary_payor", "1", "held candidates")
	if list := payors(w); len(list) != 1 {
		t.Errorf("they hold %d payors, want theirs alone", len(list))
	}
}

// TestPayorsShownShortened: a list that shows payors without their insurance is
// no reason to create one again, nor to leave it to a person.
func TestPayorsShownShortened(t *testing.T) {
	w := newWorld(t, centralReachAt(false))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/payors"))
	w.must(w.night())
	w.Inject(loadtest.Fault{When: loadtest.After, Times: -1, Do: func(x *loadtest.Exchange) {
		x.Body = []byte(`{"items":[{"payorId":` + payors(w)[0]["payorId"].(json.Number).String() + `,"payorType":"PrimaryInsurance"}]}`)
	}}.On("GET", "/payors").Repeat(-1))
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("settled", "primary_payor", "1", "created")
	if list := payors(w); len(list) != 1 {
		t.Errorf("they hold %d payors, want 1", len(list))
	}
}
