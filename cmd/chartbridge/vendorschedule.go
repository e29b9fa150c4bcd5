package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chartbridge/chartbridge/load/loadtest"
)

// schedule puts the practice's visits on CentralReach's schedule, as people
// there would have: one in forty is missing, one in forty stands half an hour
// later, and two are theirs alone.
func (v *vendors) schedule() {
	clients, staff, zones := v.contacts("client"), v.contacts("employee"), v.zones()
	var events []loadtest.Event
	for i, row := range v.Practice.Rows("appointments") {
		client, provider := clients[fmt.Sprint(row["patient"])], staff[fmt.Sprint(row["doctor"])]
		start, ok := startOf(row, zones)
		if client == 0 || provider == 0 || !ok || row["deleted_flag"] == true || i%40 == 1 {
			continue
		}
		if i%40 == 2 {
			start = start.Add(30 * time.Minute)
		}
		minutes, _ := strconv.Atoi(fmt.Sprint(row["duration"]))
		off := map[any]bool{"Cancelled": true, "No Show": true, "Rescheduled": true}[row["status"]]
		events = append(events, loadtest.Event{ProviderID: provider, ClientID: client, Start: start, End: start.Add(time.Duration(minutes) * time.Minute), Canceled: off})
	}
	for i := range min(2, len(events)) {
		alone := events[i]
		alone.Start, alone.End = alone.Start.Add(31*time.Minute), alone.End.Add(31*time.Minute)
		events = append(events, alone)
	}
	v.CentralReach.Seed(events...)
}

// contacts are CentralReach's ids by our external ones.
func (v *vendors) contacts(kind string) map[string]int64 {
	ids := map[string]int64{}
	for _, c := range v.CentralReach.Objects(kind) {
		id, _ := strconv.ParseInt(fmt.Sprint(c["contactId"]), 10, 64)
		ids[fmt.Sprint(c["externalSystemId"])] = id
	}
	return ids
}

// zones are the doctors' time zones.
func (v *vendors) zones() map[string]*time.Location {
	zones := map[string]*time.Location{}
	for _, d := range v.Practice.Rows("doctors") {
		if zone, err := time.LoadLocation(fmt.Sprint(d["timezone"])); err == nil {
			zones[fmt.Sprint(d["id"])] = zone
		}
	}
	return zones
}

// startOf is when a visit begins, by its doctor's wall clock.
func startOf(row map[string]any, zones map[string]*time.Location) (time.Time, bool) {
	zone := zones[fmt.Sprint(row["doctor"])]
	if zone == nil {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", fmt.Sprint(row["scheduled_time"]), zone)
	return t.UTC(), err == nil
}
