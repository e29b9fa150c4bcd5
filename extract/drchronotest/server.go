// Package drchronotest holds a simulated DrChrono v4 and a synthetic practice
// for it to answer from, as httptest does for net/http: tests, `simulate` and
// `demo` use it. It imitates what the v4 document says and what is known beyond
// it (facts, sections 2 to 9), traps included; all data are invented.
package drchronotest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options set how a Server behaves. Now is required, all else may be left.
type Options struct {
	Now    func() time.Time
	Prefix string // before every path, such as "/drchrono"

	ClientID, ClientSecret string
	RefreshToken           string // the first one; it rotates at every use
	Scopes                 string // granted, separated by spaces; "" = all
	EmptyOnMissingScope    bool   // an empty 200 where the scope is missing, instead of 403

	Cursor    bool           // `next` bears an opaque cursor, and `page` is ignored
	DataKey   bool           // "data" instead of "results"
	Bulk      bool           // the *_list endpoints are offered
	PublicURL string         // scheme://host in `next`; default: the request's
	MaxPage   map[string]int // by list, the bulk lists too

	CallsPerHour   int  // 0 = 500; window aligned to the wall clock; negative = no limit
	CallsPer10Min  int  // 0 = 290; rolling; negative = no limit
	CallsPerSecond int  // 0 = 10; rolling; negative = no limit
	RetryAfter     bool // send Retry-After with a 429; the wait otherwise stands in the body alone
}

// A Server answers as DrChrono does. It is safe for concurrent use.
type Server struct {
	p *Practice
	o Options

	mu     sync.Mutex // guards all below
	auth   grants
	quota  quota
	jobs   map[string]*job
	faults []*Fault
	calls  []Call
}

// New makes a server of the practice.
func New(p *Practice, o Options) *Server {
	o.Prefix = strings.TrimRight(o.Prefix, "/")
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	return &Server{
		p: p, o: o, jobs: map[string]*job{}, auth: newGrants(o),
		quota: quota{hour: limit(o.CallsPerHour, 500), tenMin: limit(o.CallsPer10Min, 290), second: limit(o.CallsPerSecond, 10)},
	}
}

func limit(set, def int) int {
	if set == 0 {
		return def
	}
	return set
}

// ServeHTTP answers one call, or lets a fault do so.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, s.o.Prefix)
	if !ok {
		fail(w, http.StatusNotFound, "Not found.")
		return
	}
	w.Header().Set("Date", s.o.Now().UTC().Format(http.TimeFormat)) // its own clock, as any server's
	jw := &journalWriter{ResponseWriter: w}
	defer func() { s.record(r, path, jw.status) }()
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.route(w, r, path) })
	if f := s.fault(r); f != nil {
		f.Do(jw, r, next)
		return
	}
	next(jw, r)
}

func (s *Server) route(w http.ResponseWriter, r *http.Request, path string) {
	switch path {
	case "/o/token/":
		s.token(w, r)
		return
	case "/o/authorize/", "/o/authorize":
		s.authorize(w, r)
		return
	case "/o/revoke_token/":
		s.revoke(w, r)
		return
	}
	rest, ok := strings.CutPrefix(path, "/api/")
	if !ok {
		fail(w, http.StatusNotFound, "Not found.")
		return
	}
	if s.admit(w, r) {
		zipped(w, r, func(w http.ResponseWriter) { s.api(w, r, strings.Split(strings.Trim(rest, "/"), "/")) })
	}
}

// admit checks token and quota, in this order: a call without a good token
// counts against no quota.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		fail(w, http.StatusUnauthorized, "Authentication credentials were not provided.")
		return false
	}
	if !s.auth.valid(token, now) {
		fail(w, http.StatusUnauthorized, "Invalid token.")
		return false
	}
	if wait := s.quota.take(now); wait > 0 {
		s.throttle(w, wait)
		return false
	}
	return true
}

// api answers below /api/: name, name/id, name/id/what, name_list.
func (s *Server) api(w http.ResponseWriter, r *http.Request, parts []string) {
	name := parts[0]
	if base, ok := strings.CutSuffix(name, "_list"); ok && s.offersBulk(base) && len(parts) == 1 {
		s.bulk(w, r, specs[base])
		return
	}
	sp := specs[name]
	switch {
	case sp == nil || len(parts) > 3:
		fail(w, http.StatusNotFound, "Not found.")
	case r.Method != http.MethodGet:
		fail(w, http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
	case !s.granted(sp) && s.o.EmptyOnMissingScope && len(parts) == 1:
		s.writePage(w, page{})
	case !s.granted(sp):
		fail(w, http.StatusForbidden, "You do not have permission to perform this action.")
	case len(parts) == 1:
		s.list(w, r, sp)
	case len(parts) == 3:
		s.extra(w, name, parts[1], parts[2])
	case name == "users" && parts[1] == "current":
		http.Redirect(w, r, s.base(r)+"/api/users/"+s.p.firstID("users"), http.StatusFound)
	default:
		s.detail(w, r, sp, parts[1])
	}
}

// base is what stands before /api/ in links.
func (s *Server) base(r *http.Request) string {
	if s.o.PublicURL != "" {
		return s.o.PublicURL + s.o.Prefix
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + s.o.Prefix
}
