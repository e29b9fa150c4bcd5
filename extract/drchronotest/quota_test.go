package drchronotest

import (
	"encoding/json"
	"testing"
	"time"
)

// wait asks until the server throttles, and gives its words.
func (x *site) detail(path string, want int) string {
	x.t.Helper()
	resp, body, err := x.do("GET", path)
	if err != nil || resp.StatusCode != want {
		x.t.Fatalf("GET %s: %v, %v, want %d", path, resp, err, want)
	}
	var m struct{ Detail string }
	if err := json.Unmarshal(body, &m); err != nil {
		x.t.Fatal(err)
	}
	return m.Detail
}

func throttled(seconds string) string {
	return "Request was throttled. Expected available in " + seconds + " seconds."
}

func TestQuotaOfTheHour(t *testing.T) {
	x := serve(t, Options{CallsPerHour: 5})
	x.clock.add(14*time.Minute + 50*time.Second) // 06:44:50
	for range 5 {
		x.get("/api/doctors", 200)
	}
	if got, want := x.detail("/api/doctors", 429), throttled("910.0"); got != want {
		t.Errorf("detail = %q, want %q", got, want)
	}
	x.clock.add(909 * time.Second)
	x.get("/api/doctors", 429)
	x.clock.add(time.Second) // 07:00:00
	x.get("/api/doctors", 200)
}

func TestQuotaOfTenMinutesRolls(t *testing.T) {
	x := serve(t, Options{CallsPer10Min: 3})
	for range 3 {
		x.get("/api/doctors", 200)
		x.clock.add(time.Minute)
	}
	if got, want := x.detail("/api/doctors", 429), throttled("420.0"); got != want {
		t.Errorf("detail = %q, want %q", got, want)
	}
	x.clock.add(7 * time.Minute) // the first of the three is ten minutes old
	x.get("/api/doctors", 200)
	x.get("/api/doctors", 429)
}

func TestQuotaOfTheSecondAndWhatCounts(t *testing.T) {
	x := serve(t, Options{CallsPerSecond: 2, CallsPerHour: 4, RetryAfter: true})
	good := x.access
	x.access = "wrong"
	x.get("/api/doctors", 401) // counts in no quota
	x.access = good
	x.get("/api/doctors", 200)
	x.get("/api/doctors", 200)
	resp, _, err := x.do("GET", "/api/doctors")
	if err != nil || resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("third call of the second: %v, %v", resp, err)
	}
	x.clock.add(time.Second)
	x.get("/api/doctors", 200)
	x.get("/api/doctors", 200) // the refused call did not count
	x.clock.add(time.Second)
	x.get("/api/doctors", 429)
}

func TestDefaultQuotas(t *testing.T) {
	s := New(testPractice(t), Options{Now: func() time.Time { return testNow }})
	if q := s.quota; q.hour != 500 || q.tenMin != 290 || q.second != 10 {
		t.Errorf("defaults = %d, %d, %d, want 500, 290, 10", q.hour, q.tenMin, q.second)
	}
}
