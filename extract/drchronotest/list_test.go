package drchronotest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPagingInBothStyles(t *testing.T) {
	for name, o := range map[string]Options{
		"page": {Prefix: "/drchrono"}, "cursor": {Cursor: true, DataKey: true}, "public": {PublicURL: ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := serve(t, o)
			rows, sizes := x.all("/api/patients?page_size=25&show_inactive=true")
			if want := []int{25, 25, 10}; !slices.Equal(sizes, want) {
				t.Errorf("page lengths = %v, want %v", sizes, want)
			}
			got := ids(rows)
			if !slices.IsSorted(got) || len(slices.Compact(got)) != 60 {
				t.Errorf("patients are not 60 distinct ones in the order of ids")
			}
			x.get("/api/patients?page=99", map[bool]int{true: 200, false: 404}[o.Cursor])
		})
	}
}

// A hand-built page number under cursors is page one again.
func TestCursorIgnoresPage(t *testing.T) {
	x := serve(t, Options{Cursor: true})
	one, two := x.get("/api/patients?page_size=10", 200), x.get("/api/patients?page_size=10&page=2", 200)
	if !slices.Equal(ids(one.Results), ids(two.Results)) {
		t.Error("page=2 gave other rows than page one")
	}
	if one.Next == nil || !strings.Contains(*one.Next, "cursor=") || !strings.HasPrefix(*one.Next, "http://") {
		t.Errorf("next is no absolute URL with a cursor")
	}
}

func TestPublicURLStandsInNext(t *testing.T) {
	x := serve(t, Options{PublicURL: "https://chrono.example.test", Prefix: "/p"})
	next := x.get("/api/patients?page_size=10", 200).Next
	if next == nil || !strings.HasPrefix(*next, "https://chrono.example.test/p/api/patients?") {
		t.Errorf("next does not begin with the public URL")
	}
}

func TestPageSizes(t *testing.T) {
	x := serveWith(t, NewPractice(1, DefaultSize, testNow), Options{})
	for path, want := range map[string]int{
		"/api/patients":                                              250,
		"/api/patients?page_size=1000":                               250,
		"/api/patients?verbose=true&page_size=250":                   50,
		"/api/patients?verbose=false":                                250,
		"/api/appointments?since=2020-01-01":                         250,
		"/api/appointments?since=2020-01-01&verbose=true":            25,
		"/api/patients_summary?page_size=250":                        50,
		"/api/patients_summary?page_size=3":                          50,
		"/api/clinical_notes?since=2020-01-01&page_size=20":          3,
		"/api/appointments?since=2020-01-01&verbose=1&page_size=300": 250,
	} {
		if got := len(x.get(path, 200).Results); got != want {
			t.Errorf("GET %s: %d rows, want %d", path, got, want)
		}
	}
}

func TestEveryEndpointAnswersAList(t *testing.T) {
	x := serve(t, Options{})
	for _, name := range Endpoints() {
		rows := x.get("/api/"+name+"?since=1970-01-01&payer_type=emdeon&show_inactive=1&show_archived=1", 200).Results
		if len(rows) == 0 {
			t.Errorf("%s: no rows", name)
		}
		for _, m := range rows {
			for k := range m {
				if strings.HasPrefix(k, "_") {
					t.Errorf("%s shows the inner key %s", name, k)
				}
			}
		}
	}
}

func TestVerboseKeysAreAbsent(t *testing.T) {
	x := serve(t, Options{})
	for path, keys := range map[string][]string{
		"/api/patients?page_size=5":                                      specs["patients"].verbose,
		"/api/appointments?page_size=5&since=2020-01-01":                 specs["appointments"].verbose,
		"/api/offices?page_size=5":                                       {"online_timeslots"},
		"/api/appointments/306500001?":                                   specs["appointments"].verbose,
		"/api/appointments?page_size=5&date_range=2025-01-01/2026-02-01": {"vitals", "status_transitions"},
	} {
		plain, full := x.first(path), x.first(path+"&verbose=true")
		for _, k := range keys {
			if _, ok := plain[k]; ok {
				t.Errorf("%s: %s is there without verbose", path, k)
			}
			if _, ok := full[k]; !ok {
				t.Errorf("%s: %s is absent with verbose", path, k)
			}
		}
	}
}

// first is the first row of a list, or the record itself.
func (x *site) first(path string) map[string]any {
	x.t.Helper()
	if strings.Contains(path, "/appointments/") {
		_, body, err := x.do(http.MethodGet, path)
		if err != nil {
			x.t.Fatal(err)
		}
		return decode(x.t, body)
	}
	return x.get(path, 200).Results[0]
}

func TestAppointmentIDsAreStringsAndReferencesNumbers(t *testing.T) {
	x := serve(t, Options{})
	m := x.first("/api/appointments?since=2020-01-01")
	if _, ok := m["id"].(string); !ok {
		t.Errorf("appointment id is %T, want string", m["id"])
	}
	if _, ok := m["patient"].(float64); !ok {
		t.Errorf("appointment patient is %T, want number", m["patient"])
	}
	rows, _ := x.all("/api/appointments?since=2020-01-01")
	if !slices.IsSortedFunc(rows, func(a, b map[string]any) int {
		return strings.Compare(a["scheduled_time"].(string), b["scheduled_time"].(string))
	}) {
		t.Error("appointments are not in the order of scheduled_time")
	}
}

func TestDetailAndRedirect(t *testing.T) {
	x := serve(t, Options{Prefix: "/drchrono"})
	for path, want := range map[string]int{
		"/api/patients/90000011": 200, "/api/patients/1": 404, "/api/nothing": 404, "/api/appointments_list": 404,
		"/api/patients/90000011/ccda": 200, "/api/patients/90000011/qrda1": 200,
		"/api/patients/90000011/onpatient_access": 200, "/api/patients/1/ccda": 404,
	} {
		resp, _, err := x.do(http.MethodGet, path)
		if err != nil || resp.StatusCode != want {
			t.Errorf("GET %s: %v, %v, want %d", path, resp, err, want)
		}
	}
	resp, _, err := x.do(http.MethodGet, "/api/users/current")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := resp.Header.Get("Location"), x.url+"/api/users/710001"; resp.StatusCode != 302 || got != want {
		t.Errorf("users/current: %d to %s, want 302 to %s", resp.StatusCode, got, want)
	}
}

func TestGzip(t *testing.T) {
	x := serve(t, Options{})
	req, _ := http.NewRequest(http.MethodGet, x.url+"/api/patients", nil)
	req.Header.Set("Authorization", "Bearer "+x.access)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Content-Encoding"); got != "gzip" {
		t.Errorf("Content-Encoding = %q, want gzip", got)
	}
}

func BenchmarkPage(b *testing.B) {
	p := NewPractice(1, DefaultSize, testNow)
	sp := specs["patients"]
	for b.Loop() {
		p.slice(sp, &filter{key: "x", hidden: true}, 100, 50, true)
	}
}
