package drchronotest

import (
	"encoding/json"
	"testing"
	"time"
)

func decode(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSinceIsInclusive(t *testing.T) {
	x := serve(t, Options{})
	x.p.Patch("patients", "90000015", map[string]any{"city": "Mockbury"})
	at := stamp(testNow.Add(time.Second))
	for since, want := range map[string]int{
		at: 1, stamp(testNow.Add(2 * time.Second)): 0, "2026-03-20": 1, "2026-03-21": 0,
	} {
		rows := x.get("/api/patients?since="+since, 200).Results
		if len(rows) != want {
			t.Errorf("since=%s: %d rows, want %d", since, len(rows), want)
		}
	}
	for _, bad := range []string{at + "Z", at + "%2B00:00", at + "-05:00", "yesterday"} {
		x.get("/api/patients?since="+bad, 400)
	}
}

func TestRefusedQueries(t *testing.T) {
	x := serve(t, Options{})
	for path, want := range map[string]int{
		"/api/appointments":                                   400,
		"/api/appointments?patient=90000011":                  400,
		"/api/clinical_notes":                                 400,
		"/api/audit_log":                                      400,
		"/api/insurances":                                     400,
		"/api/insurances?payer_type=other":                    400,
		"/api/insurances?payer_type=emdeon":                   200,
		"/api/appointments?date=2026-03-19":                   200,
		"/api/appointments?date=19.3.2026":                    400,
		"/api/appointments?date_range=2026-01-01/2026-07-10":  200, // 190 days
		"/api/appointments?date_range=2026-01-01/2026-07-11":  400,
		"/api/appointments?date_range=2020-01-01/2026-03-18":  200, // wholly past
		"/api/appointments?date_range=2020-01-01/2026-03-19":  400, // yesterday is not
		"/api/appointments?since=2026-01-01&doctor=everybody": 400,
	} {
		x.get(path, want)
	}
}

func TestHiddenRows(t *testing.T) {
	x := serve(t, Options{})
	tests := []struct{ kind, list, flag string }{
		{KindInactivePatient, "/api/patients?page_size=250", "&show_inactive=true"},
		{KindDeceasedPatient, "/api/patients?page_size=250", "&show_inactive=true"},
		{KindDeletedVisit, "/api/appointments?since=2020-01-01", "&show_archived=1"},
	}
	for _, tt := range tests {
		c := x.p.CasesOf(tt.kind)[0]
		rows, _ := x.all(tt.list)
		if has(rows, c.ID) {
			t.Errorf("%s is shown unasked", tt.kind)
		}
		rows, _ = x.all(tt.list + tt.flag)
		if !has(rows, c.ID) {
			t.Errorf("%s is not shown with %s", tt.kind, tt.flag)
		}
		x.get("/api/"+c.Endpoint+"/"+c.ID, 200)
	}
}

func TestFilters(t *testing.T) {
	x := serve(t, Options{})
	all, _ := x.all("/api/appointments?since=2020-01-01")
	wrong, _ := x.all("/api/appointments?since=2020-01-01&doktor=1")
	if len(all) != len(wrong) {
		t.Errorf("a misspelt filter gave %d rows, want all %d", len(wrong), len(all))
	}
	check := func(path, key string, ok func(any) bool) {
		rows, _ := x.all(path)
		if len(rows) == 0 {
			t.Errorf("%s: no rows", path)
		}
		for _, m := range rows {
			if !ok(m[key]) {
				t.Errorf("%s: %s = %v", path, key, m[key])
			}
		}
	}
	check("/api/appointments?since=2020-01-01&doctor=410001", "doctor", func(v any) bool { return v == 410001.0 })
	check("/api/appointments?since=2020-01-01&status=Complete", "status", func(v any) bool { return v == "Complete" })
	check("/api/appointments?since=2020-01-01&office=51002", "office", func(v any) bool { return v == 51002.0 })
	check("/api/problems?patient=90000012", "patient", func(v any) bool { return v == 90000012.0 })
	check("/api/appointments?date_range=2026-03-01/2026-03-05", "scheduled_time", func(v any) bool {
		return v.(string) >= "2026-03-01" && v.(string) < "2026-03-06"
	})
	if has(all, x.p.CasesOf(KindVirtual)[0].ID) == has(x.get("/api/appointments?since=2020-01-01&ignore_virtual=true&page_size=250", 200).Results, x.p.CasesOf(KindVirtual)[0].ID) {
		t.Error("ignore_virtual made no difference")
	}
}

func TestScopes(t *testing.T) {
	x := serve(t, Options{Scopes: "user:read calendar:read clinical:read"})
	for path, want := range map[string]int{
		"/api/doctors": 200, "/api/appointments?since=2020-01-01": 200, "/api/users": 200,
		"/api/patients": 403, "/api/appointment_profiles": 403, "/api/line_items": 403, "/api/patients/90000011": 403,
	} {
		x.get(path, want)
	}
	x = serve(t, Options{Scopes: "user:read", EmptyOnMissingScope: true})
	if rows := x.get("/api/patients", 200).Results; rows == nil || len(rows) != 0 {
		t.Errorf("missing scope gave %d rows, want an empty list", len(rows))
	}
}
