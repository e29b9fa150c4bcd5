package load_test

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestUnseenIsNotAbsent: where their list shows nothing at all, an unanswered
// record waits for a person, is told so, and goes once on that person's word.
func TestUnseenIsNotAbsent(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.ResetBefore().On("POST", "/client"))
	w.must(w.night())
	w.expect("unanswered", "client", "1", "uncertain no_answer")
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("not shown", "client", "1", "uncertain no_answer")
	if text := w.message("client", "1"); !strings.Contains(text, "uncertain resolve ID --absent") {
		t.Errorf("told as %q", text)
	}
	w.must(w.store.Resolve(w.ctx, w.run(), int64(w.number("SELECT id FROM delivery")), "", "not there", "Ana", w.clock.Now()))
	w.must(w.night())
	w.expect("on a person's word", "client", "1", "created")
	if n := len(vendorOf(w).Objects("client")); n != 1 {
		t.Errorf("they hold %d clients, want 1", n)
	}
}
