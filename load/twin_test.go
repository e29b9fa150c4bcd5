package load_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func off(visit string) string { return strings.Replace(visit, "Confirmed", "Cancelled", 1) }

// statuses lets the account tell a cancelled visit.
func statuses(w *world) {
	w.ids["appointmentStatus"] = map[string]string{"Confirmed": "1", "Cancelled": "2"}
	w.ids["cancellationType"] = map[string]string{"Cancelled": "21"}
}

// TestRebookedVisit: a visit that was called off, or moved away, is no twin of
// the one that takes its place, also where the answer to that one is lost.
func TestRebookedVisit(t *testing.T) {
	nine, eleven := "2026-03-03T09:00:00", "2026-03-03T11:00:00"
	for _, tt := range []struct {
		name      string
		sent      bool // visit 9 is there before
		first     string
		outcome   string // of visit 9 in the night in which visit 10 comes
		tellsOff  bool
		lost      bool
		unarrived bool
	}{
		{name: "called off", sent: true, first: off(visit(9, 1, 5, nine)), outcome: "updated", tellsOff: true},
		{name: "called off, and the account has no status for it", sent: true, first: off(visit(9, 1, 5, nine)), outcome: "held status_lookup"},
		{name: "moved away", sent: true, first: visit(9, 1, 5, eleven), outcome: "updated"},
		{name: "both new", first: off(visit(9, 1, 5, nine)), outcome: "excluded replaced", tellsOff: true},
		{name: "lost after it landed", sent: true, first: off(visit(9, 1, 5, nine)), outcome: "held status_lookup", lost: true},
		{name: "lost before it landed", sent: true, first: off(visit(9, 1, 5, nine)), outcome: "held status_lookup", lost: true, unarrived: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			if tt.tellsOff {
				statuses(w)
			}
			w.practice()
			if !tt.sent {
				w.put("appointments", off(visit(9, 1, 5, nine)))
			}
			if tt.sent {
				w.must(w.night())
			}
			twice := []string{"appointment 1003|1002|2026-03-03|09:00"} // by what they show the two are one
			if tt.sent && !tt.unarrived {
				w.twins = twice
			}
			w.put("appointments", tt.first, visit(10, 1, 5, nine))
			switch {
			case tt.unarrived:
				w.Inject(loadtest.ResetBefore().On("POST", "/appointment"))
			case tt.lost:
				w.Inject(loadtest.ResetAfter().On("POST", "/appointment"))
			}
			w.must(w.night())
			w.expect("the first", "appointment", "9", tt.outcome)
			if tt.lost {
				w.expect("in its place", "appointment", "10", "uncertain")
				w.clock.Move(rested)
				w.twins = twice
				w.must(w.night())
			}
			w.expect("in its place", "appointment", "10", "created")
			want := map[bool]int{false: 1, true: 2}[tt.sent]
			if n := len(vendorOf(w).Objects("appointment")); n != want || w.theirs("appointment", "9") == w.theirs("appointment", "10") {
				t.Errorf("they hold %d visits, want %d", n, want)
			}
			from := len(w.Journal())
			w.must(w.night())
			if sent := w.writes(from); len(sent) > 0 {
				t.Errorf("%d needless writes", len(sent))
			}
		})
	}
}

// TestPlanForeseesTwins: the plan holds the visits that the load would hold.
func TestPlanForeseesTwins(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.practice()
	w.must(w.night())
	w.put("appointments", visit(10, 1, 5, "2026-03-03T09:00:00"), visit(11, 1, 5, "2026-03-03T10:00:00"), visit(12, 1, 5, "2026-03-03T10:00:00"),
		off(visit(13, 1, 5, "2026-03-03T10:00:00")))
	w.judge(w.run())
	due, err := w.store.Due(w.ctx, w.name, "appointment", 0, 100, w.clock.Now())
	w.must(err)
	plan := map[string]string{}
	for _, step := range load.Plan(load.Object{Name: "appointment", Askable: true}, due, 1, nil, map[string]bool{}) {
		plan[step.SourceID] = strings.TrimSpace(step.Does + " " + step.Cause)
	}
	w.must(w.night())
	for id, outcome := range map[string]string{"10": "held candidates", "11": "created", "12": "held candidates", "13": "excluded called_off"} {
		w.expect("the night", "appointment", id, outcome)
		if want := map[string]string{"created": "create", "excluded called_off": ""}[outcome]; outcome != "held candidates" && plan[id] != want {
			t.Errorf("visit %s: planned %q, want %q", id, plan[id], want)
		} else if outcome == "held candidates" && plan[id] != outcome {
			t.Errorf("visit %s: planned %q, want %q", id, plan[id], outcome)
		}
	}
}

// TestOnePersonTwice: two charts of what CentralReach's import takes for one
// person are not both created, in the same run or while the first has no answer.
func TestOnePersonTwice(t *testing.T) {
	chart := func(id int, first, mail string) string {
		return fmt.Sprintf(`{"id":%d,"first_name":%q,"last_name":"Roma","date_of_birth":"2015-04-02","email":%q}`, id, first, mail)
	}
	charts := []string{chart(1, "Ada", "roma@example.com"), chart(2, "Bea", "Roma@example.com"), chart(3, "Cy", ""), chart(4, "Di", ""), chart(5, "Ed", "ed@example.com")}

	w := newWorld(t, centralReachAt(true))
	w.put("patients", charts...)
	for range 2 {
		w.must(w.night())
		w.expect("one person", "client", "2", "held candidates")
	}
	if n := w.number("SELECT count(*) FROM crosswalk WHERE object = 'client'"); n != 4 {
		t.Errorf("%d of ours are there, want 4", n)
	}

	w = newWorld(t, centralReachAt(true))
	w.put("patients", charts[4])
	w.must(w.night())
	w.put("patients", charts[0])
	w.Inject(loadtest.ResetBefore().On("POST", "/contacts/client"))
	w.must(w.night(func(s *load.Stage) { s.Quiet = time.Hour }))
	w.put("patients", charts[1])
	w.must(w.night(func(s *load.Stage) { s.Quiet = time.Hour }))
	w.expect("the first has no answer", "client", "1", "uncertain no_answer")
	w.expect("the first has no answer", "client", "2", "held candidates")
	if text := w.message("client", "2"); !strings.Contains(text, "our client 1 ") {
		t.Errorf("message %q, want it to name the other", text)
	}
	w.clock.Move(3 * time.Hour)
	w.put("patients", chart(1, "Ada", "ada@example.com"))
	w.must(w.night(func(s *load.Stage) { s.Quiet = time.Hour }))
	w.expect("told apart by now", "client", "1", "created")
	w.expect("told apart by now", "client", "2", "created")
}
