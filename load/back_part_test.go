package load_test

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestPartThatComesBackAsItWas: they hold it all the while, since its client was
// not sent without it.
func TestPartThatComesBackAsItWas(t *testing.T) {
	for _, away := range []string{"its client stays", "its client is invalid", "its client is sent"} {
		t.Run(away, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			w.must(w.night())
			from := len(w.Journal())
			want, writes := "unchanged", 0
			switch away {
			case "its client stays":
				w.put("patients", patient(1, "Troy"))
			case "its client is invalid":
				w.put("patients", strings.Replace(patient(1, "Troy"), `"Ada"`, `""`, 1))
			default:
				want, writes = "updated", 2
				w.put("patients", patient(1, "Rome"))
			}
			w.must(w.night())
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			w.must(w.night())
			w.expect("as it was", "client", "1", want)
			w.expect("as it was", "funder", "1/primary", want)
			w.must(w.night())
			if sent := w.writes(from); len(sent) != writes {
				t.Errorf("%d writes, want %d", len(sent), writes)
			}
		})
	}
}

// TestPartThatComesBackChanged goes under its id.
func TestPartThatComesBackChanged(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	w.expect("there is nothing to send", "client", "1", "unchanged")
	w.put("patients", patient(1, "Troy", insurance("primary", "P2")))
	w.must(w.night())
	w.expect("changed", "funder", "1/primary", "updated")
	if n := len(w.funders()); n != 1 {
		t.Errorf("they hold %d funders, want 1", n)
	}
}

// TestPartThatMapsNoMore: its client lacks its array, and nothing is sent.
func TestPartThatMapsNoMore(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	from := len(w.Journal())
	w.put("patients", patient(1, "Troy", insurance("primary", "unmapped")))
	w.must(w.night())
	w.expect("as it is there", "client", "1", "unchanged")
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.expect("maps again", "funder", "1/primary", "unchanged")
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
}

// TestUnansweredClientThatLostAnArray: one that lacks an array is still sent where it
// differs, and one that an unanswered update may have changed as well.
func TestUnansweredClientThatLostAnArray(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "P2")))
	w.must(w.night())
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night())
	w.expect("another stays", "client", "1", "updated")
	w.put("patients", patient(1, "Rome"))
	w.Inject(loadtest.ResetBefore().On("POST", "/client"))
	w.must(w.night())
	w.put("patients", patient(1, "Troy"))
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("it may hold the other city", "client", "1", "updated")
}
