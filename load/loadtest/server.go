// Package loadtest holds three simulated destinations, Rethink, CentralReach
// and the Central Registry, each an http.Handler in the manner of httptest.
// They serve tests, simulate and demo alike. Each keeps a journal of what
// really happened there, which is the oracle against which a loader is judged,
// and takes faults on request. What a vendor's document leaves open is built
// as the assumptions about it have it, and says so where it stands.
package loadtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An Entry is one call as the vendor saw it. It holds no body and no name.
type Entry struct {
	At         time.Time
	Method     string
	Path       string // without prefix and query
	Object     string // "client", "staff", "discharge" ...; "token" for logins
	Op         string // "create", "update", "find", "list", "login", "archive", "cancel", "delete"; "unknown"
	ID         string // the vendor's id, as far as there is one
	ExternalID string // our id, or the natural key of an object without one
	Applied    bool   // whether the vendor changed what it holds
	Status     int    // what went out; 0 where the connection was closed instead
	BodyHash   string // SHA-256 of the request body in hex; "" for none and for logins
}

// A Server is what the three vendors share: routes, token, journal, faults.
// It is safe for concurrent use; calls take effect one at a time.
type Server struct {
	mu      sync.Mutex
	now     func() time.Time
	prefix  string
	routes  []route
	guard   func(*call) *reply               // refuses a call without credentials
	failure func(status int, msg string) any // an error body in the vendor's manner
	last    int64                            // the newest id handed out
	tokens  map[string]token
	journal []Entry
	created map[string]int
	faults  []*Fault
}

// A route is one endpoint. A "{id}" in its pattern matches digits only.
type route struct {
	method, pattern string
	object, op      string
	open            bool // needs no token, as it hands one out
	do              func(*call) reply
}

type call struct {
	*http.Request
	route route
	body  []byte
	ids   []string // what the pattern's wildcards matched
	entry Entry
}

type reply struct {
	status int
	body   any
}

type token struct {
	subject string // for whom it was given: a site, at the registry
	expires time.Time
}

func newServer(now func() time.Time, prefix string) *Server {
	if now == nil {
		still := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		now = func() time.Time { return still }
	}
	return &Server{
		now: now, prefix: strings.TrimSuffix(prefix, "/"), last: 1000,
		tokens: map[string]token{}, created: map[string]int{},
	}
}

// ServeHTTP answers one call, with the faults that Inject put in its way.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away before all had arrived
	}
	c := s.accept(r, body)
	x := &Exchange{Request: r, Header: http.Header{}, server: s}
	s.strike(Before, c, x)
	at := s.handle(c, x)
	if !x.Answered {
		s.strike(After, c, x)
	}
	s.settle(at, x)
	x.write(w)
}

// accept finds the route of a request and begins its journal entry.
func (s *Server) accept(r *http.Request, body []byte) *call {
	path, under := strings.CutPrefix(r.URL.Path, s.prefix)
	c := &call{Request: r, body: body, route: route{op: "unknown"}}
	status := http.StatusNotFound
	for _, rt := range s.routes {
		ids, ok := match(rt.pattern, path)
		if !ok || !under {
			continue
		}
		if rt.method == r.Method {
			c.route, c.ids = rt, ids
			break
		}
		status = http.StatusMethodNotAllowed
	}
	if c.route.do == nil {
		c.route.do = func(*call) reply { return s.fail(status, http.StatusText(status)) }
	}
	c.entry = Entry{Method: r.Method, Path: path, Object: c.route.object, Op: c.route.op}
	if len(body) > 0 && !c.route.open {
		c.entry.BodyHash = digest(string(body))
	}
	if len(c.ids) > 0 {
		c.entry.ID = c.ids[0]
	}
	return c
}

func match(pattern, path string) ([]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	var ids []string
	for i, w := range want {
		if w == got[i] {
			continue
		}
		if _, err := strconv.ParseUint(got[i], 10, 63); w != "{id}" || err != nil {
			return nil, false
		}
		ids = append(ids, got[i])
	}
	return ids, true
}

// handle lets the vendor act, unless a fault has answered already, and writes
// the journal in the same breath. It returns the entry's place.
func (s *Server) handle(c *call, x *Exchange) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.entry.At = s.now()
	if !x.Answered {
		r := s.answer(c)
		x.Status = r.status
		x.Header.Set("Content-Type", "application/json")
		x.Body, _ = json.Marshal(r.body) // maps, texts and numbers of ours: cannot fail
	}
	s.journal = append(s.journal, c.entry)
	return len(s.journal) - 1
}

func (s *Server) answer(c *call) reply {
	if !c.route.open && c.route.op != "unknown" {
		if refusal := s.guard(c); refusal != nil {
			return *refusal
		}
	}
	return c.route.do(c)
}

// settle notes what went out in the end.
func (s *Server) settle(at int, x *Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal[at].Status = x.Status
	if x.Reset {
		s.journal[at].Status = 0
	}
}

// Journal returns the calls so far, in the order in which they took effect.
func (s *Server) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal)
}

// Calls counts the calls so far by what they asked for, e.g. "create client".
func (s *Server) Calls() map[string]int {
	n := map[string]int{}
	for _, e := range s.Journal() {
		n[strings.TrimSpace(e.Op+" "+e.Object)]++
	}
	return n
}

// Duplicates returns, sorted, the external or natural keys under which more
// than one object was created, e.g. "client 4711". None is what is wanted.
func (s *Server) Duplicates() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key, n := range s.created {
		if n > 1 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (s *Server) fail(status int, msg string) reply {
	return reply{status, s.failure(status, msg)}
}

func (s *Server) next() json.Number {
	s.last++
	return json.Number(strconv.FormatInt(s.last, 10))
}

// grant is the OAuth 2.0 client-credentials token endpoint (RFC 6749, 4.4);
// credentials come in the form or as Basic. An empty id or secret takes any.
func (s *Server) grant(id, secret, scope string, issue func() string) func(*call) reply {
	refuse := func(code string) reply { return reply{http.StatusBadRequest, map[string]any{"error": code}} }
	return func(c *call) reply {
		form, err := url.ParseQuery(string(c.body))
		if err != nil || !strings.HasPrefix(c.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			return refuse("invalid_request")
		}
		gotID, gotSecret, basic := c.BasicAuth()
		if !basic {
			gotID, gotSecret = form.Get("client_id"), form.Get("client_secret")
		}
		switch {
		case form.Get("grant_type") != "client_credentials":
			return refuse("unsupported_grant_type")
		case id != "" && gotID != id, secret != "" && gotSecret != secret:
			return refuse("invalid_client")
		case !slices.Contains(strings.Fields(form.Get("scope")), scope):
			return refuse("invalid_scope")
		}
		word := issue()
		s.tokens[word] = token{expires: s.now().Add(time.Hour)}
		c.entry.Applied = true
		return reply{http.StatusOK, map[string]any{
			"access_token": word, "token_type": "Bearer", "expires_in": 3600, "scope": scope,
		}}
	}
}
