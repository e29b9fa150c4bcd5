package load_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// A contender is an object at a destination that the contract suite tries.
// Another one joins by an entry in contenders.
type contender struct {
	name    string
	start   func(*testing.T, *clock) account
	object  string // the object that the faults strike
	write   string // what stands in the path of its writes
	askable bool
	// there: it is there with what it hangs on, so that its first write is an
	// update too.
	there bool
	ready func(*world) // what must be there before it
	// row puts a record that stands as the word says; "" is one without the
	// object.
	row func(w *world, id int, word string)
	// holds reports whether they hold the victim as the word says.
	holds func(w *world, word string) bool
	// refusal is how the destination refuses with 200.
	refusal string
}

// Two words that a record can stand for.
const (
	troy = "Troy"
	rome = "Rome"
)

const (
	errorMessage   = `{"clientId":null,"ErrorMessage":"city length exceeded"}`
	responseStatus = `{"result":"OK","failed":false,"responseStatus":{"errorCode":"InvalidValue","message":"No.","errors":[]}}`
)

var contenders = []contender{
	{name: "rethink", start: rethinkAt(true), object: "client", write: "/client", askable: true, row: city, holds: inCity, refusal: errorMessage},
	{name: "rethink without readback", start: rethinkAt(false), object: "client", write: "/client", row: city, holds: inCity, refusal: errorMessage},
	{name: "rethink by callbacks", start: rethinkAnswering(true, callbackWait), object: "client", write: "/client", askable: true,
		row: city, holds: inCity, refusal: errorMessage},
	{name: "centralreach", start: centralReachAt(false), object: "client", write: "/contacts/client", askable: true,
		row: city, holds: inCity, refusal: responseStatus},
	{name: "centralreach that replaces", start: centralReachAt(true), object: "client", write: "/contacts/client", askable: true,
		row: city, holds: inCity, refusal: responseStatus},
	{name: "payors", start: centralReachAt(true), object: "primary_payor", write: "/payors", askable: true,
		row: plan, holds: inPlan, refusal: responseStatus},
	{name: "labels", start: attachedAt, object: "labels", write: "/labels", askable: true, there: true,
		row: flag, holds: labelled, refusal: responseStatus},
	{name: "metadata", start: attachedAt, object: "metadata_51", write: "/metadata/51", askable: true, there: true,
		row: demographic, holds: filledIn, refusal: responseStatus},
	{name: "claim settings", start: attachedAt, object: "claim_settings", write: "/claim-settings", askable: true,
		ready: twoDoctors, row: identifier, holds: identified, refusal: responseStatus},
	{name: "cancellation", start: centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Cancel: true}),
		object: "cancellation", write: "/cancel", askable: true, there: true, ready: twoEvents, row: calledOff, holds: canceledFor, refusal: responseStatus},
	{name: "task", start: centralReachWith(true, centralreach.Write{Clients: true, Employees: true, Tasks: true}), object: "task", write: "/tasks",
		askable: true, ready: people, row: hourOf, holds: asked, refusal: responseStatus},
}

func reach(w *world) *loadtest.CentralReach { return w.oracle.(*loadtest.CentralReach) }

func city(w *world, id int, word string) {
	if word != "" {
		w.put("patients", patient(id, word))
	}
}

func inCity(w *world, word string) bool {
	list := w.oracle.(interface{ Objects(string) []map[string]any }).Objects("client")
	return slices.ContainsFunc(list, func(c map[string]any) bool {
		return c["city"] == word && strings.HasSuffix(fmt.Sprint(c["lastName"]), victim)
	})
}

func plan(w *world, id int, word string) {
	if word == "" {
		w.put("patients", patient(id, troy))
		return
	}
	w.put("patients", patient(id, troy, insurance("primary", map[string]string{troy: "P1", rome: "P2"}[word])))
}

func inPlan(w *world, word string) bool {
	want := map[string]string{troy: "2001", rome: "2002"}[word]
	return slices.ContainsFunc(payors(w), func(p map[string]any) bool {
		return fmt.Sprint(p["contactId"]) == w.theirs("client", victim) && fmt.Sprint(p["insurance"].(map[string]any)["planId"]) == want
	})
}

func flag(w *world, id int, word string) {
	kind := map[string]int{troy: 81, rome: 82}[word]
	w.put("patients", patient(id, troy, flagTypes, fmt.Sprintf(`"patient_flags_attached":[{"flag_type":%d}]`, kind)))
}

func labelled(w *world, word string) bool {
	ids, _ := reach(w).Attached(w.theirs("client", victim))
	return slices.Contains(ids, map[string]int{troy: 12, rome: 13}[word])
}

func demographic(w *world, id int, word string) {
	w.put("patients", patient(id, troy, fmt.Sprintf(`"custom_demographics":[{"field_type":801,"value":%q}]`, word)))
}

func filledIn(w *world, word string) bool {
	_, fields := reach(w).Attached(w.theirs("client", victim))
	return fields["51"] == word
}

func twoDoctors(w *world) { doctorsThere(w, 1, 2) }

// doctorsThere are doctors that both sides have.
func doctorsThere(w *world, ids ...int) {
	for _, id := range ids {
		mail := fmt.Sprintf("bo.%d@example.com", id)
		reach(w).SeedEmployee(map[string]any{"externalSystemId": fmt.Sprint(id), "firstName": "Bo", "lastName": fmt.Sprint("Lin ", id), "primaryEmail": mail})
		w.put("doctors", doctorThere(id, ""))
		w.put("users", fmt.Sprintf(`{"id":%d,"doctor":%d,"username":"bo.lin.%d","is_doctor":true}`, 1000+id, id, id))
	}
}

func doctorThere(id int, specialty string) string {
	return fmt.Sprintf(`{"id":%d,"first_name":"Bo","last_name":"Lin %d","email":"bo.%d@example.com","is_account_suspended":false,"specialty":%q}`,
		id, id, id, specialty)
}

// identifier gives a doctor an identifier by the lookup; the row changes too,
// so that the doctor is judged again.
func identifier(w *world, id int, word string) {
	known := w.ids["customIdentifier"]
	delete(known, fmt.Sprint(id, "/4"))
	if word != "" {
		known[fmt.Sprint(id, "/4")] = word
	}
	w.put("doctors", doctorThere(id, word))
}

func identified(w *world, word string) bool {
	for _, set := range reach(w).Objects("claim-setting") {
		if fmt.Sprint(set["contactId"]) == w.theirs("employee", victim) {
			return strings.Contains(fmt.Sprint(set["identifiers"]), word)
		}
	}
	return false
}

// people are a client and a provider that both sides have.
func people(w *world) {
	w.put("patients", patient(1, troy))
	doctorsThere(w, 7)
	w.must(w.night())
}

// twoEvents are the visits of control and victim on the schedule.
func twoEvents(w *world) {
	people(w)
	for id := 1; id <= 2; id++ {
		at := time.Date(2026, 3, 4, 8+id, 0, 0, 0, time.UTC)
		reach(w).Seed(loadtest.Event{ClientID: number(w.T, w.theirs("client", "1")), ProviderID: number(w.T, w.theirs("employee", "7")),
			Start: at, End: at.Add(time.Hour)})
	}
}

func calledOff(w *world, id int, word string) {
	status := map[string]string{troy: `,"status":"Cancelled"`, rome: `,"status":"No Show"`}[word]
	w.put("appointments", visitAt(id, 8+id, status))
}

func canceledFor(w *world, word string) bool {
	e := reach(w).Events()[1]
	return e.Canceled && e.CancelReason == map[string]int64{troy: 3, rome: 4}[word]
}

func hourOf(w *world, id int, word string) {
	if word != "" {
		w.put("appointments", visitAt(id, map[string]int{troy: 10, rome: 15}[word]+id, ""))
	}
}

func asked(w *world, word string) bool {
	return slices.ContainsFunc(reach(w).Objects("task"), func(t map[string]any) bool {
		return strings.Contains(fmt.Sprint(t["description"]), map[string]string{troy: " 12:00", rome: " 17:00"}[word])
	})
}
