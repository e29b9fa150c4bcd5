package drchrono

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// oauthServer answers /o/... by one script and /api/... by a page for the
// access tokens in good.
type oauthServer struct {
	token http.HandlerFunc
	good  map[string]bool
	mu    sync.Mutex
	forms []url.Values
}

// sent gives the forms that came.
func (s *oauthServer) sent() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.forms)
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/o/") {
		_ = r.ParseForm()
		s.mu.Lock()
		s.forms = append(s.forms, r.PostForm)
		s.mu.Unlock()
		s.token(w, r)
		return
	}
	if !s.good[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] {
		says(401, `{"detail":"canary"}`)(w, r)
		return
	}
	says(200, onePage)(w, r)
}

const newPair = `{"access_token":"acc-2","token_type":"Bearer","expires_in":172800,"refresh_token":"ref-2","scope":"patients:read"}`

func oauthWorld(t *testing.T, steps ...http.HandlerFunc) (*world, *oauthServer) {
	s := &oauthServer{token: script(t, steps...), good: map[string]bool{"acc-1": true, "acc-2": true}}
	return newWorld(t, s.ServeHTTP), s
}

// old makes the token due: less than a quarter of its life remains.
func (w *world) old() {
	w.tokens.t.ObtainedAt, w.tokens.t.ExpiresAt = start.Add(-37*time.Hour), start.Add(11*time.Hour)
}

// dead makes the token expired.
func (w *world) dead() {
	w.tokens.t.ObtainedAt, w.tokens.t.ExpiresAt = start.Add(-49*time.Hour), start.Add(-time.Hour)
}

func TestTokenIsRefreshedWhenDue(t *testing.T) {
	w, s := oauthWorld(t, says(200, newPair))
	w.old()
	if _, err := w.drainAll("/api/patients"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"begin 1", "save 2"}, w.tokens.log); diff != "" {
		t.Error(diff)
	}
	want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"ref-1"}, "client_id": {"id-1"}, "client_secret": {"secret-1"}}
	if diff := cmp.Diff([]url.Values{want}, s.sent()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Call{{"token", "token"}, {"patients", "page"}}, w.ledger.calls); diff != "" {
		t.Error(diff)
	}
	got := w.tokens.t
	if got.Access != "acc-2" || got.Refresh != "ref-2" || !got.ExpiresAt.Equal(start.Add(48*time.Hour)) || got.Scope != "patients:read" {
		t.Errorf("stored generation %d until %v", got.Generation, got.ExpiresAt)
	}
}

func TestSeedIsRefreshedAndHalfAPairKept(t *testing.T) {
	w, _ := oauthWorld(t, says(200, `{"access_token":"acc-2","expires_in":"3600"}`))
	w.tokens.t = Token{Refresh: "ref-1", Scope: "x"}
	if _, err := w.drainAll("/api/patients"); err != nil {
		t.Fatal(err)
	}
	if got := w.tokens.t; got.Generation != 1 || got.Refresh != "ref-1" || got.Scope != "x" || !got.ExpiresAt.Equal(start.Add(time.Hour)) {
		t.Errorf("generation %d until %v, old refresh token kept: %t", got.Generation, got.ExpiresAt, got.Refresh == "ref-1")
	}
}

func Test401RefreshesOnce(t *testing.T) {
	w, s := oauthWorld(t, says(200, newPair))
	s.good = map[string]bool{"acc-2": true}
	if _, err := w.drainAll("/api/patients"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{401, 200, 200}, w.ledger.answers()); diff != "" {
		t.Error(diff)
	}
	w, s = oauthWorld(t, says(200, newPair))
	s.good = nil
	_, err := w.drainAll("/api/patients")
	var status *StatusError
	if !errors.As(err, &status) || status.Kind != KindAuth || !errors.Is(err, ErrConsent) {
		t.Errorf("error %v", err)
	}
	clean(t, err)
	if diff := cmp.Diff([]int{401, 200, 401, 401}, w.ledger.answers()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]time.Duration{freshSleep}, w.clock.slept); diff != "" {
		t.Error(diff)
	}
}

func TestFreshTokenIsAskedOnceMore(t *testing.T) {
	n := 0
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			says(401, "")(rw, r)
			return
		}
		says(200, onePage)(rw, r)
	})
	w.tokens.t.ObtainedAt = start.Add(-time.Second)
	if _, err := w.drainAll("/api/patients"); err != nil || len(w.tokens.log) != 0 || w.clock.total() != freshSleep {
		t.Errorf("journal %v, slept %v, error %v", w.tokens.log, w.clock.slept, err)
	}
}

func TestAnotherProcessRefreshes(t *testing.T) {
	w, s := oauthWorld(t, says(500, ""))
	w.old()
	w.tokens.t.Refreshing = true
	other := Token{Generation: 2, Access: "acc-2", Refresh: "ref-2", ObtainedAt: start, ExpiresAt: start.Add(48 * time.Hour)}
	w.tokens.other = &other
	if _, err := w.drainAll("/api/patients"); err != nil || len(s.sent()) != 0 {
		t.Errorf("%d refreshes, error %v", len(s.sent()), err)
	}
	// A 401 because another process has already refreshed costs no refresh.
	w, s = oauthWorld(t, says(500, ""))
	if _, err := w.drainAll("/api/patients"); err != nil {
		t.Fatal(err)
	}
	s.good, w.tokens.t = map[string]bool{"acc-2": true}, other
	if _, err := w.drainAll("/api/patients"); err != nil || len(s.sent()) != 0 {
		t.Errorf("%d refreshes, error %v", len(s.sent()), err)
	}
}

func TestTokenEndpointTrouble(t *testing.T) {
	good := says(200, newPair)
	for name, tc := range map[string]struct {
		steps []http.HandlerFunc
		log   []string
	}{
		"500":        {[]http.HandlerFunc{says(500, "<html>"), good}, []string{"begin 1", "release 1", "begin 1", "save 2"}},
		"429":        {[]http.HandlerFunc{says(429, "", "Retry-After", "60"), good}, []string{"begin 1", "release 1", "begin 1", "save 2"}},
		"500 always": {[]http.HandlerFunc{says(500, "")}, strings.Split(strings.Repeat("begin 1,release 1,", 4)+"begin 1,release 1", ",")},
		"403 html":   {[]http.HandlerFunc{says(403, "<html>canary")}, []string{"begin 1", "release 1"}},
		"redirect":   {[]http.HandlerFunc{says(307, "", "Location", "http://evil.test/")}, []string{"begin 1", "release 1"}},
		"bad client": {[]http.HandlerFunc{says(401, `{"error":"invalid_client"}`)}, []string{"begin 1", "release 1"}},
	} {
		w, _ := oauthWorld(t, tc.steps...)
		w.dead()
		_, err := w.drainAll("/api/patients")
		if diff := cmp.Diff(tc.log, w.tokens.log); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if saved := w.tokens.t.Generation == 2; saved != (err == nil) || w.tokens.abandoned != "" {
			t.Errorf("%s: %v", name, err)
		}
		clean(t, err)
	}
}

func TestLivingTokenServesWhileRefreshFails(t *testing.T) {
	w, s := oauthWorld(t, says(500, ""))
	w.old()
	for range 2 {
		if _, err := w.drainAll("/api/patients"); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.sent()) != 5 {
		t.Errorf("%d refreshes within five minutes, want 5", len(s.sent()))
	}
}

func TestLostReply(t *testing.T) {
	for name, lost := range map[string]http.HandlerFunc{
		"cut": hangUp, "html": says(200, "<html>"), "no token": says(200, `{"detail":"x"}`), "half": says(200, newPair[:40]),
		"twice": says(200, `{"access_token":"a","access_token":"b"}`), "control": says(200, `{"access_token":"a\r\nX: y"}`),
	} {
		w, s := oauthWorld(t, lost, says(400, `{"error":"invalid_grant","error_description":"canary"}`))
		w.dead()
		_, err := w.drainAll("/api/patients")
		if !errors.Is(err, ErrRefreshLost) || !w.tokens.t.Refreshing || len(s.sent()) != 1 {
			t.Errorf("%s: %v, %d refreshes, hangs %t", name, err, len(s.sent()), w.tokens.t.Refreshing)
		}
		if _, err = w.drainAll("/api/patients"); !errors.Is(err, ErrRefreshLost) || len(s.sent()) != 1 {
			t.Errorf("%s, at once again: %v", name, err)
		}
		next, err := New(w.o) // the next start
		if err != nil {
			t.Fatal(err)
		}
		w.Client = next
		_, err = w.drainAll("/api/patients")
		if !errors.Is(err, ErrConsent) || !strings.Contains(w.tokens.abandoned, "lost") || len(s.sent()) != 2 {
			t.Errorf("%s, next start: %v, %q", name, err, w.tokens.abandoned)
		}
		clean(t, err)
		if _, err = w.drainAll("/api/patients"); !errors.Is(err, ErrConsent) || len(s.sent()) != 2 {
			t.Errorf("%s, dead: %v", name, err)
		}
	}
}

func TestLostReplyHeals(t *testing.T) {
	w, _ := oauthWorld(t, says(200, newPair))
	w.tokens.t.Refreshing = true // found at the start
	if _, err := w.drainAll("/api/patients"); err != nil || w.tokens.t.Generation != 2 {
		t.Errorf("generation %d, %v", w.tokens.t.Generation, err)
	}
}

func TestNotSentIsNotLost(t *testing.T) {
	gone := httptest.NewServer(says(200, ""))
	gone.Close()
	w := newWorld(t, says(200, ""), func(o *Options) { o.BaseURL = gone.URL })
	w.dead()
	_, err := w.drainAll("/api/patients")
	if err == nil || errors.Is(err, ErrRefreshLost) || w.tokens.t.Refreshing || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v, hangs %t", err, w.tokens.t.Refreshing)
	}
}

func TestRefusedGrantNeedsAPerson(t *testing.T) {
	w, _ := oauthWorld(t, says(401, `{"error":"invalid_grant"}`))
	w.dead()
	_, err := w.drainAll("/api/patients")
	if !errors.Is(err, ErrConsent) || !strings.Contains(err.Error(), "auth login") || strings.Contains(w.tokens.abandoned, "lost") {
		t.Errorf("%v, %q", err, w.tokens.abandoned)
	}
	w.tokens.none = true
	w.held = Token{}
	if _, err := w.drainAll("/api/patients"); !errors.Is(err, ErrNoToken) || !errors.Is(err, ErrConsent) {
		t.Errorf("no token: %v", err)
	}
}

func TestUnsavedTokenIsNotUsed(t *testing.T) {
	w, _ := oauthWorld(t, says(200, newPair))
	w.dead()
	w.tokens.saveErr = errors.New("disk full")
	if _, err := w.drainAll("/api/patients"); !errors.Is(err, w.tokens.saveErr) || len(w.ledger.calls) != 1 {
		t.Errorf("%d calls, %v", len(w.ledger.calls), err)
	}
}

func TestRefreshOutlivesTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	w, _ := oauthWorld(t, func(rw http.ResponseWriter, r *http.Request) { cancel(); says(200, newPair)(rw, r) })
	if err := w.Refresh(ctx); err != nil || w.tokens.t.Generation != 2 {
		t.Errorf("generation %d, %v", w.tokens.t.Generation, err)
	}
}
