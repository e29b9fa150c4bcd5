package rethink

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/google/go-cmp/cmp"
)

func TestFunderMapsEveryField(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  caseManager: {\"2001\": 55}\n")
	v := verdict(t, e, "funder", aPatient)
	want := map[string]string{"funderSequence": "1", "funderId": "900", "serviceLineIds": "[71,72]", "caseManagerId": "55"}
	if diff := cmp.Diff(want, fields(t, v)); diff != "" {
		t.Error("body (-want +got)\n" + diff)
	}
	if v.Part != "primary" || v.Parent != "90001" {
		t.Errorf("part %q of %q, want primary of 90001", v.Part, v.Parent)
	}
	needs := []etl.Need{{Path: "clientFunderId", Object: "funder", ID: "90001/primary", Optional: true}}
	if diff := cmp.Diff(needs, v.Needs); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestFunderForEachInsuranceThatIsFilledIn(t *testing.T) {
	insured := row{"insurance_company": "Example Mutual", "insurance_id_number": ""}
	blank := row{"insurance_company": "", "insurance_id_number": nil}
	list := verdicts(t, env(t), "funder", aPatient.with(row{"secondary_insurance": blank, "tertiary_insurance": insured}), false)
	got := map[string]string{}
	for _, v := range list {
		got[v.Part] = fields(t, v)["funderSequence"] + " " + fields(t, v)["funderId"]
	}
	if diff := cmp.Diff(map[string]string{"primary": "1 900", "tertiary": "3 901"}, got); diff != "" {
		t.Error("funders (-want +got)\n" + diff)
	}
	for _, none := range []any{nil, "", blank} {
		if list := verdicts(t, env(t), "funder", aPatient.with(row{"primary_insurance": none}), false); len(list) != 0 {
			t.Errorf("a patient whose insurance is %v has %d funders, want none", none, len(list))
		}
	}
}

func TestFunderLookups(t *testing.T) {
	for _, c := range []struct{ name, without, field, lookup, key string }{
		{"payer", "funder:", "funderId", "funder", "60054"},
		{"service line", "serviceLine:", "serviceLineIds", "serviceLine", "default"},
	} {
		e := env(t)
		e.Lookups = parseLookups(t, without(allLookups, c.without))
		v := verdict(t, e, "funder", aPatient)
		if len(v.Problems) != 1 || v.Problems[0].Field != c.field || v.Problems[0].Lookup != c.lookup || v.Problems[0].Key != c.key {
			t.Errorf("%s: problems %v, want one of %s that names %s and %s", c.name, v.Problems, c.field, c.lookup, c.key)
		}
	}
	got := fields(t, verdict(t, env(t), "funder", aPatient))
	if id, ok := got["caseManagerId"]; ok {
		t.Errorf("caseManagerId is %s, want none: it is optional", id)
	}
}

// without leaves the line of one lookup out.
func without(text, prefix string) string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), prefix) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func TestFundersOfAnUnreadablePatientAreAsManyAsStaged(t *testing.T) {
	list := verdicts(t, env(t), "funder", aPatient.with(row{"first_name": []any{"Bo"}}), false)
	v := one(t, list)
	if v.Outcome != etl.Failed || v.Cause != etl.CauseUnreadable || v.Part != "primary" {
		t.Errorf("%s %s of part %q, want failed unreadable of primary", v.Outcome, v.Cause, v.Part)
	}
}

func TestAuthorizationMapsEveryField(t *testing.T) {
	v := verdict(t, env(t), "authorization", anAuthorization)
	want := map[string]string{"authorizationSubmissionTypeID": "1", "funderId": "900", "authStartDate": `"2026-01-01"`,
		"authEndDate": `"2026-06-30"`, "authorizationNumber": `"A-00017"`}
	if diff := cmp.Diff(want, fields(t, v)); diff != "" {
		t.Error("body (-want +got)\n" + diff)
	}
	needs := []etl.Need{{Path: "clientauthorizationId", Object: "authorization", ID: "7001", Optional: true}}
	if diff := cmp.Diff(needs, v.Needs); diff != "" || v.Parent != "90001" {
		t.Errorf("parent %q, needs (-want +got)\n%s", v.Parent, diff)
	}
}

func TestAuthorizationFields(t *testing.T) {
	checkFields(t, "authorization", anAuthorization, []fieldCase{
		{"absent", row{"start_date": ""}, "authStartDate", "!required"},
		{"stamp", row{"start_date": "2026-01-01T00:00:00"}, "authStartDate", `"2026-01-01"`},
		{"absent", row{"end_date": nil}, "authEndDate", "!required"},
		{"garbage", row{"end_date": "open"}, "authEndDate", "!format"},
		{"absent", row{"auth_number": ""}, "authorizationNumber", "!required"},
		{"other name", row{"auth_number": " ", "authorization_number": "0099"}, "authorizationNumber", `"0099"`},
		{"101", row{"auth_number": strings.Repeat("9", 101)}, "authorizationNumber", "!too_long"},
	})
}

func TestAuthorizationSubmissionType(t *testing.T) {
	for constant, want := range map[string]string{"": "!required", "0": "!range", "1": "1", "3": "3", "4": "!range"} {
		e := env(t)
		e.Constants = nil
		if constant != "" {
			e.Constants = map[string][]transform.Constant{"authorization": {{Name: "authorizationSubmissionTypeID", JSON: constant}}}
		}
		if got := outcomeOf(t, verdict(t, e, "authorization", anAuthorization), "authorizationSubmissionTypeID"); got != want {
			t.Errorf("constant %q gives %s, want %s", constant, got, want)
		}
	}
}

func TestAuthorizationFunderIsNeverGuessed(t *testing.T) {
	insured := row{"insurance_company": "Example Mutual"}
	for name, c := range map[string]struct {
		patient row
		want    string
	}{
		"one insurance": {aPatient, "900"},
		"two":           {aPatient.with(row{"secondary_insurance": insured}), "!conflict"},
		"none":          {aPatient.with(row{"primary_insurance": nil}), "!conflict"},
	} {
		e := env(t)
		e.Patients["90001"] = patientOf(t, c.patient)
		if got := outcomeOf(t, verdict(t, e, "authorization", anAuthorization), "funderId"); got != c.want {
			t.Errorf("%s: funderId is %s, want %s", name, got, c.want)
		}
		e.Constants["authorization"] = append(e.Constants["authorization"], transform.Constant{Name: "funderId", JSON: "77"})
		if got := outcomeOf(t, verdict(t, e, "authorization", anAuthorization), "funderId"); got != "77" {
			t.Errorf("%s: with a constant funderId is %s, want 77", name, got)
		}
	}
}

func TestAuthorizationOfAnUnknownPatientIsBlocked(t *testing.T) {
	v := verdict(t, env(t), "authorization", anAuthorization.with(row{"patient": 90099}))
	if v.Outcome != etl.Blocked || v.Cause != etl.CauseReference {
		t.Errorf("%s %s, want blocked reference", v.Outcome, v.Cause)
	}
}

func TestConstants(t *testing.T) {
	e := env(t)
	e.Constants["client"] = []transform.Constant{{Name: "firstName", JSON: `"Constant"`}, {Name: "timeZoneId", JSON: "5"},
		{Name: "isActive", JSON: "true"}, {Name: "clientId", JSON: "1"}}
	e.Constants["appointment"] = []transform.Constant{{Name: "staffId", JSON: "1"}}
	got := fields(t, verdict(t, e, "client", aPatient))
	if got["firstName"] != `"Bo"` || got["timeZoneId"] != "5" || got["isActive"] != "true" {
		t.Errorf("firstName %s, timeZoneId %s, isActive %s; want the patient's, 5, true", got["firstName"], got["timeZoneId"], got["isActive"])
	}
	if id, ok := got["clientId"]; ok {
		t.Errorf("a constant gave clientId %s, which is the crosswalk's to fill in", id)
	}
	if id, ok := fields(t, verdict(t, e, "appointment", aVisit))["staffId"]; ok {
		t.Errorf("a constant gave staffId %s, which is the crosswalk's to fill in", id)
	}
}
