package load_test

import (
	"testing"

	"github.com/chartbridge/chartbridge/load"
)

// TestNothingGoesBeforeItIsJudged: what changed since it was judged is not sent,
// nor looked for. What waited for a person waits on; the rest says why it waits,
// and goes once it was judged, also where it maps as before.
func TestNothingGoesBeforeItIsJudged(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	_, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Rome"}))
	w.must(err)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.expect("adopted", "client", "1", "held overwrite")
	w.approve("client", "1")
	w.put("patients", patient(2, "Troy"))
	w.runs++
	w.judge(w.run())
	unjudged := func(s *load.Stage) { s.Unjudged = load.Records{"client": {"1": true, "2": true}} }
	asked := len(w.Journal())
	for range 2 {
		w.must(w.stage(unjudged).Run(w.ctx, w.run()))
		w.expect("approved and changed", "client", "1", "held overwrite")
		w.expect("new and changed", "client", "2", "failed not_judged")
	}
	for _, e := range w.Journal()[asked:] {
		if e.Object == "client" {
			t.Errorf("%s of a client that is not judged", e.Method)
		}
	}
	w.exec(`UPDATE shape SET context = 'other rules'`)
	w.judge(w.run())
	w.expect("judged", "client", "2", "failed not_sent")
	w.must(w.night())
	w.expect("judged", "client", "1", "updated")
	w.expect("judged", "client", "2", "created")
}

// TestAnApprovalWaitsForAJudgement: an approved discharge that changed since it was
// judged is not sent, and no dry run says that it would be.
func TestAnApprovalWaitsForAJudgement(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.must(w.night())
	w.approve("discharge", "1")
	unjudged := w.stage(func(s *load.Stage) { s.Unjudged = load.Records{"discharge": {"1": true}} })
	w.must(unjudged.Waits(w.ctx, w.run()))
	w.is("a dry run", "failed not_judged")
	w.must(unjudged.Run(w.ctx, w.run()))
	w.is("a run", "failed not_judged")
	if sent := w.writes(0); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
	w.must(w.night())
	w.is("judged", "created")
}
