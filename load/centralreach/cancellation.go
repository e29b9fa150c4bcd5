package centralreach

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// cancellation is a visit that did not take place: its event is cancelled on
// CentralReach's schedule (destinations-facts, B2). It creates nothing.
const cancellation = "cancellation"

// cancellationFields name the event and the reason; only the latter is sent,
// the others find the event (assumptions, CentralReach, schedule events).
var cancellationFields = []transform.Field[transform.Visit]{
	{Name: "clientId", Type: transform.Theirs, Required: true, From: "appointments.patient; finds the event",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(client, v.Patient.String()) }},
	{Name: "providerId", Type: transform.Theirs, Required: true, From: "appointments.doctor; finds the event",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(employee, v.Doctor.String()) }},
	{Name: "startDate", Type: transform.Stamp, Required: true, From: "appointments.scheduled_time, in UTC; finds the event",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return stamped(v.Start) }},
	{Name: "cancelReasonId", Type: transform.Integer, Required: true, Lookup: "cancelReason",
		From: "appointments.status: Cancelled, No Show, Rescheduled; appointments.deleted_flag counts as Cancelled unless the lookup knows Deleted",
		Get:  cancelReason},
}

func cancelReason(v transform.Visit, c *transform.Case) transform.Value {
	status := v.Status.String()
	if v.Deleted.True() {
		status = "Cancelled"
		if _, ok := c.Lookups.Find(Name, "cancelReason", "Deleted"); ok {
			status = "Deleted"
		}
	}
	return transform.Raw(c.Lookup("cancelReason", status, `status "`+status+`"`))
}

// judgeCancellation leaves out what takes place, also as another visit of the
// same people at the same time: the event is that one's. Without a reason's id
// it waits for a person: no reason is made up.
func judgeCancellation(c *transform.Case) []transform.Verdict {
	v, decided := c.Visit(func(a transform.Appointment) string {
		if !a.Off() {
			return etl.CauseTakesPlace
		}
		return ""
	})
	if decided != nil {
		return one(*decided)
	}
	if c.Taken[string(v.Place())] {
		return one(transform.Excluded(etl.CauseTakesPlace))
	}
	verdict := transform.Map(cancellationFields, v, c)
	if verdict.Outcome == etl.Invalid && slices.ContainsFunc(verdict.Problems, func(p etl.Problem) bool { return p.Lookup == "cancelReason" }) {
		verdict.Outcome, verdict.Cause = etl.Held, etl.CauseStatusID
	}
	return one(inMonth(verdict, v, c))
}

// findEvents looks for the events of visits: those of the same client, provider
// and start. One that is converted to a timesheet is a person's to decide on.
func (d *Destination) findEvents(ctx context.Context, ds []etl.Delivery) ([]load.Finding, error) {
	bodies, events, unread, err := d.eventsOf(ctx, ds)
	if err != nil {
		return nil, err
	}
	findings := make([]load.Finding, len(ds))
	for i, body := range bodies {
		findings[i] = findEvent(body, ds[i].TargetID, events)
		if why := unread[body.text("providerId")]; why != nil {
			findings[i] = load.Finding{Unseen: why}
		}
	}
	return findings, nil
}

func findEvent(ours contact, id string, events []Event) load.Finding {
	at, _ := utc(ours.text("startDate"))
	var found []Event
	for _, e := range events {
		same := e.Client == ours.text("clientId") && e.Provider == ours.text("providerId") && e.Start.Equal(at)
		if e.ID == id || id == "" && same {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return load.Finding{Proved: true}
	case len(found) > 1:
		f := load.Finding{How: load.ByNaturalKey}
		for _, e := range found {
			f.Candidates = append(f.Candidates, e.ID)
		}
		return f
	case found[0].Converted && !found[0].Canceled:
		return load.Finding{How: load.ByNaturalKey, Candidates: []string{found[0].ID}, Why: "its event " + found[0].ID +
			" was converted to a timesheet, so it cannot be cancelled from here; put the timesheet right there, then decide SKIP"}
	}
	f := load.Finding{TargetID: found[0].ID, How: load.ByExternalID} // who, with whom, and when: no other event is meant
	reason := ours.text("cancelReasonId")
	switch theirs := found[0]; {
	case !theirs.Canceled:
		f.Differs = []load.Difference{{Field: "isCanceled", Ours: "true", Theirs: "false"}}
	case id != "" && theirs.Reason != "" && theirs.Reason != "0" && theirs.Reason != reason: // one that they cancelled themselves keeps its reason
		f.Differs = []load.Difference{{Field: "cancelReasonId", Ours: reason, Theirs: theirs.Reason}}
	}
	return f
}

// cancel cancels an event, which may be asked twice without harm.
func (d *Destination) cancel(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil || del.TargetID == "" {
		return unbuilt
	}
	return d.writeJSON(ctx, del, http.MethodPost, "/schedule/events/"+url.PathEscape(del.TargetID)+"/cancel", contact{"cancelReasonId": ours["cancelReasonId"]})
}
