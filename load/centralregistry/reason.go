package centralregistry

import (
	"strconv"
	"strings"
)

// notAdmitted is the reason that only goes where no dose was given.
const notAdmitted = 12

// reasons are the document's words for its codes, from 1 (central-registry.txt,
// discharge_reason).
var reasons = []string{
	"No specific reason recorded",
	"Patient successfully completed treatment",
	"Patient transferred to another OTP/MAT program",
	"Patient deceased",
	"Unable to contact or lost contact with the patient",
	"Patient left against medical advice",
	"Patient was incarcerated",
	"Patient lost funding or insurance",
	"Patient discharged due to medical reasons or hospitalization",
	"Patient was non-compliant or administratively discharged",
	"Presumed dead, not yet confirmed",
	"Patient did not complete the admission process (only allowed if no medication was given)",
	"Patient transferred due to job-related reasons",
	"Discharged before converting to Lighthouse CR",
	"Death due to COVID-19",
	"Death due to overdose",
	"Clinic permanently closed",
	"Transferred to an OBOT or prescription-based program",
	"Transferred to a higher level of care",
	"Transferred to another incarceration facility",
	"Patient was released from jail or prison",
	"Unknown or not collected",
	"Transferred to an outpatient program",
	"Transferred to a residential program",
	"Leaving mobile unit for another OTP",
}

// notAdmittedShort is how the document names reason 12 in its prose.
const notAdmittedShort = "Patient did not complete the admission process"

// reasonCode reads a code from 1 to 25, or the document's words for one,
// whatever their case and with or without the full stop. 0 = neither: nothing
// that only resembles a reason is taken for it.
func reasonCode(text string) int {
	text = strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(reasons) && strconv.Itoa(n) == text {
		return n
	}
	for i, words := range reasons {
		if strings.EqualFold(text, words) {
			return i + 1
		}
	}
	if strings.EqualFold(text, notAdmittedShort) {
		return notAdmitted
	}
	return 0
}
