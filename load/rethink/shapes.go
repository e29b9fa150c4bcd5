// Package rethink holds Rethink Behavioral Health: its dictionary as field
// tables, and its client. The names' casing is the vendor's own, which is not
// consistent (rethink.txt; destinations-facts, section A).
package rethink

import (
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// Name is the destination's name in config, lookups, tables and reports.
const Name = "rethink"

// Shapes are Rethink's objects, with an account's own names of fields: what
// travels inside a client stands before it.
func Shapes(names Names) []transform.Shape {
	staff, client := renamed(staffFields, "staff", names), renamed(clientFields, "client", names)
	appointment := renamed(appointmentFields, "appointment", names)
	users := transform.Use{Endpoint: "users", By: transform.ByAll}
	patients := transform.Use{Endpoint: "patients", By: transform.ByPatient}
	shapes := []transform.Shape{
		{Destination: Name, Object: "staff", Endpoint: "doctors", Uses: []transform.Use{users},
			Columns: transform.Columns(staff), Judge: judgeStaff(staff)},
		{Destination: Name, Object: "funder", Endpoint: "patients", Inside: "client", Slot: "clientFunders", Parts: true,
			Columns: transform.Columns(funderFields), Judge: judgeFunders},
		{Destination: Name, Object: "authorization", Endpoint: "patient_authorizations", Inside: "client", Slot: "authorizations",
			Uses: []transform.Use{patients}, Columns: transform.Columns(authorizationFields), Judge: judgeAuthorization},
		{Destination: Name, Object: "client", Endpoint: "patients",
			Uses:    []transform.Use{{Endpoint: "patient_authorizations", By: transform.ByPatient, Optional: true}},
			Columns: transform.Columns(client), Judge: judgeClient(client)},
		{Destination: Name, Object: "appointment", Endpoint: "appointments",
			Uses:    []transform.Use{{Endpoint: "doctors", By: transform.ByDoctor}, patients},
			Columns: transform.Columns(appointment), Judge: judgeAppointment(appointment, names)},
	}
	for i := range shapes {
		shapes[i].NumberIDs = true // of all objects (destinations-facts, A3 to A7)
	}
	return shapes
}

func excluded(cause string) []transform.Verdict {
	return []transform.Verdict{transform.Excluded(cause)}
}

func unreadable(fault string) []transform.Verdict {
	return []transform.Verdict{transform.Unreadable(fault)}
}

// reference is the verdict on a record that hangs on one that is not staged.
func reference(field, message string) transform.Verdict {
	return transform.Verdict{Outcome: etl.Blocked, Cause: etl.CauseReference,
		Problems: []etl.Problem{{Field: field, Code: etl.CodeReference, Message: message}}}
}
