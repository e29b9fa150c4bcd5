package loadtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRethinkReadback(t *testing.T) {
	clock := newClock()
	s, c := newRethink(t, RethinkOptions{Now: clock.Now})
	id, _ := s.Seed("client", aClient())
	clock.Move(time.Minute)
	c.must("POST", "/api/client", with(aClient(), "clientExternalId", "72"))

	for query, want := range map[string]int{
		"2026-03-01T11:59:59Z": 2, "2026-03-01T12:00:00": 1, "2026-03-01T12:01:00Z": 0,
	} {
		if got := c.array("/api/client?datetimestamp=" + query); len(got) != want {
			t.Errorf("after %s: %d clients, want %d", query, len(got), want)
		}
	}
	got := c.must("GET", fmt.Sprint("/api/client?clientId=", id), nil)
	if got["clientExternalId"] != "71" {
		t.Errorf("by id: external id %v, want 71", got["clientExternalId"])
	}
	status, bad := c.do("GET", "/api/client?datetimestamp=yesterday", nil)
	if status != 400 || bad["ErrorMessage"] != "This datetimestamp is not valid" {
		t.Errorf("bad datetimestamp: %d %v", status, bad)
	}
	if status, _ := c.do("GET", "/api/client?clientId=5", nil); status != 404 {
		t.Errorf("unknown id: status %d, want 404", status)
	}
	_, off := newRethink(t, RethinkOptions{NoReadback: true})
	if status, _ := off.do("GET", "/api/client?clientId=5", nil); status != 405 {
		t.Errorf("without read-back: status %d, want 405", status)
	}
}

// array is a GET that answers an array.
func (c caller) array(path string) (out []fields) {
	c.t.Helper()
	req, _ := http.NewRequest("GET", c.url+path, nil)
	req.Header = c.header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		c.t.Fatal(err)
	}
	return out
}

func TestRethinkAsync(t *testing.T) {
	var got []string
	status := http.StatusServiceUnavailable
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o, _ := (&call{body: body}).object()
		_, numbered := whole(o["clientId"])
		got = append(got, fmt.Sprint(r.Header.Get("X-Rethink-Type"), " ", r.Header.Get("X-Rethink-Transaction"), " ", numbered))
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	s, c := newRethink(t, RethinkOptions{Async: true})
	s.SetCallback(receiver.URL)
	one := c.must("POST", "/api/client", aClient())
	two := c.must("POST", "/api/client", with(aClient(), "genderID", 9))
	if one["status"] != "Accepted" || one["clientId"] != nil || one["transactionId"] == two["transactionId"] {
		t.Errorf("replies %v, %v, want two transactions accepted and no id", one, two)
	}
	if n := s.Waiting(); n != 2 {
		t.Errorf("%d results wait, want 2", n)
	}
	if err := s.Deliver(); err == nil {
		t.Error("delivery to a receiver that fails: no error")
	}
	status = http.StatusNoContent
	if err := s.Deliver(); err != nil {
		t.Errorf("delivery: %v", err)
	}
	want := []string{
		fmt.Sprint("client ", one["transactionId"], " true"), fmt.Sprint("client ", one["transactionId"], " true"),
		fmt.Sprint("client ", two["transactionId"], " false"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("callbacks (-want +got):\n%s", diff)
	}
}
