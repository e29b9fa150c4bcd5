package rethink

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLook: an id that a person gives is looked at, in whatever form it is shown,
// and refused where it is not there or plainly another's.
func TestLook(t *testing.T) {
	ours := client(adaRoma)
	const missing = "shows no record"
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"ours", `{"clientId":7,"clientExternalId":"1"}`, 200, ""},
		{"by its name, in another case", `[{"clientId":7,"firstName":"ADA","lastName":"Roma","dateOfBirth":"2015-04-05T00:00:00"}]`, 200, ""},
		{"ours, and its name was corrected there", `{"clientId":7,"clientExternalId":"1","firstName":"Eva","lastName":"Roma","dateOfBirth":"2015-04-05"}`, 200, ""},
		{"among all", `[{"clientId":6,"clientExternalId":"2"},{"clientId":7,"clientExternalId":"1"}]`, 200, ""},
		{"another of ours", `{"clientId":7,"clientExternalId":"2"}`, 200, "another one of ours"},
		{"somebody else", `{"clientId":7,"firstName":"Eva","lastName":"Roma","dateOfBirth":"2015-04-05"}`, 200, "is another one"},
		{"nothing tells", `{"clientId":7}`, 200, ""},
		{"none", `[]`, 200, missing},
		{"an error", `{"clientId":null,"ErrorMessage":"Invalid Client ID."}`, 200, missing},
		{"404", `{"ErrorMessage":"Invalid Client ID."}`, 404, missing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := looking(t, tt.status, tt.body)
			fault, err := d.Look(t.Context(), ours, "7")
			if err != nil || !strings.Contains(fault, tt.want) || tt.want == "" && fault != "" || strings.Contains(fault, "Roma") {
				t.Errorf("got %q, %v; want %q", fault, err, tt.want)
			}
			d.o.Readback = false
			if fault, err := d.Look(t.Context(), ours, "7"); fault != "" || err != nil {
				t.Errorf("where nobody can be asked: %q, %v", fault, err)
			}
		})
	}
	if _, err := looking(t, 403, `{}`).Look(t.Context(), ours, "7"); err == nil {
		t.Error("a look that failed is believed")
	}
}

// looking is a destination that answers the look at client 7 so.
func looking(t *testing.T, status int, body string) *Destination {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			_, _ = w.Write([]byte(`{"access_token":"word","token_type":"Bearer","expires_in":3600}`))
			return
		}
		if r.URL.Query().Get("clientId") != "7" {
			t.Errorf("it asks for %s", r.URL.RawQuery)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return New(Options{BaseURL: server.URL, TokenURL: server.URL + "/token", Readback: true, InFlight: 1, Clock: stillClock{},
		Paths: map[string]string{"client": "/api/client"}})
}
