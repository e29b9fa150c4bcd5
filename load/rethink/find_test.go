package rethink

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/google/go-cmp/cmp"
)

type stillClock struct{}

func (stillClock) Now() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

func (stillClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// answering is a destination whose lists answer so.
func answering(t *testing.T, status int, kind, body string) *Destination {
	t.Helper()
	return serving(t, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// serving makes a destination whose lists answer does.
func serving(t *testing.T, answer func(http.ResponseWriter)) *Destination {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"word","token_type":"Bearer","expires_in":3600}`))
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Query().Get("datetimestamp") == "" {
			t.Errorf("%s %s, want a list by datetimestamp", r.Method, r.URL.Path)
		}
		answer(w)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return New(Options{BaseURL: server.URL, TokenURL: server.URL + "/token", Readback: true, InFlight: 1, Clock: stillClock{},
		Paths: map[string]string{"client": "/api/client", "staff": "/api/staff", "appointment": "/api/appointment"}})
}

func client(body string) etl.Delivery {
	return etl.Delivery{Object: "client", SourceID: "1", Body: []byte(body)}
}

var visitAtTwo = etl.Delivery{Object: "appointment", Body: []byte(`{"clientId":7,"staffId":3,"date":"2026-03-02","scheduledStartTime":"14:00","scheduledEndTime":"15:00"}`)}

const adaRoma = `{"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05","clientExternalId":"1","city":"Troy"}`

// TestEnvelopes: the read API's envelope is not fixed by its documents. What is
// no list of objects with ids is an error: as an empty list it would have
// everything created again.
func TestEnvelopes(t *testing.T) {
	const one = `{"clientId":7,"clientExternalId":"1"}`
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		id     string
		ok     bool
	}{
		{"array", 200, "application/json", `[` + one + `]`, "7", true},
		{"items", 200, "application/json", `{"items":[` + one + `],"total":1}`, "7", true},
		{"data", 200, "application/json", `{"Data":[` + one + `]}`, "7", true},
		{"an envelope in another", 200, "application/json", `{"result":{"items":[` + one + `]},"success":true}`, "7", true},
		{"none in an envelope in another", 200, "application/json", `{"result":{"items":[]}}`, "", true},
		{"part of a list in an envelope in another", 200, "application/json", `{"result":{"items":[` + one + `],"total":2}}`, "", false},
		{"one object", 200, "application/json", one, "7", true},
		{"none", 200, "application/json", `[]`, "", true},
		{"no items", 200, "application/json", `{"items":[]}`, "", true},
		{"an error with 200", 200, "application/json", `{"ErrorMessage":"This datetimestamp is not valid"}`, "", false},
		{"an envelope by another name", 200, "application/json", `{"clients":[` + one + `],"warnings":[]}`, "7", true},
		{"none by another name", 200, "application/json", `{"clients":[]}`, "", true},
		{"two arrays", 200, "application/json", `{"clients":[` + one + `],"staff":[{"staffId":1}]}`, "", false},
		{"an array of none, and the list", 200, "application/json", `{"data":[],"clients":[` + one + `]}`, "7", true},
		{"an error beside none", 200, "application/json", `{"ErrorMessage":"no","clients":[]}`, "", false},
		{"errors alone", 200, "application/json", `{"errors":[]}`, "", false},
		{"part of a list", 200, "application/json", `{"items":[` + one + `],"total":2}`, "", false},
		{"none of several", 200, "application/json", `{"clients":[],"TotalCount":"3"}`, "", false},
		{"part of a count", 200, "application/json", `{"clients":[` + one + `],"count":2}`, "", false},
		{"nothing", 200, "application/json", ``, "", true},
		{"no content", 204, "application/json", ``, "", true},
		{"one object with an array of its own", 200, "application/json",
			`{"clientId":7,"clientExternalId":"1","clientFunders":[{"clientFunderId":71}]}`, "7", true},
		{"entries without ids", 200, "application/json", `[{"firstName":"Ada"}]`, "", false},
		{"null", 200, "application/json", `null`, "", true},
		{"text", 200, "application/json", `"no"`, "", false},
		{"half", 200, "application/json", `[` + one, "", false},
		{"a page", 200, "text/html", `<p>`, "", false},
		{"not allowed", 405, "application/json", `[]`, "", false},
		{"error", 500, "application/json", `[` + one + `]`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := answering(t, tt.status, tt.kind, tt.body).Find(t.Context(), "client", []etl.Delivery{client(adaRoma)})
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, want ok %t", err, tt.ok)
			}
			if tt.ok && found[0].TargetID != tt.id {
				t.Errorf("found %q, want %q", found[0].TargetID, tt.id)
			}
		})
	}
}

// TestStampWithoutZone: the document gives a DateTime without a Z and shows one
// with it, and an account may take the one alone.
func TestStampWithoutZone(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"word","token_type":"Bearer"}`))
	})
	mux.HandleFunc("/api/client", func(w http.ResponseWriter, r *http.Request) {
		if _, err := time.Parse("2006-01-02T15:04:05", r.URL.Query().Get("datetimestamp")); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"ErrorMessage":"This datetimestamp is not valid"}`))
			return
		}
		_, _ = w.Write([]byte(`[{"clientId":7,"clientExternalId":"1"}]`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d := New(Options{BaseURL: server.URL, TokenURL: server.URL + "/token", Readback: true, InFlight: 1, Clock: stillClock{}, Paths: map[string]string{"client": "/api/client"}})
	found, err := d.Find(t.Context(), "client", []etl.Delivery{client(adaRoma)})
	if err != nil || found[0].TargetID != "7" {
		t.Errorf("found %v (%v), want 7", found, err)
	}
}

// TestFindings: by our external id, then by the exact natural key, and what
// differs.
func TestFindings(t *testing.T) {
	const external = `"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05T00:00:00"`
	tests := []struct {
		name, object, list string
		del                etl.Delivery
		want               load.Finding
	}{
		{"nothing, and nothing known visible", "client", `[]`, client(adaRoma), load.Finding{How: load.ByNaturalKey}},
		{"nothing, others visible", "client", `[{"clientId":8}]`, client(adaRoma), load.Finding{How: load.ByNaturalKey, Proved: true}},
		{"external id, no slot shown", "client", `[{"clientId":7,"clientExternalId":"1"}]`, client(`{"clientExternalId":"1","clientFunders":[{"funderId":501}]}`),
			load.Finding{TargetID: "7", How: load.ByExternalID, Proved: true, Hidden: []string{"clientFunders"}, Inside: map[string]string{}}},
		{"external id, values in their precision", "client", `[{"clientId":7,"clientExternalId":1,"city":"Troy ",` + external + `}]`, client(adaRoma),
			load.Finding{TargetID: "7", How: load.ByExternalID, Proved: true, Inside: map[string]string{}}},
		{"external id before natural key", "client", `[{"clientId":8,` + external + `},{"clientId":7,"clientExternalId":"1","city":"Rome"}]`, client(adaRoma),
			load.Finding{TargetID: "7", How: load.ByExternalID, Proved: true, Differs: []load.Difference{{Field: "city", Ours: "Troy", Theirs: "Rome"}, {Field: "dateOfBirth", Ours: "2015-04-05"},
				{Field: "firstName", Ours: "Ada"}, {Field: "lastName", Ours: "Roma"}}, Inside: map[string]string{}}},
		{"natural key, blank there, as another shows", "client", `[{"clientId":8,"city":"Rome"},{"clientId":7,` + external + `}]`, client(adaRoma),
			load.Finding{TargetID: "7", How: load.ByNaturalKey, Proved: true, Differs: []load.Difference{{Field: "city", Ours: "Troy"}}, Inside: map[string]string{}}},
		{"external id twice", "client", `[{"clientId":7,"clientExternalId":"1"},{"clientId":8,"clientExternalId":"1"}]`, client(adaRoma),
			load.Finding{How: load.ByExternalID, Proved: true, Candidates: []string{"7", "8"}}},
		{"natural key", "client", `[{"clientId":7,` + external + `}]`, client(adaRoma),
			load.Finding{TargetID: "7", How: load.ByNaturalKey, Proved: true, Inside: map[string]string{}}},
		{"natural key of another record of ours", "client", `[{"clientId":7,"clientExternalId":"2",` + external + `}]`, client(adaRoma),
			load.Finding{How: load.ByNaturalKey, Proved: true}},
		{"name without birth date", "client", `[{"clientId":7,"firstName":"Ada","lastName":"Roma"}]`, client(adaRoma),
			load.Finding{How: load.ByNaturalKey, Proved: true}},
		{"staff by user name", "staff", `[{"staffId":3,"username":"BO.LIN"}]`,
			etl.Delivery{Object: "staff", Body: []byte(`{"username":"bo.lin","companyStaffId":"5"}`)},
			load.Finding{TargetID: "3", How: load.ByNaturalKey, Proved: true, Differs: []load.Difference{{Field: "username", Ours: "bo.lin", Theirs: "BO.LIN"}}, Inside: map[string]string{}}},
		{"visit by client, staff, day and start", "appointment",
			`[{"appointmentId":4,"clientId":7,"staffId":3,"date":"2026-03-02T00:00:00Z","scheduledStartTime":"14:00:00","scheduledEndTime":"15:30:00"}]`,
			visitAtTwo,
			load.Finding{TargetID: "4", How: load.ByNaturalKey, Proved: true, Differs: []load.Difference{{Field: "scheduledEndTime", Ours: "15:00", Theirs: "15:30:00"}}, Inside: map[string]string{}}},
		{"visit by a start in another form", "appointment",
			`[{"appointmentId":4,"clientId":7,"staffId":3,"date":"2026-03-02","scheduledStartTime":"2:00 PM","scheduledEndTime":"2026-03-02T10:00:00-05:00"}]`,
			visitAtTwo, load.Finding{TargetID: "4", How: load.ByNaturalKey, Proved: true, Inside: map[string]string{}}},
		{"a start that cannot be read is no proof of absence", "appointment",
			`[{"appointmentId":4,"clientId":7,"staffId":3,"date":"2026-03-02","scheduledStartTime":"two"},{"appointmentId":5,"clientId":7,"staffId":3,"date":"2026-03-03"},{"appointmentId":6,"clientId":8,"staffId":3}]`,
			visitAtTwo, load.Finding{How: load.ByNaturalKey, Proved: true, Candidates: []string{"4"}}},
		{"nor a day", "appointment", `[{"appointmentId":4,"clientId":7,"staffId":3,"date":"03/02/2026","scheduledStartTime":"14:00"}]`,
			visitAtTwo, load.Finding{How: load.ByNaturalKey, Proved: true, Candidates: []string{"4"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := answering(t, 200, "application/json", tt.list).Find(t.Context(), tt.object, []etl.Delivery{tt.del})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found[0]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadBack: a record whose id we know is looked for by that. Of an
// unanswered update, what the answer does not show is not proved.
func TestReadBack(t *testing.T) {
	update := client(adaRoma)
	update.TargetID, update.Op = "7", etl.Update
	known := client(adaRoma)
	known.TargetID = "7"
	tests := []struct {
		name, list string
		del        etl.Delivery
		id         string
		differs    []string
	}{
		{"gone", `[{"clientId":8,"clientExternalId":"1"}]`, update, "", nil},
		{"shown in full", `[{"clientId":7,"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05","clientExternalId":"1","city":"Troy"}]`, update, "7", nil},
		{"earlier value", `[{"clientId":7,"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05","clientExternalId":"1","city":"Rome"}]`, update, "7", []string{"city"}},
		{"not shown", `[{"clientId":7,"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05","clientExternalId":"1"}]`, update, "7", []string{"city"}},
		{"not shown, and nothing unanswered", `[{"clientId":7}]`, known, "7", nil},
	}
	for _, tt := range tests {
		found, err := answering(t, 200, "application/json", tt.list).Find(t.Context(), "client", []etl.Delivery{tt.del})
		if err != nil {
			t.Fatal(err)
		}
		if f := found[0]; f.TargetID != tt.id || !f.Proved || !cmp.Equal(load.Names(f.Differs), tt.differs) {
			t.Errorf("%s: got %+v, want id %q and differing %v", tt.name, f, tt.id, tt.differs)
		}
	}
}

// TestFindInside gives the ids of what travels inside, by its own key.
func TestFindInside(t *testing.T) {
	list := `[{"clientId":7,"clientExternalId":"1","clientFunders":[
		{"clientFunderId":72,"funderId":502,"funderSequence":2},{"clientFunderId":71,"funderId":501,"funderSequence":1}]}]`
	del := client(`{"clientExternalId":"1","clientFunders":[{"funderSequence":1,"funderId":501},{"funderSequence":3,"funderId":501}]}`)
	del.Needs = []etl.Need{{Path: "clientFunders.0.clientFunderId", Object: "funder", ID: "1/primary", Optional: true},
		{Path: "clientFunders.1.clientFunderId", Object: "funder", ID: "1/tertiary", Optional: true}}
	found, err := answering(t, 200, "application/json", list).Find(t.Context(), "client", []etl.Delivery{del})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"clientFunders.0.clientFunderId": "71"}
	if diff := cmp.Diff(want, found[0].Inside); diff != "" || !cmp.Equal(load.Names(found[0].Differs), []string{"clientFunders"}) {
		t.Errorf("differs %v, inside (-want +got):\n%s", found[0].Differs, diff)
	}
}

// TestInsideIsCompared: what travels inside is found by its id or its key, and
// then compared: an unanswered update may have changed nothing else.
func TestInsideIsCompared(t *testing.T) {
	const ours = `{"clientFunders":[{"clientFunderId":71,"funderId":501,"funderSequence":1,"serviceLineIds":[901, 902],"caseManagerId":5}],
		"authorizations":[{"authorizationNumber":"A1","authEndDate":"2026-12-31"}]}`
	theirs := func(funder, auth string) string {
		return `[{"clientId":7,"clientFunders":[{"clientFunderId":71,` + funder + `}],"authorizations":[{"clientauthorizationId":81,` + auth + `}]}]`
	}
	const funder, auth = `"funderId":501,"funderSequence":1,"serviceLineIds":[901,902],"caseManagerId":5`, `"authorizationNumber":"A1","authEndDate":"2026-12-31T00:00:00"`
	tests := []struct {
		name, list      string
		differs, hidden []string
	}{
		{"the same", theirs(funder, auth), nil, nil},
		{"another service line", theirs(`"funderId":501,"funderSequence":1,"serviceLineIds":[901],"caseManagerId":5`, auth), []string{"clientFunders.serviceLineIds"}, nil},
		{"no manager", theirs(`"funderId":501,"funderSequence":1,"serviceLineIds":[901,902],"caseManagerId":null`, auth), []string{"clientFunders.caseManagerId"}, nil},
		{"manager not shown", theirs(`"funderId":501,"funderSequence":1,"serviceLineIds":[901,902]`, auth), []string{"clientFunders.caseManagerId"}, nil},
		{"another funder under our id", theirs(`"funderId":502,"funderSequence":1,"serviceLineIds":[901,902],"caseManagerId":5`, auth), []string{"clientFunders.funderId"}, nil},
		{"another end", theirs(funder, `"authorizationNumber":"A1","authEndDate":"2026-06-30"`), []string{"authorizations.authEndDate"}, nil},
		{"a slot not shown", `[{"clientId":7,"clientFunders":[{"clientFunderId":71,` + funder + `}],"authorizations":null}]`, []string{"authorizations"}, []string{"authorizations"}},
		{"its id not shown", `[{"clientId":7,"clientFunders":[{` + funder + `}],"authorizations":[{"clientauthorizationId":81,` + auth + `}]}]`, []string{"clientFunders.clientFunderId"}, []string{"clientFunders"}},
		{"a slot shown empty", `[{"clientId":7,"clientFunders":[{"clientFunderId":71,` + funder + `}],"authorizations":[]}]`, []string{"authorizations"}, nil},
	}
	for _, tt := range tests {
		del := client(ours)
		del.TargetID, del.Op = "7", etl.Update
		found, err := answering(t, 200, "application/json", tt.list).Find(t.Context(), "client", []etl.Delivery{del})
		if err != nil {
			t.Fatal(err)
		}
		if f := found[0]; !cmp.Equal(load.Names(f.Differs), tt.differs) || !cmp.Equal(f.Hidden, tt.hidden) {
			t.Errorf("%s: differs %v, hidden %v, want %v and %v", tt.name, f.Differs, f.Hidden, tt.differs, tt.hidden)
		}
	}
}

// TestReadsAreRepeated: a list that fails for a moment is read again, and one
// that goes on failing is an error that says what came.
func TestReadsAreRepeated(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status []int // of the answers in turn; the last one stays
		calls  int
		want   string // in the error; "" = none
	}{
		{"busy once", []int{503, 200}, 2, ""},
		{"throttled, then broken", []int{429, 500, 200}, 3, ""},
		{"down", []int{502}, 3, "HTTP 502"},
		{"not allowed", []int{405}, 1, "rethink.readback: false"},
		{"token died", []int{401, 200}, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			d := serving(t, func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status[min(calls, len(tt.status)-1)])
				calls++
				_, _ = w.Write([]byte(`[]`))
			})
			_, err := d.Find(t.Context(), "client", []etl.Delivery{client(adaRoma)})
			if calls != tt.calls || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d calls and %v, want %d and %q", calls, err, tt.calls, tt.want)
			}
		})
	}
}
