package transform_test

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// inProgram is a patient with a value in the custom demographic 7011, and a
// flag of type 81.
func inProgram(id int, value string) row {
	p := aPatient(id, "Lin")
	p["custom_demographics"] = []row{{"field_type": 7011, "value": value}}
	p["patient_flags_attached"] = []row{{"flag_type": 81, "flag_text": "call first"}}
	return p
}

func TestADemographicGoesByItsName(t *testing.T) {
	p := newPractice(t)
	p.stage.Env.Route.Demographics = map[string][]string{"Program": {"ABA"}}
	p.pull("patients", inProgram(11, "ABA"), inProgram(12, "OTP"))
	p.judge() // nobody can tell yet what the name means
	p.want(p.client("11"), etl.Failed, etl.CauseUnavailable)
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseUnavailable)
	p.pull("custom_demographics", row{"id": 7010, "name": "Other"})
	p.judge()
	p.want(p.client("11"), etl.Excluded, etl.CauseRoute)
	p.pull("custom_demographics", row{"id": 7011, "name": " program"})
	p.judge()
	p.wantJudged(map[string]int{"funder": 2, "client": 2})
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
	p.pull("custom_demographics", row{"id": 7011, "name": "Program", "description": "what a patient came for"})
	p.judge()
	p.wantJudged(nil)
	p.pull("custom_demographics", row{"id": 7012, "name": "Program"}, row{"id": 7011, "name": "Program", "archived": true})
	p.judge() // the name is another's now
	p.want(p.client("11"), etl.Excluded, etl.CauseRoute)
}

// TestADemographicGoesByItsId: without its list, and only the named value lets in.
func TestADemographicGoesByItsId(t *testing.T) {
	p := newPractice(t)
	p.stage.Env.Route.Demographics = map[string][]string{"7011": {"ABA"}}
	p.pull("patients", inProgram(11, "ABA"), inProgram(12, "OTP"))
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
}

func TestAFlagGoesByItsName(t *testing.T) {
	p := newPractice(t)
	p.stage.Env.Route.Flags = []string{"ABA client"}
	own := inProgram(11, "")
	own["patient_flags"] = []row{{"id": 80, "name": "Other"}, {"id": 81, "name": "ABA Client "}}
	odd := inProgram(12, "")
	odd["patient_flags"] = "none that could be read"
	p.pull("patients", own, odd)
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
	p.pull("patient_flag_types", row{"id": 81, "name": "aba client"})
	p.judge()
	p.want(p.client("12"), etl.Failed, etl.CauseNotSent)
	p.pull("patient_flag_types", row{"id": 81, "name": "Old"}) // which changes no patient's record
	p.judge()
	p.want(p.client("11"), etl.Excluded, etl.CauseRoute)
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
}

func TestAdmits(t *testing.T) {
	p := newPractice(t)
	p.stage.Env.Route.Demographics = map[string][]string{"Program": {"ABA"}}
	p.pull("patients", inProgram(11, "ABA"), inProgram(12, "OTP"), inProgram(13, "ABA"))
	p.pull("custom_demographics", row{"id": 7011, "name": "Program"})
	admits, err := p.stage.Admits(t.Context())
	p.must(err)
	var in []string
	p.must(transform.EachRecord(t.Context(), p.store, "patients", func(src etl.Source) {
		if patient, _ := (&transform.Case{Source: src}).AsPatient(); admits(patient) {
			in = append(in, src.ID)
		}
	}))
	if got := strings.Join(in, " "); got != "11 13" {
		t.Errorf("it lets in %s, want 11 and 13", got)
	}
}
