package extract_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A list by since that took more than an hour may have lost a record to a
// deletion, of which no answer tells: the note says so, and what helps.
func TestADrainThatTookLong(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages, offersBulk)
	rewind := func(endpoint string) string {
		_, after, _ := strings.Cut(w.cursor(endpoint).Note, "`chartbridge state rewind "+endpoint+" --to ")
		to, _, _ := strings.Cut(after, "`")
		return to
	}
	w.before = func(int, *http.Request) { w.clock.pass(25 * time.Minute) }
	w.good("patients", "medications", "lab_orders")
	if got := rewind("patients"); got != "2000-01-01" {
		t.Errorf("a first load notes %q, want it to name a rewind to the beginning", w.cursor("patients").Note)
	}
	for _, endpoint := range []string{"medications", "lab_orders"} {
		if c := w.cursor(endpoint); strings.Contains(c.Note, "took") {
			t.Errorf("%s, in full or of one page, notes %q after %d pages", endpoint, c.Note, c.Page)
		}
	}
	for _, id := range w.held("patients", "id") {
		w.change("patients", id, map[string]any{"city": "Newtown"})
	}
	w.good("patients")
	if c := w.cursor("patients"); rewind("patients") != c.Since || c.Since == "" {
		t.Errorf("a later drain notes %q, want it to name a rewind to %s", c.Note, c.Since)
	}
	w.before = nil
	w.good("patients")
	if c := w.cursor("patients"); c.Note != "" || c.Page < 2 {
		t.Errorf("a drain of minutes notes %q after %d pages", c.Note, c.Page)
	}
}

// Where the server tells no clock, ours says how long it took. A bulk list has
// its totals.
func TestADrainThatTookLongByOurClock(t *testing.T) {
	for bulk, pause := range map[bool]time.Duration{false: 25 * time.Minute, true: 6 * time.Minute} {
		w := newWorld(t, newPractice(), func(o *drchronotest.Options) {
			o.Bulk, o.MaxPage = true, map[string]int{"patients": 12, "patients_list": 12}
		})
		if bulk {
			w.bulk()
		}
		w.vendor.Inject(silent())
		w.before = func(int, *http.Request) { w.clock.pass(pause) }
		w.good("patients")
		if c := w.cursor("patients"); strings.Contains(c.Note, "it took ") == bulk || c.Page < 2 || bulk != (len(w.calls("patients")) == 0) {
			t.Errorf("bulk %v: a drain of %d pages notes %q", bulk, c.Page, c.Note)
		}
	}
}
