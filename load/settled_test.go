package load_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestTheirsAlone: what no visit explains is theirs alone from go-live to today,
// and to the day of our last visit where that is later; also where the visit that
// it was of is gone.
func TestTheirsAlone(t *testing.T) {
	w := newWorld(t, centralReachWith(false, centralreach.Write{Clients: true, Employees: true}))
	vendor := w.oracle.(*loadtest.CentralReach)
	doctorsThere(w, 7)
	w.put("patients", patient(1, "Troy"))
	w.clock.Move(18 * 24 * time.Hour) // 20 March
	w.must(w.night())
	client, provider := number(t, w.theirs("client", "1")), number(t, w.theirs("employee", "7"))
	day := map[string]string{}
	seed := func(at string) {
		start, err := time.Parse("2006-01-02T15", at)
		w.must(err)
		id := vendor.Seed(loadtest.Event{ClientID: client, ProviderID: provider, Start: start, End: start.Add(time.Hour)})
		day[fmt.Sprint(id[0])] = at
	}
	for _, at := range []string{"2025-12-31T23", "2026-01-01T00", "2026-02-10T09", "2026-03-10T09", "2026-03-12T09", "2026-03-12T20", "2026-03-20T23", "2026-03-21T00", "2026-04-10T07", "2026-04-10T20", "2026-04-11T09", "2026-05-02T09"} {
		seed(at)
	}
	visits := func(more string, days ...string) {
		for i, at := range days {
			w.put("appointments", fmt.Sprintf(`{"id":%d,"patient":1,"doctor":7,"scheduled_time":"%s:00:00","duration":60%s}`, i+1, at, more))
		}
		w.must(w.night())
	}
	holds := func(when string, want ...string) {
		t.Helper()
		var got []string
		for id, at := range day {
			if w.number("SELECT count(*) FROM extra WHERE target_id = '"+id+"'") > 0 {
				got = append(got, at)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: theirs alone are %v, want %v", when, got, want)
		}
	}
	always := []string{"2026-01-01T00", "2026-02-10T09"}
	visits("", "2026-03-10T09", "2026-03-12T09")
	holds("two visits", append(always, "2026-03-12T20", "2026-03-20T23")...)
	visits("", "2026-03-10T09", "2026-03-12T09", "2026-04-10T07")
	holds("a later one", append(always, "2026-03-12T20", "2026-03-20T23", "2026-03-21T00", "2026-04-10T20")...)
	visits("", "2026-04-02T09", "2026-03-12T09", "2026-04-10T07")
	holds("the first moves to a later month", append(always, "2026-03-10T09", "2026-03-12T20", "2026-03-20T23", "2026-03-21T00", "2026-04-10T20")...)
	visits(`,"deleted_flag":true`, "2026-04-02T09", "2026-03-12T09", "2026-04-10T07")
	holds("all are deleted", append(always, "2026-03-10T09", "2026-03-12T09", "2026-03-12T20", "2026-03-20T23")...)
}

// TestSettledMonthLosesAProvider: a visit of a settled month is given to another
// doctor. What stands there with the first is held against it, though that doctor
// has no visit left in the month.
func TestSettledMonthLosesAProvider(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "8", "firstName": "Al", "lastName": "Roe 8", "primaryEmail": "al.roe@example.com"})
	w.put("doctors", `{"id":8,"first_name":"Al","last_name":"Roe 8","email":"al.roe@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1008,"doctor":8,"username":"al.roe.8","is_doctor":true}`)
	w.must(w.night())
	settled, recent := time.Date(2026, 4, 15, 3, 0, 0, 0, time.UTC), time.Date(2026, 12, 15, 3, 0, 0, 0, time.UTC)
	client, provider := number(t, w.theirs("client", "1")), number(t, w.theirs("employee", "8"))
	with8 := func(id int, at time.Time) string {
		return strings.Replace(visitOn(id, at, ""), `"doctor":7`, `"doctor":8`, 1)
	}
	for _, at := range []time.Time{settled, recent} {
		vendor.Seed(loadtest.Event{ClientID: client, ProviderID: provider, Start: at, End: at.Add(time.Hour)})
	}
	w.put("appointments", with8(9001, settled), with8(9002, recent))
	w.must(w.night())
	w.expect("before", "event", "9001", "matched")
	w.put("appointments", visitOn(9001, settled, ""))
	w.must(w.night())
	w.expect("after", "event", "9001", "mismatched")
}

// TestSettledMonthLosesWhoHasNoneLeft: likewise where the first doctor has no
// visit left anywhere.
func TestSettledMonthLosesWhoHasNoneLeft(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "8", "firstName": "Al", "lastName": "Roe 8", "primaryEmail": "al.roe@example.com"})
	w.put("doctors", `{"id":8,"first_name":"Al","last_name":"Roe 8","email":"al.roe@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1008,"doctor":8,"username":"al.roe.8","is_doctor":true}`)
	w.must(w.night())
	at := time.Date(2026, 4, 15, 3, 0, 0, 0, time.UTC)
	event := vendor.Seed(loadtest.Event{ClientID: number(t, w.theirs("client", "1")), ProviderID: number(t, w.theirs("employee", "8")), Start: at, End: at.Add(time.Hour)})
	w.put("appointments", strings.Replace(visitOn(9001, at, ""), `"doctor":7`, `"doctor":8`, 1))
	w.must(w.night())
	w.expect("before", "event", "9001", "matched")
	if n := w.number("SELECT count(*) FROM settled WHERE month = '2026-04'"); n != 1 {
		t.Fatal("its month is not settled")
	}
	w.put("appointments", visitOn(9001, at, `,"deleted_flag":true`))
	w.must(w.night())
	if n := w.number(fmt.Sprintf("SELECT count(*) FROM extra WHERE target_id = '%d'", event[0])); n != 1 {
		t.Error("deleted here: the event of who has no visit left is not told as theirs alone")
	}
	w.put("appointments", visitOn(9001, at, ""))
	w.must(w.night())
	w.expect("after", "event", "9001", "mismatched")
}

// TestPastProvidersAreAway: those who have no visit left may have left too, and
// however many of them are not there any more, the others are compared. One whose
// schedule fails otherwise is there: nothing is concluded from what it hides.
func TestPastProvidersAreAway(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	var doctors, users, visits, gone []string
	at := time.Date(2026, 4, 15, 3, 0, 0, 0, time.UTC)
	for id := 8; id <= 12; id++ {
		name := fmt.Sprint("Roe ", id)
		vendor.SeedEmployee(map[string]any{"externalSystemId": fmt.Sprint(id), "firstName": "Al", "lastName": name, "primaryEmail": fmt.Sprintf("al.%d@example.com", id)})
		doctors = append(doctors, fmt.Sprintf(`{"id":%d,"first_name":"Al","last_name":%q,"email":"al.%d@example.com","is_account_suspended":false}`, id, name, id))
		users = append(users, fmt.Sprintf(`{"id":%d,"doctor":%d,"username":"al.%d","is_doctor":true}`, 1000+id, id, id))
		visit := visitOn(9000+id, at.Add(time.Duration(id)*time.Hour), "")
		visits = append(visits, strings.Replace(visit, `"doctor":7`, fmt.Sprintf(`"doctor":%d`, id), 1))
		gone = append(gone, strings.TrimSuffix(visits[id-8], "}")+`,"deleted_flag":true}`)
	}
	w.put("doctors", doctors...)
	w.put("users", users...)
	w.must(w.night())
	past, first := map[string]bool{}, w.theirs("employee", "8")
	for id := 8; id <= 12; id++ {
		provider, start := w.theirs("employee", fmt.Sprint(id)), at.Add(time.Duration(id)*time.Hour)
		past[provider] = true
		for _, start := range []time.Time{start, start.AddDate(0, 0, 2)} { // a visit, and one that is theirs alone
			vendor.Seed(loadtest.Event{ClientID: number(t, w.theirs("client", "1")), ProviderID: number(t, provider), Start: start, End: start.Add(time.Hour)})
		}
	}
	w.put("appointments", visits...)
	w.must(w.night())
	w.expect("before", "event", "9008", "matched")
	w.put("appointments", gone...)
	w.must(w.night())
	extra := func() int { return w.number("SELECT count(*) FROM extra") }
	had := extra()

	failing := loadtest.Status(500, "{}").Repeat(-1)
	failing.Match = func(r *http.Request) bool { return r.URL.Query().Get("providerId") == first }
	vendor.Inject(failing)
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) || extra() != had {
		t.Errorf("one fails: %d of theirs alone, want the %d that were, and the one named: %v", extra(), had, err)
	}
	vendor.Heal()

	away := loadtest.Status(404, "").Repeat(-1)
	away.Match = func(r *http.Request) bool { return past[r.URL.Query().Get("providerId")] }
	vendor.Inject(away)
	w.put("appointments", visitOn(2, time.Date(2026, 6, 20, 7, 30, 0, 0, time.UTC), ""))
	w.must(w.night())
	w.expect("the others are compared", "event", "2", "missing missing")
	if extra() != had-5+1 { // and the event that visit 2 left
		t.Errorf("%d of theirs alone, want %d", extra(), had-5+1)
	}
}

// TestOneScheduleCannotBeRead: the visits of the others are compared all the
// same, the one is named, and nothing is concluded from what its schedule hides.
func TestOneScheduleCannotBeRead(t *testing.T) {
	w, vendor := historyWorld(t, 12)
	vendor.SeedEmployee(map[string]any{"externalSystemId": "8", "firstName": "Al", "lastName": "Roe 8", "primaryEmail": "al.roe@example.com"})
	w.put("doctors", `{"id":8,"first_name":"Al","last_name":"Roe 8","email":"al.roe@example.com","is_account_suspended":false}`)
	w.put("users", `{"id":1008,"doctor":8,"username":"al.roe.8","is_doctor":true}`)
	w.must(w.night())
	client, provider := number(t, w.theirs("client", "1")), w.theirs("employee", "8")
	at := time.Date(2026, 12, 15, 3, 0, 0, 0, time.UTC)
	vendor.Seed(loadtest.Event{ClientID: client, ProviderID: number(t, provider), Start: at, End: at.Add(time.Hour)})
	stray := vendor.Seed(loadtest.Event{ClientID: client, ProviderID: number(t, provider), Start: at.Add(5 * time.Hour), End: at.Add(6 * time.Hour)})
	with8 := func(id int, at time.Time) string {
		return strings.Replace(visitOn(id, at, ""), `"doctor":7`, `"doctor":8`, 1)
	}
	w.put("appointments", with8(9001, at))
	w.must(w.night())
	w.expect("before", "event", "9001", "matched")
	extra := w.number("SELECT count(*) FROM extra")

	w.put("appointments", with8(9002, at.Add(5*time.Hour)), visitOn(9003, at.Add(30*time.Hour), ""), visitOn(9004, at.Add(50*time.Hour), ""))
	vendor.Seed(loadtest.Event{ClientID: client, ProviderID: number(t, w.theirs("employee", "7")), Start: at.Add(30 * time.Hour), End: at.Add(31 * time.Hour)})
	hidden := loadtest.Status(404, "")
	hidden.Match = func(r *http.Request) bool { return r.URL.Query().Get("providerId") == provider }
	vendor.Inject(hidden.Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) || !strings.Contains(err.Error(), "providerId "+provider+":") {
		t.Errorf("got %v, want the provider named", err)
	}
	w.expect("hidden", "event", "9001", "matched") // as it was
	w.expect("hidden", "event", "9002", "failed not_sent")
	w.expect("another's", "event", "9003", "matched")
	w.expect("not found, and may stand there", "event", "9004", "failed not_sent")
	if n := w.number("SELECT count(*) FROM extra"); n != extra || n == 0 {
		t.Errorf("%d of theirs alone, want the %d that were", n, extra)
	}
	vendor.Heal()
	w.must(w.night())
	w.expect("seen", "event", "9002", "matched")
	w.expect("seen", "event", "9004", "missing missing")
	if n := w.number("SELECT count(*) FROM extra WHERE target_id = '" + fmt.Sprint(stray[0]) + "'"); n != 0 {
		t.Error("what has a visit by now is still theirs alone")
	}
}
