package loadtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const rethinkForm = "grant_type=client_credentials&client_id=c&client_secret=s&scope=api.read+api.write"

func newRethink(t *testing.T, o RethinkOptions) (*Rethink, caller) {
	t.Helper()
	o.Prefix, o.ClientID, o.ClientSecret = "/rethink", "c", "s"
	s := NewRethink(o)
	c := serve(t, s, "/rethink")
	_, word := c.token(rethinkForm)
	c.header.Set("Authorization", "Bearer "+word)
	return s, c
}

func aClient() fields {
	return fields{
		"clientId": nil, "firstName": "Ada", "lastName": "Roma", "dateOfBirth": "2015-04-05", "genderID": 2,
		"stateId": 33, "zipCode": "10001", "clientExternalId": "71", "clientStatusId": 101, "locationId": 701,
	}
}

func aStaff() fields {
	return fields{"username": "bo.lin", "statusId": 201, "companyStaffId": "9", "firstName": "Bo", "lastName": "Lin"}
}

func aVisit(client, staff any) fields {
	return fields{
		"appointmentTypeId": 1, "date": "2026-03-02", "scheduledStartTime": "14:00", "scheduledEndTime": "15:30",
		"staffId": staff, "clientId": client, "payCodeId": 301, "serviceId": 601, "placeOfServiceId": 801,
		"locationId": 701, "appointmentStatusId": 1,
	}
}

func TestRethinkToken(t *testing.T) {
	clock := newClock()
	s, c := newRethink(t, RethinkOptions{Now: clock.Now})
	tests := []struct {
		name, form string
		want       int
	}{
		{"good", rethinkForm, 200},
		{"secret", strings.Replace(rethinkForm, "client_secret=s", "client_secret=x", 1), 400},
		{"scope", strings.Replace(rethinkForm, "+api.write", "", 1), 400},
		{"grant", strings.Replace(rethinkForm, "client_credentials", "password", 1), 400},
	}
	for _, tt := range tests {
		if got, _ := c.token(tt.form); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	clock.Move(time.Hour)
	if got, _ := c.do("POST", "/api/client", aClient()); got != http.StatusUnauthorized {
		t.Errorf("with an expired token: status %d, want 401", got)
	}
	if e := lastEntry(s); e.Applied || e.Status != 401 || e.Op != "create" {
		t.Errorf("entry %+v, want an unapplied create with 401", e)
	}
}

func TestRethinkRules(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	client, _ := s.Seed("client", with(aClient(), "clientExternalId", "seed"))
	staff, _ := s.Seed("staff", with(aStaff(), "username", "cy.dunn"))
	long := strings.Repeat("x", 101)
	objects := map[string]fields{"client": aClient(), "staff": aStaff(), "appointment": aVisit(client, staff)}
	tests := []struct {
		object, field string
		value         any
		want          string
	}{
		{"client", "firstName", drop, "firstName is required."},
		{"client", "lastName", " ", "lastName is required."},
		{"client", "lastName", long, "Exceeds Max Length"},
		{"client", "firstname", "Ada", ""}, // an unknown field is taken
		{"client", "firstName", 7, "Invalid Format - Must be a String."},
		{"client", "dateOfBirth", nil, "dateOfBirth is required."},
		{"client", "dateOfBirth", "04/05/2015", "Invalid Format - Must be Date Format"},
		{"client", "dateOfBirth", "2015-02-30", "Invalid Format - Must be Date Format"},
		{"client", "genderID", 4, "Invalid Gender ID . Valid range of values is 1-3."},
		{"client", "genderID", "2", "Invalid Format - Must be a number."},
		{"client", "stateId", 0, "Invalid State ID. Valid range of values is 1-52."},
		{"client", "stateId", 53, "Invalid State ID. Valid range of values is 1-52."},
		{"client", "zipCode", "10001-1234", "Dashes are not supported"},
		{"client", "zipCode", "1000", "Invalid Format - Must be a number."},
		{"client", "zipCode", "100011234", ""},
		{"client", "clientStatusId", 999, "Invalid Client Status ID."},
		{"client", "locationId", 999, "Invalid Location ID."},
		{"client", "clientId", 4, "Client Id does not exist under this Organization."},
		{"client", "clientId", "x", "Invalid Format - Must be a number."},
		{"client", "clientFunders", "none", "Invalid Format - clientFunders must be a list of objects."},
		{"staff", "username", drop, "username is required."},
		{"staff", "username", "short", "username must have at least 6 characters."},
		{"staff", "username", long, "username length exceeded"},
		{"staff", "username", "Cy.Dunn", "Username already exists in the system"},
		{"staff", "statusId", 101, "Invalid Status Id. Status Id does not exist under this account."},
		{"staff", "companyStaffId", long, "companyStaffId length exceeded"},
		{"staff", "lastName", drop, "lastName is required."},
		{"appointment", "appointmentTypeId", 4, "Appointment Type does not match system set values."},
		{"appointment", "appointmentTypeId", 2, "tagId is required."},
		{"appointment", "tagId", 999, "Invalid Tag ID."},
		{"appointment", "date", "03/02/2026", "Must be date format"},
		{"appointment", "scheduledStartTime", "2:00", "Must be time format"},
		{"appointment", "scheduledEndTime", "24:00", "Must be time format"},
		{"appointment", "scheduledEndTime", "15:30:00", "scheduledEndTime length exceeded"},
		{"appointment", "staffId", 5, "Submitted StaffID does match any IDs associated with this Company Account"},
		{"appointment", "clientId", 5, "Submitted ClientID does match any IDs associated with this Company Account"},
		{"appointment", "clientId", drop, "clientId is required."},
		{"appointment", "payCodeId", 999, "Invalid Pay Code ID."},
		{"appointment", "serviceId", 999, "Invalid Service ID."},
		{"appointment", "placeOfServiceId", 999, "Invalid Place Of Service ID."},
		{"appointment", "appointmentStatusId", 999, "Invalid Appointment Status ID."},
		{"appointment", "cancellationTypeId", 999, "Invalid Cancellation Type ID."},
		{"appointment", "appointmentId", 5, "Appointment Id does not exist under this Company Account"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.object, tt.field, tt.value), func(t *testing.T) {
			got := c.must("POST", "/api/"+tt.object, with(objects[tt.object], tt.field, tt.value))
			msg, _ := got["ErrorMessage"].(string)
			_, numbered := whole(got[tt.object+"Id"])
			if msg != tt.want || numbered != (tt.want == "") {
				t.Errorf("ErrorMessage %q, id %v, want %q", msg, got[tt.object+"Id"], tt.want)
			}
			if e := lastEntry(s); e.Applied != (tt.want == "") || e.Status != 200 {
				t.Errorf("entry %+v, want applied only without a message", e)
			}
		})
	}
}

func TestRethinkBodyIsOneObject(t *testing.T) {
	_, c := newRethink(t, RethinkOptions{})
	for _, body := range []string{"", "[]", `[{"firstName":"Ada"}]`, "null", "{} {}", "{"} {
		if got, _ := c.do("POST", "/api/client", body); got != http.StatusBadRequest {
			t.Errorf("body %q: status %d, want 400", body, got)
		}
	}
}

func TestRethinkNestedFailsAlone(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	sent := aClient()
	sent["clientFunders"] = []fields{
		{"funderId": 501, "serviceLineIds": []int{901}, "funderSequence": 1, "caseManagerId": 1},
		{"funderId": 999, "serviceLineIds": []int{901}},
		{"funderId": 502, "serviceLineIds": []int{1}},
		{"funderId": 503, "serviceLineIds": []int{}},
	}
	auth := fields{
		"authorizationSubmissionTypeID": 1, "funderId": 501, "authStartDate": "2026-01-01",
		"authEndDate": "2026-06-30", "authorizationNumber": "A-1",
	}
	good := with(auth, "authorizationBillingCodes", []fields{
		{"billingCodeId": 61, "authorizedUnits": 40, "authorizedFrequency": 2},
		{"billingCodeId": 62, "authorizedUnits": 123456},
		{"billingCodeId": 62, "authorizedFrequency": 5},
		{"billingCodeId": 1},
	})
	bad := with(with(good, "authEndDate", "soon"), "authorizationNumber", "A-2")
	sent["authorizations"] = []fields{good, bad, with(auth, "funderId", 504), with(auth, "authorizationSubmissionTypeID", 4)}
	got := c.must("POST", "/api/client", sent)

	said := func(v any) (out []string) {
		for _, f := range list(v) {
			out = append(out, fmt.Sprint(f["ErrorMessage"]))
		}
		return out
	}
	if _, ok := whole(got["clientId"]); !ok {
		t.Fatalf("clientId %v, want a number", got["clientId"])
	}
	wantFunders := []string{"<nil>", "funderId does not exist under this account.", "serviceLineId does not exist under this account.", "serviceLineIds is required."}
	if diff := cmp.Diff(wantFunders, said(got["clientFunders"])); diff != "" {
		t.Errorf("funders (-want +got):\n%s", diff)
	}
	wantAuths := []string{"<nil>", "Invalid Format - Must be Date Format", "funderId does not exist for the client.", "Invalid Authorization Submission Type ID. Valid range of values 1-3"}
	if diff := cmp.Diff(wantAuths, said(got["authorizations"])); diff != "" {
		t.Errorf("authorizations (-want +got):\n%s", diff)
	}
	wantCodes := []string{"<nil>", "authorizedUnits length exceeded", "Invalid Authorized Frequency ID. Valid range of values 1-4", "billingCodeId does not exist under this account."}
	auths := list(got["authorizations"])
	if diff := cmp.Diff(wantCodes, said(auths[0]["authorizationBillingCodes"])); diff != "" {
		t.Errorf("billing codes (-want +got):\n%s", diff)
	}
	if id := list(auths[1]["authorizationBillingCodes"])[0]["authorizationBillingCodeId"]; id != nil {
		t.Errorf("billing code of a refused authorization has id %v, want null", id)
	}
	held := s.Objects("client")[0]
	if n, m := len(list(held["clientFunders"])), len(list(held["authorizations"])); n != 1 || m != 1 {
		t.Errorf("held %d funders and %d authorizations, want 1 and 1", n, m)
	}
	if manager, there := list(held["clientFunders"])[0]["caseManagerId"]; there {
		t.Errorf("case manager %v was kept, want saved without", manager)
	}
}

func TestRethinkUpdate(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	funder := fields{"funderId": 501, "serviceLineIds": []int{901}, "funderSequence": 1}
	first := c.must("POST", "/api/client", with(aClient(), "clientFunders", []fields{funder}))
	funderID := list(first["clientFunders"])[0]["clientFunderId"]

	change := fields{
		"clientId": first["clientId"], "city": "Albany",
		"clientFunders": []fields{with(funder, "clientFunderId", funderID), with(funder, "clientFunderId", 5)},
	}
	got := c.must("POST", "/api/client", change)
	if msg := list(got["clientFunders"])[1]["ErrorMessage"]; msg != "clientFunderId does not exist for the client." {
		t.Errorf("unknown clientFunderId: %v", msg)
	}
	if e := lastEntry(s); e.Op != "update" || !e.Applied || e.ExternalID != "71" {
		t.Errorf("entry %+v, want an applied update of 71", e)
	}
	held := s.Objects("client")
	if len(held) != 1 || held[0]["city"] != "Albany" || held[0]["firstName"] != "Ada" || len(list(held[0]["clientFunders"])) != 1 {
		t.Errorf("held %v, want one client, changed, with its one funder", held)
	}
	if blanked := c.must("POST", "/api/client", fields{"clientId": first["clientId"], "lastName": nil}); blanked["ErrorMessage"] != "lastName is required." {
		t.Errorf("blanking a required field: %v", blanked["ErrorMessage"])
	}
	if d := s.Duplicates(); d != nil {
		t.Errorf("duplicates %v, want none", d)
	}
	change["clientFunders"] = []fields{funder}
	c.must("POST", "/api/client", change)
	c.must("POST", "/api/client", aClient())
	want := []string{"client 71", fmt.Sprintf("clientFunder %v|501|1", first["clientId"])}
	if diff := cmp.Diff(want, s.Duplicates()); diff != "" {
		t.Errorf("duplicates (-want +got):\n%s", diff)
	}
}

func TestRethinkBillableTags(t *testing.T) {
	account := DefaultRethinkAccount()
	account.BillableTags = []int{440}
	s, c := newRethink(t, RethinkOptions{Account: account})
	client, _ := s.Seed("client", aClient())
	staff, _ := s.Seed("staff", aStaff())
	for _, tt := range []struct {
		kind, tag int
		ok        bool
	}{{1, 440, true}, {1, 401, false}, {2, 401, true}, {2, 440, false}, {3, 440, true}} {
		visit := with(with(aVisit(client, staff), "appointmentTypeId", tt.kind), "tagId", tt.tag)
		if got := c.must("POST", "/api/appointment", visit); (got["ErrorMessage"] == nil) != tt.ok {
			t.Errorf("type %d with tag %d: %v, want ok %t", tt.kind, tt.tag, got["ErrorMessage"], tt.ok)
		}
	}
}
