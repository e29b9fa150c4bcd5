package centralregistry

import (
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// demographicsLookup gives the ids of the practice's custom demographics by
// meaning (CONTRACT, Config; assumptions, Account lookups).
const demographicsLookup = "customDemographics"

// lookupNames are the spellings of that lookup. Where names are compared
// without case, spaces and underscores, the first covers the third.
var lookupNames = []string{demographicsLookup, "customDemographic", "custom demographics"}

// A meaning is one of the custom demographics that a discharge is made of.
// Keys of a lookup are exact, so several spellings are tried; the first is the
// one that problems name.
type meaning struct {
	field string // of the discharge, where it is wanted
	words string
	keys  []string
}

var (
	meaningCRID = meaning{"crid", "the CRID", []string{"crid", "CRID", "Crid", "central_registry_id"}}

	meaningAdmission = meaning{"discharge_date", "the admission date", []string{"admission", "admissionDate", "admission_date",
		"admission date", "Admission", "admit_date", "admitDate", "admit date"}}

	meaningReason = meaning{"discharge_reason", "the discharge reason", []string{"dischargeReason", "discharge_reason",
		"discharge reason", "Discharge reason", "reason"}}

	meaningDate = meaning{"discharge_date", "the discharge date", []string{"dischargeDate", "discharge_date",
		"discharge date", "Discharge date"}}

	meaningDoseThrough = meaning{"dose_through_date", "the dose-through date", []string{"doseThroughDate", "dose_through_date",
		"doseThrough", "dose_through", "dose through date", "dose-through date", "Dose-through date", "dose-through"}}
)

// A demographic is what a patient's record says under one meaning.
type demographic struct {
	meaning
	named bool   // the lookups say which custom demographic it is
	id    string // of the custom demographic, as the lookups have it
	text  string // the patient's value, "" = none
	torn  bool   // the patient has another value beside it
}

func (m meaning) of(c *transform.Case, p transform.Patient) demographic {
	for _, lookup := range lookupNames {
		for _, key := range m.keys {
			if id, ok := c.Lookups.Find(c.Destination, lookup, key); ok {
				text, torn := valueOf(p, id)
				return demographic{m, true, id, text, torn}
			}
		}
	}
	return demographic{meaning: m}
}

// valueOf is the patient's value of a custom demographic; torn where it stands
// there with several that differ.
func valueOf(p transform.Patient, id string) (text string, torn bool) {
	for _, d := range p.Demographics {
		value := d.Value.String()
		switch {
		case id == "" || d.Type.String() != id || transform.Blank(d.Value) && text != "":
		case text == "" || transform.Blank(transform.Scalar(text)):
			text = value
		default:
			torn = torn || value != text
		}
	}
	return text, torn
}

// tornIn lists the meanings that a patient's record gives several values: which
// one is right is never guessed.
func tornIn(c *transform.Case, p transform.Patient) (problems []etl.Problem) {
	for _, m := range append([]meaning{meaningCRID, meaningAdmission, meaningReason, meaningDate, meaningDoseThrough}, optionalMeanings...) {
		if m.of(c, p).torn {
			problems = append(problems, etl.Problem{Field: m.field, Code: etl.CodeConflict,
				Message: m.words + " stands twice in the patient's custom demographics, with different values; leave one in DrChrono"})
		}
	}
	return problems
}

// known reports whether the lookups name it by an id: DrChrono's are whole
// numbers (drchrono-v4, /api/custom_demographics), and a name finds no value.
func (d demographic) known() bool {
	return d.text != "" || d.id != "" && strings.Trim(d.id, "0123456789") == ""
}

func (d demographic) blank() bool { return transform.Blank(transform.Scalar(d.text)) }

// day is the value as YYYY-MM-DD, "" where it is none. Dates of this form
// compare as text.
func (d demographic) day() string {
	if _, err := time.Parse(time.DateOnly, d.text); err != nil {
		return ""
	}
	return d.text
}

// wanted notes what is wrong with a date that the discharge needs, and gives
// it where nothing is.
func (d demographic) wanted(c *transform.Case) string {
	switch {
	case !d.named:
		c.Lookup(demographicsLookup, d.keys[0], d.words) // notes that it lacks the key
	case d.blank():
		c.Problem(etl.CodeRequired, d.words+" is required and the patient's custom demographic is blank; fill it in in DrChrono")
	case d.day() == "":
		c.Problem(etl.CodeFormat, d.words+" must be a date, YYYY-MM-DD; correct the custom demographic in DrChrono")
	}
	return d.day()
}
