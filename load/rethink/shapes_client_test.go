package rethink

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

func TestClientMapsEveryField(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  clientStatus: {A: 21}\n  location: {\"3001\": 41}\n")
	v := verdict(t, e, "client", aPatient.with(row{"middle_name": "Q"}))
	want := map[string]string{"firstName": `"Bo"`, "middleName": `"Q"`, "lastName": `"Lin"`, "dateOfBirth": `"2019-04-05"`,
		"genderID": "2", "addressStreet": `"1 Test Way"`, "city": `"Sampleton"`, "stateId": "33", "zipCode": `"100011234"`,
		"clientExternalId": `"90001"`, "clientStatusId": "21", "locationId": "41"}
	if diff := cmp.Diff(want, fields(t, v)); diff != "" {
		t.Error("body (-want +got)\n" + diff)
	}
	needs := []etl.Need{{Path: "clientId", Object: "client", ID: "90001", Optional: true}}
	if diff := cmp.Diff(needs, v.Needs); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestClientRequired(t *testing.T) {
	for _, absent := range []any{"", nil, "  "} {
		checkFields(t, "client", aPatient, []fieldCase{
			{"absent", row{"first_name": absent}, "firstName", "!required"},
			{"absent", row{"last_name": absent}, "lastName", "!required"},
			{"absent", row{"date_of_birth": absent}, "dateOfBirth", "!required"},
			{"absent", row{"gender": absent}, "genderID", "!required"},
			{"absent", row{"middle_name": absent}, "middleName", ""},
			{"absent", row{"address": absent}, "addressStreet", ""},
			{"absent", row{"city": absent}, "city", ""},
			{"absent", row{"state": absent}, "stateId", ""},
			{"absent", row{"zip_code": absent}, "zipCode", ""},
		})
	}
}

func TestClientLengths(t *testing.T) {
	fits, over := strings.Repeat("é", 100), strings.Repeat("é", 101)
	checkFields(t, "client", aPatient, []fieldCase{
		{"100 characters of 2 bytes", row{"first_name": fits}, "firstName", `"` + fits + `"`},
		{"101", row{"first_name": over}, "firstName", "!too_long"},
		{"100 emoji", row{"last_name": strings.Repeat("🙂", 100)}, "lastName", `"` + strings.Repeat("🙂", 100) + `"`},
		{"101", row{"last_name": over}, "lastName", "!too_long"},
		{"101", row{"middle_name": over}, "middleName", "!too_long"},
		{"101", row{"address": over}, "addressStreet", "!too_long"},
		{"101", row{"city": over}, "city", "!too_long"},
	})
}

func TestClientBirthDate(t *testing.T) {
	checkFields(t, "client", aPatient, []fieldCase{
		{"today", row{"date_of_birth": "2026-03-01"}, "dateOfBirth", `"2026-03-01"`},
		{"tomorrow", row{"date_of_birth": "2026-03-02"}, "dateOfBirth", "!range"},
		{"long ago", row{"date_of_birth": "1879-12-31"}, "dateOfBirth", "!range"},
		{"leap day", row{"date_of_birth": "2024-02-29"}, "dateOfBirth", `"2024-02-29"`},
		{"no leap day", row{"date_of_birth": "2023-02-29"}, "dateOfBirth", "!format"},
		{"another order", row{"date_of_birth": "04/05/2019"}, "dateOfBirth", "!format"},
		{"garbage", row{"date_of_birth": "unknown"}, "dateOfBirth", "!format"},
	})
}

func TestClientGenderAndState(t *testing.T) {
	checkFields(t, "client", aPatient, []fieldCase{
		{"known", row{"gender": "Other"}, "genderID", "3"},
		{"not in the lookup", row{"gender": "UNK"}, "genderID", "!lookup"},
		{"the word default", row{"gender": "default"}, "genderID", "!lookup"},
		{"lower case", row{"state": "ny"}, "stateId", "33"},
		{"last of the range", row{"state": "DC"}, "stateId", "52"},
		{"not in the lookup", row{"state": "ZZ"}, "stateId", "!lookup"},
		{"no code", row{"state": "Old York"}, "stateId", "!format"},
	})
	e := env(t)
	odd := verdict(t, e, "client", aPatient.with(row{"state": "12 Old York"})).Problems
	if len(odd) != 1 || !strings.Contains(odd[0].Message, "lookup state has no id") || strings.Contains(odd[0].Message+odd[0].Key, "York") {
		t.Errorf("what may be a piece of an address: %v, want the lookup named, and no key", odd)
	}
	e.Lookups = parseLookups(t, "rethink: {gender: {Female: 4}, state: {NY: 53}}")
	v := verdict(t, e, "client", aPatient)
	for _, field := range []string{"genderID", "stateId"} {
		if got := outcomeOf(t, v, field); got != "!range" {
			t.Errorf("%s is %s, want !range", field, got)
		}
	}
	e.Lookups = parseLookups(t, "rethink: {gender: {Female: girl}, state: {New York: 33}}")
	v = verdict(t, e, "client", aPatient.with(row{"state": "New York"}))
	if got := outcomeOf(t, v, "genderID"); got != "!range" {
		t.Errorf("an id that is no number is %s, want !range", got)
	}
	if got := outcomeOf(t, v, "stateId"); strings.HasPrefix(got, "!") {
		t.Errorf("a state keyed by the value itself is %s", got)
	}
}

func TestClientZip(t *testing.T) {
	checkFields(t, "client", aPatient, []fieldCase{
		{"5", row{"zip_code": "10001"}, "zipCode", `"10001"`},
		{"leading zero", row{"zip_code": "00501"}, "zipCode", `"00501"`},
		{"9", row{"zip_code": "100011234"}, "zipCode", `"100011234"`},
		{"dash", row{"zip_code": "10001-1234"}, "zipCode", `"100011234"`},
		{"space", row{"zip_code": "10001 1234"}, "zipCode", `"100011234"`},
		{"number", row{"zip_code": 10001}, "zipCode", `"10001"`},
		{"4", row{"zip_code": "1000"}, "zipCode", "!format"},
		{"10", row{"zip_code": "1000112345"}, "zipCode", "!format"},
		{"dash at the end", row{"zip_code": "10001-"}, "zipCode", "!format"},
		{"letters", row{"zip_code": "K1A 0B1"}, "zipCode", "!format"},
		{"other digits", row{"zip_code": "١٢٣٤٥"}, "zipCode", "!format"},
	})
}

func TestLookupProblemNamesLookupAndKey(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  clientStatus: {A: 21}\n  location: {\"3002\": 41}\n")
	v := verdict(t, e, "client", aPatient.with(row{"patient_status": "D", "gender": "UNK", "state": "ZZ"}))
	got := map[string]string{}
	for _, p := range v.Problems {
		got[p.Field] = p.Code + " " + p.Lookup + " " + p.Key
	}
	want := map[string]string{"genderID": "lookup gender UNK", "stateId": "lookup state ZZ",
		"clientStatusId": "lookup clientStatus D", "locationId": "lookup location 3001"}
	if diff := cmp.Diff(want, got); diff != "" || v.Outcome != etl.Invalid || v.Cause != etl.CodeLookup {
		t.Errorf("outcome %s, cause %s, problems (-want +got)\n%s", v.Outcome, v.Cause, diff)
	}
}

// TestLookupGivesTheWrongForm: it is in the lookups that it is corrected, so the
// problem names lookup and key; what a patient brought is none of theirs.
func TestLookupGivesTheWrongForm(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, strings.Replace(allLookups, "Female: 2", "Female: 9", 1)+"  location: {\"3001\": 3O1}\n")
	got := map[string]string{}
	for _, p := range verdict(t, e, "client", aPatient.with(row{"offices": []any{3001}, "gender": "Female", "first_name": strings.Repeat("a", 101)})).Problems {
		got[p.Field] = strings.TrimSpace(p.Code + " " + p.Lookup + " " + p.Key)
		if p.Field == "locationId" && !strings.Contains(p.Message, "correct what lookup location gives for office 3001") {
			t.Errorf("told as %q", p.Message)
		}
	}
	want := map[string]string{"locationId": "format location 3001", "genderID": "range gender Female", "firstName": "too_long"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
}

func TestOptionalLookupsAbsentLeaveTheFieldOut(t *testing.T) {
	got := fields(t, verdict(t, env(t), "client", aPatient))
	for _, name := range []string{"clientStatusId", "locationId", "middleName"} {
		if value, ok := got[name]; ok {
			t.Errorf("%s is sent as %s although nothing gives it", name, value)
		}
	}
}

func TestClientHasOnlyOneLocation(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  location: {\"3001\": 41, \"3002\": 42}\n")
	if got := fields(t, verdict(t, e, "client", aPatient.with(row{"offices": []any{"3002", 3001}})))["locationId"]; got != "42" {
		t.Errorf("locationId is %s, want that of the first office, 42", got)
	}
	if got := fields(t, verdict(t, e, "client", aPatient.with(row{"offices": ""})))["locationId"]; got != "" {
		t.Errorf("locationId is %s without an office, want none", got)
	}
}
