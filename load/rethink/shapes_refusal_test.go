package rethink

import (
	"strings"
	"testing"
)

// The error texts of the document and of the vendor's pages
// (destinations-facts, A9), with what may stand around them.
func TestRefusalsAreParsedByPattern(t *testing.T) {
	for _, c := range []struct{ object, text, field, code string }{
		{"client", "First Name is required.", "firstName", "required"},
		{"client", "lastName length exceeded", "lastName", "too_long"},
		{"client", "City Exceeds Max Length", "city", "too_long"},
		{"client", "Invalid Gender ID . Valid range of values is 1-3.", "genderID", "range"},
		{"client", "Invalid State ID. Valid range of values 1-52", "stateId", "range"},
		{"client", "Invalid Client Status ID. Please reference the Rethink lookup", "clientStatusId", "unknown_id"},
		{"client", "Client Id does not exist under this Organization.", "clientId", "unknown_id"},
		{"client", "Zip Code: Dashes are not supported", "zipCode", "format"},
		{"client", "Date Of Birth: Invalid Format - Must be Date Format", "dateOfBirth", "format"},
		{"funder", "funderId does not exist under this account.", "funderId", "unknown_id"},
		{"funder", "serviceLineIds does not exist under this account.", "serviceLineIds", "unknown_id"},
		{"staff", "Username already exists in the system", "username", "duplicate"},
		{"staff", "Invalid Status Id. Status Id does not exist under this account.", "statusId", "unknown_id"},
		{"appointment", "Submitted StaffID does match any IDs associated with this Company Account", "staffId", "unknown_id"},
		{"appointment", "Appointment Type does not match system set values.", "appointmentTypeId", "format"},
		{"appointment", "Scheduled Start Time: Must be time format", "scheduledStartTime", "format"},
		{"client", "Something that nobody documents", "", "refused"},
	} {
		p := Names(nil).refusal(c.text, c.object)
		if p.Field != c.field || p.Code != c.code {
			t.Errorf("%q is %q %q, want %q %q", c.text, p.Field, p.Code, c.field, c.code)
		}
		if p = Names(nil).refusal(c.text+" (Bo Canary, 2019-04-05)", c.object); strings.Contains(p.Message, "Canary") {
			t.Errorf("%q: the message quotes the vendor: %q", c.text, p.Message)
		}
	}
}

// TestRefusedIDsNameWhereTheyComeFrom: an id of the crosswalk is in no lookup.
func TestRefusedIDsNameWhereTheyComeFrom(t *testing.T) {
	for text, want := range map[string]string{
		"clientId Client Id does not exist under this Organization.": "crosswalk import --replace", "Submitted StaffID does match any IDs associated with this Company Account": "crosswalk import --replace",
		"Invalid Pay Code ID.": "lookups file",
	} {
		if p := Names(nil).refusal(text, "appointment"); !strings.Contains(p.Message, want) {
			t.Errorf("%q is told as %q, want %q in it", text, p.Message, want)
		}
	}
}

func TestNamesKeepTheVendorsCasing(t *testing.T) {
	want := map[string]string{
		"staff":         "staffId username statusId companyStaffId firstName lastName",
		"funder":        "clientFunderId funderSequence funderId serviceLineIds caseManagerId",
		"authorization": "clientauthorizationId authorizationSubmissionTypeID funderId authStartDate authEndDate authorizationNumber",
		"client": "clientId firstName middleName lastName dateOfBirth genderID addressStreet city stateId zipCode " +
			"clientExternalId clientStatusId locationId",
		"appointment": "appointmentId appointmentTypeId date scheduledStartTime scheduledEndTime staffId payCodeId tagId clientId " +
			"serviceId locationId placeOfServiceId appointmentStatusId cancellationTypeId",
	}
	for _, s := range Shapes(nil) {
		var names []string
		for _, c := range s.Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want[s.Object] {
			t.Errorf("%s has %s, want %s", s.Object, got, want[s.Object])
		}
	}
}

// What travels inside a client is judged before it, or would travel a run late.
func TestShapesStandInTheirOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Shapes(nil) {
		if seen[s.Inside] {
			t.Errorf("%s stands after %s, which carries it", s.Object, s.Inside)
		}
		seen[s.Object] = true
		if s.Destination != Name || s.Judge == nil || len(s.Columns) == 0 {
			t.Errorf("%s lacks its destination, judge or columns", s.Object)
		}
	}
}
