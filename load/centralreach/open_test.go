package centralreach

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		words  string
	}{
		{"wrong organization", func(o *Options) { o.OrgID = "78" }, `orgid "77", centralreach.org_id says "78"`},
		{"no organization", func(o *Options) { o.OrgID = "" }, "org_id"},
		{"wrong key", func(o *Options) { o.APIKey = "other" }, "api_key"},
		{"wrong secret", func(o *Options) { o.ClientSecret = "other" }, "client_secret"},
		{"wrong path", func(o *Options) { o.BaseURL += "/v2" }, "base_url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			tt.change(&o)
			d := New(o)
			err := d.Open(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %v, want one with %q", err, tt.words)
			}
			for _, secret := range []string{o.APIKey, o.ClientSecret} {
				if err != nil && strings.Contains(err.Error(), " "+secret+" ") {
					t.Errorf("error %v holds a secret", err)
				}
			}
			if n := s.Calls()["create client"]; n != 0 {
				t.Errorf("%d creates, want none", n)
			}
		})
	}
}

func TestWrongOrganizationIsNeverWrittenTo(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	o.OrgID = "78"
	d := New(o)
	if err := d.Open(t.Context()); !errors.Is(err, ErrOrganization) {
		t.Errorf("error %v, want %v", err, ErrOrganization)
	}
	for _, target := range []string{"", "1001"} {
		if a := d.Send(t.Context(), delivery(t, client, target, ada())); a.Kind != load.Denied || a.Phase != load.PhaseDial {
			t.Errorf("answer %+v, want denied before a byte left", a)
		}
	}
	if c := s.Calls(); c["create client"]+c["update client"]+c["list client"] != 0 {
		t.Errorf("calls %v, want logins only", c)
	}
}

func TestOrgOf(t *testing.T) {
	token := func(payload string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	}
	tests := []struct{ token, want string }{
		{token(`{"orgid":1234}`), "1234"},
		{token(`{"orgid":"1234"}`), "1234"},
		{token(`{"sub":"9","orgId":12345678901234567890}`), "12345678901234567890"},
		{token(`{"orgid":["1234"]}`), "1234"},
		{token(`{"orgid":[1,2]}`), ""},
		{token(`{"orgid":[]}`), ""},
		{token(`{"orgid":null}`), ""},
		{token(`{"sub":"9"}`), ""},
		{token(`not JSON`), ""},
		{"opaque", ""},
		{"a.%.c", ""},
	}
	for _, tt := range tests {
		got, err := orgOf(tt.token)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("orgOf(%q) = %q, %v; want %q", tt.token, got, err, tt.want)
		}
	}
}

func TestBareTokenIsRemembered(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	refuse := loadtest.Status(401, `{}`).Repeat(-1)
	refuse.Match = func(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") }
	s.Inject(refuse)
	d := open(t, o)
	s.Heal()
	only := loadtest.Status(500, `{}`).Repeat(-1)
	only.Match = refuse.Match
	s.Inject(only)
	if a := d.Send(t.Context(), delivery(t, client, "", ada())); a.Kind != load.Acknowledged {
		t.Errorf("answer %+v, want acknowledged with the bare token", a)
	}
}

func TestOpenForgetsLists(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	if f := findOne(t, d, delivery(t, client, "", ada())); f.Proved {
		t.Errorf("found %+v, want no proof", f)
	}
	s.SeedClient(fields{"firstName": "Bo", "lastName": "Lin"})
	if err := d.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := findOne(t, d, delivery(t, client, "", ada())); !f.Proved {
		t.Errorf("found %+v, want absence proved by the list of the new run", f)
	}
}
