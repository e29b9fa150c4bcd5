package load_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// planned is what a plan would do with the discharge, and why.
func (w *world) planned(approvers int) string {
	w.Helper()
	due, err := w.store.Due(w.ctx, w.name, "discharge", 0, 10, w.clock.Now())
	w.must(err)
	steps := load.Plan(load.Object{Name: "discharge", Final: true}, due, approvers, nil, map[string]bool{})
	if len(steps) != 1 {
		w.Fatalf("%d steps, want 1", len(steps))
	}
	return steps[0].Does + " " + steps[0].Cause
}

// TestAPlanHoldsWhatARunHolds: what a plan says would go, goes.
func TestAPlanHoldsWhatARunHolds(t *testing.T) {
	w := newRegistryWorld(t, 2)
	two := func(s *load.Stage) { s.Approvers = 2 }
	says := func(when, want string) {
		t.Helper()
		if got := w.planned(2); got != want {
			t.Errorf("%s: the plan says %q, want %q", when, got, want)
		}
		w.must(w.night(two))
	}
	says("nobody approved", "held approval")
	w.approve("discharge", "1")
	says("one of two", "held approval")
	w.exec(`UPDATE approval SET by = 'ben'`)
	w.approve("discharge", "1")
	w.Inject(loadtest.Status(409, `{"success":false,"code":"11-103","errors":{}}`).On("POST", "/discharge"))
	says("two of two", "discharge ")
	says("discharged elsewhere", "held 11-103")
	w.discharge(4)
	w.exec(`UPDATE approval SET hash = (SELECT hash FROM target)`)
	says("corrected and approved", "discharge ")
	w.discharge(5)
	says("changed after it was recorded", "held after_final")
}

// TestADryRunTellsWhatWaits as a run would, and sends nothing.
func TestADryRunTellsWhatWaits(t *testing.T) {
	w := newRegistryWorld(t, 1)
	dry := func() {
		t.Helper()
		w.must(w.stage().Waits(w.ctx, w.run()))
	}
	dry()
	w.is("not approved", "held approval")
	w.approve("discharge", "1")
	dry()
	w.is("approved", "failed not_sent")
	if sent := w.writes(0); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
	w.must(w.night())
	w.is("a real run", "created")
}

// TestAWrongPathIsNoRefusal: a 404 that does not name its reason says nothing
// of the patient. Nothing more goes there in that run, and it goes once the
// path is right.
func TestAWrongPathIsNoRefusal(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.approve("discharge", "1")
	w.Inject(loadtest.Status(404, `{"success":false,"message":"Not found.","errors":{}}`).On("POST", "/discharge"))
	err := w.night()
	if !errors.Is(err, load.ErrGivenUp) || !strings.Contains(err.Error(), "paths.discharge") || strings.Contains(err.Error(), "credentials") {
		t.Errorf("the run says %v, want that it gave up, and which path to correct", err)
	}
	w.is("nothing there", "failed unreached")
	if text := w.message("discharge", "1"); !strings.Contains(text, "paths.discharge") {
		t.Errorf("message %q, want the path to correct", text)
	}
	w.must(w.night())
	w.is("the path is right", "created")
}

// TestAnAnswerThatSaysNothing is no missing answer, and nobody asks after a
// discharge.
func TestAnAnswerThatSaysNothing(t *testing.T) {
	for status, body := range map[int]string{500: `{"success":false,"code":"11-999"}`, 429: ``, 200: `<html>`} {
		w := newRegistryWorld(t, 1)
		w.approve("discharge", "1")
		w.Inject(loadtest.Status(status, body).On("POST", "/discharge"))
		w.must(w.night())
		w.is(body, "uncertain no_answer")
		text := w.message("discharge", "1")
		if want := fmt.Sprintf("the answer (HTTP %d) does not say", status); !strings.Contains(text, want) || strings.Contains(text, "asked after") {
			t.Errorf("message %q, want %q and what to do", text, want)
		}
	}
}

// TestTheSameCRIDTwice: neither patient goes, whatever is approved, until
// the CRIDs differ; so does one whose CRID is that of a patient still treated.
func TestTheSameCRIDTwice(t *testing.T) {
	for name, first := range map[string]etl.Target{
		"discharged too": {Payload: []byte(`{"crid":"of the first"}`), Hash: []byte("first"), Outcome: etl.Failed, Cause: etl.CauseNotSent},
		"still treated":  {Outcome: etl.Excluded, Cause: etl.CauseNoDischarge},
		"not yet right":  {Outcome: etl.Invalid, Cause: etl.CodeRequired},
	} {
		w := newWorld(t, registryAt)
		w.must(w.store.SetApprovers(w.ctx, 1))
		same := []byte("sixteen bytes it")
		first.Destination, first.Object, first.Source, first.Twin = w.name, "discharge", etl.Ref{Endpoint: "patients", ID: "7"}, same
		w.must(w.store.PutTargets(w.ctx, w.run(), []etl.Target{first}, nil))
		w.discharge(3)
		w.exec(`UPDATE target SET twin_hash = ? WHERE source_id = '1'`, same)
		w.approve("discharge", "1")
		if first.Payload != nil {
			w.approve("discharge", "7")
		}
		w.must(w.night())
		if got := w.message("discharge", "1"); !strings.Contains(got, "patient 7 has the same CRID") || len(w.writes(0)) > 0 {
			t.Errorf("%s: %d writes, message %q; want none, and who has the same", name, len(w.writes(0)), got)
		}
		w.exec(`UPDATE target SET twin_hash = NULL WHERE source_id = '7'`)
		w.must(w.night())
		want := 1
		if first.Payload != nil {
			want = 2
		}
		if sent := w.writes(0); len(sent) != want {
			t.Errorf("%s: %d writes once the CRID is its own, want %d", name, len(sent), want)
		}
	}
}
