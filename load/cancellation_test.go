package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/transform"
)

// visitAt is a visit of patient 1 with doctor 7, at an hour of 4 March.
func visitAt(id, hour int, more string) string {
	return fmt.Sprintf(`{"id":%d,"patient":1,"doctor":7,"scheduled_time":"2026-03-04T%02d:00:00","duration":60%s}`, id, hour, more)
}

// TestCancellations: the event of a visit that did not take place is cancelled
// once, with its reason; what cannot be told waits, and nothing else is touched.
func TestCancellations(t *testing.T) {
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Cancel: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "7", "firstName": "Bo", "lastName": "Lin 7", "primaryEmail": "bo.lin@example.com"})
	w.put("doctors", `{"id":7,"first_name":"Bo","last_name":"Lin 7","email":"bo.lin@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1007,"doctor":7,"username":"bo.lin.7","is_doctor":true}`)
	w.put("patients", patient(1, "Troy"))
	w.put("appointments", visitAt(1, 9, ""), visitAt(2, 10, ""), visitAt(3, 11, ""), visitAt(4, 12, ""), visitAt(5, 13, ""))
	w.must(w.night())
	client, provider := number(t, w.theirs("client", "1")), number(t, w.theirs("employee", "7"))
	var events []loadtest.Event
	for _, hour := range []int{9, 10, 11, 13} {
		at := time.Date(2026, 3, 4, hour, 0, 0, 0, time.UTC)
		events = append(events, loadtest.Event{ClientID: client, ProviderID: provider, Start: at, End: at.Add(time.Hour), Converted: hour == 11})
	}
	vendor.Seed(events...)

	w.clock.Move(24 * time.Hour)
	w.put("appointments", visitAt(1, 9, `,"status":"No Show"`), visitAt(3, 11, `,"deleted_flag":true`), visitAt(4, 12, `,"status":"Rescheduled"`),
		visitAt(5, 13, `,"status":"Cancelled"`), visitAt(6, 13, ""), visitAt(7, 15, `,"status":"No Show"`))
	w.Inject(loadtest.ResetAfter().On("POST", "/cancel"))
	w.must(w.night())
	w.expect("unanswered", "cancellation", "1", "uncertain no_answer")
	w.expect("takes place", "cancellation", "2", "excluded takes_place")
	w.expect("converted to a timesheet", "cancellation", "3", "held candidates")
	if text := w.message("cancellation", "3"); !strings.Contains(text, "converted to a timesheet") {
		t.Errorf("message %q, want it to say that the event was converted", text)
	}
	w.expect("entered again for the same time", "cancellation", "5", "excluded takes_place")
	w.expect("no event there", "cancellation", "7", "excluded create_off")
	if text := w.message("cancellation", "7"); !strings.Contains(text, "no event") {
		t.Errorf("message %q, want it to say that there is no event", text)
	}
	w.expect("no reason's id", "cancellation", "4", "held status_lookup")
	w.Heal()
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("settled", "cancellation", "1", "updated")
	if n := vendor.Calls()["cancel event"]; n != 1 {
		t.Errorf("%d cancellations were asked for, want 1", n)
	}
	for i, want := range []bool{true, false, false, false} {
		if e := vendor.Events()[i]; e.Canceled != want || want && e.CancelReason != 4 {
			t.Errorf("event %d: cancelled %v for reason %d, want %v", i, e.Canceled, e.CancelReason, want)
		}
	}
}

// TestCancellationOfOneWhoCannotBeRead: a provider whose schedule they do not show
// keeps no other's visits from being cancelled.
func TestCancellationOfOneWhoCannotBeRead(t *testing.T) {
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Cancel: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	var doctors, users []string
	for _, id := range []int{7, 8} {
		mail := fmt.Sprintf("lin.%d@example.com", id)
		vendor.SeedEmployee(map[string]any{"externalSystemId": fmt.Sprint(id), "firstName": "Bo", "lastName": "Lin", "primaryEmail": mail})
		doctors = append(doctors, fmt.Sprintf(`{"id":%d,"first_name":"Bo","last_name":"Lin","email":%q}`, id, mail))
		users = append(users, fmt.Sprintf(`{"id":%d,"doctor":%[1]d,"username":"bo.lin","is_doctor":true}`, id))
	}
	w.put("doctors", doctors...)
	w.put("users", users...)
	w.put("patients", patient(1, "Troy"))
	visits := func(more string) {
		w.put("appointments", visitAt(1, 9, more), strings.Replace(visitAt(2, 10, more), `"doctor":7`, `"doctor":8`, 1))
	}
	visits("")
	w.must(w.night())
	for hour, doctor := range map[int]string{9: "7", 10: "8"} {
		at := time.Date(2026, 3, 4, hour, 0, 0, 0, time.UTC)
		vendor.Seed(loadtest.Event{ClientID: number(t, w.theirs("client", "1")), ProviderID: number(t, w.theirs("employee", doctor)), Start: at, End: at.Add(time.Hour)})
	}
	visits(`,"status":"No Show"`)
	departed := w.theirs("employee", "8")
	hidden := loadtest.Status(403, `{"responseStatus":{"errorCode":"Forbidden"}}`).Repeat(-1)
	hidden.Match = func(r *http.Request) bool { return r.URL.Query().Get("providerId") == departed }
	w.Inject(hidden)
	if err := w.night(); err == nil {
		t.Error("nothing tells of the one that cannot be read")
	}
	w.expect("shown", "cancellation", "1", "updated")
	w.expect("not shown", "cancellation", "2", "failed not_sent")
}

// readingStore counts the records that are read beside those to be judged.
type readingStore struct {
	transform.Store
	beside map[string]int // by endpoint
}

func (s readingStore) ByPatient(ctx context.Context, endpoint string, patients []string) ([]etl.Source, error) {
	list, err := s.Store.ByPatient(ctx, endpoint, patients)
	s.beside[endpoint] += len(list)
	return list, err
}

// TestCancellationsReadNoOtherVisits: who was entered again is told by the
// comparison's own rows, however many visits a patient has.
func TestCancellationsReadNoOtherVisits(t *testing.T) {
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Cancel: true}))
	row, user := doctor(7)
	w.put("doctors", row)
	w.put("users", user)
	w.put("patients", patient(1, "Troy"))
	w.put("appointments", visitAt(1, 9, `,"status":"No Show"`), visitAt(2, 9, ""), visitAt(3, 10, `,"status":"No Show"`),
		visitAt(4, 11, `,"status":"No Show"`), strings.Replace(visitAt(5, 11, ""), `"duration":60`, `"duration":0`, 1))
	store := readingStore{w.store, map[string]int{}}
	judge := &transform.Stage{Store: store, Env: transform.Env{Destination: w.name, Now: w.clock.Now(), Zone: time.UTC, GoLive: "2026-01-01", Lookups: w.ids},
		Shapes: w.shapes, Rules: "rules"}
	w.must(judge.Run(w.ctx, w.run()))
	if n := store.beside["appointments"]; n > 0 {
		t.Errorf("%d other visits were read, want none", n)
	}
	w.expect("entered again", "cancellation", "1", "excluded takes_place")
	w.expect("nobody in its place", "cancellation", "3", "failed not_sent")
	w.expect("entered again, and does not map", "cancellation", "4", "excluded takes_place")
	w.put("appointments", visitAt(2, 9, `,"status":"Cancelled"`))
	w.must(judge.Run(w.ctx, w.run()))
	w.expect("called off as well", "cancellation", "1", "failed not_sent")
}

func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := json.Number(id).Int64()
	if err != nil {
		t.Fatalf("their id %q: %v", id, err)
	}
	return n
}
