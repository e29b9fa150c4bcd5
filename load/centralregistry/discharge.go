package centralregistry

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// fields is the body of POST discharge (central-registry.txt, Discharge): what
// is required, then what is optional.
func fields(o ShapeOptions) []transform.Field[discharge] {
	return append([]transform.Field[discharge]{
		{Name: "discharge_user_name", Type: transform.Text, Required: true, From: "config: first_name and last_name",
			Get: func(_ discharge, c *transform.Case) transform.Value { return userName(o.UserName, c) }},
		{Name: "unique_site_id", Type: transform.Text, Max: 8, Required: true, From: "config: unique_site_id",
			Get: func(_ discharge, c *transform.Case) transform.Value { return siteID(o.SiteID, c) }},
		{Name: "crid", Type: transform.Text, Max: 9, Required: true, From: "patients.custom_demographics: the CRID, zeros kept",
			Lookup: demographicsLookup, Get: crid},
		{Name: "identification_hash", Type: transform.Text, Required: true,
			From: "patients.date_of_birth: its HMAC under config hash_key and hash_algorithm, in lower-case hex",
			Get:  func(d discharge, c *transform.Case) transform.Value { return identification(o, d, c) }},
		{Name: "discharge_date", Type: transform.Date, Required: true,
			From: "patients.custom_demographics: the discharge date, held against the admission date", Lookup: demographicsLookup, Get: dischargeDate},
		{Name: "discharge_reason", Type: transform.Integer, Required: true,
			From: "patients.custom_demographics: the discharge reason, as the registry's code or words", Lookup: demographicsLookup, Get: reason},
		{Name: "dose_through_date", Type: transform.Date, Required: true,
			From: "patients.custom_demographics: the dose-through date", Lookup: demographicsLookup, Get: doseThrough},
		{Name: "medication", Type: transform.Integer, Required: true,
			From: "medications.name of the final dose; lookup medication says what a name leaves open", Lookup: medicationLookup, Get: medication},
		{Name: "dosage", Type: transform.Number, Required: true,
			From: "medications.dosage_quantity of the final dose, in mg; 0 where none was given", Get: dosage},
	}, optionalFields()...)
}

func userName(name string, c *transform.Case) transform.Value {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		return c.Problem(etl.CodeRequired, "discharge_user_name must name the authorised person; set first_name and last_name in the config")
	}
	return transform.String(name)
}

var siteForm = regexp.MustCompile(`^[A-Z]{2}\d{6}$`)

func siteID(id string, c *transform.Case) transform.Value {
	if !siteForm.MatchString(id) {
		return c.Problem(etl.CodeFormat, "unique_site_id must be the state's 2 capital letters and 6 digits; correct it in the config")
	}
	return transform.String(id)
}

// cridForm: nine visible characters of ASCII. The document says characters,
// not digits.
var cridForm = regexp.MustCompile(`^[!-~]{9}$`)

// crid keeps leading zeros and never makes up lost ones.
func crid(d discharge, c *transform.Case) transform.Value {
	if !cridForm.MatchString(d.CRID.text) {
		return c.Problem(etl.CodeFormat, "crid must be exactly 9 characters, leading zeros included; correct the custom demographic in DrChrono")
	}
	return transform.String(d.CRID.text)
}

// dischargeDate also holds the admission date to account, which is not sent
// but without which the rule of both dates cannot be checked.
func dischargeDate(d discharge, c *transform.Case) transform.Value {
	admission, date := d.Admission.wanted(c), d.Date.wanted(c)
	switch {
	case date == "":
		return transform.Value{}
	case date > c.Now.In(c.Zone).Format(time.DateOnly):
		return c.Problem(etl.CodeRange, "discharge_date must not be in the future; correct the custom demographic in DrChrono, or wait for that day")
	case admission != "" && date < admission:
		return c.Problem(etl.CodeConflict, "discharge_date must not be before the admission date; correct one of the two in DrChrono")
	}
	return transform.String(date)
}

// doseThrough may lie after the discharge: take-home doses.
func doseThrough(d discharge, c *transform.Case) transform.Value {
	date, admission := d.DoseThrough.wanted(c), d.Admission.day()
	if date != "" && admission != "" && date < admission {
		return c.Problem(etl.CodeConflict, "dose_through_date must not be before the admission date; correct one of the two in DrChrono")
	}
	return transform.String(date)
}

func reason(d discharge, c *transform.Case) transform.Value {
	if d.Code == 0 {
		return c.Problem(etl.CodeRange, "discharge_reason must be a code from 1 to 25 or the registry's exact words for it; correct the custom demographic in DrChrono")
	}
	if d.Code == notAdmitted {
		undosed(d, c)
	}
	return transform.Int(d.Code)
}

// undosed checks that no dose speaks against the reason that only goes without
// one: "may ONLY be selected if the patient has not yet received any doses of
// medication in this episode".
func undosed(d discharge, c *transform.Case) {
	if d.Dose.charted() {
		c.Problem(etl.CodeConflict, "discharge_reason 12 is only allowed if no medication was given, and DrChrono holds one for this episode; correct one of the two")
	}
	admission, through := d.Admission.day(), d.DoseThrough.day()
	if admission != "" && through > admission {
		c.Problem(etl.CodeConflict, "discharge_reason 12 is only allowed if no medication was given, and a dose-through date after the admission says that one was; correct one of the two in DrChrono")
	}
}

func medication(d discharge, c *transform.Case) transform.Value {
	for _, key := range d.Dose.lacks {
		c.Lookup(medicationLookup, key, "the medication "+strconv.Quote(key))
	}
	if d.Dose.fault.Code != "" {
		return c.Problem(d.Dose.fault.Code, d.Dose.fault.Message)
	}
	if len(d.Dose.lacks) > 0 {
		return transform.Value{}
	}
	return transform.Int(d.Dose.code)
}
