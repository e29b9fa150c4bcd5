package load_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/google/go-cmp/cmp"
)

// TestGrantOfOneScope: a client that may not have the further scopes gets its
// token for the last, by which it writes.
func TestGrantOfOneScope(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.FormValue("scope"))
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("scope") != "api.write" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_scope"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"word","token_type":"Bearer","expires_in":3600}`)
	}))
	defer server.Close()
	grant := load.NewGrant(load.NewClient(1), newClock(), server.URL, "id", "secret", "api.read", "api.write")
	if token, err := grant.Token(t.Context()); err != nil || token != "word" {
		t.Errorf("got %q, %v; want the token", token, err)
	}
	if diff := cmp.Diff([]string{"api.read api.write", "api.write"}, asked); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

// TestGrantLastsUntilExp: a token whose answer does not say how long it lasts
// is replaced before the end that it names itself.
func TestGrantLastsUntilExp(t *testing.T) {
	clock, asked := newClock(), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		claims := fmt.Sprintf(`{"exp":%d,"n":%d}`, clock.Now().Add(time.Hour).Unix(), asked)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"a.%s.c","token_type":"Bearer"}`, base64.RawURLEncoding.EncodeToString([]byte(claims)))
	}))
	defer server.Close()
	grant := load.NewGrant(load.NewClient(1), clock, server.URL, "id", "secret")
	for _, step := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {50 * time.Minute, 1}, {9*time.Minute + 50*time.Second, 2}} {
		clock.Move(step.after)
		if _, err := grant.Token(t.Context()); err != nil || asked != step.asked {
			t.Errorf("after %s: %d tokens were asked for, %v; want %d", step.after, asked, err, step.asked)
		}
	}
}
