package rethink

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/transform"
)

// A row is one record of DrChrono's, by member.
type row map[string]any

// with is a copy of the row with other members.
func (r row) with(more row) row {
	out := maps.Clone(r)
	maps.Copy(out, more)
	return out
}

var (
	aDoctor = row{"id": 2001, "first_name": "Ada", "last_name": "Roma", "timezone": "America/New_York",
		"is_account_suspended": false, "npi_number": "1234567893"}
	aUser    = row{"id": "41", "doctor": "2001", "username": "ada.roma", "is_doctor": true}
	aPatient = row{"id": 90001, "doctor": 2001, "first_name": "Bo", "middle_name": "", "last_name": "Lin",
		"date_of_birth": "2019-04-05", "gender": "Female", "patient_status": "A", "address": "1 Test Way",
		"city": "Sampleton", "state": "NY", "zip_code": "10001-1234", "offices": []any{3001},
		"primary_insurance": row{"insurance_company": "Example Mutual", "insurance_payer_id": "60054", "insurance_id_number": "X1"}}
	anAuthorization = row{"id": 7001, "patient": 90001, "auth_number": "A-00017", "start_date": "2026-01-01", "end_date": "2026-06-30"}
	aVisit          = row{"id": "306500001", "patient": 90001, "doctor": 2001, "office": 3001, "profile": 501, "duration": 60,
		"scheduled_time": "2026-02-10T14:30:00", "status": "", "deleted_flag": false, "appt_is_break": false}
)

const allLookups = `rethink:
  staffStatus: {false: 11, true: 12}
  gender: {Male: 1, Female: 2, Other: 3}
  state: {NY: 33, DC: 52}
  funder: {"60054": 900, Example Mutual: 901}
  serviceLine: 71,72
  appointmentType: {"501": 1, "502": 2}
  payCode: {"501": 31, "502": 32}
  tag: {default: 61}
  appointmentStatus: {"": 1, Confirmed: 1, Complete: 2, Cancelled: 5, No Show: 5, Rescheduled: 4}
  cancellationType: {Cancelled: 81, No Show: 82, Rescheduled: 83}
`

func parseLookups(t testing.TB, text string) config.Lookups {
	t.Helper()
	l, err := config.ParseLookups("lookups.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// env is a practice in New York on 2026-03-01, with one doctor and one patient.
func env(t testing.TB) *transform.Env {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	e := &transform.Env{Destination: Name, Now: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), Zone: zone, GoLive: "2026-01-01",
		Lookups: parseLookups(t, allLookups)}
	e.Constants = map[string][]transform.Constant{"authorization": {{Name: "authorizationSubmissionTypeID", JSON: "1"}}}
	e.Doctors = map[string]transform.Doctor{"2001": read[transform.Doctor](t, aDoctor)}
	e.Users = map[string]transform.User{"2001": read[transform.User](t, aUser)}
	e.Patients = map[string]transform.Patient{"90001": patientOf(t, aPatient)}
	return e
}

// patientOf reads a patient with the parts that staging finds.
func patientOf(t testing.TB, r row) transform.Patient {
	t.Helper()
	p, fault := (&transform.Case{Source: etl.Source{Raw: raw(t, r), Parts: staged(t, "patients", r)}}).AsPatient()
	if fault != "" {
		t.Fatal(fault)
	}
	return p
}

// staged names the parts that staging finds in a row.
func staged(t testing.TB, endpoint string, r row) []string {
	t.Helper()
	e, ok := extract.Find(endpoint)
	if !ok {
		t.Fatalf("%s is in no catalogue", endpoint)
	}
	return extract.ReadRow(e, raw(t, r), "").Parts
}

func read[T any](t testing.TB, r row) T {
	t.Helper()
	v, fault := transform.As[T](&transform.Case{Source: etl.Source{Raw: raw(t, r)}})
	if fault != "" {
		t.Fatal(fault)
	}
	return v
}

func raw(t testing.TB, r row) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func shapeOf(t testing.TB, object string) transform.Shape {
	t.Helper()
	for _, s := range Shapes(nil) {
		if s.Object == object {
			return s
		}
	}
	t.Fatalf("there is no shape %s", object)
	return transform.Shape{}
}

// verdicts puts a row before the judge of an object.
func verdicts(t testing.TB, e *transform.Env, object string, r row, sent bool) []transform.Verdict {
	t.Helper()
	shape := shapeOf(t, object)
	e.Object = object
	src := etl.Source{Ref: etl.Ref{Endpoint: shape.Endpoint}, Raw: raw(t, r), Parts: staged(t, shape.Endpoint, r)}
	ids := read[struct {
		ID      transform.Scalar `json:"id"`
		Patient transform.Scalar `json:"patient"`
	}](t, row{"id": r["id"], "patient": r["patient"]})
	src.ID, src.Patient = ids.ID.String(), ids.Patient.String()
	return shape.Judge(&transform.Case{Env: e, Source: src, Sent: sent})
}

func verdict(t testing.TB, e *transform.Env, object string, r row) transform.Verdict {
	t.Helper()
	return one(t, verdicts(t, e, object, r, false))
}

func one(t testing.TB, list []transform.Verdict) transform.Verdict {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("%d verdicts, want 1", len(list))
	}
	return list[0]
}

// fields are a body's members as they are written.
func fields(t testing.TB, v transform.Verdict) map[string]string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(v.Body, &members); err != nil {
		t.Fatalf("no body: outcome %q, problems %v: %v", v.Outcome, v.Problems, err)
	}
	out := map[string]string{}
	for name, value := range members {
		out[name] = string(value)
	}
	return out
}

// A fieldCase is a row with something changed, and what one field then is:
// its JSON, "" if it is left out, or "!" and the code of the problem.
type fieldCase struct {
	name   string
	change row
	field  string
	want   string
}

func checkFields(t *testing.T, object string, base row, cases []fieldCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.field+"/"+c.name, func(t *testing.T) {
			v := verdict(t, env(t), object, base.with(c.change))
			if got := outcomeOf(t, v, c.field); got != c.want {
				t.Errorf("%s is %s, want %s", c.field, got, c.want)
			}
		})
	}
}

func outcomeOf(t testing.TB, v transform.Verdict, field string) string {
	t.Helper()
	if v.Outcome == "" {
		return fields(t, v)[field]
	}
	for _, p := range v.Problems {
		if p.Field == field {
			return "!" + p.Code
		}
	}
	return "no problem of its own, outcome " + string(v.Outcome)
}
