package load_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// historyWorld is an account whose schedule holds just the visits of some
// months before the clock's: four a week, one more of them called off here and
// not there.
func historyWorld(t *testing.T, months int) (*world, *loadtest.CentralReach) {
	t.Helper()
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Cancel: true, Tasks: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "7", "firstName": "Bo", "lastName": "Lin 7", "primaryEmail": "bo.lin@example.com"})
	w.put("doctors", `{"id":7,"first_name":"Bo","last_name":"Lin 7","email":"bo.lin@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1007,"doctor":7,"username":"bo.lin.7","is_doctor":true}`)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	client, provider := number(t, w.theirs("client", "1")), number(t, w.theirs("employee", "7"))
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	w.clock.Move(at.AddDate(0, months, 0).Sub(w.clock.Now()))
	var rows []string
	for id := 1; at.Before(w.clock.Now()); id, at = id+1, at.Add(34*time.Hour) {
		if id%5 == 0 {
			rows = append(rows, visitOn(id, at, `,"status":"Cancelled"`))
			continue
		}
		rows = append(rows, visitOn(id, at, ""))
		vendor.Seed(loadtest.Event{ClientID: client, ProviderID: provider, Start: at, End: at.Add(time.Hour)})
	}
	w.put("appointments", rows...)
	return w, vendor
}

// visitOn is a visit of patient 1 with doctor 7 at an instant.
func visitOn(id int, at time.Time, more string) string {
	return fmt.Sprintf(`{"id":%d,"patient":1,"doctor":7,"scheduled_time":%q,"duration":60%s}`, id, at.Format("2006-01-02T15:04:05"), more)
}

// calls are those of a night, without tokens.
func (w *world) callsOfNight() int {
	w.Helper()
	from := len(w.Journal())
	w.must(w.night())
	return len(slices.DeleteFunc(w.Journal()[from:], func(e loadtest.Entry) bool { return e.Object == "token" }))
}

// TestQuietNight: where nothing changed, a night asks as much after years as
// after months.
func TestQuietNight(t *testing.T) {
	var quiet [2]int
	for i, months := range []int{5, 40} {
		w, _ := historyWorld(t, months)
		first := w.callsOfNight()
		w.clock.Move(24 * time.Hour)
		quiet[i] = w.callsOfNight()
		t.Logf("%d months, %d visits: %d calls in the first night, %d in a quiet one", months, w.number("SELECT count(*) FROM target WHERE object = 'event'"), first, quiet[i])
	}
	if quiet[1] > quiet[0] || quiet[0] > 10 {
		t.Errorf("%d calls after 5 months and %d after 40, want as many, and few", quiet[0], quiet[1])
	}
}

// TestSettledMonths: a month that agreed long ago is read again when a visit of
// it changes, comes or goes, and what stays open in it is asked about each night.
func TestSettledMonths(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	w.must(w.night())
	months := w.number("SELECT count(*) FROM settled WHERE object = 'event'")
	if months < 8 {
		t.Fatalf("%d months are settled, want most of 12", months)
	}
	extra := func() int { return w.number("SELECT count(*) FROM extra") }
	old := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) // visit 1
	first, second := vendor.Events()[0], vendor.Events()[1]

	vendor.RemoveEvents(first.ID)
	w.put("appointments", visitOn(2, old.AddDate(0, 2, 0), "")) // from January to March
	w.must(w.night())
	w.expect("moved", "event", "2", "missing missing")
	w.expect("its month was read again", "event", "1", "missing missing")
	w.expect("it asks to be entered", "task", "1", "created")
	if n := extra(); n != 1 {
		t.Errorf("%d of theirs alone, want the event that the visit left", n)
	}
	from := len(w.Journal())
	w.must(w.night())
	if n := len(w.Journal()) - from; n > 10 {
		t.Errorf("%d calls, want few: two old months are open", n)
	}

	first.ID = 0
	vendor.Seed(first)
	vendor.RemoveEvents(second.ID)
	w.must(w.night())
	w.expect("entered there", "event", "1", "matched")
	if n := extra(); n != 0 {
		t.Errorf("%d of theirs alone, want none", n)
	}
	if n := w.number("SELECT count(*) FROM settled WHERE object = 'event'"); n != months-1 {
		t.Errorf("%d months are settled, want %d: all but that of visit 2", n, months-1)
	}

	w.put("appointments", visitOn(900, old.AddDate(0, 5, 0), ""), visitOn(3, old.Add(68*time.Hour), `,"deleted_flag":true`))
	w.must(w.night())
	w.expect("new in an old month", "event", "900", "missing missing")
	w.expect("deleted", "cancellation", "3", "updated")
}
