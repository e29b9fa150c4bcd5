package loadtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What a field's value must look like.
type kind int

const (
	text    kind = iota
	number       // whole
	date         // YYYY-MM-DD
	clock        // HH:MM
	numbers      // a list of whole numbers, all of them looked up
	zip          // 5 or 9 digits
)

// A rule is one line of a field dictionary; texts are the vendor's own
// (destinations-facts A3-A7, A9), the general ones of rethink.txt elsewhere.
type rule struct {
	name      string
	kind      kind
	required  bool
	min, max  int    // characters, or digits of a number; 0 = no limit
	tooLong   string // "" = "<name> length exceeded"
	format    string // said of a value that is not of the kind; "" = the kind's own text
	low, high int64  // range of a number, where high > 0
	lookup    func(*RethinkAccount) []int
	wrong     string // said where range or lookup does not hold
}

// A shape is one object: its fields, what lies in it, and how it is known.
type shape struct {
	object  string // the path's last part, or the journal's word for a nested one
	array   string // where a nested one lies in its parent
	id      string
	unknown string // said of an id that is not held
	rules   []rule
	nested  []*shape
	check   func(s *Rethink, merged, parent map[string]any) string // beyond single fields; may be nil
	key     func(fields, parent map[string]any) string             // external or natural key; "" = none
}

const (
	notDate   = "Invalid Format - Must be Date Format"
	notNumber = "Invalid Format - Must be a number."
	noStaff   = "Submitted StaffID does match any IDs associated with this Company Account"  // the vendor's own missing "not"
	noClient  = "Submitted ClientID does match any IDs associated with this Company Account" // after noStaff
	tooLong   = "Exceeds Max Length"
)

var rethinkShapes = []*shape{clientShape, staffShape, appointmentShape}

var clientShape = &shape{
	object: "client", id: "clientId", unknown: "Client Id does not exist under this Organization.",
	rules: []rule{
		{name: "firstName", required: true, max: 100, tooLong: tooLong},
		{name: "lastName", required: true, max: 100, tooLong: tooLong},
		{name: "middleName", max: 100, tooLong: tooLong},
		{name: "dateOfBirth", kind: date, required: true},
		{name: "genderID", kind: number, required: true, low: 1, high: 3, wrong: "Invalid Gender ID . Valid range of values is 1-3."},
		{name: "addressStreet", max: 100, tooLong: tooLong},
		{name: "city", max: 100, tooLong: tooLong},
		{name: "stateId", kind: number, low: 1, high: 52, wrong: "Invalid State ID. Valid range of values is 1-52."},
		{name: "zipCode", kind: zip, max: 9, tooLong: tooLong},
		{name: "clientExternalId", max: 100, tooLong: tooLong},
		{name: "clientStatusId", kind: number, lookup: func(a *RethinkAccount) []int { return a.Statuses }, wrong: "Invalid Client Status ID."},
		{name: "locationId", kind: number, lookup: func(a *RethinkAccount) []int { return a.Locations }, wrong: "Invalid Location ID."},
	},
	nested: []*shape{funderShape, diagnosisShape, authorizationShape},
	key: func(c, _ map[string]any) string {
		if !blank(c["clientExternalId"]) {
			return fmt.Sprint(c["clientExternalId"])
		}
		return "natural:" + digest(fmt.Sprint(c["lastName"], "|", c["firstName"], "|", c["dateOfBirth"]))[:16]
	},
}

var funderShape = &shape{
	object: "clientFunder", array: "clientFunders", id: "clientFunderId",
	unknown: "clientFunderId does not exist for the client.",
	rules: []rule{
		{name: "funderSequence", kind: number, low: 1, high: 3, wrong: "Invalid Funder Sequence ID. Valid range of values is 1-3"},
		{name: "funderId", kind: number, required: true, lookup: func(a *RethinkAccount) []int { return a.Funders }, wrong: "funderId does not exist under this account."},
		{name: "serviceLineIds", kind: numbers, required: true, lookup: func(a *RethinkAccount) []int { return a.ServiceLines }, wrong: "serviceLineId does not exist under this account."},
		{name: "caseManagerId", kind: number},
	},
	// An unknown case manager is no error: the funder is saved without (A4).
	check: func(s *Rethink, merged, _ map[string]any) string {
		if id, ok := whole(merged["caseManagerId"]); ok && !slices.Contains(s.o.Account.CaseManagers, int(id)) {
			delete(merged, "caseManagerId")
		}
		return ""
	},
	key: func(f, client map[string]any) string {
		sequence := f["funderSequence"]
		if blank(sequence) {
			sequence = 1 // primary (A4)
		}
		return fmt.Sprint(client["clientId"], "|", f["funderId"], "|", sequence)
	},
}

var diagnosisShape = &shape{
	object: "diagnosis", array: "diagnoses", id: "clientDiagnosisId",
	unknown: "clientDiagnosisId does not exist for the client.",
	rules:   []rule{{name: "diagnosisCode", required: true, max: 10}},
	key: func(d, parent map[string]any) string {
		return fmt.Sprint(parent["clientId"], "|", parent["clientauthorizationId"], "|", digest(fmt.Sprint(d["diagnosisCode"]))[:16])
	},
}

var authorizationShape = &shape{
	object: "authorization", array: "authorizations", id: "clientauthorizationId",
	unknown: "clientauthorizationId does not exist for the client.",
	rules: []rule{
		{name: "authorizationSubmissionTypeID", kind: number, required: true, low: 1, high: 3, wrong: "Invalid Authorization Submission Type ID. Valid range of values 1-3"},
		{name: "funderId", kind: number, required: true, lookup: func(a *RethinkAccount) []int { return a.Funders }, wrong: "funderId does not exist under this account."},
		{name: "authStartDate", kind: date, required: true},
		{name: "authEndDate", kind: date, required: true},
		{name: "authorizationNumber", required: true, max: 100},
		{name: "clientDiagnosisId", kind: number},
	},
	nested: []*shape{billingCodeShape, diagnosisShape},
	check:  checkAuthorization,
	key: func(a, client map[string]any) string {
		return fmt.Sprint(client["clientId"], "|", a["funderId"], "|", a["authStartDate"], "|", digest(fmt.Sprint(a["authorizationNumber"]))[:16])
	},
}

var billingCodeShape = &shape{
	object: "billingCode", array: "authorizationBillingCodes", id: "authorizationBillingCodeId",
	unknown: "authorizationBillingCodeId does not exist for this Authorization.",
	rules: []rule{
		{name: "billingCodeId", kind: number, required: true, lookup: func(a *RethinkAccount) []int { return a.BillingCodes }, wrong: "billingCodeId does not exist under this account."},
		{name: "authorizedUnits", kind: number, max: 5},
		{name: "authorizedFrequency", kind: number, low: 1, high: 4, wrong: "Invalid Authorized Frequency ID. Valid range of values 1-4"},
	},
	key: func(b, authorization map[string]any) string {
		return fmt.Sprint(authorization["clientauthorizationId"], "|", b["billingCodeId"])
	},
}

var staffShape = &shape{
	object: "staff", id: "staffId", unknown: "Staff Id does not exist under this Organization.",
	rules: []rule{
		{name: "username", required: true, min: 6, max: 100},
		{name: "statusId", kind: number, required: true, lookup: func(a *RethinkAccount) []int { return a.StaffStatuses }, wrong: "Invalid Status Id. Status Id does not exist under this account."},
		{name: "companyStaffId", max: 100},
		{name: "firstName", required: true, max: 100},
		{name: "middleName", max: 100},
		{name: "lastName", required: true, max: 100},
	},
	check: checkUsername,
	key: func(f, _ map[string]any) string {
		if blank(f["companyStaffId"]) {
			return ""
		}
		return fmt.Sprint(f["companyStaffId"])
	},
}

var appointmentShape = &shape{
	object: "appointment", id: "appointmentId", unknown: "Appointment Id does not exist under this Company Account",
	rules: []rule{
		{name: "appointmentTypeId", kind: number, required: true, low: 1, high: 3, wrong: "Appointment Type does not match system set values."},
		{name: "date", kind: date, required: true, format: "Must be date format"},
		{name: "scheduledStartTime", kind: clock, required: true, max: 5},
		{name: "scheduledEndTime", kind: clock, required: true, max: 5},
		{name: "staffId", kind: number, required: true},
		{name: "payCodeId", kind: number, required: true, lookup: func(a *RethinkAccount) []int { return a.PayCodes }, wrong: "Invalid Pay Code ID."},
		{name: "tagId", kind: number, lookup: func(a *RethinkAccount) []int { return a.Tags }, wrong: "Invalid Tag ID."},
		{name: "clientId", kind: number, required: true},
		{name: "serviceId", kind: number, lookup: func(a *RethinkAccount) []int { return a.Services }, wrong: "Invalid Service ID."},
		{name: "placeOfServiceId", kind: number, lookup: func(a *RethinkAccount) []int { return a.PlacesOfService }, wrong: "Invalid Place Of Service ID."},
		{name: "locationId", kind: number, lookup: func(a *RethinkAccount) []int { return a.Locations }, wrong: "Invalid Location ID."},
		{name: "appointmentStatusId", kind: number, lookup: func(a *RethinkAccount) []int { return a.AppointmentStatuses }, wrong: "Invalid Appointment Status ID."},
		{name: "cancellationTypeId", kind: number, lookup: func(a *RethinkAccount) []int { return a.CancellationTypes }, wrong: "Invalid Cancellation Type ID."},
	},
	check: checkAppointment,
	key: func(a, _ map[string]any) string {
		return fmt.Sprint(a["clientId"], "|", a["staffId"], "|", a["date"], "|", a["scheduledStartTime"])
	},
}

// judge says what is wrong with a value that is there; "" = nothing.
func (r rule) judge(v any, a *RethinkAccount) string {
	switch r.kind {
	case number:
		n, ok := whole(v)
		switch {
		case !ok:
			return notNumber
		case r.max > 0 && len(v.(json.Number).String()) > r.max:
			return r.long()
		case r.high > 0 && (n < r.low || n > r.high), r.lookup != nil && !slices.Contains(r.lookup(a), int(n)):
			return r.wrong
		}
		return ""
	case numbers:
		return r.judgeList(v, a)
	}
	t, ok := v.(string)
	if !ok {
		return "Invalid Format - Must be a String."
	}
	return r.judgeText(t)
}

func (r rule) judgeList(v any, a *RethinkAccount) string {
	list, ok := v.([]any)
	if !ok {
		return notNumber
	}
	one := rule{kind: number, lookup: r.lookup, wrong: r.wrong}
	for _, item := range list {
		if msg := one.judge(item, a); msg != "" {
			return msg
		}
	}
	return ""
}

var zipForm = regexp.MustCompile(`^(\d{5}|\d{9})$`)

func (r rule) judgeText(t string) string {
	n := len([]rune(t))
	_, badDate := time.Parse(time.DateOnly, t)
	_, badClock := time.Parse("15:04", t)
	switch {
	case r.kind == zip && strings.Contains(t, "-"):
		return "Dashes are not supported"
	case r.max > 0 && n > r.max:
		return r.long()
	case n < r.min:
		return fmt.Sprintf("%s must have at least %d characters.", r.name, r.min) // the vendor's text is not known
	case r.kind == zip && !zipForm.MatchString(t):
		return notNumber
	case r.kind == date && badDate != nil && r.format != "":
		return r.format
	case r.kind == date && badDate != nil:
		return notDate
	case r.kind == clock && (badClock != nil || n != 5):
		return "Must be time format"
	}
	return ""
}

func (r rule) long() string {
	if r.tooLong != "" {
		return r.tooLong
	}
	return r.name + " length exceeded"
}
