package centralreach

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// A Visit is an appointment of DrChrono's, with the contact ids that the
// crosswalk has for its people.
type Visit struct {
	ID             string // DrChrono's
	Client         string // contact ids
	Provider       string
	Start, End     time.Time
	Off            bool // it did not take place: cancelled, no-show, rescheduled, deleted
	PlaceOfService int  // CentralReach's id; 0 = not known, not compared
}

// An Event is a visit on CentralReach's schedule (assumptions, CentralReach).
type Event struct {
	ID             string
	Client         string
	Provider       string
	Start, End     time.Time
	Canceled       bool
	Converted      bool   // to a timesheet
	PlaceOfService int    // 0 = not known
	Reason         string // the cancel reason's id; "" = not known
}

// A Comparison is what came of one visit, or of one event that is theirs alone.
type Comparison struct {
	Visit   string            // "" for an extra event
	Event   string            // "" for a missing visit, or one that is off here and not there
	Outcome etl.Outcome       // Matched, Mismatched, Missing or Extra
	Fields  []load.Difference // the event's fields that differ, if mismatched
}

// keys are how visit and event are paired, the surest first. A pair by day
// must be the only one of that day: which of several was moved is not guessed.
var keys = []struct {
	of   func(e Event) string
	sole bool
}{
	{of: func(e Event) string { return join(e.Client, e.Provider, unix(e.Start), unix(e.End), off(e)) }},
	{of: func(e Event) string { return join(e.Client, e.Provider, unix(e.Start), off(e)) }},
	{of: func(e Event) string { return join(e.Client, e.Provider, unix(e.Start)) }},
	{of: func(e Event) string { return join(e.Client, unix(e.Start), off(e)) }},
	{of: func(e Event) string { return join(e.Client, e.Provider, date(e.Start), off(e)) }, sole: true},
}

func join(parts ...string) string            { return strings.Join(parts, "\x1f") }
func instant(t time.Time) string             { return t.UTC().Format(time.RFC3339) }
func unix(t time.Time) string                { return strconv.FormatInt(t.Unix(), 10) }
func date(t time.Time) string                { return t.Format(time.DateOnly) }
func off(e Event) string                     { return strconv.FormatBool(e.Canceled) }
func inZone(e Event, z *time.Location) Event { e.Start, e.End = e.Start.In(z), e.End.In(z); return e }

// Reconcile compares visits with events: one comparison for each visit, in
// their order, then one for each event that is on the schedule and has no
// visit. A visit that is off and that they do not have is matched: neither
// side expects it. Days are those of the zone.
func Reconcile(visits []Visit, events []Event, zone *time.Location) []Comparison {
	ours, theirs := make([]Event, len(visits)), make([]Event, len(events))
	for i, v := range visits {
		ours[i] = inZone(Event{ID: v.ID, Client: v.Client, Provider: v.Provider, Start: v.Start, End: v.End, Canceled: v.Off, PlaceOfService: v.PlaceOfService}, zone)
	}
	for i, e := range events {
		theirs[i] = inZone(e, zone)
	}
	event, taken := pair(ours, theirs)
	var list []Comparison
	for i, v := range ours {
		c := Comparison{Visit: v.ID, Outcome: etl.Missing}
		if at := event[i]; at >= 0 {
			c.Event, c.Fields, c.Outcome = theirs[at].ID, differing(v, theirs[at]), etl.Mismatched
		}
		if c.Event != "" && c.Fields == nil || c.Event == "" && v.Canceled {
			c.Outcome = etl.Matched
		}
		list = append(list, c)
	}
	for i, e := range theirs {
		if !taken[i] && !e.Canceled {
			list = append(list, Comparison{Event: e.ID, Outcome: etl.Extra})
		}
	}
	return list
}

// pair gives each visit the position of its event, -1 if it has none. A visit
// whose people have no contact id cannot be compared and pairs with none.
func pair(ours, theirs []Event) (event []int, taken []bool) {
	event, taken = slices.Repeat([]int{-1}, len(ours)), make([]bool, len(theirs))
	for _, key := range keys {
		free := map[string][]int{}
		for i, e := range theirs {
			if !taken[i] {
				free[key.of(e)] = append(free[key.of(e)], i)
			}
		}
		waiting := map[string]int{}
		for i, v := range ours {
			if event[i] < 0 {
				waiting[key.of(v)]++
			}
		}
		for i, v := range ours {
			if event[i] >= 0 || v.Client == "" {
				continue
			}
			k := key.of(v)
			if len(free[k]) == 0 || key.sole && (waiting[k] > 1 || len(free[k]) > 1) {
				continue
			}
			event[i], taken[free[k][0]] = free[k][0], true
			free[k] = free[k][1:]
		}
	}
	return event, taken
}

// differing names the fields of an event that are not as the visit has them.
func differing(v, e Event) []load.Difference {
	var fields []load.Difference
	note := func(name, ours, theirs string) {
		if ours != theirs {
			fields = append(fields, load.Difference{Field: name, Ours: ours, Theirs: theirs})
		}
	}
	note("providerId", v.Provider, e.Provider)
	at := func(name string, ours, theirs time.Time) {
		if ours.Unix() != theirs.Unix() {
			note(name, instant(ours), instant(theirs))
		}
	}
	at("startDate", v.Start, e.Start)
	at("endDate", v.End, e.End)
	note("isCanceled", strconv.FormatBool(v.Canceled), strconv.FormatBool(e.Canceled))
	if v.PlaceOfService != 0 && e.PlaceOfService != 0 {
		note("placeOfServiceId", strconv.Itoa(v.PlaceOfService), strconv.Itoa(e.PlaceOfService))
	}
	return fields
}

// byStart puts events in the order of their start, then of their id.
func byStart(a, b Event) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
}
