package load_test

import (
	"net/http"
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

// TestSettledWhileLookedFor: what a person says, or a callback brings, while a run
// looks for an unanswered record stands, though the look shows nothing.
func TestSettledWhileLookedFor(t *testing.T) {
	for _, theirs := range []string{"777", ""} { // it is there; it is not, and goes again
		w := newWorld(t, rethinkAt(true))
		w.put("patients", patient(1, "Troy"))
		w.Inject(loadtest.ResetBefore().On("POST", "/client"))
		w.must(w.night())
		w.expect("unanswered", "client", "1", "uncertain no_answer")
		w.Inject(loadtest.Fault{When: loadtest.After, Match: isLook, Do: func(*loadtest.Exchange) {
			w.must(w.store.Resolve(w.ctx, w.run(), int64(w.number("SELECT id FROM delivery WHERE state = 'uncertain'")), theirs, "seen there", "Ana", w.clock.Now()))
		}})
		w.clock.Move(rested)
		w.must(w.night())
		w.expect("settled as "+theirs, "client", "1", "created")
	}
}

func isLook(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "client")
}
