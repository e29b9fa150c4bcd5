// Package centralreach holds CentralReach: its dictionary as field tables, and
// its client. The public API creates and updates clients and employees; it can
// only show appointments (destinations-facts, B2).
package centralreach

import "github.com/chartbridge/chartbridge/transform"

// Name is the destination's name in config, lookups, tables and reports.
const Name = "centralreach"

// The objects, by the word that stands in their paths.
const (
	client   = "client"
	employee = "employee"
)

// Shapes are the objects that the options let us write. Of the options they
// look at ExternalIDPrefix, CreateEmployees and Write, on which verdicts hang.
func Shapes(o Options) []transform.Shape {
	var list []transform.Shape
	if o.Write.Employees {
		list = append(list, transform.Shape{Destination: Name, Object: employee, Endpoint: "doctors",
			Uses:    []transform.Use{{Endpoint: "users", By: transform.ByAll}},
			Columns: transform.Columns(employeeFields), Judge: judgeEmployee(o.ExternalIDPrefix, o.CreateEmployees)})
	}
	if o.Write.Clients {
		list = append(list, transform.Shape{Destination: Name, Object: client, Endpoint: "patients",
			Columns: transform.Columns(clientFields), Judge: judgeClient(o.ExternalIDPrefix)})
	}
	if o.Write.Clients && o.Write.Payors {
		list = append(list, payorShapes()...)
	}
	if o.Write.Clients && o.Write.Labels {
		list = append(list, transform.Shape{Destination: Name, Object: labels, Endpoint: "patients", Columns: transform.Columns(labelFields), Judge: judgeLabels})
	}
	if o.Write.Clients && o.Write.Metadata {
		objects, demographics := o.metadataObjects()
		for _, object := range objects {
			from, field := demographics[object], object[len(metadata):]
			list = append(list, transform.Shape{Destination: Name, Object: object, Endpoint: "patients",
				Columns: transform.Columns(metadataFields(from, field)), Judge: judgeMetadata(from, field)})
		}
	}
	if o.Write.Employees && o.Write.ClaimSettings {
		list = append(list, transform.Shape{Destination: Name, Object: claimSettings, Endpoint: "doctors", Columns: transform.Columns(claimFields), Judge: judgeClaims})
	}
	visits := func(object string, columns []transform.Column, judge func(*transform.Case) []transform.Verdict) transform.Shape {
		return transform.Shape{Destination: Name, Object: object, Endpoint: "appointments",
			Uses:    []transform.Use{{Endpoint: "doctors", By: transform.ByDoctor}, {Endpoint: "patients", By: transform.ByPatient}},
			Columns: columns, Judge: judge}
	}
	if o.Write.visits() {
		list = append(list, visits(event, transform.Columns(eventFields), judgeEvent))
	}
	if o.Write.cancels() {
		cancels := visits(cancellation, transform.Columns(cancellationFields), judgeCancellation)
		cancels.Uses = append(cancels.Uses, transform.Use{Endpoint: "appointments", By: transform.ByPatient})
		cancels.Beside = event
		list = append(list, cancels)
	}
	if o.Write.tasks() {
		list = append(list, visits(task, transform.Columns(taskFields), judgeTask))
	}
	return list
}

// form is the field that only a create carries: in an update it is a "user
// creation header" and answered with 409 (centralreach.txt, Response Codes).
const form = "ContactForm"

// contactForm is the name of a contact form of the account. Its key is the
// object, since a client's form and an employee's differ.
func contactForm(c *transform.Case, object string) transform.Value {
	return transform.String(c.Lookup("contactForm", object, "a new "+object))
}

func one(v transform.Verdict) []transform.Verdict { return []transform.Verdict{v} }

func excluded(cause string) []transform.Verdict { return one(transform.Excluded(cause)) }
