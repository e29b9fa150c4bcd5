// Package centralregistry holds the Central Registry, to which an
// opioid-treatment programme reports discharges: its dictionary as a field
// table with the rules of its document, and its client. A discharge is final
// (central-registry.txt, Assumptions & Requirements), so every rule is checked
// here before a person is asked to approve it.
package centralregistry

import (
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// Name is the destination's name in config, lookups, tables and reports.
const Name = "central_registry"

// object is the only one that the registry takes.
const object = "discharge"

// ShapeOptions are what a site's discharges hold beside the patient's record.
type ShapeOptions struct {
	UserName      string // first and last name of the authorised person
	SiteID        string // two capitals, six digits
	HashKey       string // secret of the identification hash
	HashAlgorithm string // one of sha256 sha384 sha512 sha1 md5 sha512/256 sha3-256; "" = sha256
}

// Shapes are the registry's objects: the discharge.
//
// Medications are optional here, so that patients of other kinds are told
// apart without them; that a patient had none is never concluded from their
// absence alone (see finalDose).
func Shapes(o ShapeOptions) []transform.Shape {
	table := fields(o)
	return []transform.Shape{{
		Destination: Name, Object: object, Endpoint: "patients",
		Uses: []transform.Use{
			{Endpoint: "medications", By: transform.ByPatient, Optional: true},
			{Endpoint: "custom_demographics", By: transform.ByAll, Optional: true},
		},
		Columns: transform.Columns(table),
		Aside:   aside,
		Judge:   func(c *transform.Case) []transform.Verdict { return []transform.Verdict{judge(table, o, c)} },
	}}
}

// aside is what a recorded discharge does not differ by: who sent it and from
// which site comes from the config, and the hash only validates "that the
// selected patient is correct" (central-registry.txt, identification_hash) by a
// key that may be replaced.
var aside = []string{"discharge_user_name", "unique_site_id", "identification_hash"}

// A discharge is a patient with what their custom demographics and medications
// say of the end of their treatment.
type discharge struct {
	transform.Patient
	CRID        demographic
	Admission   demographic
	Reason      demographic
	Date        demographic
	DoseThrough demographic
	Code        int // of the reason; 0 = not one of the list
	Dose        dose
}

// judge decides on a patient: without a CRID or a reason there is no discharge
// (CONTRACT, Objects and where they come from).
func judge(table []transform.Field[discharge], o ShapeOptions, c *transform.Case) transform.Verdict {
	p, fault := c.AsPatient()
	if fault != "" {
		return transform.Unreadable(fault)
	}
	d := discharge{Patient: p, CRID: meaningCRID.of(c, p), Reason: meaningReason.of(c, p)}
	v := judgeDischarge(table, d, c)
	v.Twin = samePatient(o, d.CRID.text)
	return v
}

func judgeDischarge(table []transform.Field[discharge], d discharge, c *transform.Case) transform.Verdict {
	p := d.Patient
	for _, needed := range []demographic{d.CRID, d.Reason} {
		switch {
		case !needed.known() && len(p.Demographics) > 0:
			return unnamed(needed.meaning)
		case needed.blank():
			return transform.Excluded(etl.CauseNoDischarge)
		}
	}
	if torn := tornIn(c, p); len(torn) > 0 {
		return transform.Verdict{Outcome: etl.Invalid, Cause: etl.CodeConflict, Problems: torn}
	}
	d.Admission, d.Date, d.DoseThrough = meaningAdmission.of(c, p), meaningDate.of(c, p), meaningDoseThrough.of(c, p)
	d.Code = reasonCode(d.Reason.text)
	d.Dose = finalDose(c, d)
	return transform.Map(table, d, c)
}

// unnamed is the verdict on a patient of whom it cannot be told whether they
// were discharged: excluded in silence, a discharge would be lost.
func unnamed(m meaning) transform.Verdict {
	return transform.Verdict{Outcome: etl.Invalid, Cause: etl.CodeLookup, Problems: []etl.Problem{{
		Field: m.field, Code: etl.CodeLookup, Lookup: demographicsLookup, Key: m.keys[0],
		Message: "lookup " + demographicsLookup + " has no id of the custom demographic of " + m.words +
			", so nobody can tell whether this patient was discharged; write it, a number, into the lookups file"}}}
}
