package drchronotest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Call is one line of the journal. It holds neither tokens nor bodies; the
// query is left out below /o/.
type Call struct {
	At                  time.Time
	Method, Path, Query string // Path without the prefix
	Status              int    // 0 = the connection was cut before a status
	Endpoint            string // "patients"; "" below /o/
}

// Calls lists the calls so far, in the order in which they ended.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Refreshes counts the refresh tokens used up.
func (s *Server) Refreshes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth.refreshes
}

func (s *Server) record(r *http.Request, path string, status int) {
	c := Call{At: s.o.Now(), Method: r.Method, Path: path, Status: status}
	if rest, ok := strings.CutPrefix(path, "/api/"); ok {
		c.Query = r.URL.RawQuery
		c.Endpoint, _, _ = strings.Cut(rest, "/")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

// A journalWriter remembers the status.
type journalWriter struct {
	http.ResponseWriter
	status int
}

func (w *journalWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *journalWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *journalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
