package drchronotest

import (
	"net/http"
	"strings"
)

// A Fault answers in the server's stead, or spoils its answer.
type Fault struct {
	Match func(*http.Request) bool // nil = every call
	Times int                      // 0 = once; negative = for ever
	Do    func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// Inject adds a fault. Of several that match, the first injected acts until
// it is used up.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults takes back what is left of all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) fault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times != 0 && (f.Match == nil || f.Match(r)) {
			if f.Times > 0 {
				f.Times--
			}
			return f
		}
	}
	return nil
}

// On matches calls to an endpoint: its list, or one of its records.
func On(endpoint string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		_, rest, ok := strings.Cut(r.URL.Path, "/api/")
		name, _, _ := strings.Cut(rest, "/")
		return ok && name == endpoint
	}
}

// OnToken matches calls for a token.
func OnToken(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/o/token/") }

// A recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (c *recorder) Header() http.Header { return c.header }

func (c *recorder) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *recorder) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.body = append(c.body, b...)
	return len(b), nil
}

// listen lets the server answer, uncompressed, and keeps what it said.
func listen(r *http.Request, next http.Handler) *recorder {
	r = r.Clone(r.Context())
	r.Header.Del("Accept-Encoding")
	c := &recorder{header: http.Header{}}
	next.ServeHTTP(c, r)
	c.WriteHeader(http.StatusOK)
	return c
}

// send passes on what was kept.
func (c *recorder) send(w http.ResponseWriter) {
	for k, v := range c.header {
		w.Header()[k] = v
	}
	w.WriteHeader(c.status)
	w.Write(c.body)
}

// cut closes the connection without another byte.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // no HTTP/1 connection to take over
		panic(http.ErrAbortHandler)
	}
	conn.Close()
}
