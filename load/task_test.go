package load_test

import (
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestTasks: a visit that the schedule lacks gets one task, also where the
// answer to it was lost; one that is there gets none, until it is gone.
func TestTasks(t *testing.T) {
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Tasks: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "7", "firstName": "Bo", "lastName": "Lin 7", "primaryEmail": "bo.lin@example.com"})
	w.put("doctors", `{"id":7,"first_name":"Bo","last_name":"Lin 7","email":"bo.lin@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1007,"doctor":7,"username":"bo.lin.7","is_doctor":true}`)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	at := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	vendor.Seed(loadtest.Event{ClientID: number(t, w.theirs("client", "1")), ProviderID: number(t, w.theirs("employee", "7")), Start: at, End: at.Add(time.Hour)})

	w.put("appointments", visitAt(1, 9, ""), visitAt(2, 10, ""), visitAt(3, 11, `,"status":"Cancelled"`))
	w.Inject(loadtest.ResetAfter().On("POST", "/tasks"))
	w.must(w.night())
	w.expect("on the schedule", "task", "1", "excluded not_needed")
	w.expect("unanswered", "task", "2", "uncertain no_answer")
	w.expect("cancelled", "task", "3", "excluded called_off")
	w.Heal()
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("settled", "task", "2", "created")
	w.must(w.night())
	w.expect("the same again", "task", "1", "excluded not_needed")
	w.expect("the same again", "task", "2", "unchanged")
	w.expect("the visit itself", "event", "2", "missing missing")
	if list := vendor.Objects("task"); len(list) != 1 || list[0]["title"] != "DrChrono visit 2 is not on the schedule" {
		t.Errorf("they hold %v", list)
	}

	w.put("appointments", visitAt(1, 15, "")) // moved here, and nobody moved it there
	w.must(w.night())
	w.expect("moved", "task", "1", "excluded not_needed") // mismatched is no missing visit
}
