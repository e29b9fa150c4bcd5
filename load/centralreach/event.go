package centralreach

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// event is a visit on CentralReach's schedule. The public API cannot create
// one, so visits are held against the schedule (destinations-facts, B2).
const event = "event"

// eventFields is what a visit should look like there (assumptions,
// CentralReach, schedule events).
var eventFields = []transform.Field[transform.Visit]{
	{Name: "clientId", Type: transform.Theirs, Required: true, From: "appointments.patient",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(client, v.Patient.String()) }},
	{Name: "providerId", Type: transform.Theirs, Required: true, From: "appointments.doctor",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(employee, v.Doctor.String()) }},
	{Name: "startDate", Type: transform.Stamp, Required: true, From: "appointments.scheduled_time, in UTC",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return stamped(v.Start) }},
	{Name: "endDate", Type: transform.Stamp, Required: true, From: "appointments.scheduled_time and appointments.duration, in UTC",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return stamped(v.End) }},
	{Name: "isCanceled", Type: transform.Boolean, Required: true, From: "appointments.status: Cancelled, No Show, Rescheduled; or appointments.deleted_flag",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return transform.Bool(v.Off()) }},
	{Name: "placeOfServiceId", Type: transform.Integer, From: "appointments.office", Lookup: "placeOfService",
		Get: placeOfService},
}

func judgeEvent(c *transform.Case) []transform.Verdict {
	v, decided := c.Visit(func(a transform.Appointment) string {
		if a.Deleted.True() { // nobody expects it there; if it is, it shows as theirs alone
			return etl.CauseDeleted
		}
		return ""
	})
	if decided != nil {
		return one(*decided)
	}
	return one(transform.Map(eventFields, v, c))
}

// placeOfService is CentralReach's id of the CMS code that the lookup gives for
// an office: code and id differ, and a code that the table lacks, such as 27 or
// 66, is a problem (centralreach.txt, Places of Service; destinations-facts, E).
func placeOfService(v transform.Visit, c *transform.Case) transform.Value {
	office := v.Office.String()
	code := c.IfKept("placeOfService", office, "office "+office)
	if code == "" {
		return transform.Value{}
	}
	id, ok := PlaceOfServiceID(code)
	if !ok {
		return c.Problem(etl.CodeLookup, "CentralReach has no place of service for the code that the lookup placeOfService gives office "+office)
	}
	return transform.Int(id)
}

func stamped(t time.Time) transform.Value { return transform.String(t.UTC().Format(time.RFC3339)) }

// Compare holds visits against the schedule of their providers, over the days
// that they span.
func (d *Destination) Compare(ctx context.Context, _ string, due []load.Due) ([]load.Compared, []load.Extra, error) {
	visits := make([]Visit, 0, len(due))
	providers := map[string]bool{}
	var from, to time.Time
	for _, one := range due {
		v, err := visitIn(one)
		if err != nil {
			return nil, nil, err
		}
		visits = append(visits, v)
		providers[v.Provider] = true
		if from.IsZero() || v.Start.Before(from) {
			from = v.Start
		}
		if v.End.After(to) {
			to = v.End
		}
	}
	if len(visits) == 0 {
		return nil, nil, nil
	}
	events, err := d.Events(ctx, slices.Sorted(maps.Keys(providers)), nil, from.Add(-around), to.Add(around))
	if err != nil {
		return nil, nil, err
	}
	return compared(due, Reconcile(visits, events, d.zone())), extras(visits, between(events, from, to), d.zone()), nil
}

func (d *Destination) zone() *time.Location {
	if d.o.Zone == nil {
		return time.UTC
	}
	return d.o.Zone
}

// around is how far around the visits the schedule is read: a moved visit still
// finds its event.
const around = 24 * time.Hour

// compared puts the comparisons in the order of what was asked.
func compared(due []load.Due, list []Comparison) []load.Compared {
	out := make([]load.Compared, len(due))
	for i := range due {
		c := list[i]
		out[i] = load.Compared{Outcome: c.Outcome, TargetID: c.Event, Differs: c.Fields}
	}
	return out
}

// extras are the events that no visit explains.
func extras(visits []Visit, events []Event, zone *time.Location) []load.Extra {
	byID := map[string]Event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	var list []load.Extra
	for _, c := range Reconcile(visits, events, zone)[len(visits):] {
		if c.Outcome == etl.Extra {
			e := byID[c.Event]
			list = append(list, load.Extra{TargetID: e.ID, Client: e.Client, Provider: e.Provider, Start: instant(e.Start), End: instant(e.End)})
		}
	}
	return list
}

// between are the events within the visits' days: what lies outside them is
// nobody's extra.
func between(events []Event, from, to time.Time) []Event {
	var list []Event
	for _, e := range events {
		if !e.Start.Before(from) && !e.Start.After(to) {
			list = append(list, e)
		}
	}
	return list
}

func visitIn(d load.Due) (Visit, error) {
	body, err := parseContact(d.Body)
	if err != nil {
		return Visit{}, fmt.Errorf("read our own visit %s: %w", d.SourceID, err)
	}
	start, okStart := utc(body.text("startDate"))
	end, okEnd := utc(body.text("endDate"))
	if !okStart || !okEnd {
		return Visit{}, fmt.Errorf("our own visit %s has no times", d.SourceID)
	}
	place, _ := strconv.Atoi(body.text("placeOfServiceId")) // absent is not known
	return Visit{ID: d.SourceID, Client: body.text("clientId"), Provider: body.text("providerId"), Start: start, End: end,
		Off: body.text("isCanceled") == "true", PlaceOfService: place}, nil
}
