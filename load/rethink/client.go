package rethink

import (
	"regexp"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

type patient = transform.Patient

// clientFields is the Client object (destinations-facts, A3; the fields from
// clientStatusId on are likely names beyond the published part, and are sent
// only by accounts whose lookups have them: assumptions, Rethink).
var clientFields = []transform.Field[patient]{
	{Name: "clientId", Type: transform.Own, From: "Rethink's answer",
		Get: func(_ patient, c *transform.Case) transform.Value { return c.OwnID("client") }},
	{Name: "firstName", Type: transform.Text, Max: 100, Required: true, From: "patients.first_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.FirstName.String()) }},
	{Name: "middleName", Type: transform.Text, Max: 100, From: "patients.middle_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.MiddleName.String()) }},
	{Name: "lastName", Type: transform.Text, Max: 100, Required: true, From: "patients.last_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.LastName.String()) }},
	{Name: "dateOfBirth", Type: transform.Date, Max: 10, Required: true, From: "patients.date_of_birth",
		Get: func(p patient, c *transform.Case) transform.Value { return c.BirthDate(p.BirthDate) }},
	{Name: "genderID", Type: transform.Integer, Required: true, From: "patients.gender", Lookup: "gender",
		Get: func(p patient, c *transform.Case) transform.Value { return gender(p, c) }},
	{Name: "addressStreet", Type: transform.Text, Max: 100, From: "patients.address",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.Address.String()) }},
	{Name: "city", Type: transform.Text, Max: 100, From: "patients.city",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.City.String()) }},
	{Name: "stateId", Type: transform.Integer, From: "patients.state", Lookup: "state",
		Get: func(p patient, c *transform.Case) transform.Value { return state(p, c) }},
	{Name: "zipCode", Type: transform.Text, Max: 9, From: "patients.zip_code, without the dash",
		Get: func(p patient, c *transform.Case) transform.Value { return c.Zip(p.Zip) }},
	{Name: "clientExternalId", Type: transform.Text, Max: 100, From: "patients.id",
		Get: func(_ patient, c *transform.Case) transform.Value { return transform.String(c.Source.ID) }},
	{Name: "clientStatusId", Type: transform.Integer, From: "patients.patient_status", Lookup: "clientStatus",
		Get: func(p patient, c *transform.Case) transform.Value {
			status := p.Status.String()
			return transform.Raw(c.IfKept("clientStatus", status, "patient_status "+quoted(status)))
		}},
	{Name: "locationId", Type: transform.Integer, From: "patients.offices, the first: a client has only one", Lookup: "location",
		Get: func(p patient, c *transform.Case) transform.Value {
			if len(p.Offices) == 0 {
				return transform.Value{}
			}
			office := p.Offices[0].String()
			return transform.Raw(c.IfKept("location", office, officeWord(office)))
		}},
}

func judgeClient(fields []transform.Field[patient]) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		p, fault := c.AsPatient()
		if fault != "" {
			return unreadable(fault)
		}
		if !c.RoutesPatient(p) {
			return excluded(etl.CauseRoute)
		}
		return []transform.Verdict{transform.Map(fields, p, c)}
	}
}

func gender(p patient, c *transform.Case) transform.Value {
	if transform.Blank(p.Gender) {
		return transform.Value{}
	}
	g := p.Gender.String()
	return inRange(c, transform.Raw(c.Lookup("gender", g, "gender "+quoted(g))), 3)
}

// stateCode is DrChrono's form of a state. What else was typed there may be a
// piece of an address: a problem names the lookup, and no key.
var stateCode = regexp.MustCompile(`^[A-Z]{2}$`)

func state(p patient, c *transform.Case) transform.Value {
	s := p.State.String()
	if s == "" {
		return transform.Value{}
	}
	if _, ok := c.Lookups.Find(Name, "state", s); !ok {
		s = strings.ToUpper(s)
	}
	if _, ok := c.Lookups.Find(Name, "state", s); !ok && !stateCode.MatchString(s) {
		return c.Problem(etl.CodeFormat, "lookup state has no id for the patient's state, which is no code of two letters; correct it in DrChrono, or add it to the lookups file as `chartbridge lookups template` prints it")
	}
	return inRange(c, transform.Raw(c.Lookup("state", s, "state "+quoted(s))), 52)
}

// quoted shows a code of DrChrono's in a message; a blank one is still seen.
func quoted(code string) string { return `"` + code + `"` }
