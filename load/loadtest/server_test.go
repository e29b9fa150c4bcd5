package loadtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

type fields = map[string]any

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A testClock moves only when told to.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *testClock { return &testClock{t: start} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A caller calls a served vendor with its headers.
type caller struct {
	t      *testing.T
	url    string
	header http.Header
}

func serve(t *testing.T, h http.Handler, prefix string) caller {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return caller{t, srv.URL + prefix, http.Header{"Content-Type": {"application/json"}}}
}

// try makes a call; got is nil where the reply is no JSON object.
func (c caller) try(method, path string, body any) (status int, got fields, err error) {
	c.t.Helper()
	raw, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		raw = string(b)
	}
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(raw))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = c.header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	got, _ = (&call{body: text}).object()
	return resp.StatusCode, got, err
}

func (c caller) do(method, path string, body any) (int, fields) {
	c.t.Helper()
	status, got, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return status, got
}

// must makes a call that has to succeed.
func (c caller) must(method, path string, body any) fields {
	c.t.Helper()
	status, got := c.do(method, path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s = %d %v, want 200", method, path, status, got)
	}
	return got
}

// token fetches an access token by client credentials.
func (c caller) token(form string) (int, string) {
	c.t.Helper()
	c.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	status, got := c.do("POST", "/connect/token", form)
	word, _ := got["access_token"].(string)
	return status, word
}

// with returns a copy of base with one field changed; drop takes it away.
func with(base fields, name string, v any) fields {
	out := fields{}
	for k, old := range base {
		out[k] = old
	}
	out[name] = v
	if v == drop {
		delete(out, name)
	}
	return out
}

const drop = "\x00drop"

func list(v any) []fields {
	var out []fields
	items, _ := v.([]any)
	for _, item := range items {
		out = append(out, item.(fields))
	}
	return out
}

func lastEntry(s interface{ Journal() []Entry }) Entry {
	j := s.Journal()
	return j[len(j)-1]
}
