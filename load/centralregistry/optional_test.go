package centralregistry

import (
	"strconv"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// keeps names an optional custom demographic and gives the patient a value.
func (c *chart) keeps(key, value string) *chart {
	ids := c.lookups[demographicsLookup]
	if ids[key] == "" {
		ids[key] = strconv.Itoa(7100 + len(ids))
	}
	return c.with(key, value)
}

func TestRule_optional_codes(t *testing.T) {
	const rule = "Must correspond to one of these codes"
	for _, tt := range []struct {
		key, field string
		values     map[string]string // as kept -> as sent
		bad        []string
	}{
		{"modality", "modality", map[string]string{"1": "1", "3": "3", "maintenance": "1", "Short term detox (< 30 days)": "2"}, []string{"0", "4", "Detox"}},
		{"dosageStep", "dosage_step", map[string]string{"0": "0", "9": "9", "1": "1"}, []string{"10", "13", "A1", "-1"}},
		{"employment", "employment", map[string]string{"9": "9", "Unemployed": "7", "Full time  (35+ hours)": "1"}, []string{"0", "10", "works"}},
		{"housing", "housing", map[string]string{"rents": `"rents"`, "Owns": `"owns"`, "Transient - no permanent home address": `"transient"`}, []string{"0", "house"}},
		{"arrests", "arrests", map[string]string{"0": "0", "3": "3", "none": "0", "More than 5 arrests": "3"}, []string{"4", "many"}},
	} {
		for kept, sent := range tt.values {
			discharged().keeps(tt.key, kept).obeys(t, tt.field+": "+rule+" "+kept, tt.field, sent)
		}
		for _, bad := range tt.bad {
			discharged().keeps(tt.key, bad).breaks(t, tt.field+": "+rule, tt.field, etl.CodeRange, "must be one of the codes")
		}
		if body := discharged().keeps(tt.key, "").body(t, rule); len(body) != 9 {
			t.Errorf("%s: without a value %d fields go, want the 9 required ones", tt.field, len(body))
		}
	}
}

func TestRule_has_appointment_boolean(t *testing.T) {
	const rule = "has_appointment_scheduled: Must be a boolean value. Can not be NULL, but is optional"
	for kept, sent := range map[string]string{"no": "false", "N": "false", "false": "false", "0": "false", "": ""} {
		discharged().keeps("hasAppointmentScheduled", kept).obeys(t, rule, "has_appointment_scheduled", sent)
	}
	for _, kept := range []string{"Yes", "TRUE", "1", "y"} {
		c := discharged().keeps("hasAppointmentScheduled", kept).keeps("appointmentScheduledDate", "2026-03-20")
		c.obeys(t, rule, "has_appointment_scheduled", "true")
		c.obeys(t, rule, "appointment_scheduled_date", `"2026-03-20"`)
	}
	discharged().keeps("hasAppointmentScheduled", "maybe").breaks(t, rule, "has_appointment_scheduled", etl.CodeFormat, "yes or no")
}

func TestRule_appointment_date_only_with_its_flag(t *testing.T) {
	const rule = "appointment_scheduled_date: Can only be provided if the previous field is TRUE. If the previous field is TRUE, the date must not be NULL or blank."
	yes := func() *chart { return discharged().keeps("hasAppointmentScheduled", "yes") }
	yes().breaks(t, rule, "appointment_scheduled_date", etl.CodeRequired, "is required")
	yes().keeps("appointmentScheduledDate", "").breaks(t, rule, "appointment_scheduled_date", etl.CodeRequired, "is required")
	yes().keeps("appointmentScheduledDate", "3/20").breaks(t, rule, "appointment_scheduled_date", etl.CodeFormat, "YYYY-MM-DD")
	for _, flag := range []string{"no", ""} {
		c := discharged().keeps("hasAppointmentScheduled", flag).keeps("appointmentScheduledDate", "2026-03-20")
		c.breaks(t, rule, "appointment_scheduled_date", etl.CodeConflict, "only be sent where")
	}
}
