package centralreach

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
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
	verdict := transform.Verdict{}
	if decided != nil {
		verdict = *decided
	} else {
		verdict = inMonth(transform.Map(eventFields, v, c), v, c)
	}
	verdict.Twin = c.Twin(v) // also where it does not map: it takes place
	return one(verdict)
}

// inMonth names the month of a visit, by which it is compared and asked about.
func inMonth(verdict transform.Verdict, v transform.Visit, c *transform.Case) transform.Verdict {
	if verdict.Body != nil {
		verdict.Month = c.Month(v)
	}
	return verdict
}

// placeOfService is CentralReach's id for an office, from what the lookup gives:
// code and id differ, and a code that the table lacks, such as 27 or 66, is a
// problem (centralreach.txt, Places of Service; destinations-facts, E).
func placeOfService(v transform.Visit, c *transform.Case) transform.Value {
	office := v.Office.String()
	meaning := "office " + office
	if office == "" {
		meaning = "a visit without an office (the key is blank)"
	}
	code := c.IfKept("placeOfService", office, meaning)
	if code == "" {
		return transform.Value{}
	}
	id, ok := placeID(code)
	if !ok {
		return c.Wrong(transform.String(code), etl.CodeRange, "CentralReach has no such place of service")
	}
	return transform.Int(id)
}

func stamped(t time.Time) transform.Value { return transform.String(t.UTC().Format(time.RFC3339)) }

// Compare holds the visits of some months against the schedule of their
// providers, and of those whose visits were compared before in this run, which
// are those of later months: one who has none left in a month may have them there.
// Where the schedule of a few cannot be read, what is found with the others is
// compared; what is not found may stand in theirs.
func (d *Destination) Compare(ctx context.Context, _ string, span []load.Month, due iter.Seq2[load.Due, error]) (c load.Comparison, err error) {
	var visits []Visit
	for one, err := range due {
		if err != nil {
			return c, err
		}
		v, err := visitIn(one)
		if err != nil {
			return c, err
		}
		visits, d.providers[v.Provider] = append(visits, v), true
		if d.last.Before(v.Start) {
			d.last = v.Start
		}
	}
	from, to, err := d.bounds(span)
	if err != nil {
		return c, err
	}
	var questions []question
	c.People = d.people(visits)
	for _, id := range d.askedAbout(span) {
		questions = append(questions, question{byProvider, "providerId", id, from.Add(-around), to.Add(around), !d.providers[id]})
	}
	events, unread, err := d.askEach(ctx, questions, min(unreadMost, len(questions)-1))
	if err != nil {
		return c, err
	}
	events = slices.DeleteFunc(events, func(e Event) bool { return e.Start.Before(from) || !e.Start.Before(to) })
	list := Reconcile(visits, events, d.zone())
	c.List = compared(list[:len(visits)])
	if len(unread) == 0 {
		c.Extra = d.extras(list[len(visits):], events)
		return c, nil
	}
	for i, v := range visits {
		if unread[v.Provider] != nil || c.List[i].TargetID == "" {
			c.List[i] = load.Compared{}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(unread)) {
		c.Unread = errors.Join(c.Unread, unread[id])
	}
	return c, nil
}

// askedAbout are the providers whose schedule is read for a span: also those
// whose visits it held once, and who have none left.
func (d *Destination) askedAbout(span []load.Month) []string {
	ids := maps.Clone(d.providers)
	for _, m := range span {
		for _, id := range m.People {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// people are the providers of visits, by month.
func (d *Destination) people(visits []Visit) map[string][]string {
	months := map[string][]string{}
	for _, v := range visits {
		month := v.Start.In(d.zone()).Format(etl.MonthOnly)
		if !slices.Contains(months[month], v.Provider) {
			months[month] = append(months[month], v.Provider)
		}
	}
	return months
}

// unreadMost is how many providers' schedules, or contacts, may be unreadable
// until the schedule as a whole is, or what is there.
const unreadMost = 3

// bounds are the instants at which months begin and end. No visit is paired
// with an event of another day, so that months can be compared by themselves.
func (d *Destination) bounds(span []load.Month) (from, to time.Time, err error) {
	if from, err = time.ParseInLocation(etl.MonthOnly, span[0].Name, d.zone()); err != nil {
		return from, to, fmt.Errorf("read our own months: %w", err)
	}
	to, err = time.ParseInLocation(etl.MonthOnly, span[len(span)-1].Name, d.zone())
	return from, to.AddDate(0, 1, 0), err
}

func (d *Destination) zone() *time.Location {
	if d.o.Zone == nil {
		return time.UTC
	}
	return d.o.Zone
}

// around is how far around the months the schedule is read, whatever the
// vendor takes its bounds for.
const around = 24 * time.Hour

func compared(list []Comparison) []load.Compared {
	out := make([]load.Compared, len(list))
	for i, c := range list {
		out[i] = load.Compared{Outcome: c.Outcome, TargetID: c.Event, Differs: c.Fields}
	}
	return out
}

// From is the first day that is compared: go-live.
func (d *Destination) From() string { return d.o.GoLive }

// extras are the events that no visit explains, from go-live to today, or to the
// day of our last visit where that is later: what they plan beyond it is nobody's
// extra. Months are compared from the latest to the first, so the last visit of
// all is known.
func (d *Destination) extras(list []Comparison, events []Event) (extra []load.Extra) {
	byID := map[string]Event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	until := date(d.o.Clock.Now().In(d.zone()))
	if last := date(d.last.In(d.zone())); last > until {
		until = last
	}
	for _, c := range list {
		e := byID[c.Event]
		if day := date(e.Start.In(d.zone())); day < d.o.GoLive || day > until {
			continue
		}
		extra = append(extra, load.Extra{TargetID: e.ID, Month: e.Start.In(d.zone()).Format(etl.MonthOnly),
			Client: e.Client, Provider: e.Provider, Start: instant(e.Start), End: instant(e.End)})
	}
	return extra
}

// visitIn reads a body of eventFields, whose ids stand beside it.
func visitIn(d load.Due) (Visit, error) {
	var body struct {
		Start string `json:"startDate"`
		End   string `json:"endDate"`
		Off   bool   `json:"isCanceled"`
		Place int    `json:"placeOfServiceId"` // absent is not known
	}
	if err := json.Unmarshal(d.Mapped, &body); err != nil {
		return Visit{}, fmt.Errorf("our own visit %s cannot be read", d.SourceID) // the cause may quote it
	}
	start, okStart := utc(body.Start)
	end, okEnd := utc(body.End)
	if !okStart || !okEnd {
		return Visit{}, fmt.Errorf("our own visit %s has no times", d.SourceID)
	}
	return Visit{ID: d.SourceID, Client: d.Filled["clientId"], Provider: d.Filled["providerId"], Start: start, End: end,
		Off: body.Off, PlaceOfService: body.Place}, nil
}
