package loadtest

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Phase says when a fault strikes: before the vendor acts or after it.
type Phase int

// The phases of a call.
const (
	Before Phase = iota // nothing is applied if the fault answers
	After               // what was asked for is applied
)

// A Fault is something that goes wrong with calls. Of several that match, each
// call spends the first of each phase.
type Fault struct {
	Match func(*http.Request) bool // nil: every call but logins; may read the body, not ask the vendor
	Times int                      // how often; 0 = once, negative = always
	When  Phase
	Do    func(*Exchange)
}

// An Exchange is a call and the reply on its way, which a fault may change.
type Exchange struct {
	Request  *http.Request
	Answered bool // set by a fault before: the vendor does not act
	Reset    bool // set by a fault: the connection is closed without a reply
	Status   int
	Header   http.Header
	Body     []byte
	Length   int // declared length, where it is to differ from the body's

	server *Server
}

// On confines a fault to calls with that method whose path ends so; "" = any.
func (f Fault) On(method, pathSuffix string) Fault {
	f.Match = func(r *http.Request) bool {
		return (method == "" || r.Method == method) && strings.HasSuffix(r.URL.Path, pathSuffix)
	}
	return f
}

// Repeat lets a fault strike n times; negative = always.
func (f Fault) Repeat(n int) Fault {
	f.Times = n
	return f
}

// Inject puts a fault in the way of coming calls.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike does what the first fault of the phase that matches says, without the
// lock, as it may have to wait.
func (s *Server) strike(p Phase, c *call, x *Exchange) {
	if f := s.spend(p, c, x); f != nil {
		f.Do(x)
	}
}

func (s *Server) spend(p Phase, c *call, x *Exchange) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.When != p || !f.matches(c, x) {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return f
	}
	return nil
}

func (f *Fault) matches(c *call, x *Exchange) bool {
	if f.Match == nil {
		return !c.route.open
	}
	x.Request.Body = io.NopCloser(bytes.NewReader(c.body))
	return f.Match(x.Request)
}

func (x *Exchange) reset() { x.Answered, x.Reset = true, true }

// ResetBefore closes the connection before the vendor acts. On a connection
// that was used before, net/http repeats a GET by itself: Repeat it then.
func ResetBefore() Fault { return Fault{Do: (*Exchange).reset} }

// ResetAfter closes the connection after the vendor acted, without a reply.
func ResetAfter() Fault { return Fault{When: After, Do: (*Exchange).reset} }

// Status answers with a code and a JSON body in the vendor's stead.
func Status(code int, body string) Fault { return answering(code, "application/json", body) }

// HTML200 answers 200 with a page, as a gateway or a login wall does.
func HTML200() Fault {
	return answering(http.StatusOK, "text/html; charset=utf-8",
		"<!doctype html><title>Please wait</title><p>We will be back shortly.</p>")
}

// TooMany answers 429 with that Retry-After, in seconds; "" leaves it out.
func TooMany(retryAfter string) Fault {
	f := Status(http.StatusTooManyRequests, `{"message":"Rate limit exceeded"}`)
	plain := f.Do
	f.Do = func(x *Exchange) {
		plain(x)
		if retryAfter != "" {
			x.Header.Set("Retry-After", retryAfter)
		}
	}
	return f
}

func answering(code int, contentType, body string) Fault {
	return Fault{Do: func(x *Exchange) {
		x.Answered, x.Status, x.Body = true, code, []byte(body)
		x.Header.Set("Content-Type", contentType)
	}}
}

// StatusAfter lets the vendor act and then answers with that code.
func StatusAfter(code int) Fault {
	f := Status(code, `{"message":"An error has occurred."}`)
	f.When = After
	return f
}

var firstID = regexp.MustCompile(`"\w*[iI]d":`)

// TruncateAfter lets the vendor act and cuts its reply before the first id, or
// in the middle where there is none; the reader meets an unexpected end.
func TruncateAfter() Fault {
	return Fault{When: After, Do: func(x *Exchange) {
		cut := len(x.Body) / 2
		if at := firstID.FindIndex(x.Body); at != nil {
			cut = at[0]
		}
		x.Length, x.Body = len(x.Body), x.Body[:cut]
	}}
}

// TokenDeath makes all tokens given out so far worthless, then lets the vendor
// act, who refuses them.
func TokenDeath() Fault {
	return Fault{Do: func(x *Exchange) {
		x.server.mu.Lock()
		defer x.server.mu.Unlock()
		clear(x.server.tokens)
	}}
}

// Hold keeps a call waiting until ch is closed or sends. A caller who gives up
// before that never reached the vendor. With When set
// to After the call is applied and only the reply waits.
func Hold(ch <-chan struct{}) Fault {
	return Fault{Do: func(x *Exchange) {
		select {
		case <-ch:
		case <-x.Request.Context().Done():
			x.reset()
		}
	}}
}

func (x *Exchange) write(w http.ResponseWriter) {
	if x.Reset {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	for name, values := range x.Header {
		w.Header()[name] = values
	}
	length := max(x.Length, len(x.Body))
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(x.Status)
	_, _ = w.Write(x.Body) // a caller who has gone is no concern of the vendor's
}
