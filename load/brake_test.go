package load_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/load/rethink"
)

// refusing posts of every nth record that it was refused.
func refusing(vendor *loadtest.Rethink, records, nth int) {
	var faults []loadtest.CallbackFault
	for n := range records {
		fault := loadtest.CallbackFault(func(*loadtest.Callback) {})
		if n%nth == 0 {
			fault = loadtest.RefusingCallback("zipCode: Dashes are not supported")
		}
		faults = append(faults, fault)
	}
	vendor.InjectCallback(faults...)
}

// keepOnly takes callbacks in and leaves them to the run, as its own receiver
// does.
func (w *world) keepOnly() {
	w.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := w.store.TakeCallback(context.Background(), rethink.Name, r.Header.Get(rethink.CallbackType),
			r.Header.Get(rethink.CallbackTransaction), body, w.clock.Now()); err != nil {
			w.Error(err)
		}
	}))
	w.Cleanup(server.Close)
	vendorOf(w).SetAsync(true, server.URL)
}

// TestSendingTellsHowManyAreDue to who looks at the screen.
func TestSendingTellsHowManyAreDue(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy"), patient(2, "Troy"), patient(3, "Troy"))
	told := ""
	w.must(w.night(func(s *load.Stage) {
		s.OnSent = func(destination, object string, sent, due int) {
			told = fmt.Sprintf("%s %s %d of %d", destination, object, sent, due)
		}
	}))
	if want := "rethink client 3 of 3"; told != want {
		t.Errorf("at last it told %q, want %q", told, want)
	}
}

// TestBrakeOnCallbacks: what is refused by callback counts like what is refused
// at once, whoever takes the callbacks in; the rest of the pass is held.
func TestBrakeOnCallbacks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		own    bool // the run's own process collects them
		nth    int  // every nth is refused
		braked bool
	}{
		{"all, taken in by the daemon", false, 1, true},
		{"all, taken in by the run", true, 1, true},
		{"a quarter", false, 4, true},
		{"a tenth", false, 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, rethinkAnswering(true, callbackWait))
			if tt.own {
				w.keepOnly()
			}
			w.put("patients", patients(1, 150, "Troy")...)
			refusing(vendorOf(w), 150, tt.nth)
			err := w.night()
			sent := len(w.writes(0))
			if got := errors.Is(err, load.ErrBrake); got != tt.braked {
				t.Fatalf("got %v after %d writes, want the brake: %v", err, sent, tt.braked)
			}
			if !tt.braked {
				if sent != 150 {
					t.Errorf("sent %d, want all 150", sent)
				}
				return
			}
			if sent < 50 || sent > 50+32 {
				t.Errorf("sent %d, want little more than 50", sent)
			}
			if rejected, rest := w.count("rejected", "format"), w.count("held", "brake"); rejected != (sent+tt.nth-1)/tt.nth || rest != 150-sent {
				t.Errorf("rejected %d and held %d after %d writes", rejected, rest, sent)
			}
			w.must(w.night())
			if more := len(w.writes(0)) - sent; more > 0 {
				t.Errorf("not released: %d writes left", more)
			}
		})
	}
}

// TestBrakeWaitsInVainOnce: where no callback comes for one object, no other
// waits for them in the same run.
func TestBrakeWaitsInVainOnce(t *testing.T) {
	w := newWorld(t, rethinkAnswering(true, callbackWait))
	var doctors, users []string
	for id := 1; id <= 100; id++ {
		row, user := doctor(id)
		doctors, users = append(doctors, row), append(users, user)
	}
	w.put("doctors", doctors...)
	w.put("users", users...)
	w.put("patients", patients(1, 100, "Troy")...)
	vendorOf(w).InjectCallback(slices.Repeat([]loadtest.CallbackFault{loadtest.LoseCallback()}, 200)...)
	clock := &waitingClock{Clock: w.clock, sending: func() bool { return len(w.writes(0)) < 200 }}
	w.must(w.night(func(s *load.Stage) { s.Clock = clock }))
	if sent := len(w.writes(0)); sent != 200 || clock.waited != 30*time.Second {
		t.Errorf("sent %d and waited %v between them, want 200 and half a minute once", sent, clock.waited)
	}
}

// A waitingClock adds up how long a run waited while it still had to send.
type waitingClock struct {
	etl.Clock
	sending func() bool
	waited  time.Duration
}

func (c *waitingClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.sending() {
		c.waited += d
	}
	return c.Clock.Sleep(ctx, d)
}

// TestBrakeWaitsInVain: where no callback comes, the line goes on after a short
// while, and nothing is braked.
func TestBrakeWaitsInVain(t *testing.T) {
	w := newWorld(t, rethinkAnswering(true, callbackWait))
	w.put("patients", patients(1, 100, "Troy")...)
	var lost []loadtest.CallbackFault
	for range 100 {
		lost = append(lost, loadtest.LoseCallback())
	}
	vendorOf(w).InjectCallback(lost...)
	w.must(w.night())
	if sent := len(w.writes(0)); sent != 100 {
		t.Errorf("sent %d, want all 100", sent)
	}
}
