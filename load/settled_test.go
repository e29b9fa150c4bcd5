package load_test

import (
	"testing"
	"time"
)

// TestSettledEdge: what lies before our first visit is nobody's extra, until an
// earlier visit comes. So the month of the first is never settled.
func TestSettledEdge(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	begin := time.Date(2026, 2, 14, 0, 0, 0, 0, time.UTC) // of our visits, at first
	early := 0
	for _, e := range vendor.Events() {
		if e.Start.Before(begin) {
			early++
		}
	}
	var hidden []string
	id := 1
	for at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC); at.Before(begin); id, at = id+1, at.Add(34*time.Hour) {
		hidden = append(hidden, visitOn(id, at, `,"appt_is_break":true`))
	}
	w.put("appointments", hidden...)
	w.must(w.night())
	w.must(w.night())
	extra := func() int { return w.number("SELECT count(*) FROM extra") }
	if n := extra(); n != 0 {
		t.Fatalf("%d of theirs alone, want none: they lie before our first visit", n)
	}
	w.put("appointments", visitOn(1, time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), ""))
	w.must(w.night())
	w.expect("first", "event", "1", "matched")
	if n := extra(); n != early-1 {
		t.Errorf("%d of theirs alone, want %d: all between our first visit and February", n, early-1)
	}
}
