package centralregistry

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func TestLoginRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"password": func(o *Options) { o.Password = "wrong" },
		"site":     func(o *Options) { o.SiteID = "AL123456" },
		"person":   func(o *Options) { o.LastName = "" },
	} {
		s := newSite(t, change)
		err := s.Open(context.Background())
		var grant *load.GrantError
		if !errors.As(err, &grant) || !grant.Refused || !strings.Contains(err.Error(), "unique_site_id") {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
		if a := s.send(t, discharged()); a.Kind != load.Denied {
			t.Errorf("%s: got %+v, want denied", name, a)
		}
		if n := s.registry.Calls()["create discharge"]; n != 0 {
			t.Errorf("%s: %d discharges left, want none", name, n)
		}
	}
}

func TestLoginOutOfReach(t *testing.T) {
	for name, fault := range map[string]loadtest.Fault{
		"reset": loadtest.ResetBefore(), "503": loadtest.Status(503, "{}"), "a page": loadtest.HTML200(),
		"no path": loadtest.Status(404, "{}"), "no token": loadtest.Status(200, `{"success":true,"token":""}`),
	} {
		s := newSite(t, nil)
		s.registry.Inject(fault.On("POST", "/login"))
		a := s.send(t, discharged())
		if a.Kind != load.NotSent {
			t.Errorf("%s: got %+v, want not sent", name, a)
		}
		if a := s.send(t, discharged()); a.Kind != load.Acknowledged {
			t.Errorf("%s: afterwards %+v, want acknowledged", name, a)
		}
	}
	s := newSite(t, nil)
	s.registry.Inject(loadtest.Status(200, `{"success":false,"message":"no"}`).On("POST", "/login"))
	if a := s.send(t, discharged()); a.Kind != load.Denied {
		t.Errorf("success false: got %+v, want denied", a)
	}
}

// TestLoginWithoutSuccess: a token says yes by itself.
func TestLoginWithoutSuccess(t *testing.T) {
	for body, want := range map[string]string{
		`{"token":"word"}`:                     "word",
		`{"success":"true","token":"word"}`:    "word",
		`{"success":false,"token":"word"}`:     "",
		`{"success":"False","token":"word"}`:   "",
		`{"success":true,"token":null}`:        "",
		`{"success":true,"expires":"2026-01"}`: "",
	} {
		word, _, err := granted(load.Reply{Status: 200, Body: []byte(body)})
		if word != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", body, word, err, want)
		}
	}
}

// TestTokenLife: a token is replaced before its end, which only the answer to
// the login tells.
func TestTokenLife(t *testing.T) {
	for _, tt := range []struct {
		name   string
		wait   time.Duration
		logins int
	}{
		{"fresh", 30 * time.Minute, 1},
		{"within the margin", time.Hour - time.Minute, 2},
		{"past", 2 * time.Hour, 2},
	} {
		s := newSite(t, nil)
		if err := s.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.clock.move(tt.wait)
		if a := s.send(t, discharged()); a.Kind != load.Acknowledged {
			t.Errorf("%s: got %+v", tt.name, a)
		}
		if n := s.registry.Calls()["login token"]; n != tt.logins {
			t.Errorf("%s: %d logins, want %d", tt.name, n, tt.logins)
		}
	}
}

// TestTokenDeath: a 401 was turned away before it was read, so the discharge
// goes once more with a new token, and no third time.
func TestTokenDeath(t *testing.T) {
	s := newSite(t, nil)
	s.registry.Inject(loadtest.TokenDeath().On("POST", "/discharge"))
	if a := s.send(t, discharged()); a.Kind != load.Acknowledged {
		t.Errorf("got %+v, want acknowledged", a)
	}
	if calls := s.registry.Calls(); calls["login token"] != 2 || calls["create discharge"] != 2 || s.registry.Duplicates() != nil {
		t.Errorf("calls %v, want two logins and two requests, one applied", calls)
	}
	s = newSite(t, nil)
	s.registry.Inject(loadtest.Status(http.StatusUnauthorized, "{}").Repeat(-1))
	if a := s.send(t, discharged()); a.Kind != load.Denied {
		t.Errorf("always 401: got %+v, want denied", a)
	}
	if n := s.registry.Calls()["create discharge"]; n != 2 {
		t.Errorf("always 401: %d requests, want 2", n)
	}
}

// TestTokenWithoutEnd: where the answer names no end that can be read, each
// discharge has its own login.
func TestTokenWithoutEnd(t *testing.T) {
	for _, tt := range []struct{ expires, want string }{
		{"2023-12-31T23:59:59Z", "2023-12-31T23:59:59Z"}, {"2023-12-31T23:59:59.123Z", "2023-12-31T23:59:59Z"},
		{"2023-12-31T18:59:59-05:00", "2023-12-31T23:59:59Z"}, {"2023-12-31T18:59:59-0500", "2023-12-31T23:59:59Z"},
		{"2023-12-31T23:59:59", "2023-12-31T23:59:59Z"}, {"soon", "0001-01-01T00:00:00Z"}, {"", "0001-01-01T00:00:00Z"},
	} {
		if got := instant(tt.expires).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.expires, got, tt.want)
		}
	}
	s := newSite(t, nil)
	s.registry.Inject(loadtest.Fault{When: loadtest.After, Do: func(x *loadtest.Exchange) {
		x.Body = []byte(strings.Replace(string(x.Body), "expires", "until", 1))
	}}.On("POST", "/login"))
	for range 2 {
		if err := s.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.registry.Calls()["login token"]; n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}
