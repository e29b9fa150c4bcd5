package load_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestTasks: a visit that the schedule lacks gets one task, also where the
// answer to it was lost; one that is there gets none, until it is gone.
func TestTasks(t *testing.T) {
	w, vendor := taskWorld(t)
	at := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	vendor.Seed(loadtest.Event{ClientID: number(t, w.theirs("client", "1")), ProviderID: number(t, w.theirs("employee", "7")), Start: at, End: at.Add(time.Hour)})

	w.put("appointments", visitOn(1, at, ""), visitAt(2, 10, ""), visitAt(3, 11, `,"status":"Cancelled"`))
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

	w.put("appointments", visitOn(1, at.Add(6*time.Hour), "")) // moved here, and nobody moved it there
	w.must(w.night())
	w.expect("moved", "task", "1", "excluded not_needed") // mismatched is no missing visit
	vendor.RemoveEvents()
	w.must(w.night())
	w.expect("gone from their schedule", "event", "1", "missing missing")
	w.expect("gone from their schedule", "task", "1", "created")
}

// TestTasksWaitForTheSchedule: where it cannot be read, nothing is known to be
// missing, and no task is made.
func TestTasksWaitForTheSchedule(t *testing.T) {
	w, vendor := taskWorld(t)
	w.put("appointments", visitAt(2, 10, ""))
	w.Inject(loadtest.Status(500, `{}`).On("GET", "/by-provider").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v, want the schedule given up", err)
	}
	w.expect("not compared", "task", "2", "failed not_sent")
	w.Heal()
	w.must(w.night())
	w.expect("compared", "task", "2", "created")
	if list := vendor.Objects("task"); len(list) != 1 {
		t.Errorf("they hold %d tasks, want one", len(list))
	}
}

// taskWorld is an account with patient 1 and doctor 7, which both sides have.
func taskWorld(t *testing.T) (*world, *loadtest.CentralReach) {
	t.Helper()
	w := newWorld(t, centralReachWith(true, centralreach.Write{Clients: true, Employees: true, Tasks: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "7", "firstName": "Bo", "lastName": "Lin 7", "primaryEmail": "bo.lin@example.com"})
	w.put("doctors", `{"id":7,"first_name":"Bo","last_name":"Lin 7","email":"bo.lin@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1007,"doctor":7,"username":"bo.lin.7","is_doctor":true}`)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	return w, vendor
}

// TestTaskUnanswered: a list without any task does not prove that one did not
// land, so it is not made twice; once another is shown, it does.
func TestTaskUnanswered(t *testing.T) {
	w, vendor := taskWorld(t)
	w.put("appointments", visitAt(2, 10, ""))
	w.Inject(loadtest.ResetBefore().On("POST", "/tasks"))
	w.must(w.night())
	w.Heal()
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("no task is shown", "task", "2", "uncertain no_answer")
	vendor.SeedTask(map[string]any{"title": "Call back"})
	w.must(w.night())
	w.expect("another is shown", "task", "2", "created")
	if list := vendor.Objects("task"); len(list) != 2 {
		t.Errorf("they hold %d tasks, want ours and theirs", len(list))
	}
}

// TestTaskKeepsTheirs: a task is put right, and whom it is given to stays.
func TestTaskKeepsTheirs(t *testing.T) {
	w, vendor := taskWorld(t)
	w.put("appointments", visitAt(2, 10, ""))
	w.must(w.night())
	vendor.SetTask(w.theirs("task", "2"), "assignedTo", 99)
	w.put("appointments", visitAt(2, 14, ""))
	w.must(w.night())
	w.expect("moved", "task", "2", "updated")
	list := vendor.Objects("task")
	if len(list) != 1 || list[0]["assignedTo"] != json.Number("99") || list[0]["description"] != "Enter it: 2026-03-04 14:00 UTC, 60 minutes." {
		t.Errorf("they hold %v", list)
	}
}
