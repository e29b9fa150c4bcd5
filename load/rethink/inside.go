package rethink

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

type funder struct {
	transform.NamedInsurance
	Doctor string // the patient's
}

// funderFields is the Client Funder, in the client's array clientFunders
// (destinations-facts, A4).
var funderFields = []transform.Field[funder]{
	{Name: "clientFunderId", Type: transform.Own, From: "Rethink's answer",
		Get: func(_ funder, c *transform.Case) transform.Value { return c.OwnID("funder") }},
	{Name: "funderSequence", Type: transform.Integer, From: "primary 1, secondary 2, tertiary 3",
		Get: func(f funder, _ *transform.Case) transform.Value { return transform.Int(f.Sequence) }},
	{Name: "funderId", Type: transform.Integer, Required: true, From: "patients.*_insurance.insurance_payer_id, else patients.*_insurance.insurance_company", Lookup: "funder",
		Get: func(f funder, c *transform.Case) transform.Value { return payer(f, c) }},
	{Name: "serviceLineIds", Type: transform.IDs, Required: true, From: "lookup serviceLine", Lookup: "serviceLine",
		Get: func(_ funder, c *transform.Case) transform.Value {
			return transform.IDList(c.Lookup("serviceLine", "default", "this account"))
		}},
	{Name: "caseManagerId", Type: transform.Integer, From: "patients.doctor", Lookup: "caseManager",
		Get: func(f funder, c *transform.Case) transform.Value {
			if id, ok := c.Lookups.Find(Name, "caseManager", f.Doctor); ok {
				return transform.Raw(id)
			}
			return transform.Value{} // optional: Rethink saves without one
		}},
}

// judgeFunders gives a verdict on each insurance that staging counted, no more
// and no less: the balance is held against that count.
func judgeFunders(c *transform.Case) []transform.Verdict {
	p, fault := c.AsPatient()
	if fault != "" {
		return transform.UnreadableParts(c.Source, fault)
	}
	list := make([]transform.Verdict, len(c.Source.Parts))
	for i, part := range c.Source.Parts {
		c.Part = part
		list[i] = judgeFunder(c, p)
		list[i].Part, list[i].Parent = part, c.Source.ID
	}
	return list
}

func judgeFunder(c *transform.Case, p transform.Patient) transform.Verdict {
	ins, ok := p.Insurance(c.Part)
	switch {
	case !ok:
		return transform.Unreadable("its " + c.Part + " insurance is not there any more")
	case !c.RoutesPatient(p):
		return transform.Excluded(etl.CauseRoute)
	}
	return transform.Map(funderFields, funder{ins, p.Doctor.String()}, c)
}

// payer looks a funder up by the payer's id; without one, by the company's
// name, which is no patient's.
func payer(f funder, c *transform.Case) transform.Value {
	key := f.Payer()
	return transform.Raw(c.Lookup("funder", key, "payer "+quoted(key)))
}

type authorization struct {
	ID        transform.Scalar `json:"id"`
	Patient   transform.Scalar `json:"patient"`
	PatientID transform.Scalar `json:"patient_id"`
	Number    transform.Scalar `json:"auth_number"`
	LongName  transform.Scalar `json:"authorization_number"`
	Start     transform.Scalar `json:"start_date"`
	End       transform.Scalar `json:"end_date"`
}

// authorizationFields is the Client Authorization, in the client's array
// authorizations (destinations-facts, A5). DrChrono names no payer and no
// billing codes for it: authorizationSubmissionTypeID, and what else an account
// wants, come from the configured constants of "authorization".
var authorizationFields = []transform.Field[authorization]{
	{Name: "clientauthorizationId", Type: transform.Own, From: "Rethink's answer",
		Get: func(_ authorization, c *transform.Case) transform.Value { return c.OwnID("authorization") }},
	{Name: "authorizationSubmissionTypeID", Type: transform.Integer, Required: true, From: "constant",
		Get: func(_ authorization, c *transform.Case) transform.Value {
			return inRange(c, c.Constant("authorizationSubmissionTypeID"), 3)
		}},
	{Name: "funderId", Type: transform.Integer, Required: true, From: "constant, else the funder of the patient's only insurance (patients.*_insurance)", Lookup: "funder",
		Get: authorizedFunder},
	{Name: "authStartDate", Type: transform.Date, Required: true, From: "patient_authorizations.start_date",
		Get: func(a authorization, _ *transform.Case) transform.Value { return transform.String(dateOf(a.Start)) }},
	{Name: "authEndDate", Type: transform.Date, Required: true, From: "patient_authorizations.end_date",
		Get: func(a authorization, _ *transform.Case) transform.Value { return transform.String(dateOf(a.End)) }},
	{Name: "authorizationNumber", Type: transform.Text, Max: 100, Required: true, From: "patient_authorizations.auth_number, else patient_authorizations.authorization_number",
		Get: func(a authorization, _ *transform.Case) transform.Value {
			return transform.String(cmp.Or(a.Number.String(), a.LongName.String()))
		}},
}

// authorizedFunder tells whom an authorization is from: DrChrono does not say,
// so it is only clear where the patient has one insurance.
func authorizedFunder(a authorization, c *transform.Case) transform.Value {
	if v := c.Constant("funderId"); !v.Absent() {
		return v
	}
	insurances := c.Patients[c.Source.Patient].Insurances()
	if len(insurances) != 1 {
		return c.Problem(etl.CodeConflict, fmt.Sprintf("the patient has %d insurances and DrChrono does not say whose authorization it is; enter it in Rethink, or set rethink.constants.authorization.funderId in the config", len(insurances)))
	}
	return payer(funder{NamedInsurance: insurances[0]}, c)
}

func judgeAuthorization(c *transform.Case) []transform.Verdict {
	a, fault := transform.As[authorization](c)
	if fault != "" {
		return unreadable(fault)
	}
	p, ok := c.Patients[c.Source.Patient]
	if !ok {
		return []transform.Verdict{reference("clientId", "its patient "+strconv.Quote(c.Source.Patient)+" is not staged, or cannot be read")}
	}
	v := transform.Excluded(etl.CauseRoute)
	if c.RoutesPatient(p) {
		v = transform.Map(authorizationFields, a, c)
	}
	v.Parent = c.Source.Patient
	return []transform.Verdict{v}
}

// dateOf is the date of a stamp or date.
func dateOf(s transform.Scalar) string {
	text := s.String()
	if len(text) > 10 && (text[10] == 'T' || text[10] == ' ') {
		return text[:10]
	}
	return text
}
