package rethink

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzClient puts any bytes before the judges of a patient: they never panic,
// what they map is strict JSON, and no field that the source lacks is blanked.
func FuzzClient(f *testing.F) {
	f.Add(raw(f, aPatient))
	f.Add(raw(f, aPatient.with(row{"offices": "", "state": "ny", "zip_code": "00501", "first_name": "\u2028\x00"})))
	f.Add([]byte(`{"id":1,"first_name":"\ud800","offices":[null,""]}`))
	e := env(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		src := etl.Source{Ref: etl.Ref{Endpoint: "patients", ID: "1"}, Raw: record, Parts: []string{"primary", "secondary", "tertiary"}}
		for _, object := range []string{"client", "funder"} {
			e.Object = object
			for _, v := range shapeOf(t, object).Judge(&transform.Case{Env: e, Source: src}) {
				sound(t, v)
			}
		}
	})
}

// FuzzVisit does the same to an appointment.
func FuzzVisit(f *testing.F) {
	f.Add(raw(f, aVisit), false)
	f.Add(raw(f, aVisit.with(row{"status": "Cancelled", "scheduled_time": "2026-03-08T02:30:00"})), true)
	e := env(f)
	f.Fuzz(func(t *testing.T, record []byte, sent bool) {
		e.Object = "appointment"
		src := etl.Source{Ref: etl.Ref{Endpoint: "appointments", ID: "1"}, Patient: "90001", Raw: record}
		sound(t, one(t, shapeOf(t, "appointment").Judge(&transform.Case{Env: e, Source: src, Sent: sent})))
	})
}

func sound(t *testing.T, v transform.Verdict) {
	t.Helper()
	if v.Outcome != "" {
		if v.Body != nil || v.Outcome != etl.Excluded && len(v.Problems) == 0 {
			t.Fatalf("outcome %s with %d problems and a body of %d bytes", v.Outcome, len(v.Problems), len(v.Body))
		}
		return
	}
	if !jsontext.Value(v.Body).IsValid() {
		t.Fatalf("the body is no JSON: %q", v.Body)
	}
	for name, value := range fields(t, v) {
		switch value {
		case `""`, "null", "[]", "{}":
			t.Fatalf("%s is blanked: %s", name, value)
		}
	}
}
