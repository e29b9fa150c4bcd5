package load_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func patients(from, to int, city string) []string {
	var rows []string
	for id := from; id <= to; id++ {
		rows = append(rows, patient(id, city))
	}
	return rows
}

// TestBrakeOnChanges: a night that would change over 30 % of the known records
// changes none, until a person releases it. A first load is exempt.
func TestBrakeOnChanges(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 60, "Troy")...)
	w.must(w.night())
	if got := w.count("created", ""); got != 60 {
		t.Fatalf("the first load created %d, want 60", got)
	}
	w.put("patients", patients(1, 18, "Rome")...)
	w.must(w.night())
	if got := w.count("updated", ""); got != 18 {
		t.Errorf("30 %%: updated %d, want all 18", got)
	}
	from := len(w.Journal())
	w.put("patients", patients(1, 19, "Utica")...)
	w.put("patients", patient(61, "Troy"))
	for range 2 {
		if err := w.night(); !errors.Is(err, load.ErrBrake) {
			t.Errorf("over 30 %%: got %v, want the brake", err)
		}
	}
	if got := w.count("held", "brake"); got != 19 {
		t.Errorf("held %d, want 19", got)
	}
	w.expect("a new record is no change", "client", "61", "unchanged")
	if sent := w.writes(from); len(sent) != 1 {
		t.Errorf("%d writes, want only the create", len(sent))
	}
	w.must(w.night(func(s *load.Stage) { s.Released = true }))
	if got := w.count("updated", ""); got != 19 {
		t.Errorf("released: updated %d, want 19", got)
	}
}

// TestBrakeAfter: of fewer known records than brake.after any share may change,
// and of as many as that none above the share, however few they are.
func TestBrakeAfter(t *testing.T) {
	for _, tt := range []struct {
		known, changed int
		brake          load.Brake
		braked         bool
	}{
		{30, 14, load.Brake{Changed: 30, Rejected: 20, After: 50}, false},
		{49, 49, load.Brake{Changed: 30, Rejected: 20, After: 50}, false},
		{50, 16, load.Brake{Changed: 30, Rejected: 20, After: 50}, true},
		{12, 9, load.Brake{Changed: 30, Rejected: 20, After: 5}, true},
		{12, 3, load.Brake{Changed: 30, Rejected: 20, After: 5}, false},
		{2, 1, load.Brake{Changed: 0, Rejected: 20, After: 1}, true},
	} {
		w := newWorld(t, rethinkAt(true))
		w.put("patients", patients(1, tt.known, "Troy")...)
		w.must(w.night())
		w.put("patients", patients(1, tt.changed, "Rome")...)
		err := w.night(func(s *load.Stage) { s.Brake = tt.brake })
		if got := errors.Is(err, load.ErrBrake); got != tt.braked {
			t.Errorf("%d of %d changed, %+v: %v, want the brake: %v", tt.changed, tt.known, tt.brake, err, tt.braked)
		}
	}
}

// TestBrakeOnRejects: where over 20 % of what was sent is rejected, the rest
// stays, also what stands on later pages, until a person releases it.
func TestBrakeOnRejects(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 450, "Troy")...)
	w.Inject(loadtest.Status(400, `{"ErrorMessage":"lastName is required."}`).On("POST", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrBrake) {
		t.Errorf("got %v, want the brake", err)
	}
	sent := len(w.writes(0))
	if sent < 50 || sent > 50+32 {
		t.Errorf("sent %d, want little more than 50", sent)
	}
	if rejected, rest := w.count("rejected", "required"), w.count("held", "brake"); rejected != sent || rest != 450-sent {
		t.Errorf("rejected %d and held %d of 450 after %d writes", rejected, rest, sent)
	}
	w.Heal()
	w.must(w.night())
	if got := len(w.writes(0)); got != sent {
		t.Errorf("not released: %d writes left", got-sent)
	}
	w.must(w.night(func(s *load.Stage) { s.Released = true }))
	if got := w.count("created", ""); got != 450-sent {
		t.Errorf("released: created %d, want %d", got, 450-sent)
	}
	if got := w.count("rejected", ""); got != sent {
		t.Errorf("%d are rejected, want the %d as before: their payload is the same", got, sent)
	}
}

// TestFewRejectsDoNotBrake: one fifth is not over one fifth.
func TestFewRejectsDoNotBrake(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 100, "Troy")...)
	w.Inject(loadtest.Status(400, `{}`).On("POST", "/client").Repeat(5))
	w.must(w.night())
	if created, rejected := w.count("created", ""), w.count("rejected", ""); created != 95 || rejected != 5 {
		t.Errorf("created %d and rejected %d, want 95 and 5", created, rejected)
	}
}

// TestCircuit: a destination that is down is given up after a few deliveries,
// and what was not sent goes with the next night.
func TestCircuit(t *testing.T) {
	tests := []struct {
		name      string
		fault     loadtest.Fault
		most      int    // writes that may be tried
		uncertain bool   // what was tried is uncertain
		down      string // nobody listens
	}{
		{name: "refused", down: nobody},
		{name: "busy", fault: loadtest.Status(503, `{}`), most: 10 + 3, uncertain: true},
		{name: "slow down", fault: loadtest.TooMany("1"), most: 3 * (3 + 3)},
		{name: "no credentials", fault: loadtest.Status(403, `{}`), most: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			w.put("patients", patients(1, 60, "Troy")...)
			w.must(w.night())
			w.put("patients", patients(1, 60, "Rome")...)
			from := len(w.Journal())
			w.down = tt.down
			if tt.fault.Do != nil {
				w.Inject(tt.fault.On("POST", "/client").Repeat(-1))
			}
			released := func(s *load.Stage) { s.Released = true }
			if err := w.night(released); !errors.Is(err, load.ErrGivenUp) {
				t.Errorf("got %v, want the destination given up", err)
			}
			sent := len(w.writes(from))
			if sent > tt.most {
				t.Errorf("%d writes, want at most %d", sent, tt.most)
			}
			uncertain := w.count("uncertain", "")
			if tt.uncertain && uncertain != sent || !tt.uncertain && uncertain > 0 {
				t.Errorf("%d uncertain after %d writes", uncertain, sent)
			}
			if w.count("failed", "")+uncertain != 60 {
				t.Errorf("%d failed and %d uncertain, want 60", w.count("failed", ""), uncertain)
			}
			w.down = ""
			w.Heal()
			w.clock.Move(rested)
			w.must(w.night(released))
			if got := w.count("updated", ""); got != 60 {
				t.Errorf("the next night updated %d, want 60", got)
			}
		})
	}
}

// TestAttempts: each request of a delivery is counted.
func TestAttempts(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome"))
	w.Inject(loadtest.TooMany("1").On("POST", "/client").Repeat(2))
	w.must(w.night())
	if got := w.target("client", "1"); got.Outcome != etl.Updated || got.Attempts != 3 {
		t.Errorf("%s after %d attempts, want updated after 3", got.Outcome, got.Attempts)
	}
	w.must(w.night())
	if got := w.target("client", "1"); got.Attempts != 0 {
		t.Errorf("%d attempts on a night that did not send it, want 0", got.Attempts)
	}
	w.put("patients", patient(1, "Utica"))
	w.Inject(loadtest.TooMany("1").On("POST", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v where nothing that was sent was taken in, want the destination given up", err)
	}
	if got := w.target("client", "1"); got.Outcome != etl.Failed || got.Attempts != 3 {
		t.Errorf("%s after %d attempts, want failed after 3", got.Outcome, got.Attempts)
	}

	w = newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
	w.must(w.night())
	w.put("patients", patient(1, "Rome"), patient(2, "Rome"))
	w.Inject(loadtest.TooMany("1").On("POST", "/client").Repeat(3))
	if err := w.night(func(s *load.Stage) { s.InFlight = 1 }); err != nil {
		t.Errorf("one that is turned away while another is answered does not give the destination up: %v", err)
	}
	if failed, updated := w.count("failed", ""), w.count("updated", ""); failed != 1 || updated != 1 {
		t.Errorf("%d failed and %d updated, want one of each", failed, updated)
	}
}

// TestAskedToWait: a short wait is waited out, in either form; whoever asks for a
// longer one is left alone until the next night, with its reason.
func TestAskedToWait(t *testing.T) {
	dated := loadtest.TooMany("Sun, 01 Nov 2026 06:00:40 GMT")
	plain := dated.Do
	dated.Do = func(x *loadtest.Exchange) {
		plain(x)
		x.Header.Set("Date", "Sun, 01 Nov 2026 06:00:00 GMT")
	}
	for name, fault := range map[string]loadtest.Fault{"seconds": loadtest.TooMany("40"), "a date": dated} {
		w := newWorld(t, rethinkAt(true))
		w.put("patients", patient(1, "Troy"))
		began := w.clock.Now()
		w.Inject(fault.On("POST", "/client"))
		w.must(w.night())
		w.expect(name, "client", "1", "created")
		if waited := w.clock.Now().Sub(began); waited < 40*time.Second || waited > time.Minute {
			t.Errorf("%s: waited %v, want the 40s that were asked for", name, waited)
		}
	}

	w := newWorld(t, rethinkAt(true))
	w.put("patients", patients(1, 60, "Troy")...)
	w.Inject(loadtest.TooMany("3600").On("POST", "/client").Repeat(-1))
	if err := w.night(); !errors.Is(err, load.ErrGivenUp) {
		t.Errorf("got %v, want the destination left alone", err)
	}
	if sent := len(w.writes(0)); sent > 4 {
		t.Errorf("%d writes, want no more than were under way", sent)
	}
	if told := w.number("SELECT count(*) FROM target WHERE outcome = 'failed' AND message LIKE '%slow down%'"); told != len(w.writes(0)) {
		t.Errorf("%d records have the reason, %d were turned away", told, len(w.writes(0)))
	}
	w.Heal()
	w.must(w.night())
	if got := w.count("created", ""); got != 60 {
		t.Errorf("the next night created %d, want 60", got)
	}
}

// staffed are worlds in which one of the staff goes before a client.
func staffed(t *testing.T) map[string]*world {
	worlds := map[string]*world{}
	for name, start := range map[string]func(*testing.T, *clock) account{
		"Rethink": rethinkAt(true), "CentralReach": centralReachWith(true, centralreach.Write{Clients: true, Employees: true})} {
		w := newWorld(t, start)
		_, user := doctor(7)
		w.put("doctors", doctorThere(7, ""))
		w.put("users", user)
		w.put("patients", patient(1, "Troy"))
		worlds[name] = w
	}
	return worlds
}

func looksForStaff(r *http.Request) bool {
	return r.Method == "GET" && strings.Contains(r.URL.Path, "/staff") || strings.Contains(r.URL.Path, "/employee/byExternalSystemId")
}

// TestReadIsAskedToWait: likewise where it is a look that is turned away.
func TestReadIsAskedToWait(t *testing.T) {
	for name, w := range staffed(t) {
		asked := 0
		fault := loadtest.TooMany("3600").Repeat(-1)
		fault.Match = func(r *http.Request) bool {
			turned := looksForStaff(r)
			if turned {
				asked++
			}
			return turned
		}
		w.Inject(fault)
		if err := w.night(); !errors.Is(err, load.ErrSlowDown) || !errors.Is(err, load.ErrGivenUp) {
			t.Errorf("%s: got %v, want the destination left alone", name, err)
		}
		if sent := len(w.writes(0)); sent > 0 || asked != 1 {
			t.Errorf("%s: asked %d times and sent %d, want one question and nothing sent, not of another object either", name, asked, sent)
		}
	}
}

// TestTokenIsAskedForAnHour: likewise where it is the token endpoint, in the
// middle of a run: nobody asks it again, not for another object either.
func TestTokenIsAskedForAnHour(t *testing.T) {
	for name, w := range staffed(t) {
		asked, died := 0, false
		death, limit := loadtest.TokenDeath(), loadtest.TooMany("3600").Repeat(-1)
		death.Match = func(r *http.Request) bool {
			died = died || looksForStaff(r)
			return looksForStaff(r)
		}
		limit.Match = func(r *http.Request) bool {
			if !died || !strings.HasSuffix(r.URL.Path, "/token") {
				return false
			}
			asked++
			return true
		}
		w.Inject(death)
		w.Inject(limit)
		if err := w.night(); !errors.Is(err, load.ErrSlowDown) || !strings.Contains(err.Error(), "rate limit") {
			t.Errorf("%s: got %v, want the destination left alone", name, err)
		}
		if sent := len(w.writes(0)); sent > 0 || asked != 1 {
			t.Errorf("%s: asked %d times and sent %d, want one question and nothing sent", name, asked, sent)
		}
	}
}

// TestTurnedAwayWithoutAWord: a limit by the minute that does not say how long it
// lasts costs minutes, and neither the records behind it nor the night.
func TestTurnedAwayWithoutAWord(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *clock) account{"Rethink": rethinkAt(true), "CentralReach": centralReachAt(true)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, start)
			w.put("patients", patients(1, 60, "Troy")...)
			var mu sync.Mutex
			minute, used := time.Time{}, 0
			limit := loadtest.TooMany("").Repeat(-1)
			limit.Match = func(r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/token") {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				if now := w.clock.Now().Truncate(time.Minute); !now.Equal(minute) {
					minute, used = now, 0
				}
				used++
				return used > 25
			}
			w.Inject(limit)
			w.must(w.night())
			if got := w.count("created", ""); got != 60 {
				t.Errorf("created %d, want 60", got)
			}
		})
	}
}
