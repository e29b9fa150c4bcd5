package centralregistry

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// The document's optional fields. A practice that keeps one as a custom
// demographic names it in the lookup customDemographics; otherwise, and where
// the patient has no value, the field is left out: "if the field is provided in
// the payload, it cannot be set to NULL".

// A choice is an optional field of codes, with the document's words for each.
// Words "" are no words of the document's own: they would be mistaken for
// another's code.
type choice struct {
	meaning
	codes []string
	words []string
}

var (
	modality = choice{meaning{"modality", "the modality", []string{"modality", "treatmentModality"}},
		[]string{"1", "2", "3"}, []string{"Maintenance", "Short term detox (< 30 days)", "Long term detox (< 6 months)"}}

	// The step levels' own names are numbers too (code 2 is step 1), so that only
	// codes are taken.
	dosageStep = choice{meaning{"dosage_step", "the step level", []string{"dosageStep", "dosage_step"}},
		[]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, nil}

	employment = choice{meaning{"employment", "the employment", []string{"employment"}},
		[]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"},
		[]string{"Full time (35+ hours)", "Part time (regular hours)", "Part time (irregular hours)", "Student", "Military service",
			"Retired / disability", "Unemployed", "Controlled environment", "Homemaker"}}

	housing = choice{meaning{"housing", "the housing", []string{"housing"}},
		[]string{"owns", "dependent", "rents", "transient", "shelter"},
		[]string{"Owns", "Lives with someone else long term - making no payments", "Rents", "Transient - no permanent home address", "Shelter"}}

	arrests = choice{meaning{"arrests", "the arrests", []string{"arrests"}},
		[]string{"0", "1", "2", "3"}, []string{"None", "1-2 arrests", "3-5 arrests", "More than 5 arrests"}}

	hasAppointment = meaning{"has_appointment_scheduled", "whether a follow-up is scheduled",
		[]string{"hasAppointmentScheduled", "has_appointment_scheduled", "hasAppointment"}}

	appointmentDate = meaning{"appointment_scheduled_date", "the follow-up's date",
		[]string{"appointmentScheduledDate", "appointment_scheduled_date", "appointmentDate"}}
)

var optionalMeanings = []meaning{modality.meaning, dosageStep.meaning, employment.meaning, housing.meaning, arrests.meaning, hasAppointment, appointmentDate}

// optionalFields are the optional part of POST discharge (central-registry.txt,
// Discharge), in the document's order.
func optionalFields() []transform.Field[discharge] {
	var list []transform.Field[discharge]
	for _, o := range []struct {
		choice
		kind transform.Type
	}{{modality, transform.Integer}, {dosageStep, transform.Integer}, {employment, transform.Integer}, {housing, transform.Text}, {arrests, transform.Integer}} {
		list = append(list, transform.Field[discharge]{Name: o.field, Type: o.kind, Lookup: demographicsLookup,
			From: "patients.custom_demographics: " + o.meaning.words + ", where the practice keeps it", Get: o.value(o.kind)})
	}
	return append(list,
		transform.Field[discharge]{Name: hasAppointment.field, Type: transform.Boolean, Lookup: demographicsLookup,
			From: "patients.custom_demographics: " + hasAppointment.words + ", where the practice keeps it", Get: scheduledFlag},
		transform.Field[discharge]{Name: appointmentDate.field, Type: transform.Date, Lookup: demographicsLookup,
			From: "patients.custom_demographics: " + appointmentDate.words + ", only with its flag", Get: scheduledDate})
}

// value reads the code, or the document's words for one. Nothing that only
// resembles a choice is taken for it.
func (o choice) value(kind transform.Type) func(discharge, *transform.Case) transform.Value {
	return func(d discharge, c *transform.Case) transform.Value {
		text := strings.Join(strings.Fields(o.of(c, d.Patient).text), " ")
		if text == "" {
			return transform.Value{}
		}
		at := slices.Index(o.codes, text)
		if at < 0 {
			at = slices.IndexFunc(o.words, func(w string) bool { return strings.EqualFold(w, text) })
		}
		if at < 0 {
			words := ""
			if o.words != nil {
				words = ", or the registry's exact words for one"
			}
			return c.Problem(etl.CodeRange, o.field+" must be one of the codes "+strings.Join(o.codes, " ")+words+"; correct the custom demographic in DrChrono, or clear it")
		}
		if kind == transform.Integer {
			return transform.Raw(o.codes[at])
		}
		return transform.String(o.codes[at])
	}
}

// scheduled is the flag; known is false where the patient has none.
func scheduled(d discharge, c *transform.Case) (yes, known bool, text string) {
	text = strings.ToLower(hasAppointment.of(c, d.Patient).text)
	switch text {
	case "yes", "y":
		return true, true, text
	case "no", "n":
		return false, true, text
	}
	yes, err := strconv.ParseBool(text)
	return yes, err == nil, text
}

func scheduledFlag(d discharge, c *transform.Case) transform.Value {
	yes, known, text := scheduled(d, c)
	switch {
	case known:
		return transform.Bool(yes)
	case transform.Blank(transform.Scalar(text)):
		return transform.Value{}
	}
	return c.Problem(etl.CodeFormat, "has_appointment_scheduled must be yes or no; correct the custom demographic in DrChrono, or clear it")
}

// scheduledDate "can only be provided if the previous field is TRUE", and must
// be then.
func scheduledDate(d discharge, c *transform.Case) transform.Value {
	yes, _, _ := scheduled(d, c)
	date := appointmentDate.of(c, d.Patient)
	switch {
	case date.blank() && yes:
		return c.Problem(etl.CodeRequired, "appointment_scheduled_date is required where a follow-up is scheduled; fill it in in DrChrono")
	case date.blank():
		return transform.Value{}
	case !yes:
		return c.Problem(etl.CodeConflict, "appointment_scheduled_date can only be sent where has_appointment_scheduled says yes; correct one of the two in DrChrono")
	}
	if _, err := time.Parse(time.DateOnly, date.text); err != nil {
		return c.Problem(etl.CodeFormat, "appointment_scheduled_date must be a date, YYYY-MM-DD; correct the custom demographic in DrChrono")
	}
	return transform.String(date.text)
}
