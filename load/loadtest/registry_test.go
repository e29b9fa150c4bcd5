package loadtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const hashKey = "synthetic"

func hashOf(birth string) string {
	mac := hmac.New(sha256.New, []byte(hashKey))
	mac.Write([]byte(birth))
	return hex.EncodeToString(mac.Sum(nil))
}

func aLogin() fields {
	return fields{"first_name": "Cy", "last_name": "Dunn", "unique_site_id": "DE434055"}
}

func aDischarge() fields {
	return fields{
		"discharge_user_name": "Cy Dunn", "unique_site_id": "DE434055", "crid": "000456789",
		"identification_hash": hashOf("1980-02-03"), "discharge_date": "2026-02-28", "discharge_reason": 2,
		"dose_through_date": "2026-03-02", "medication": 1, "dosage": 108.32,
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func newRegistry(t *testing.T, clock *testClock) (*Registry, caller) {
	t.Helper()
	s := NewRegistry(RegistryOptions{
		Now: clock.Now, Prefix: "/registry", Username: "u", Password: "p", HashKey: hashKey,
		Sites: []string{"DE434055", "DE000001"},
	})
	s.Admit("000456789", "1980-02-03", "2026-01-15", true)
	c := serve(t, s, "/registry")
	c.header.Set("Authorization", basic("u", "p"))
	got := c.must("POST", "/login", aLogin())
	if got["expires"] != "2026-03-01T13:00:00Z" || got["success"] != true {
		t.Fatalf("login: success %v, expires %v", got["success"], got["expires"])
	}
	c.header.Set("Authorization", fmt.Sprint("Bearer ", got["token"]))
	return s, c
}

func TestRegistryLogin(t *testing.T) {
	s, c := newRegistry(t, newClock())
	tests := []struct {
		name, authorization string
		body                any
		want                int
	}{
		{"good", basic("u", "p"), aLogin(), 200},
		{"password", basic("u", "x"), aLogin(), 401},
		{"bearer", "Bearer x", aLogin(), 401},
		{"empty", basic("u", "p"), "", 400},
		{"first name", basic("u", "p"), with(aLogin(), "first_name", ""), 422},
		{"last name", basic("u", "p"), with(aLogin(), "last_name", drop), 422},
		{"site form", basic("u", "p"), with(aLogin(), "unique_site_id", "de434055"), 422},
		{"site unknown", basic("u", "p"), with(aLogin(), "unique_site_id", "AL123456"), 422},
	}
	for _, tt := range tests {
		c.header.Set("Authorization", tt.authorization)
		if got, _ := c.do("POST", "/login", tt.body); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	if e := lastEntry(s); e.BodyHash != "" || e.Op != "login" {
		t.Errorf("entry %+v, want a login without a hash of its body", e)
	}
}

var registryCases = []struct {
	field string
	value any
	ok    bool
}{
	{"discharge_user_name", " ", false},
	{"unique_site_id", "DE43405", false},
	{"crid", "00045678", false},
	{"crid", "0004567890", false},
	{"crid", 123456789, false},
	{"identification_hash", drop, false},
	{"identification_hash", "zz", false},
	{"identification_hash", hashOf("1980-02-04"), false},
	{"discharge_date", nil, false},
	{"discharge_date", "2026-03-02", false}, // the future
	{"discharge_date", "2026-03-01", true},
	{"discharge_date", "2026-01-14", false}, // before admission
	{"discharge_date", "2026-01-15", true},
	{"discharge_date", "02/28/2026", false},
	{"discharge_reason", 0, false},
	{"discharge_reason", 25, true},
	{"discharge_reason", 26, false},
	{"discharge_reason", "2", false},
	{"discharge_reason", 12, false}, // doses were given
	{"dose_through_date", "", false},
	{"dose_through_date", "2026-01-14", false},
	{"dose_through_date", "2026-04-01", true}, // take-home doses
	{"medication", 11, false},
	{"medication", 13, false},
	{"medication", 10, true},
	{"medication", 7, false}, // with a dose
	{"medication", 12, false},
	{"dosage", 1000, false},
	{"dosage", 1.234, false},
	{"dosage", -1, false},
	{"dosage", "8", false},
	{"dosage", 0, true},
	{"modality", 0, false},
	{"modality", nil, false},
	{"modality", 3, true},
	{"dosage_step", 0, true},
	{"dosage_step", 10, false},
	{"employment", 0, false},
	{"employment", 9, true},
	{"housing", "string", false},
	{"housing", "owns", true},
	{"housing", nil, false},
	{"arrests", 0, true},
	{"arrests", 4, false},
	{"has_appointment_scheduled", nil, false},
	{"has_appointment_scheduled", "true", false},
	{"has_appointment_scheduled", false, true},
	{"appointment_scheduled_date", "2026-03-09", false}, // without the flag
}

func TestRegistryRules(t *testing.T) {
	for _, tt := range registryCases {
		t.Run(fmt.Sprint(tt.field, tt.value), func(t *testing.T) {
			s, c := newRegistry(t, newClock())
			status, got := c.do("POST", "/discharge", with(aDischarge(), tt.field, tt.value))
			errs, _ := got["errors"].(fields)
			_, blamed := errs[tt.field]
			if tt.value == 7 || tt.value == 12 && tt.field == "medication" {
				_, blamed = errs["dosage"]
			}
			switch {
			case tt.ok && status != 200:
				t.Errorf("status %d %v, want 200", status, got)
			case !tt.ok && (status != 422 || got["code"] != "11-002" || !blamed || got["success"] != false):
				t.Errorf("status %d %v, want 422 11-002 for %s", status, got, tt.field)
			}
			if e := lastEntry(s); e.Applied != tt.ok || (len(s.Objects("discharge")) == 1) != tt.ok {
				t.Errorf("entry %+v, want applied %t", e, tt.ok)
			}
		})
	}
}

func TestRegistryTogether(t *testing.T) {
	tests := []struct {
		name   string
		change fields
		dosed  bool
		want   int
	}{
		{"reason 12 without doses", fields{"discharge_reason": 12, "medication": 12, "dosage": 0}, false, 200},
		{"reason 12 with doses", fields{"discharge_reason": 12, "medication": 12, "dosage": 0}, true, 422},
		{"no medication, no dose", fields{"medication": 7, "dosage": 0}, true, 200},
		{"visit with flag", fields{"has_appointment_scheduled": true, "appointment_scheduled_date": "2026-03-09"}, true, 200},
		{"flag without visit", fields{"has_appointment_scheduled": true}, true, 422},
		{"flag, visit blank", fields{"has_appointment_scheduled": true, "appointment_scheduled_date": ""}, true, 422},
		{"visit, flag false", fields{"has_appointment_scheduled": false, "appointment_scheduled_date": "2026-03-09"}, true, 422},
	}
	for _, tt := range tests {
		s, c := newRegistry(t, newClock())
		s.Admit("000456789", "1980-02-03", "2026-01-15", tt.dosed)
		body := aDischarge()
		for name, v := range tt.change {
			body[name] = v
		}
		if status, got := c.do("POST", "/discharge", body); status != tt.want {
			t.Errorf("%s: status %d %v, want %d", tt.name, status, got, tt.want)
		}
	}
}

func TestRegistryStates(t *testing.T) {
	clock := newClock()
	s, c := newRegistry(t, clock)
	type answer struct {
		Status int
		Code   string
	}
	ask := func(body any) answer {
		status, got := c.do("POST", "/discharge", body)
		code, _ := got["code"].(string)
		return answer{status, code}
	}
	got := []answer{
		ask(""), ask("[]"),
		ask(with(aDischarge(), "unique_site_id", "AL123456")),
		ask(with(aDischarge(), "unique_site_id", "DE000001")), // known, but the token is another's
		ask(with(aDischarge(), "crid", "999999999")),
		ask(aDischarge()), ask(aDischarge()),
	}
	want := []answer{{400, "11-001"}, {400, "11-001"}, {404, "11-101"}, {404, "11-101"}, {404, "11-102"}, {200, ""}, {409, "11-103"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if d := s.Duplicates(); d != nil || len(s.Objects("discharge")) != 1 {
		t.Errorf("duplicates %v, want one discharge", d)
	}
	clock.Move(time.Hour)
	if a := ask(aDischarge()); a.Status != http.StatusUnauthorized {
		t.Errorf("expired token: %v, want 401", a)
	}
}

// TestRegistryLostReply is the case that matters there: a discharge is final,
// its answer is lost, and asking again says 11-103.
func TestRegistryLostReply(t *testing.T) {
	s, c := newRegistry(t, newClock())
	for _, f := range []Fault{ResetBefore(), ResetAfter()} {
		s.Inject(f)
		if _, _, err := c.try("POST", "/discharge", aDischarge()); err == nil {
			t.Error("a reset call: no error")
		}
	}
	status, got := c.do("POST", "/discharge", aDischarge())
	if status != 409 || got["code"] != "11-103" {
		t.Errorf("asked again: %d %v, want 409 11-103", status, got["code"])
	}
	var applied []bool
	for _, e := range s.Journal()[1:] {
		applied = append(applied, e.Applied)
	}
	if diff := cmp.Diff([]bool{false, true, false}, applied); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}
