package load_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestSoak drives many nights with changes, faults at any call and deaths at
// any commit, each from a seed. In the end everything is there, once, as the
// source has it.
func TestSoak(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 7))
			w := newWorld(t, rethinkAt(true))
			w.practice()
			w.must(w.night())
			for range 20 {
				w.changes(dice)
				w.Heal()
				w.trouble(dice)
				w.roughNight(dice)
				w.clock.Move(time.Duration(1+dice.IntN(90)) * time.Minute)
			}
			w.Heal()
			for range 3 {
				w.clock.Move(rested)
				w.must(w.night(func(s *load.Stage) { s.Released = true }))
			}
			w.arrived()
		})
	}
}

const soakPatients = 25

// changes adds or changes a few patients, and a visit.
func (w *world) changes(dice *rand.Rand) {
	w.Helper()
	for range 5 {
		id := 1 + dice.IntN(soakPatients)
		w.put("patients", patient(id, fmt.Sprint("Town ", dice.IntN(1000)), insurance("primary", fmt.Sprint("P", 1+dice.IntN(2)))))
		w.put("appointments", visit(100+id, id, 5, fmt.Sprintf("2026-03-%02dT%02d:00:00", id, dice.IntN(20))))
	}
}

// trouble lets calls fail now and then, each in one way.
func (w *world) trouble(dice *rand.Rand) {
	rough := dice.IntN(12) // of a hundred calls
	for _, fault := range []loadtest.Fault{loadtest.ResetBefore(), loadtest.ResetAfter(), loadtest.StatusAfter(500), loadtest.TruncateAfter(),
		loadtest.HTML200(), loadtest.Status(503, `{}`), loadtest.TooMany("1"), loadtest.TokenDeath()} {
		seed := dice.Uint64()
		own := rand.New(rand.NewPCG(seed, seed)) // the server matches one call at a time
		fault.Match = func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/api/") && own.IntN(100) < rough
		}
		w.Inject(fault.Repeat(-1))
	}
}

// roughNight is one that may be given up, or die at one of its commits.
func (w *world) roughNight(dice *rand.Rand) {
	w.Helper()
	store := &failingStore{left: 1000}
	if dice.IntN(3) == 0 {
		store.left = dice.IntN(6)
	}
	err := w.night(func(s *load.Stage) {
		store.Store = s.Store
		s.Store, s.Released = store, true
	})
	if err != nil && !errors.Is(err, errDisk) && !errors.Is(err, load.ErrGivenUp) {
		w.Fatal(err)
	}
	if store.failed.Load() {
		w.restart()
	}
}

// arrived holds that each record stands there once, as we map it.
func (w *world) arrived() {
	w.Helper()
	if open := w.number(`SELECT count(*) FROM target WHERE outcome <> 'unchanged'`); open > 0 {
		w.Errorf("%d records are not there in the end", open)
	}
	for _, object := range []string{"staff", "client", "appointment"} {
		theirs := vendorOf(w).Objects(object)
		if ours := w.number(`SELECT count(*) FROM target WHERE object = ?`, object); len(theirs) != ours {
			w.Errorf("they hold %d of %s, want %d", len(theirs), object, ours)
		}
		for _, o := range theirs {
			id, ok := o["clientExternalId"].(string)
			if ok && !strings.Contains(w.sent(id), fmt.Sprintf("%q", o["city"])) {
				w.Errorf("client %s: they hold another city than the source has", id)
			}
		}
	}
}

// sent is the source record of a patient, as staged.
func (w *world) sent(id string) string {
	w.Helper()
	list, err := w.store.ByID(w.ctx, "patients", []string{id})
	w.must(err)
	return string(list[0].Raw)
}
