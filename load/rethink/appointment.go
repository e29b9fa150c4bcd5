package rethink

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

type visit = transform.Visit

// appointmentFields is the Appointment object (destinations-facts, A7). The
// fields from serviceId on are likely names beyond the published part, and are
// sent only by accounts whose lookups have them (assumptions, Rethink).
var appointmentFields = []transform.Field[visit]{
	{Name: "appointmentId", Type: transform.Own, From: "Rethink's answer",
		Get: func(_ visit, c *transform.Case) transform.Value { return c.OwnID("appointment") }},
	{Name: "appointmentTypeId", Type: transform.Integer, Required: true, From: "appointments.profile", Lookup: "appointmentType",
		Get: func(v visit, c *transform.Case) transform.Value {
			return inRange(c, transform.Raw(c.Lookup("appointmentType", v.Profile.String(), profile(v))), 3)
		}},
	{Name: "date", Type: transform.Date, Required: true, From: "appointments.scheduled_time: the calendar date in the practice's zone",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.String(v.Start.In(c.Zone).Format(time.DateOnly))
		}},
	{Name: "scheduledStartTime", Type: transform.Time, Max: 5, Required: true, From: "appointments.scheduled_time, in UTC",
		Get: func(v visit, _ *transform.Case) transform.Value {
			return transform.String(v.Start.UTC().Format("15:04"))
		}},
	{Name: "scheduledEndTime", Type: transform.Time, Max: 5, Required: true, From: "appointments.scheduled_time and appointments.duration, in UTC",
		Get: func(v visit, _ *transform.Case) transform.Value { return transform.String(v.End.UTC().Format("15:04")) }},
	{Name: "staffId", Type: transform.Theirs, Required: true, From: "appointments.doctor",
		Get: func(v visit, c *transform.Case) transform.Value { return c.Need("staff", v.Doctor.String()) }},
	{Name: "payCodeId", Type: transform.Integer, Required: true, From: "appointments.profile", Lookup: "payCode",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.Raw(c.Lookup("payCode", v.Profile.String(), profile(v)))
		}},
	{Name: "tagId", Type: transform.Integer, From: "appointments.profile; required where the type is non-billable", Lookup: "tag",
		Get: tag},
	{Name: "clientId", Type: transform.Theirs, Required: true, From: "appointments.patient",
		Get: func(v visit, c *transform.Case) transform.Value { return c.Need("client", v.Patient.String()) }},
	{Name: "serviceId", Type: transform.Integer, From: "appointments.profile", Lookup: "service",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.Raw(c.IfKept("service", v.Profile.String(), profile(v)))
		}},
	{Name: "locationId", Type: transform.Integer, From: "appointments.office", Lookup: "location",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.Raw(c.IfKept("location", v.Office.String(), officeWord(v.Office.String())))
		}},
	{Name: "placeOfServiceId", Type: transform.Integer, From: "appointments.office", Lookup: "placeOfService",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.Raw(c.IfKept("placeOfService", v.Office.String(), officeWord(v.Office.String())))
		}},
	{Name: "appointmentStatusId", Type: transform.Integer, From: "appointments.status; with appointments.deleted_flag it counts as Cancelled", Lookup: "appointmentStatus",
		Get: func(v visit, c *transform.Case) transform.Value {
			return transform.Raw(c.IfKept("appointmentStatus", status(v.Appointment, c), statusWord(v)))
		}},
	{Name: "cancellationTypeId", Type: transform.Integer, From: "appointments.status, where it did not take place", Lookup: "cancellationType",
		Get: func(v visit, c *transform.Case) transform.Value {
			if !v.Off() {
				return transform.Value{}
			}
			return transform.Raw(c.IfKept("cancellationType", status(v.Appointment, c), statusWord(v)))
		}},
}

// judgeAppointment decides on a visit.
func judgeAppointment(fields []transform.Field[visit], names Names) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		v, decided := c.Visit(func(a transform.Appointment) string { return aside(a, c) })
		if decided != nil && decided.Cause == etl.CauseBreak && c.Sent {
			return []transform.Verdict{{Outcome: etl.Held, Cause: etl.CauseNoVisit, Problems: []etl.Problem{{Code: etl.CauseNoVisit,
				Message: "Rethink has this visit, and it is a break without a patient in DrChrono now; cancel it there by hand, then decide SKIP"}}}}
		}
		if decided != nil {
			return []transform.Verdict{*decided}
		}
		verdict := calledOff(v.Appointment, c, transform.Map(fields, v, c), names.of("appointment", "appointmentStatusId"))
		verdict.Twin = c.Twin(v) // Rethink bears no id of ours for it (assumptions, Rethink)
		return []transform.Verdict{verdict}
	}
}

// aside says why a visit that Rethink does not have is not for sending.
func aside(a transform.Appointment, c *transform.Case) string {
	switch {
	case a.Deleted.True() && !c.Sent:
		return etl.CauseDeleted
	case a.Off() && !c.Sent && !c.Lookups.Has(Name, "appointmentStatus"):
		return etl.CauseCalledOff
	}
	return ""
}

// calledOff holds a visit that Rethink has and that did not take place, where
// the lookups cannot say so: sent as it is, it would look like a visit.
func calledOff(a transform.Appointment, c *transform.Case, v transform.Verdict, field string) transform.Verdict {
	if !c.Sent || !a.Off() {
		return v
	}
	lacking := !c.Lookups.Has(Name, "appointmentStatus")
	for _, p := range v.Problems {
		lacking = lacking || p.Lookup == "appointmentStatus" || p.Lookup == "cancellationType"
	}
	if !lacking {
		return v
	}
	return transform.Verdict{Outcome: etl.Held, Cause: etl.CauseStatusID, Problems: append(v.Problems, etl.Problem{
		Field: field, Code: etl.CodeLookup, Lookup: "appointmentStatus", Key: status(a, c),
		Message: "Rethink has this visit and it did not take place; the lookups appointmentStatus and cancellationType must say how to tell it"})}
}

// status is the key of a visit's status in the lookups. A deleted visit counts
// as Cancelled unless the lookups know Deleted.
func status(a transform.Appointment, c *transform.Case) string {
	if a.Deleted.True() {
		if _, ok := c.Lookups.Find(Name, "appointmentStatus", "Deleted"); ok {
			return "Deleted"
		}
		return "Cancelled"
	}
	key := a.Status.String()
	if _, ok := c.Lookups.Find(Name, "appointmentStatus", key); key == "" && !ok {
		return "blank" // how a lookups file may spell the empty status
	}
	return key
}

// nonBillable is the appointment type that must carry a tag (A7).
const nonBillable = "2"

func tag(v visit, c *transform.Case) transform.Value {
	kind, _ := c.Lookups.Find(Name, "appointmentType", v.Profile.String())
	if kind == nonBillable {
		return transform.Raw(c.Lookup("tag", v.Profile.String(), profile(v)))
	}
	return transform.Value{} // a billable visit's tag must be billable too, which no lookup tells
}

func inRange(c *transform.Case, v transform.Value, most int) transform.Value {
	if v.Absent() {
		return v
	}
	if n, err := strconv.Atoi(v.Text()); err != nil || n < 1 || n > most {
		return c.Wrong(v, etl.CodeRange, fmt.Sprintf("the id must lie between 1 and %d", most))
	}
	return v
}

func profile(v visit) string {
	if v.Profile.String() == "" {
		return "a visit without a profile"
	}
	return "appointment profile " + v.Profile.String()
}

func officeWord(id string) string {
	if id == "" {
		return "a record without an office (the key is blank)"
	}
	return "office " + id
}

func statusWord(v visit) string { return "appointment status " + quoted(v.Status.String()) }
