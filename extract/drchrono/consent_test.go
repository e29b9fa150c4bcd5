package drchrono

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConsent(t *testing.T) {
	w, s := oauthWorld(t, says(200, newPair))
	u, err := url.Parse(w.AuthorizeURL("st", "http://127.0.0.1:9/cb", "patients:read", "ch"))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"response_type": {"code"}, "client_id": {"id-1"}, "redirect_uri": {"http://127.0.0.1:9/cb"}, "state": {"st"},
		"scope": {"patients:read"}, "code_challenge": {"ch"}, "code_challenge_method": {"S256"}}
	if diff := cmp.Diff(want, u.Query()); diff != "" || u.Path != "/o/authorize/" {
		t.Errorf("%s %s", u.Path, diff)
	}
	w.tokens.none = true
	if err := w.Exchange(context.Background(), "co", "http://127.0.0.1:9/cb", "ve"); err != nil {
		t.Fatal(err)
	}
	if s.sent()[0].Get("code_verifier") != "ve" || s.sent()[0].Get("code") != "co" || w.tokens.t.Generation != 1 {
		t.Errorf("form keys %d, generation %d", len(s.sent()[0]), w.tokens.t.Generation)
	}
	if err := w.Revoke(context.Background()); err != nil || w.tokens.t.Refresh != "" || s.sent()[1].Get("token") != "acc-2" || s.sent()[2].Get("token") != "ref-2" {
		t.Errorf("revoke: %v", err)
	}
	if err := w.Refresh(context.Background()); !errors.Is(err, ErrConsent) {
		t.Errorf("after the revocation: %v", err)
	}
}

func TestConsentRefused(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{"used": says(400, `{"error":"invalid_grant"}`), "client": says(401, `{"error":"invalid_client"}`),
		"busy": says(429, ""), "html": says(200, "<html>"), "gone": hangUp} {
		w, s := oauthWorld(t, h)
		err := w.Exchange(context.Background(), "co", "http://127.0.0.1:9/cb", "")
		if err == nil || len(s.sent()) != 1 || w.tokens.t.Generation != 1 {
			t.Errorf("%s: %v after %d tries", name, err, len(s.sent()))
		}
		clean(t, err)
		if (name == "busy") != as[*QuotaError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// roundTrip is a transport that tells no trace.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestForeignTransport(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		lost bool
	}{
		"dial": {&net.OpError{Op: "dial", Err: errors.New("canary")}, false},
		"read": {&net.OpError{Op: "read", Err: errors.New("canary")}, true},
		"text": {errors.New("canary"), true},
	} {
		w := newWorld(t, says(200, ""), func(o *Options) {
			o.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, tc.err })
		})
		w.dead()
		err := w.Refresh(context.Background())
		if errors.Is(err, ErrRefreshLost) != tc.lost || w.tokens.t.Refreshing != tc.lost || errors.Is(err, ErrUnreachable) == tc.lost {
			t.Errorf("%s: %v, hangs %t", name, err, w.tokens.t.Refreshing)
		}
		clean(t, err)
	}
	shared := &http.Transport{}
	w := newWorld(t, says(200, onePage), func(o *Options) { o.Transport = shared })
	if got := w.oauth.Transport.(*http.Transport); !got.DisableKeepAlives || shared.DisableKeepAlives {
		t.Error("token calls do not have fresh connections of their own")
	}
}

func TestRefreshThatNobodyEnds(t *testing.T) {
	w, s := oauthWorld(t, says(200, newPair))
	w.tokens.t.Refreshing, w.tokens.other = true, &Token{Generation: 1, Access: "acc-1", Refresh: "ref-1", Refreshing: true}
	if err := w.Refresh(context.Background()); err == nil || len(s.sent()) != 0 || len(w.ledger.calls) > 5 || len(w.waited) == 0 {
		t.Errorf("%v after %d calls, told %v", err, len(w.ledger.calls), w.waited)
	}
}

func TestTokenForms(t *testing.T) {
	at := time.Unix(0, 0).UTC()
	for beside, want := range map[string]Token{
		`"expires_in":3600,"scope":"user:read"`:                       {Scope: "user:read", ExpiresAt: at.Add(time.Hour)},
		`"expires_in":"3600","scope":["user:read","calendar:read"]`:   {Scope: "user:read calendar:read", ExpiresAt: at.Add(time.Hour)},
		`"expires_in":3600.0,"scope":null,"refresh_token":null`:       {ExpiresAt: at.Add(time.Hour)},
		`"expires_in":null,"scope":7`:                                 {ExpiresAt: at.Add(tokenLife)},
		`"expires_in":-1`:                                             {ExpiresAt: at.Add(tokenLife)},
		`"expires_in":1e300,"scope":"","token_type":["odd"],"more":1`: {ExpiresAt: at.Add(tokenLife)},
	} {
		want.Access, want.ObtainedAt = "a", at
		if got, ok := parseToken([]byte(`{"access_token":"a",`+beside+`}`), at); !ok || got != want {
			t.Errorf("%s: %#v, %v", beside, got, ok)
		}
	}
}
