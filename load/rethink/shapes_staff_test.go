package rethink

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/google/go-cmp/cmp"
)

func TestStaffMapsEveryField(t *testing.T) {
	v := verdict(t, env(t), "staff", aDoctor)
	want := map[string]string{"username": `"ada.roma"`, "statusId": "11", "companyStaffId": `"2001"`, "firstName": `"Ada"`, "lastName": `"Roma"`}
	if diff := cmp.Diff(want, fields(t, v)); diff != "" {
		t.Error("body (-want +got)\n" + diff)
	}
	needs := []etl.Need{{Path: "staffId", Object: "staff", ID: "2001", Optional: true}}
	if diff := cmp.Diff(needs, v.Needs); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestStaffFields(t *testing.T) {
	over := strings.Repeat("ß", 101)
	checkFields(t, "staff", aDoctor, []fieldCase{
		{"absent", row{"first_name": ""}, "firstName", "!required"},
		{"absent", row{"last_name": nil}, "lastName", "!required"},
		{"101", row{"first_name": over}, "firstName", "!too_long"},
		{"101", row{"last_name": over}, "lastName", "!too_long"},
		{"active", row{"is_account_suspended": nil}, "statusId", "11"},
		{"suspended doctor", row{"is_account_suspended": true}, "statusId", "12"},
		{"suspended, as text", row{"is_account_suspended": "True"}, "statusId", "12"},
	})
}

func TestStaffStatusHasNoDefault(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, "rethink: {staffStatus: {false: 11}}")
	v := verdict(t, e, "staff", aDoctor.with(row{"is_account_suspended": true}))
	if len(v.Problems) != 1 || v.Problems[0].Lookup != "staffStatus" || v.Problems[0].Key != "true" {
		t.Errorf("problems %v, want one that names staffStatus and true", v.Problems)
	}
}

func TestUsername(t *testing.T) {
	for _, c := range []struct{ name, username, want string }{
		{"6 characters", "ad.rom", `"ad.rom"`},
		{"6 characters of 2 bytes", "äöüäöü", `"äöüäöü"`},
		{"5 characters", "adaro", "!range"},
		{"100 characters", strings.Repeat("a", 100), `"` + strings.Repeat("a", 100) + `"`},
		{"101 characters", strings.Repeat("a", 101), "!too_long"},
		{"none", "", "!required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Users["2001"] = transform.User{Username: transform.Scalar(c.username)}
			if got := outcomeOf(t, verdict(t, e, "staff", aDoctor), "username"); got != c.want {
				t.Errorf("username is %s, want %s", got, c.want)
			}
		})
	}
	e := env(t)
	e.Users = nil
	if v := verdict(t, e, "staff", aDoctor); v.Outcome != etl.Invalid || v.Cause != etl.CodeRequired {
		t.Errorf("a doctor without a user is %s %s, want invalid required", v.Outcome, v.Cause)
	}
}
