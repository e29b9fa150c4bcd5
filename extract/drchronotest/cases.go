package drchronotest

import "slices"

// A Case is a nasty case of real life that a practice holds on purpose.
type Case struct {
	Endpoint, ID string
	Kind         string
	Night        int // 1 = there from the start; 2 and on = came or changed with that NextDay
}

// Kinds of patients.
const (
	KindUnicodeName              = "unicode_name"               // accents and letters of other scripts
	KindRightToLeftName          = "right_to_left_name"         // Hebrew and Arabic letters
	KindEmojiNickname            = "emoji_nickname"             // a nickname beyond the basic plane
	KindFormulaName              = "formula_name"               // a name that a spreadsheet would run
	KindApostropheName           = "apostrophe_name"            // straight and curly apostrophes
	KindLeadingZeroZip           = "leading_zero_zip"           // a zip code that a number would lose
	KindLeadingZeroMember        = "leading_zero_member"        // a member id that a number would lose
	KindTwin                     = "twin"                       // same last name, birth date and address as another
	KindMissingFirstName         = "missing_first_name"         // first_name ""
	KindMissingLastName          = "missing_last_name"          // last_name ""
	KindMissingBirthDate         = "missing_birth_date"         // date_of_birth null
	KindFutureBirthDate          = "future_birth_date"          // date_of_birth after now
	KindLongName                 = "long_name"                  // a last name of over 100 characters
	KindShortZip                 = "short_zip"                  // "9021"
	KindDashedZip                = "dashed_zip"                 // "90210-1234": valid after the dash is removed
	KindUnknownState             = "unknown_state"              // "ZZ"
	KindInactivePatient          = "inactive_patient"           // patient_status I
	KindDeceasedPatient          = "deceased_patient"           // patient_status D, with date_of_death
	KindNoInsurance              = "no_insurance"               // insurances full of ""
	KindUnknownPayer             = "unknown_payer"              // a company without a payer id
	KindOpioid                   = "opioid"                     // opioid treatment, still admitted
	KindOpioidDischarged         = "opioid_discharged"          // has discharge reason and date
	KindBadCRID                  = "bad_crid"                   // discharged, crid of 8 characters
	KindDischargeBeforeAdmission = "discharge_before_admission" // discharged before admitted
	KindNewPatient               = "new_patient"                // came later
	KindPatientChanged           = "patient_changed"            // address, insurance or status
	KindLastNameFilled           = "last_name_filled"           // last name missing first, there later
)

// Kinds of visits.
const (
	KindClockGap           = "clock_gap"            // 02:30 on the day on which clocks go forward
	KindRepeatedHour       = "repeated_hour"        // 01:30 on the day on which clocks go back
	KindPastMidnightUTC    = "past_midnight_utc"    // an evening visit whose UTC date is the next
	KindBreak              = "break"                // no patient
	KindDeletedVisit       = "deleted_visit"        // deleted_flag
	KindCancelled          = "cancelled"            // status Cancelled
	KindNoShow             = "no_show"              // status No Show
	KindRescheduled        = "rescheduled"          // status Rescheduled; later ones also move
	KindComplete           = "complete"             // status Complete
	KindBlankStatus        = "blank_status"         // status ""
	KindCustomStatus       = "custom_status"        // a status of the practice's own
	KindPatientUnknown     = "patient_unknown"      // its patient does not exist
	KindVirtual            = "virtual_occurrence"   // of a series, not yet made; its id is no number
	KindNewVisit           = "new_visit"            // came later
	KindVisitStatusChanged = "visit_status_changed" // another status later
)

// Kinds of doctors and what hangs on them.
const (
	KindSuspendedDoctor = "suspended_doctor"  // is_account_suspended
	KindDoctorNoUser    = "doctor_no_user"    // no users row
	KindBadNPI          = "bad_npi"           // check digit of the NPI wrong
	KindJobTitle        = "job_title_changed" // job_title changed later
	KindMedicationAdded = "medication_added"  // a medication that came later
)

// Cases lists the planted cases in the order in which they were planted. Other
// records may share a harmless trait (a cancelled visit, a zip with a leading
// zero), but never one that makes a record invalid.
func (p *Practice) Cases() []Case {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Clone(p.cases)
}

// CasesOf lists the cases of one kind.
func (p *Practice) CasesOf(kind string) []Case {
	return slices.DeleteFunc(p.Cases(), func(c Case) bool { return c.Kind != kind })
}

func (p *Practice) plant(endpoint, id, kind string) {
	p.cases = append(p.cases, Case{endpoint, id, kind, p.night})
}
