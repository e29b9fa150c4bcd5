package loadtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// notAdmitted is the reason that goes only with no dose given.
const notAdmitted = 12

// noMedication lists the medication codes with which the dosage is 0
// (destinations-facts C).
var noMedication = []int{7, 12}

// A registryRule is one field of the document. An optional field may be left
// out, never null. judge says what is wrong with a value; "" = nothing.
type registryRule struct {
	name     string
	optional bool
	judge    func(v any) string
}

var loginRules = []registryRule{
	{"first_name", false, filled},
	{"last_name", false, filled},
	{"unique_site_id", false, matching(`^[A-Z]{2}\d{6}$`, "must be 2 letters and 6 digits.")},
}

var dischargeRules = []registryRule{
	{"discharge_user_name", false, filled},
	{"unique_site_id", false, matching(`^[A-Z]{2}\d{6}$`, "must be 2 letters and 6 digits.")},
	{"crid", false, matching(`^.{9}$`, "must be exactly 9 characters.")},
	{"identification_hash", false, matching(`^[0-9a-fA-F]+$`, "must be in hex format.")},
	{"discharge_date", false, day},
	{"discharge_reason", false, oneOf(span(1, 25))},
	{"dose_through_date", false, day},
	{"medication", false, oneOf([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12})},
	{"dosage", false, dosage},
	{"modality", true, oneOf(span(1, 3))},
	{"dosage_step", true, oneOf(span(0, 9))},
	{"employment", true, oneOf(span(1, 9))},
	{"housing", true, matching(`^(owns|dependent|rents|transient|shelter)$`, "must be one of the provided codes.")},
	{"arrests", true, oneOf(span(0, 3))},
	{"has_appointment_scheduled", true, flag},
	{"appointment_scheduled_date", true, day},
}

func filled(v any) string {
	if text, ok := v.(string); !ok || blank(text) {
		return "must be a string that is not blank."
	}
	return ""
}

func matching(form, msg string) func(any) string {
	re := regexp.MustCompile(form)
	return func(v any) string {
		if text, ok := v.(string); !ok || !re.MatchString(text) {
			return msg
		}
		return ""
	}
}

func day(v any) string {
	text, _ := v.(string)
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "must be a date (YYYY-MM-DD)."
	}
	return ""
}

func oneOf(codes []int) func(any) string {
	return func(v any) string {
		n, ok := whole(v)
		switch {
		case !ok:
			return "must be an integer."
		case !slices.Contains(codes, int(n)):
			return "must be one of the provided codes."
		}
		return ""
	}
}

var dosageForm = regexp.MustCompile(`^\d{1,3}(\.\d{1,2})?$`)

func dosage(v any) string {
	if n, ok := v.(json.Number); !ok || !dosageForm.MatchString(n.String()) {
		return "must be a number of up to 3 digits with up to 2 decimals."
	}
	return ""
}

func flag(v any) string {
	if _, ok := v.(bool); !ok {
		return "must be a boolean."
	}
	return ""
}

func judgeAll(rules []registryRule, sent map[string]any) map[string]string {
	errs := map[string]string{}
	for _, r := range rules {
		v, there := sent[r.name]
		msg := ""
		switch {
		case !there && r.optional:
		case !there, v == nil && !r.optional, v == "" && !r.optional:
			msg = "is required."
		case v == nil:
			msg = "must not be null."
		default:
			msg = r.judge(v)
		}
		if msg != "" {
			errs[r.name] = fmt.Sprintf("The %s field %s", r.name, msg)
		}
	}
	return errs
}

// judge checks all that can be checked without the patient.
func (s *Registry) judge(sent map[string]any) map[string]string {
	errs := judgeAll(dischargeRules, sent)
	if text, _ := sent["discharge_date"].(string); errs["discharge_date"] == "" && text > s.now().UTC().Format(time.DateOnly) {
		errs["discharge_date"] = "The discharge date must not be in the future."
	}
	code, _ := whole(sent["medication"])
	dose, _ := sent["dosage"].(json.Number)
	if amount, err := dose.Float64(); err == nil && amount != 0 && slices.Contains(noMedication, int(code)) {
		errs["dosage"] = "The dosage must be 0 if no medication was given."
	}
	scheduled := sent["has_appointment_scheduled"] == true
	date, there := sent["appointment_scheduled_date"]
	switch {
	case scheduled && blank(date):
		errs["appointment_scheduled_date"] = "The appointment date is required if an appointment is scheduled."
	case !scheduled && there:
		errs["appointment_scheduled_date"] = "The appointment date can only be provided if an appointment is scheduled."
	}
	return errs
}
