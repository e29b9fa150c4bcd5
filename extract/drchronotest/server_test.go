package drchronotest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A site is a served practice with a client that holds a good token.
type site struct {
	t       *testing.T
	p       *Practice
	s       *Server
	url     string
	clock   *clock
	access  string
	refresh string
}

// serve starts a server; its quota is off unless the options set one.
func serve(t *testing.T, o Options) *site {
	t.Helper()
	return serveWith(t, testPractice(t), o)
}

func serveWith(t *testing.T, p *Practice, o Options) *site {
	t.Helper()
	c := &clock{t: testNow}
	o.Now, o.ClientID, o.ClientSecret, o.RefreshToken = c.now, "app", "secret", "first"
	for _, n := range []*int{&o.CallsPerHour, &o.CallsPer10Min, &o.CallsPerSecond} {
		if *n == 0 {
			*n = -1
		}
	}
	s := New(p, o)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	x := &site{t: t, p: p, s: s, url: srv.URL + o.Prefix, clock: c}
	status, m := x.trade("refresh_token", "first", nil)
	if status != http.StatusOK {
		t.Fatalf("first refresh: status %d", status)
	}
	x.keep(m)
	return x
}

func (x *site) keep(m map[string]any) {
	x.access, x.refresh = m["access_token"].(string), m["refresh_token"].(string)
}

// trade asks for a token.
func (x *site) trade(grant, token string, more url.Values) (int, map[string]any) {
	x.t.Helper()
	form := url.Values{"grant_type": {grant}, "client_id": {"app"}, "client_secret": {"secret"}, "refresh_token": {token}}
	for k, v := range more {
		form[k] = v
	}
	resp, err := http.PostForm(x.url+"/o/token/", form)
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	var m map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		x.t.Fatal(err)
	}
	return resp.StatusCode, m
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// do sends one call with the token; path may be an absolute URL.
func (x *site) do(method, path string) (*http.Response, []byte, error) {
	x.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = x.url + path
	}
	req, err := http.NewRequest(method, path, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+x.access)
	resp, err := noRedirect.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// A list is a decoded page.
type listing struct {
	Next, Previous *string
	Results, Data  []map[string]any
}

// get reads one page and wants a status.
func (x *site) get(path string, want int) listing {
	x.t.Helper()
	resp, body, err := x.do(http.MethodGet, path)
	if err != nil {
		x.t.Fatalf("GET %s: %v", path, err)
	}
	if resp.StatusCode != want {
		x.t.Fatalf("GET %s: status %d, want %d", path, resp.StatusCode, want)
	}
	var l listing
	if want == http.StatusOK {
		if err := json.Unmarshal(body, &l); err != nil {
			x.t.Fatalf("GET %s: %v", path, err)
		}
	}
	return l
}

// all drains a list by following next; sizes are the pages' lengths.
func (x *site) all(path string) (rows []map[string]any, sizes []int) {
	x.t.Helper()
	for next := &path; next != nil; {
		l := x.get(*next, http.StatusOK)
		got := append(l.Results, l.Data...)
		rows, sizes = append(rows, got...), append(sizes, len(got))
		next = l.Next
	}
	return rows, sizes
}

func ids(rows []map[string]any) []string {
	var out []string
	for _, m := range rows {
		out = append(out, text(marshal(m["id"])))
	}
	return out
}

func has(rows []map[string]any, id string) bool {
	for _, m := range rows {
		switch v := m["id"].(type) {
		case string:
			if v == id {
				return true
			}
		case float64:
			if int64(v) == number(id) {
				return true
			}
		}
	}
	return false
}

// Clients read while the practice changes under them; the race detector looks on.
func TestConcurrentUse(t *testing.T) {
	x := serve(t, Options{})
	var wg sync.WaitGroup
	for _, path := range []string{"/api/patients?page_size=20", "/api/appointments?since=2020-01-01", "/api/doctors", "/api/patients?page_size=20&verbose=true"} {
		wg.Go(func() {
			for range 5 {
				for next := path; next != ""; {
					_, body, err := x.do(http.MethodGet, next)
					var l listing
					if err == nil {
						err = json.Unmarshal(body, &l)
					}
					if err != nil {
						t.Errorf("GET %s: %v", path, err)
						return
					}
					next = ""
					if l.Next != nil {
						next = *l.Next
					}
				}
			}
		})
	}
	for range 3 {
		x.p.NextDay()
		x.p.Patch("patients", "90000011", map[string]any{"city": "Testville"})
		x.s.Inject(Status(On("nothing"), 1, 500, "{}"))
	}
	wg.Wait()
}
