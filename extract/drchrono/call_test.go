package drchrono

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestThrottleIsObeyed(t *testing.T) {
	const word = `{"detail":"Request was throttled. Expected available in 2710.0 seconds."}`
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want time.Duration
	}{
		"body":         {says(429, word), 2715 * time.Second},
		"header first": {says(429, word, "Retry-After", "10"), 15 * time.Second},
		"header date":  {says(429, "", "Retry-After", start.Add(time.Minute).Format(http.TimeFormat)), 65 * time.Second},
		"date gone by": {says(429, "", "Retry-After", start.Add(-time.Minute).Format(http.TimeFormat)), 5 * time.Second},
		"nothing":      {says(429, "<html>"), 65 * time.Second},
		"absurd":       {says(429, `available in 99999999999999999999`), 2 * time.Hour},
	} {
		w := newWorld(t, script(t, tc.h, says(200, onePage)))
		if _, err := w.drainAll("/api/patients"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.clock.total(); got != tc.want || !w.ledger.until.Equal(start.Add(tc.want)) {
			t.Errorf("%s: waited %v until %v, want %v", name, got, w.ledger.until, tc.want)
		}
		if len(w.tokens.log) != 0 || len(w.waited) != 1 {
			t.Errorf("%s: token %v, told %v", name, w.tokens.log, w.waited)
		}
		w = newWorld(t, tc.h, func(o *Options) { o.OnQuota = Stop })
		_, err := w.drainAll("/api/patients")
		var quota *QuotaError
		if !errors.As(err, &quota) || !quota.Until.Equal(start.Add(tc.want)) || w.clock.total() != 0 {
			t.Errorf("%s, stop: %v", name, err)
		}
	}
}

func TestThrottleInARowWaitsLonger(t *testing.T) {
	h := http.Header{"Retry-After": {"0"}}
	var got []time.Duration
	for n := range 12 {
		got = append(got, throttle(h, nil, n, start))
	}
	if got[0] != 5*time.Second || got[1] != 10*time.Second || got[11] != 2*time.Hour {
		t.Errorf("waits %v", got)
	}
}

func TestLedgerWaits(t *testing.T) {
	w := newWorld(t, says(200, onePage))
	w.ledger.waits = []time.Duration{time.Second, 20 * time.Minute}
	if _, err := w.drainAll("/api/patients"); err != nil || w.clock.total() != 20*time.Minute+time.Second || len(w.waited) != 1 {
		t.Errorf("slept %v, told %v, error %v", w.clock.slept, w.waited, err)
	}
	w = newWorld(t, says(200, onePage), func(o *Options) { o.OnQuota = Stop })
	w.ledger.waits = []time.Duration{time.Second, 20 * time.Minute}
	_, err := w.drainAll("/api/patients")
	var quota *QuotaError
	if !errors.As(err, &quota) || !quota.Until.Equal(start.Add(20*time.Minute+time.Second)) || len(w.ledger.calls) != 0 {
		t.Errorf("stop: %v, %d calls", err, len(w.ledger.calls))
	}
	w.ledger.err = errors.New("disk full")
	if _, err := w.drainAll("/api/patients"); !errors.Is(err, w.ledger.err) {
		t.Errorf("ledger error: %v", err)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t, script(t, says(503, "canary"), hangUp, says(200, onePage)))
	if _, err := w.drainAll("/api/patients"); err != nil || len(w.clock.slept) != 2 {
		t.Errorf("slept %v, error %v", w.clock.slept, err)
	}
	if diff := cmp.Diff([]int{503, 0, 200}, w.ledger.answers()); diff != "" {
		t.Error(diff)
	}
	w = newWorld(t, says(502, "canary"))
	_, err := w.drainAll("/api/patients")
	var status *StatusError
	if !errors.As(err, &status) || status.Kind != KindServer || !errors.Is(err, ErrUnreachable) || len(w.ledger.calls) != 5 {
		t.Errorf("502 for ever: %v after %d calls", err, len(w.ledger.calls))
	}
	clean(t, err)
	w = newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "1000")
		_, _ = rw.Write([]byte(onePage))
	})
	if _, err = w.drainAll("/api/patients?first_name=canary"); err == nil || !strings.Contains(err.Error(), "broke off") || len(w.ledger.calls) != 5 {
		t.Errorf("cut bodies: %v after %d calls", err, len(w.ledger.calls))
	}
	clean(t, err)
}

// What cannot be read is asked for again, whatever made it so: a body that ends
// with its connection tells no length to fall short of (drchrono-facts, section 9).
func TestWhatCannotBeReadIsAskedForAgain(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"cut off without a length": func(rw http.ResponseWriter, _ *http.Request) {
			conn, _, err := rw.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + onePage[:20]))
				_ = conn.Close()
			}
		},
		"broken JSON": says(200, onePage+`,{"canary"`),
		"empty":       says(200, ""),
		"HTML":        says(200, "<html>canary</html>"),
		"no rows":     says(200, `{"detail":"canary"}`),
	} {
		w := newWorld(t, script(t, bad, bad, says(200, onePage)))
		pages, err := w.drainAll("/api/patients")
		if err != nil || len(pages) != 1 || len(pages[0].Rows) != 2 || len(w.ledger.calls) != 3 || len(w.clock.slept) != 2 {
			t.Errorf("%s: %d pages after %d calls, %v", name, len(pages), len(w.ledger.calls), err)
		}
		w = newWorld(t, bad)
		if _, err = w.drainAll("/api/patients"); !as[*PageError](err) || len(w.ledger.calls) != 5 {
			t.Errorf("%s for ever: %v after %d calls", name, err, len(w.ledger.calls))
		}
		clean(t, err)
		w = newWorld(t, script(t, bad, says(200, `{"id":7}`)))
		if body, _, err := w.Get(context.Background(), "patients", "/api/patients/7"); name != "no rows" && (err != nil || string(body) != `{"id":7}`) {
			t.Errorf("%s in place of an object: %s, %v", name, body, err)
		}
	}
}

func TestPageThatIsGoneIsNotUnavailable(t *testing.T) {
	w := newWorld(t, script(t, says(200, `{"next":"/api/patients?page=2","results":[]}`), says(404, `{"detail":"Invalid page."}`)))
	_, err := w.drainAll("/api/patients")
	var s *StatusError
	if !errors.As(err, &s) || s.Kind != KindMissing || errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if _, err = w.drainAll(w.server.URL + "/api/patients?page=9"); errors.Is(err, ErrUnavailable) || !as[*StatusError](err) {
		t.Errorf("a saved next: %v", err)
	}
}

func TestGetsCarryNoBody(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 || len(r.TransferEncoding) != 0 {
			t.Errorf("length %d, transfer encoding %v", r.ContentLength, r.TransferEncoding)
		}
		says(200, onePage)(rw, r)
	})
	if _, err := w.drainAll("/api/patients"); err != nil {
		t.Error(err)
	}
}

func TestStatusKinds(t *testing.T) {
	for status, want := range map[int]Kind{400: KindRequest, 403: KindUnavailable, 404: KindUnavailable, 418: KindRequest, 304: KindRedirect} {
		w := newWorld(t, says(status, `{"detail":"canary"}`))
		_, err := w.drainAll("/api/patients")
		var s *StatusError
		if status == 304 {
			w = newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(304) })
			_, err = w.drainAll("/api/patients")
		}
		if !errors.As(err, &s) || s.Kind != want || s.Status != status || errors.Is(err, ErrUnavailable) != (want == KindUnavailable) {
			t.Errorf("%d: %v", status, err)
		}
		clean(t, err)
		if len(w.ledger.calls) != 1 {
			t.Errorf("%d: %d calls", status, len(w.ledger.calls))
		}
	}
}

func TestRedirectsByHand(t *testing.T) {
	var methods, auths []string
	h := func(rw http.ResponseWriter, r *http.Request) {
		methods, auths = append(methods, r.Method+" "+r.RequestURI), append(auths, r.Header.Get("Authorization"))
		if n := len(methods); n <= 5 {
			status := []int{301, 302, 303, 307, 308}[n-1]
			says(status, "", "Location", fmt.Sprintf("/api/patients?hop=%d", n))(rw, r)
			return
		}
		says(200, onePage)(rw, r)
	}
	w := newWorld(t, h)
	if _, err := w.drainAll("/api/patients"); err != nil || len(w.ledger.calls) != 6 {
		t.Fatalf("%d calls, %v", len(w.ledger.calls), err)
	}
	if methods[5] != "GET /api/patients?hop=5" || auths[5] != "Bearer acc-1" {
		t.Errorf("%v %v", methods, auths)
	}
	w = newWorld(t, says(302, "", "Location", "/api/patients?again"))
	_, err := w.drainAll("/api/patients")
	var s *StatusError
	if !errors.As(err, &s) || s.Kind != KindRedirect || len(w.ledger.calls) != 6 {
		t.Errorf("for ever: %v after %d calls", err, len(w.ledger.calls))
	}
	for _, link := range []string{"", "http://evil.test/api/patients", "//evil.test/api/x", "/login"} {
		w = newWorld(t, says(307, "", "Location", link))
		if _, err := w.drainAll("/api/patients"); !as[*ForeignURLError](err) || len(w.ledger.calls) != 1 {
			t.Errorf("%q: %v", link, err)
		}
	}
}

func TestRedirectToAllowedHost(t *testing.T) {
	other := httptest.NewServer(says(200, onePage))
	defer other.Close()
	w := newWorld(t, says(302, "", "Location", other.URL+"/api/patients"), func(o *Options) {
		o.AllowHosts = []string{strings.TrimPrefix(other.URL, "http://")}
	})
	if pages, err := w.drainAll("/api/patients"); err != nil || len(pages) != 1 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
}

func TestCancelEndsADrain(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	for _, err := range w.Pages(ctx, "patients", "/api/patients") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if _, ok := w.ledger.statuses[1]; !ok {
		t.Error("the call in flight was not recorded")
	}
}

func TestTLSAndHeaders(t *testing.T) {
	s := httptest.NewUnstartedServer(says(200, onePage))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	w := newWorld(t, says(200, onePage), func(o *Options) { o.BaseURL = s.URL })
	_, err := w.drainAll("/api/patients")
	if err == nil || !strings.Contains(err.Error(), "certificate is not trusted") {
		t.Errorf("unknown authority: %v", err)
	}
	w = newWorld(t, says(200, onePage, "X-Bomb", strings.Repeat("canary", 20_000)))
	if _, err = w.drainAll("/api/patients"); err == nil {
		t.Error("a header bomb was read")
	}
	clean(t, err)
}

func TestNewRefusesBadOptions(t *testing.T) {
	for _, base := range []string{"", "ftp://x", "http://app.drchrono.com", "https://u:canary@x", "https://x?canary=1", "https://x#canary", "app.drchrono.com", "http://127.0.0.1.evil.test"} {
		_, err := New(Options{BaseURL: base, ClientID: "x", Clock: &fakeClock{}, Ledger: &memLedger{}, Tokens: &memTokens{}})
		if err == nil {
			t.Errorf("%q was accepted", base)
		}
		clean(t, err)
	}
	if _, err := New(Options{BaseURL: "https://app.drchrono.com"}); err == nil {
		t.Error("no client id was accepted")
	}
	if _, err := New(Options{BaseURL: "https://app.drchrono.com", ClientID: "x"}); err == nil {
		t.Error("no clock was accepted")
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	w := newWorld(t, says(200, onePage))
	marshaled, err := liveToken().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, v := range []any{liveToken(), &w.tokens.t, []Token{liveToken()}, w.Client, w.o, &w.o, string(marshaled)} {
		fmt.Fprintf(&b, "%v %+v %#v %s %q %x|", v, v, v, v, v, v)
	}
	clean(t, errors.New(b.String()))
}

// A page has its time to the last byte, whether headers came or not.
func TestDeadlineCoversTheBody(t *testing.T) {
	for _, begun := range []string{"", `{"results":[`} {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			if _, _ = io.WriteString(rw, begun); begun != "" {
				rw.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}, func(o *Options) { o.Timeout = 20 * time.Millisecond })
		if _, err := w.drainAll("/api/patients"); err == nil || !strings.Contains(err.Error(), "in time") {
			t.Errorf("after %q: error %v", begun, err)
		}
	}
}
