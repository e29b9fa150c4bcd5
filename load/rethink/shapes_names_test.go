package rethink

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

func TestNamesPassByteForByte(t *testing.T) {
	for _, name := range []string{"Zoë", "Zoe\u0308", "李小龍", "אדה", "\u202eadA\u202c", "🙂👩‍👧", "O'Neil", `Lin "Bo"`, `back\slash`, "=1+1",
		"@SUM(A1)", "-Lin", "+Lin", "<b>&amp;", "Lin\u2028Roma", "1e5", "true", "null", "NaN"} {
		v := verdict(t, env(t), "client", aPatient.with(row{"first_name": name}))
		var got string
		if err := json.Unmarshal([]byte(fields(t, v)["firstName"]), &got); err != nil || got != name {
			t.Errorf("%q arrives as %q (%v)", name, got, err)
		}
	}
}

func TestNewlinesAreFoldedAndControlsRefused(t *testing.T) {
	checkFields(t, "client", aPatient, []fieldCase{
		{"newline", row{"address": "1 Test Way\nUnit 2"}, "addressStreet", `"1 Test Way Unit 2"`},
		{"CRLF", row{"address": "1 Test Way\r\nUnit 2"}, "addressStreet", `"1 Test Way Unit 2"`},
		{"tab", row{"address": "1 Test Way\tUnit 2"}, "addressStreet", `"1 Test Way Unit 2"`},
		{"at its end", row{"address": "1 Test Way\n"}, "addressStreet", `"1 Test Way"`},
		{"NUL", row{"first_name": "B\x00o"}, "firstName", "!format"},
		{"escape", row{"last_name": "\x1b[2JLin"}, "lastName", "!format"},
		{"C1 control", row{"city": "Sample\u0085ton"}, "city", "!format"},
	})
}

func TestIDsAreExact(t *testing.T) {
	for _, id := range []any{90001, "90001", "0090001", "9007199254740993", json.Number("9007199254740993"), json.Number("12345678901234567890123")} {
		v := verdict(t, env(t), "client", aPatient.with(row{"id": id}))
		want := fmt.Sprintf("%q", fmt.Sprint(id))
		if got := fields(t, v)["clientExternalId"]; got != want {
			t.Errorf("id %v arrives as %s, want %s", id, got, want)
		}
	}
	for _, id := range []string{"900719925474099312", "0"} {
		e := env(t)
		e.Lookups = parseLookups(t, without(allLookups, "payCode:")+"  payCode: {\"501\": "+id+"}\n")
		if got := fields(t, verdict(t, e, "appointment", aVisit))["payCodeId"]; got != id {
			t.Errorf("payCodeId %s arrives as %s", id, got)
		}
	}
	for _, id := range []string{`"007"`, "1.5", "abc", `"1 2"`, `"1,2"`} {
		e := env(t)
		e.Lookups = parseLookups(t, without(allLookups, "payCode:")+"  payCode: {\"501\": "+id+"}\n")
		if got := outcomeOf(t, verdict(t, e, "appointment", aVisit), "payCodeId"); got != "!format" {
			t.Errorf("payCodeId %s is %s, want !format", id, got)
		}
	}
}

// canary stands in every member of a record; nothing that is logged or
// reported may hold it.
const canary = "Canary\x01Quux"

// keys are the members whose value is a lookup's key or an id: those a problem
// may name (etl.Problem).
var keys = map[string]bool{"id": true, "doctor": true, "patient": true, "profile": true, "office": true, "gender": true,
	"patient_status": true, "status": true, "offices": true}

func TestProblemsNeverHoldPatientValues(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  clientStatus: {A: 21}\n  location: {\"3002\": 41}\n")
	for object, base := range map[string]row{"client": aPatient, "staff": aDoctor, "authorization": anAuthorization, "appointment": aVisit} {
		members := base.with(nil)
		for _, more := range []string{"middle_name", "nick_name", "email", "home_phone", "cell_phone", "chart_id", "responsible_party_name"} {
			members[more] = ""
		}
		all := base.with(nil)
		for name := range members {
			if keys[name] {
				continue
			}
			for kind, value := range map[string]any{"text": canary, "long": strings.Repeat(canary, 90), "list": []any{canary}, "object": row{"x": canary}} {
				mustHide(t, e, object, base.with(row{name: value}), fmt.Sprintf("%s as %s", name, kind))
			}
			if name != "primary_insurance" {
				all[name] = canary
			}
		}
		mustHide(t, e, object, all, "every member")
	}
	insurance := row{}
	for _, name := range []string{"insurance_id_number", "insurance_group_name", "subscriber_first_name", "subscriber_last_name",
		"subscriber_date_of_birth", "subscriber_address", "subscriber_zip_code", "subscriber_social_security"} {
		insurance[name] = canary
	}
	mustHide(t, e, "funder", aPatient.with(row{"primary_insurance": insurance, "first_name": canary, "last_name": canary}), "an insurance")
	mustHide(t, e, "funder", aPatient.with(row{"primary_insurance": insurance, "first_name": []any{canary}}), "an unreadable patient")
}

func mustHide(t *testing.T, e *transform.Env, object string, r row, what string) {
	t.Helper()
	for _, sent := range []bool{false, true} {
		for _, v := range verdicts(t, e, object, r, sent) {
			for _, p := range v.Problems {
				if text := fmt.Sprintf("%+v", p); strings.Contains(text, "Canary") || strings.Contains(text, "Quux") {
					t.Errorf("%s, %s: the problem of %s holds the value", object, what, p.Field)
				}
			}
			if v.Outcome == etl.Outcome("") {
				fields(t, v)
			}
		}
	}
}
