package load_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

var broken = loadtest.Status(500, `{"responseStatus":{"errorCode":"NullReferenceException"}}`)

// unlookable has CentralReach fail so at each look for one of ours, as where a
// contact of its own is broken.
func unlookable(external string, f loadtest.Fault) loadtest.Fault {
	f = f.Repeat(-1)
	f.Match = func(r *http.Request) bool { return r.URL.Query().Get("externalSystemId") == external }
	return f
}

// TestOneThatCannotBeLookedFor: a record that they cannot show costs no other the
// night. It is not created, and the run says so.
func TestOneThatCannotBeLookedFor(t *testing.T) {
	for _, fault := range []loadtest.Fault{broken, loadtest.ResetBefore()} {
		w := newWorld(t, centralReachAt(true))
		w.put("patients", patient(1, "Troy"))
		w.must(w.night())
		w.put("patients", patient(1, "Rome"), patient(2, "Troy"), patient(3, "Troy"), patient(4, "Troy"))
		w.Inject(unlookable("3", fault))
		err := w.night()
		if !errors.Is(err, load.ErrGivenUp) || !strings.Contains(err.Error(), "1 of them") {
			t.Errorf("got %v, want it to tell of the one", err)
		}
		w.expect("known", "client", "1", "updated")
		w.expect("before it", "client", "2", "created")
		w.expect("not to be seen", "client", "3", "failed not_sent")
		w.expect("behind it", "client", "4", "created")
		w.Heal()
		w.must(w.night())
		w.expect("seen", "client", "3", "created")
	}
}

// TestOneThatCannotBeAskedAfter: so it is where its answer was lost.
func TestOneThatCannotBeAskedAfter(t *testing.T) {
	w := newWorld(t, centralReachAt(true))
	w.put("patients", patient(1, "Troy"))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	w.expect("unanswered", "client", "1", "uncertain no_answer")
	w.clock.Move(rested)
	w.put("patients", patient(2, "Troy"))
	w.Inject(unlookable("1", broken))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v, want it to say so", err)
	}
	w.expect("not to be seen", "client", "1", "uncertain no_answer")
	w.expect("another", "client", "2", "created")
	w.Heal()
	w.must(w.night())
	w.expect("seen", "client", "1", "created")
}

// TestUpdatesNeedNoLook: where nothing can be looked for, what has its id goes.
func TestUpdatesNeedNoLook(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Troy"), patient(2, "Rome"))
	w.Inject(loadtest.Status(500, `{}`).On("GET", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v, want it to say that nothing can be looked for", err)
	}
	w.expect("known", "client", "2", "updated")
	w.expect("not to be seen", "client", "1", "failed not_sent")
}

// TestTokenThatDiesWhileTheyThrottle: the look that was turned away for a moment
// is made again with a new token too.
func TestTokenThatDiesWhileTheyThrottle(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *clock) account{"rethink": rethinkAt(true), "centralreach": centralReachAt(true)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, start)
			w.put("patients", patient(1, "Troy"))
			w.must(w.night())
			w.put("patients", patient(2, "Troy"))
			look := func(r *http.Request) bool {
				return r.Method == http.MethodGet && (r.URL.Query().Has("externalSystemId") || strings.HasSuffix(r.URL.Path, "/api/client"))
			}
			busy, death := loadtest.TooMany(""), loadtest.TokenDeath()
			busy.Match, death.Match = look, look
			w.Inject(busy)
			w.Inject(death)
			w.must(w.night())
			w.expect("created", "client", "2", "created")
		})
	}
}

// TestTokenIsTurnedAway: a rate limit of the token endpoint in the middle of a run
// costs time, not records, be it a look or a request that needs the new token.
func TestTokenIsTurnedAway(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *clock) account{"rethink": rethinkAt(true), "centralreach": centralReachAt(true)} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for after, waits := range map[string]time.Duration{"": time.Minute, "40": 2 * 40 * time.Second} {
				t.Run(name+" "+method+" "+after, func(t *testing.T) {
					w := newWorld(t, start)
					w.put("patients", patient(1, "Troy"))
					w.must(w.night())
					w.put("patients", patient(2, "Troy"))
					var died atomic.Bool
					death := loadtest.TokenDeath()
					death.Match = func(r *http.Request) bool {
						isIt := r.Method == method && (method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/client") ||
							r.URL.Query().Has("externalSystemId") || r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/api/client"))
						died.Store(died.Load() || isIt)
						return isIt
					}
					busy := loadtest.TooMany(after).Repeat(6)
					if after != "" {
						busy = busy.Repeat(2)
					}
					busy.Match = func(r *http.Request) bool { return died.Load() && strings.HasSuffix(r.URL.Path, "/token") }
					w.Inject(death)
					w.Inject(busy)
					began := w.clock.Now()
					w.must(w.night())
					w.expect("created", "client", "2", "created")
					if waited := w.clock.Now().Sub(began); waited < waits || waited > 3*time.Minute {
						t.Errorf("waited %v, want %v and little more", waited, waits)
					}
				})
			}
		}
	}
}
