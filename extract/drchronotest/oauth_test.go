package drchronotest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRotation(t *testing.T) {
	x := serve(t, Options{})
	old, oldAccess := x.refresh, x.access
	status, m := x.trade("refresh_token", old, nil)
	if status != http.StatusOK || m["expires_in"] != 172800.0 || !strings.Contains(m["scope"].(string), "patients:read") {
		t.Fatalf("refresh: %d, expires_in %v", status, m["expires_in"])
	}
	x.access = oldAccess
	x.get("/api/doctors", 401)
	x.keep(m)
	x.get("/api/doctors", 200)
	if status, m := x.trade("refresh_token", old, nil); status != 401 || m["error"] != "invalid_grant" {
		t.Errorf("a used refresh token: %d %v, want 401 invalid_grant", status, m["error"])
	}
	if status, m := x.trade("refresh_token", x.refresh, url.Values{"client_secret": {"wrong"}}); status != 401 || m["error"] != "invalid_client" {
		t.Errorf("a wrong secret: %d %v, want 401 invalid_client", status, m["error"])
	}
	x.clock.add(48 * time.Hour)
	x.get("/api/doctors", 401)
	if got := x.s.Refreshes(); got != 2 {
		t.Errorf("Refreshes = %d, want 2", got)
	}
}

// consent walks through /o/authorize/ and gives the query of the redirect.
func consent(t *testing.T, x *site, scope string) url.Values {
	t.Helper()
	q := url.Values{"client_id": {"app"}, "redirect_uri": {"http://127.0.0.1:1/cb"}, "state": {"s1"}, "response_type": {"code"}, "scope": {scope}}
	resp, err := noRedirect.Get(x.url + "/o/authorize/?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	u, err := resp.Location()
	if err != nil || u.Host != "127.0.0.1:1" {
		t.Fatalf("authorize: status %d, %v", resp.StatusCode, err)
	}
	return u.Query()
}

func TestAuthorizationCode(t *testing.T) {
	x := serve(t, Options{Scopes: "user:read"})
	q := consent(t, x, "user:read")
	if q.Get("state") != "s1" {
		t.Errorf("state = %q, want s1", q.Get("state"))
	}
	form := url.Values{"code": {q.Get("code")}, "redirect_uri": {"http://127.0.0.1:1/cb"}}
	status, m := x.trade("authorization_code", "", form)
	if status != 200 {
		t.Fatalf("code: status %d", status)
	}
	x.keep(m)
	x.get("/api/doctors", 200)
	if status, _ := x.trade("authorization_code", "", form); status != 401 {
		t.Errorf("a code used twice: %d, want 401", status)
	}
	form.Set("code", consent(t, x, "").Get("code"))
	x.clock.add(61 * time.Second)
	if status, _ := x.trade("authorization_code", "", form); status != 401 {
		t.Errorf("a code of 61 seconds: %d, want 401", status)
	}
	if got := consent(t, x, "user:read tasks:read").Get("error"); got != "invalid_scope" {
		t.Errorf("a scope that is not the application's: error %q, want invalid_scope", got)
	}
}

func TestRevoke(t *testing.T) {
	x := serve(t, Options{})
	resp, err := http.PostForm(x.url+"/o/revoke_token/", url.Values{"client_id": {"app"}, "client_secret": {"secret"}, "token": {x.access}})
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("revoke: %v, %v", resp, err)
	}
	resp.Body.Close()
	x.get("/api/doctors", 401)
}

func TestJournalHoldsNoTokens(t *testing.T) {
	x := serve(t, Options{Prefix: "/drchrono"})
	x.get("/api/patients?page_size=3", 200)
	calls := x.s.Calls()
	if got, want := calls[len(calls)-1], (Call{testNow, "GET", "/api/patients", "page_size=3", 200, "patients"}); got != want {
		t.Errorf("last call = %+v, want %+v", got, want)
	}
	for _, c := range calls {
		if all := c.Path + c.Query; strings.Contains(all, x.access) || strings.Contains(all, x.refresh) {
			t.Error("the journal holds a token")
		}
	}
}
