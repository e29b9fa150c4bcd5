package main

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
)

// A prediction is how many source records of each object a demo's practice
// must have in each outcome. It is made from the labels that the practice was
// planted with, and from its rows; it shares no code with the rules. Created,
// updated and unchanged are one: "acknowledged".
type prediction map[string]map[string]int

const acknowledged = "acknowledged"

// badPatients are the kinds that no destination takes.
var badPatients = []string{drchronotest.KindMissingFirstName, drchronotest.KindMissingLastName}

// badForRethink are the kinds that Rethink's rules refuse besides.
var badForRethink = []string{drchronotest.KindMissingBirthDate, drchronotest.KindFutureBirthDate, drchronotest.KindLongName,
	drchronotest.KindShortZip, drchronotest.KindUnknownState}

// badForCentralReach likewise.
var badForCentralReach = []string{drchronotest.KindFutureBirthDate, drchronotest.KindShortZip, drchronotest.KindUnknownState}

func predict(p *drchronotest.Practice, goLive string, zone *time.Location) prediction {
	out := prediction{}
	add := func(object, outcome string) {
		if out[object] == nil {
			out[object] = map[string]int{}
		}
		out[object][outcome]++
	}
	badReach := marked(p, append(slices.Clone(badPatients), badForCentralReach...)...)
	noUser, bad := marked(p, drchronotest.KindDoctorNoUser), marked(p, append(slices.Clone(badPatients), badForRethink...)...)
	for _, filled := range p.CasesOf(drchronotest.KindLastNameFilled) {
		if filled.Night > 1 {
			delete(bad, filled.ID)
			delete(badReach, filled.ID)
		}
	}
	zones := map[string]*time.Location{}
	for _, d := range p.Rows("doctors") {
		id := fmt.Sprint(d["id"])
		add("rethink staff", pick(noUser[id], "invalid", acknowledged))
		zones[id], _ = time.LoadLocation(fmt.Sprint(d["timezone"]))
	}
	patients := map[string]bool{}
	for _, row := range p.Rows("patients") {
		id := fmt.Sprint(row["id"])
		patients[id] = true
		add("rethink client", pick(bad[id], "invalid", acknowledged))
		add("centralreach client", pick(badReach[id], "invalid", acknowledged))
	}
	clocks := marked(p, drchronotest.KindClockGap, drchronotest.KindRepeatedHour)
	for _, row := range p.Rows("appointments") {
		patient, doctor := fmt.Sprint(row["patient"]), fmt.Sprint(row["doctor"])
		day := visitDay(row, zones[doctor], zone)
		if !digits(fmt.Sprint(row["id"])) {
			continue // an occurrence that is not made real: we ask DrChrono to leave those out
		}
		switch {
		case row["patient"] == nil, row["deleted_flag"] == true, day < goLive:
			add("rethink appointment", "not for sending")
		case clocks[fmt.Sprint(row["id"])], !knownStatus[fmt.Sprint(row["status"])]:
			add("rethink appointment", "invalid")
		case !patients[patient], bad[patient], noUser[doctor]:
			add("rethink appointment", "blocked")
		default:
			add("rethink appointment", acknowledged)
		}
	}
	return out
}

var knownStatus = map[string]bool{"": true, "Not Confirmed": true, "Confirmed": true, "Arrived": true, "Checked In": true, "In Room": true,
	"In Session": true, "Complete": true, "Cancelled": true, "No Show": true, "Rescheduled": true}

// visitDay is a visit's calendar date in the practice's zone.
func visitDay(row map[string]any, doctor, practice *time.Location) string {
	if doctor == nil {
		doctor = practice
	}
	start, err := time.ParseInLocation("2006-01-02T15:04:05", fmt.Sprint(row["scheduled_time"]), doctor)
	if err != nil {
		return "9999"
	}
	return start.In(practice).Format(time.DateOnly)
}

func marked(p *drchronotest.Practice, kinds ...string) map[string]bool {
	ids := map[string]bool{}
	for _, kind := range kinds {
		for _, c := range p.CasesOf(kind) {
			ids[c.ID] = true
		}
	}
	return ids
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func digits(id string) bool {
	return id != "" && !slices.ContainsFunc([]rune(id), func(r rune) bool { return r < '0' || r > '9' })
}

// faults says where the counts are not as predicted. A visit that was sent and
// then deleted stays acknowledged, so what is not for sending is held against
// the sum with it.
func (want prediction) faults(counts []sql.Count) []string {
	got := prediction{}
	for _, c := range counts {
		object, outcome := c.Destination+" "+c.Object, string(c.Outcome)
		if c.Outcome.Acknowledged() {
			outcome = acknowledged
		}
		if got[object] == nil {
			got[object] = map[string]int{}
		}
		got[object][outcome] += c.N
		if c.N > 0 && (c.Outcome == etl.Rejected || c.Outcome == etl.Uncertain || c.Outcome == etl.Failed) {
			got[object]["refused, lost or unsent"] += c.N
		}
	}
	var faults []string
	check := func(object, outcome string, want, got int) {
		if want != got {
			faults = append(faults, fmt.Sprintf("%s %s: %d, predicted %d", object, outcome, got, want))
		}
	}
	for object, outcomes := range want {
		for _, outcome := range []string{"invalid", "blocked"} {
			check(object, outcome, outcomes[outcome], got[object][outcome])
		}
		check(object, "acknowledged and not for sending", outcomes[acknowledged]+outcomes["not for sending"],
			got[object][acknowledged]+got[object]["excluded"])
		check(object, "refused, lost or unsent", 0, got[object]["refused, lost or unsent"])
	}
	sort.Strings(faults)
	return faults
}
