package extract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// What moves on while a window is read may push others past it: no later run
// reads those days again, so the window is.
func TestBackfillReadsAgainWhatMoved(t *testing.T) {
	w := newWorld(t, newPractice(), backfillPages)
	windows := extract.Windows("b1", dayOf("2026-01-01"), dayOf("2026-05-30"), []string{"appointments"}, true, nil)
	w.before = func(n int, _ *http.Request) {
		if n != 2 {
			return
		}
		for _, id := range w.ids("appointments")[:5] { // all of the first page
			w.change("appointments", id, map[string]any{"scheduled_time": "2026-05-20T09:00:00"})
		}
	}
	w.goodBackfill(windows)
	whole := newWorld(t, w.practice, backfillPages)
	whole.goodBackfill(windows)
	if diff := cmp.Diff(whole.ids("appointments"), w.ids("appointments")); diff != "" {
		t.Errorf("(-whole +moved):\n%s", diff)
	}
	if c := w.laneOf(windows[0]); c.Note != "" || len(w.calls("appointments")) != 2*c.Page {
		t.Errorf("%d calls for %d pages, note %q; want it read twice, in peace the second time", len(w.calls("appointments")), c.Page, c.Note)
	}
}

// Where a window is expected to be large it goes by the bulk list, with the
// same filters and the same records.
func TestBackfillByBulkLists(t *testing.T) {
	practice := busy()
	plain, w := newWorld(t, practice), newWorld(t, practice, offersBulk)
	windows := extract.Windows("b1", yearFrom, yearTo, []string{"appointments"}, false, nil)
	plain.goodBackfill(windows)
	for i := range windows {
		windows[i].Guess = 4000
	}
	w.bulk()
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		w.stage.OnPage = func(etl.Cursor) { cancel() }
		if w.backfill(windows).Do(ctx) == nil {
			break
		}
		w.reopen() // a new process after each page
		w.bulk()
		if n > 20 {
			t.Fatal("it never ends")
		}
	}
	if diff := cmp.Diff(plain.ids("appointments"), w.ids("appointments")); diff != "" {
		t.Errorf("(-plain +bulk):\n%s", diff)
	}
	for _, c := range w.calls("appointments_list") {
		if c.Method == http.MethodPost && !strings.Contains(c.Query, "date_range=") {
			t.Errorf("a bulk list was ordered with %q", c.Query)
		}
	}
	if got := len(w.calls("appointments")); got != 0 {
		t.Errorf("%d calls to the plain list, want none", got)
	}
}

// A full read of a backfill marks nothing as gone.
func TestBackfillMarksNothingGone(t *testing.T) {
	w := newWorld(t, newPractice(), backfillPages)
	w.good("medications")
	id := w.ids("medications")[0]
	w.practice.Delete("medications", id)
	for range 3 {
		for _, window := range extract.Windows(fmt.Sprint(w.runs), yearFrom, yearTo, []string{"medications"}, true, nil) {
			w.goodBackfill([]extract.Window{window})
		}
		w.runs++
	}
	if !slices.Contains(w.ids("medications"), id) {
		t.Error("a backfill marked a record as gone")
	}
}

// A window that is refused is passed over and told at the end; the others are
// read.
func TestBackfillPassesOver(t *testing.T) {
	w := newWorld(t, newPractice(), backfillPages)
	w.vendor.Inject(drchronotest.BrokenJSON(drchronotest.On("medications"), -1))
	err := w.backfill(yearWindows(true)).Do(context.Background())
	var streams *extract.StreamsError
	if !errors.As(err, &streams) || len(streams.Streams) != 1 || !strings.Contains(err.Error(), "medications in full") {
		t.Fatalf("%v, want the one window that failed", err)
	}
	w.vendor.ClearFaults()
	before := len(w.calls("appointments"))
	w.goodBackfill(yearWindows(true))
	if got := len(w.calls("appointments")); got != before {
		t.Errorf("%d calls for windows that were read", got-before)
	}
	if diff := cmp.Diff(w.held("medications", "id"), w.ids("medications")); diff != "" {
		t.Errorf("medications (-vendor +staged):\n%s", diff)
	}
}

// An endpoint that another will not let go of is passed over; the night goes
// on, and says so at its end.
func TestHeldStreamIsPassedOver(t *testing.T) {
	w := newWorld(t, newPractice())
	var released []string
	w.stage.Hold = func(_ context.Context, endpoint string) (func(), error) {
		if endpoint == "patients" {
			return nil, &extract.BusyError{Endpoint: endpoint, Err: errors.New("held by another")}
		}
		return func() { released = append(released, endpoint) }, nil
	}
	err := w.night("doctors", "patients", "offices")
	var busy *extract.BusyError
	if !errors.As(err, &busy) || !strings.Contains(err.Error(), "patients is being read by another") {
		t.Errorf("%v, want a *BusyError of patients", err)
	}
	if diff := cmp.Diff([]string{"doctors", "offices"}, released); diff != "" || len(w.calls("patients")) != 0 {
		t.Errorf("%d calls for patients; streams that were held and given back:\n%s", len(w.calls("patients")), diff)
	}
}

// Checks of eligibility are read by the days of the visits that they were made
// for, beside a nightly that reads them in full.
func TestBackfillOfEligibilityChecks(t *testing.T) {
	w := newWorld(t, newPractice())
	w.goodBackfill(extract.Windows("b1", dayOf("2025-09-01"), dayOf("2026-03-31"), []string{"eligibility_checks"}, true, nil))
	calls := w.calls("eligibility_checks")
	if len(calls) != 2 {
		t.Fatalf("%d calls, want one for each of two windows", len(calls))
	}
	for i, want := range []string{"appointment_date_range=2025-10-03%2F2026-03-31", "appointment_date_range=2025-09-01%2F2025-10-02"} {
		if got := calls[i].Query; !strings.Contains(got, want) {
			t.Errorf("call %d asked for %s, want %s", i+1, got, want)
		}
	}
	if got := len(w.ids("eligibility_checks")); got == 0 {
		t.Error("no check was staged")
	}
}
