package drchrono

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)

// fakeClock passes the time that is slept.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *fakeClock) total() (d time.Duration) {
	for _, s := range c.slept {
		d += s
	}
	return d
}

// memLedger grants everything after the waits it was given.
type memLedger struct {
	mu       sync.Mutex
	calls    []Call
	statuses map[int64]int
	waits    []time.Duration
	until    time.Time
	err      error
}

func (l *memLedger) Reserve(_ context.Context, c Call) (int64, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, 0, l.err
	}
	if len(l.waits) > 0 {
		w := l.waits[0]
		l.waits = l.waits[1:]
		return 0, w, nil
	}
	l.calls = append(l.calls, c)
	return int64(len(l.calls)), 0, nil
}

func (l *memLedger) Answered(_ context.Context, id int64, status int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.statuses == nil {
		l.statuses = map[int64]int{}
	}
	l.statuses[id] = status
	return nil
}

func (l *memLedger) Throttled(_ context.Context, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
	return nil
}

func (l *memLedger) answers() (got []int) {
	for i := range l.calls {
		got = append(got, l.statuses[int64(i+1)])
	}
	return got
}

// memTokens is a journal in memory. other: another process holds the claim,
// and Load, asked often enough, shows what it made of it.
type memTokens struct {
	t         Token
	none      bool
	log       []string
	abandoned string
	other     *Token
	looks     int
	saveErr   error
}

func (m *memTokens) Load(context.Context) (Token, error) {
	if m.none {
		return Token{}, ErrNoToken
	}
	if m.other != nil && m.t.Refreshing {
		if m.looks++; m.looks > 3 {
			m.t = *m.other
		}
	}
	return m.t, nil
}

func (m *memTokens) Begin(_ context.Context, gen int64) (bool, error) {
	m.log = append(m.log, fmt.Sprint("begin ", gen))
	if m.other != nil || gen != m.t.Generation {
		return false, nil
	}
	m.t.Refreshing = true
	return true, nil
}

func (m *memTokens) Save(_ context.Context, t Token) error {
	if m.saveErr != nil {
		return m.saveErr
	}
	m.log = append(m.log, fmt.Sprint("save ", t.Generation))
	m.t, m.none = t, false
	return nil
}

func (m *memTokens) Abandon(_ context.Context, gen int64, reason string) error {
	m.log = append(m.log, fmt.Sprint("abandon ", gen))
	m.t, m.abandoned = Token{Generation: gen}, reason
	return nil
}

func (m *memTokens) Release(_ context.Context, gen int64) error {
	m.log = append(m.log, fmt.Sprint("release ", gen))
	m.t.Refreshing = false
	return nil
}

// world is a client, its doubles and the server it talks to.
type world struct {
	*Client
	clock  *fakeClock
	ledger *memLedger
	tokens *memTokens
	server *httptest.Server
	waited []string
}

// liveToken is half-way through its life.
func liveToken() Token {
	return Token{Generation: 1, Access: "acc-1", Refresh: "ref-1", ObtainedAt: start.Add(-24 * time.Hour), ExpiresAt: start.Add(24 * time.Hour), Scope: "patients:read"}
}

func newWorld(t *testing.T, h http.HandlerFunc, change ...func(*Options)) *world {
	t.Helper()
	w := &world{clock: &fakeClock{now: start}, ledger: &memLedger{}, tokens: &memTokens{t: liveToken()}, server: httptest.NewServer(h)}
	t.Cleanup(w.server.Close)
	o := Options{BaseURL: w.server.URL, ClientID: "id-1", ClientSecret: "secret-1", Clock: w.clock, Ledger: w.ledger, Tokens: w.tokens,
		OnWait: func(reason string, _ time.Time) { w.waited = append(w.waited, reason) }}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Client = c
	return w
}

// drainAll reads a list to its end or its error.
func (w *world) drainAll(link string) (pages []Page, err error) {
	for p, err := range w.Pages(context.Background(), "patients", link) {
		if err != nil {
			return pages, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// script answers one request after the other; the last stays.
func script(t *testing.T, steps ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		step := steps[min(n, len(steps)-1)]
		n++
		mu.Unlock()
		step(w, r)
	}
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

const onePage = `{"next":null,"previous":null,"results":[{"id":1},{"id":2}]}`

// clean fails if an error tells what it must not.
func clean(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{"acc-", "ref-", "secret-1", "Roma", "canary"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error %q holds %q", err, secret)
		}
	}
}

func as[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}
