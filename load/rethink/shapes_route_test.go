package rethink

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

func TestRoutes(t *testing.T) {
	flagged := aPatient.with(row{"patient_flags_attached": []any{row{"flag_type": 8, "flag_text": "call first", "archived": false}},
		"patient_flags":       []any{row{"id": 8, "name": "ABA Client"}, row{"id": 9, "name": "OTP"}},
		"custom_demographics": []any{row{"field_type": 77, "value": "north"}}})
	for _, c := range []struct {
		name          string
		route         transform.Route
		client, visit bool // go there
	}{
		{"everybody", transform.Route{}, true, true},
		{"office", transform.Route{Offices: []string{"3001"}}, true, true},
		{"another office", transform.Route{Offices: []string{"3002"}}, false, false},
		{"OR within a list", transform.Route{Offices: []string{"3002", "3001"}}, true, true},
		{"doctor", transform.Route{Doctors: []string{"2001"}}, true, true},
		{"another doctor", transform.Route{Doctors: []string{"2002"}}, false, false},
		{"profile", transform.Route{Profiles: []string{"501"}}, true, true},
		{"another profile", transform.Route{Profiles: []string{"502"}}, false, false},
		{"flag by its name", transform.Route{Flags: []string{" aba client"}}, true, true},
		{"flag by its type's id", transform.Route{Flags: []string{"8"}}, true, true},
		{"what is written beside a flag is no name", transform.Route{Flags: []string{"call first"}}, false, false},
		{"another flag", transform.Route{Flags: []string{"OTP"}}, false, false},
		{"demographic", transform.Route{Demographics: map[string][]string{"77": {"south", "north"}}}, true, true},
		{"demographic by its name", transform.Route{Demographics: map[string][]string{"region": {"north"}}}, true, true},
		{"another value by its name", transform.Route{Demographics: map[string][]string{"region": {"south"}}}, false, false},
		{"another value", transform.Route{Demographics: map[string][]string{"77": {"south"}}}, false, false},
		{"a demographic that is not there", transform.Route{Demographics: map[string][]string{"78": {"north"}}}, false, false},
		{"AND across lists", transform.Route{Offices: []string{"3001"}, Doctors: []string{"2001"}, Flags: []string{"ABA client"}}, true, true},
		{"AND across lists, one fails", transform.Route{Offices: []string{"3001"}, Doctors: []string{"2002"}, Flags: []string{"ABA client"}}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Route = c.route
			e.Named.Demographics = map[string][]string{"region": {"76", "77"}}
			e.Patients["90001"] = patientOf(t, flagged)
			e.ByProfile = map[string]bool{"90001": len(c.route.Profiles) > 0 && c.route.Profiles[0] == "501"}
			for object, r := range map[string]row{"client": flagged, "funder": flagged, "authorization": anAuthorization, "appointment": aVisit} {
				goes := c.client
				if object == "appointment" {
					goes = c.visit
				}
				v := verdict(t, e, object, r)
				if goes != (v.Outcome == "") || !goes && (v.Outcome != etl.Excluded || v.Cause != etl.CauseRoute) {
					t.Errorf("%s: outcome %q %q, goes there: want %v", object, v.Outcome, v.Cause, goes)
				}
			}
		})
	}
}

func TestRouteOfAVisitIsItsOwnToo(t *testing.T) {
	e := env(t)
	e.Route = transform.Route{Offices: []string{"3001"}}
	if v := verdict(t, e, "appointment", aVisit.with(row{"office": 3002})); v.Cause != etl.CauseRoute {
		t.Errorf("a visit in another office is %q %q, want excluded by route", v.Outcome, v.Cause)
	}
}

func TestRouteOfStaff(t *testing.T) {
	for doctors, want := range map[string]etl.Outcome{"2001": "", "2002": etl.Excluded} {
		e := env(t)
		e.Route = transform.Route{Doctors: []string{doctors}}
		if v := verdict(t, e, "staff", aDoctor); v.Outcome != want {
			t.Errorf("with doctors %s routed, doctor 2001 is %q, want %q", doctors, v.Outcome, want)
		}
	}
}

func TestArchivedFlagsDoNotRoute(t *testing.T) {
	e := env(t)
	e.Route = transform.Route{Flags: []string{"8"}}
	archived := aPatient.with(row{"patient_flags_attached": []any{row{"flag_type": 8, "archived": true}}})
	if v := verdict(t, e, "client", archived); v.Cause != etl.CauseRoute {
		t.Errorf("%q %q, want excluded by route", v.Outcome, v.Cause)
	}
}
