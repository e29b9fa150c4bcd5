package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// A step is a kind of call at which a fault can strike.
type step struct {
	name   string
	vendor func(*vendors) *loadtest.Server // nil: DrChrono
	match  func(*http.Request) bool
}

func atRethink(v *vendors) *loadtest.Server  { return v.Rethink.Server }
func atCentral(v *vendors) *loadtest.Server  { return v.CentralReach.Server }
func atRegistry(v *vendors) *loadtest.Server { return v.Registry.Server }

// on matches calls of a method whose path holds a text.
func on(method, part string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return (method == "" || r.Method == method) && strings.Contains(r.URL.Path, part)
	}
}

func writing(part string) func(*http.Request) bool {
	return func(r *http.Request) bool { return isWrite(r) && strings.Contains(r.URL.Path, part) }
}

// steps are each kind of call of each client.
var steps = []step{
	{"drchrono token", nil, drchronotest.OnToken},
	{"drchrono patients", nil, drchronotest.On("patients")},
	{"drchrono appointments", nil, drchronotest.On("appointments")},
	{"rethink token", atRethink, on("", "/token")},
	{"rethink look", atRethink, on("GET", "/client")},
	{"rethink client", atRethink, writing("/client")},
	{"rethink staff", atRethink, writing("/staff")},
	{"rethink appointment", atRethink, writing("/appointment")},
	{"centralreach token", atCentral, on("", "/token")},
	{"centralreach look", atCentral, on("GET", "/contacts")},
	{"centralreach client", atCentral, writing("/contacts")},
	{"registry login", atRegistry, on("POST", "/login")},
	{"registry discharge", atRegistry, on("POST", "/discharge")},
}

// An ill is one way in which an exchange can go wrong, at any step.
type ill struct {
	name  string
	after bool // the vendor acts first
	do    func(*trial, http.ResponseWriter)
}

func say(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func answer(status int, body string) func(*trial, http.ResponseWriter) {
	return func(_ *trial, w http.ResponseWriter) { say(w, status, "application/json", body) }
}

func hangUp(*trial, http.ResponseWriter) { panic(http.ErrAbortHandler) }

func half(_ *trial, w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	say(w, http.StatusOK, "application/json", `{"id":`)
}

func page(_ *trial, w http.ResponseWriter) {
	say(w, http.StatusOK, "text/html", "<html><body>Sign in</body></html>")
}

func away(x *trial, w http.ResponseWriter) {
	w.Header().Set("Location", x.elsewhere+"/stolen")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// bomb is 100 kB that unpack to a hundred million bytes. It is made where it is
// used: the programs that tests start are this one.
var bomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range 100 {
		_, _ = z.Write(blanks)
	}
	_ = z.Close()
	return b.Bytes()
})

func explode(_ *trial, w http.ResponseWriter) {
	w.Header().Set("Content-Encoding", "gzip")
	say(w, http.StatusOK, "application/json", string(bomb()))
}

var ills = []ill{
	{"reset", false, hangUp}, {"reset after it acted", true, hangUp},
	{"half an answer", false, half}, {"half an answer after it acted", true, half},
	{"500", false, answer(500, `{}`)}, {"502 after it acted", true, answer(502, `{"message":"bad gateway"}`)},
	{"503", false, answer(503, ``)}, {"504 after it acted", true, answer(504, ``)},
	{"429", false, answer(429, `{"message":"slow down"}`)},
	{"a page at 200", false, page}, {"a page at 200 after it acted", true, page},
	{"an empty object after it acted", true, answer(200, `{}`)},
	{"a key twice, after it acted", true, answer(200, `{"id":1,"id":2,"ID":3}`)},
	{"bad UTF-8", false, answer(200, "{\"id\":\"\xff\xfe\"}")},
	{"a redirect elsewhere", false, away}, {"a redirect after it acted", true, away},
	{"a gzip bomb", false, explode},
}

// strike puts an ill in the way of a step, some times over.
func (x *trial) strike(at step, what ill, times int) {
	if at.vendor == nil {
		x.v.DrChrono.Inject(drchronotest.Fault{Match: at.match, Times: times, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if what.after {
				next.ServeHTTP(&unheard{http.Header{}}, r)
			}
			what.do(x, awaited{w, r.Context().Done()})
		}})
		return
	}
	when := loadtest.Before
	if what.after {
		when = loadtest.After
	}
	at.vendor(x.v).Inject(loadtest.Fault{Match: at.match, Times: times, When: when, Do: func(e *loadtest.Exchange) {
		heard := &unheard{http.Header{}}
		reply := &spoken{unheard: heard, left: e.Request.Context().Done()}
		defer func() {
			if recover() != nil {
				e.Reset = true
			}
			e.Answered, e.Status, e.Header, e.Body = true, reply.status, heard.header, reply.body
			if reply.header.Get("Content-Length") != "" {
				e.Length = 1000
			}
		}()
		what.do(x, reply)
	}})
}

// A reply is an answer in the making, to a client that may give up.
type reply interface {
	http.ResponseWriter
	gone() <-chan struct{} // closed once the client gave up
}

var _, _ reply = awaited{}, (*spoken)(nil)

// awaited is an answer that a client waits for.
type awaited struct {
	http.ResponseWriter
	left <-chan struct{}
}

func (a awaited) gone() <-chan struct{} { return a.left }

// unheard takes an answer that nobody gets.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) WriteHeader(int)             {}
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }

// spoken keeps one.
type spoken struct {
	*unheard
	left   <-chan struct{}
	status int
	body   []byte
}

func (s *spoken) gone() <-chan struct{}       { return s.left }
func (s *spoken) WriteHeader(status int)      { s.status = status }
func (s *spoken) Write(b []byte) (int, error) { s.body = append(s.body, b...); return len(b), nil }

// faulted is the whole story of a trial with an ill at a step, in its first
// night and again in its second.
func (r *faultRow) faulted(at step, what ill) {
	r.table.t.Run(at.name+", "+what.name, func(t *testing.T) {
		t.Parallel()
		x := newTrial(t)
		x.strike(at, what, 2)
		x.night()
		x.v.Rethink.Heal()
		x.v.CentralReach.Heal()
		x.v.Registry.Heal()
		x.v.DrChrono.ClearFaults()
		if what.after && at.vendor == nil && strings.Contains(at.name, "token") {
			x.consent() // a pair that nobody got is a person's matter
		}
		x.night()
		x.between()
		x.strike(at, what, 1)
		x.night()
		if what.after && at.vendor == nil && strings.Contains(at.name, "token") {
			x.v.DrChrono.ClearFaults()
		}
		r.add(x.judge(r.table.s))
	})
}

// consent is a person's `auth login`: the vendor's newest refresh token.
func (x *trial) consent() {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, "refresh-token"), []byte(x.v.DrChrono.RefreshToken()), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

// killed dies at its n-th call to any vendor, before or after the vendor acts,
// in its first night and in its second, against such a standard.
func (r *faultRow) killed(s standard, n int32, mods ...func(*trial)) {
	r.table.t.Run(fmt.Sprintf("killed at call %d", n), func(t *testing.T) {
		t.Parallel()
		x := newTrial(t)
		for _, mod := range mods {
			mod(x)
		}
		x.die(n)
		x.settle()
		x.between()
		x.die(n % 12)
		r.add(x.judge(s))
	})
}

// die runs a night that is killed once the n-th call to a destination was
// carried out, and not answered. It may end before that.
func (x *trial) die(n int32) {
	x.t.Helper()
	var calls atomic.Int32
	reached := make(chan struct{})
	fault := loadtest.Fault{Times: -1, When: loadtest.After, Match: func(*http.Request) bool { return true }, Do: func(e *loadtest.Exchange) {
		if c := calls.Add(1); c == n+1 {
			close(reached)
		}
		if calls.Load() > n {
			<-e.Request.Context().Done() // until its death
			e.Reset = true
		}
	}}
	for _, server := range []*loadtest.Server{x.v.Rethink.Server, x.v.CentralReach.Server, x.v.Registry.Server} {
		server.Inject(fault)
	}
	cmd := x.process()
	out, err := os.Create(filepath.Join(x.tmp, "printed"))
	if err != nil {
		x.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-reached:
		_ = cmd.Process.Kill()
		<-ended
	case <-ended:
	}
	if err := out.Close(); err != nil {
		x.t.Fatal(err)
	}
	for _, server := range []*loadtest.Server{x.v.Rethink.Server, x.v.CentralReach.Server, x.v.Registry.Server} {
		server.Heal()
	}
}

// blind is a trial whose Rethink cannot be asked: only the intent keeps it
// from creating a second time.
func blind(x *trial) { x.set("rethink:\n", "rethink:\n  readback: false\n") }
