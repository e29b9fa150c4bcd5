package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFaults injects each fault into a create and asks what the caller saw,
// and what the vendor did.
func TestFaults(t *testing.T) {
	open := make(chan struct{})
	close(open)
	tests := []struct {
		name    string
		fault   Fault
		status  int // as the caller saw it; 0 = the call failed
		journal Entry
	}{
		{"reset before", ResetBefore(), 0, Entry{Applied: false, Status: 0}},
		{"reset after", ResetAfter(), 0, Entry{Applied: true, Status: 0}},
		{"status", Status(503, `{"message":"busy"}`), 503, Entry{Applied: false, Status: 503}},
		{"status after", StatusAfter(500), 500, Entry{Applied: true, Status: 500}},
		{"too many", TooMany("7"), 429, Entry{Applied: false, Status: 429}},
		{"token death", TokenDeath(), 401, Entry{Applied: false, Status: 401}},
		{"page", HTML200(), 200, Entry{Applied: false, Status: 200}},
		{"hold", Hold(open), 200, Entry{Applied: true, Status: 200}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c := newRethink(t, RethinkOptions{})
			s.Inject(tt.fault)
			status, _, _ := c.try("POST", "/api/client", aClient())
			e := lastEntry(s)
			if status != tt.status || e.Applied != tt.journal.Applied || e.Status != tt.journal.Status {
				t.Errorf("saw %d, journal %t %d, want %d, %t %d", status, e.Applied, e.Status, tt.status, tt.journal.Applied, tt.journal.Status)
			}
			if held := len(s.Objects("client")); (held == 1) != tt.journal.Applied {
				t.Errorf("%d clients held, want them only if applied", held)
			}
			if tt.name == "token death" {
				_, word := c.token(rethinkForm)
				c.header.Set("Authorization", "Bearer "+word)
			}
			if got := c.must("POST", "/api/client", aClient()); got["ErrorMessage"] != nil || got["clientId"] == nil {
				t.Errorf("the next call: %v, want it to succeed", got)
			}
			if dup := s.Duplicates() != nil; dup != tt.journal.Applied {
				t.Errorf("duplicates after sending again: %t, want %t", dup, tt.journal.Applied)
			}
		})
	}
}

func TestTruncateAfter(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	s.Inject(TruncateAfter())
	req, _ := http.NewRequest("POST", c.url+"/api/client", strings.NewReader(`{"firstName":"Ada","lastName":"Roma","dateOfBirth":"2015-04-05","genderID":1}`))
	req.Header = c.header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(string(text), "clientId") {
		t.Errorf("read %d %q, %v; want 200, no id and an unexpected end", resp.StatusCode, text, err)
	}
	if e := lastEntry(s); !e.Applied || e.ID == "" {
		t.Errorf("entry %+v, want it applied", e)
	}
}

func TestTooManySaysWhen(t *testing.T) {
	for _, after := range []string{"7", ""} {
		s := NewRegistry(RegistryOptions{})
		s.Inject(TooMany(after).On("", "/login"))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/login", nil))
		if got := w.Header().Get("Retry-After"); w.Code != 429 || got != after {
			t.Errorf("status %d, Retry-After %q, want 429, %q", w.Code, got, after)
		}
	}
}

func TestFaultMatching(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	s.Inject(Status(503, "{}").On("POST", "/staff").Repeat(2))
	byBody := Status(409, "{}").Repeat(-1)
	byBody.Match = func(r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		return strings.Contains(string(body), `"72"`)
	}
	s.Inject(byBody)
	var got []int
	for _, call := range []struct {
		path string
		body fields
	}{
		{"/api/client", aClient()}, {"/api/staff", aStaff()}, {"/api/staff", aStaff()}, {"/api/staff", aStaff()},
		{"/api/client", with(aClient(), "clientExternalId", "72")}, {"/api/client", with(aClient(), "clientExternalId", "72")},
	} {
		status, _ := c.do("POST", call.path, call.body)
		got = append(got, status)
	}
	s.Heal()
	status, _ := c.do("POST", "/api/client", with(aClient(), "clientExternalId", "72"))
	if diff := cmp.Diff([]int{200, 503, 503, 200, 409, 409, 200}, append(got, status)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	s.Inject(Status(500, "{}"))
	if status, _ := c.token(rethinkForm); status != 200 {
		t.Errorf("a fault without a match hit the login: %d", status)
	}
}

// TestHoldKeepsOthersGoing proves that a held call blocks no other.
func TestHoldKeepsOthersGoing(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	release := make(chan struct{})
	s.Inject(Hold(release).On("POST", "/client"))
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, _, err := c.try("POST", "/api/client", aClient()); err != nil {
			t.Errorf("held call: %v", err)
		}
	})
	c.must("POST", "/api/staff", aStaff())
	close(release)
	wg.Wait()
	if n := len(s.Objects("client")); n != 1 {
		t.Errorf("%d clients, want 1", n)
	}
}

// TestHoldGivenUp proves that a call whose caller goes away was never applied.
func TestHoldGivenUp(t *testing.T) {
	s := NewRegistry(RegistryOptions{})
	s.Inject(Hold(nil).On("POST", "/login"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "POST", "/login", strings.NewReader("{}"))
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("handler ended with %v, want the connection closed", got)
		}
		if e := lastEntry(s); e.Applied || e.Status != 0 {
			t.Errorf("entry %+v, want it unapplied and unanswered", e)
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), req)
}

func TestParallelCalls(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c.try("POST", "/api/client", with(aClient(), "clientExternalId", fmt.Sprint(i)))
			s.Journal()
		})
	}
	wg.Wait()
	if n, d := len(s.Objects("client")), s.Duplicates(); n != 20 || d != nil {
		t.Errorf("%d clients, duplicates %v, want 20 and none", n, d)
	}
}

func TestJournalHoldsNoValues(t *testing.T) {
	s, c := newRethink(t, RethinkOptions{})
	c.must("POST", "/api/client", with(aClient(), "clientExternalId", drop))
	c.do("GET", "/api/nothing?lastName=Roma", nil)
	for _, e := range s.Journal() {
		for _, text := range []string{e.Path, e.ID, e.ExternalID, e.BodyHash} {
			if strings.Contains(text, "Roma") || strings.Contains(text, "2015") {
				t.Errorf("entry %+v holds a patient's value", e)
			}
		}
	}
	want := map[string]int{"login token": 1, "create client": 1, "unknown": 1}
	if diff := cmp.Diff(want, s.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
