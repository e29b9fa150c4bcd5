package extract_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// larger matches a list's calls for more than so many rows.
func larger(endpoint string, than int) func(*http.Request) bool {
	on := drchronotest.On(endpoint)
	return func(r *http.Request) bool { return on(r) && atoi(r.URL.Query().Get("page_size")) > than }
}

// A list that fails for as long as its pages are large is read in smaller ones
// (drchrono-facts, section 9).
func TestLargePagesFail(t *testing.T) {
	for _, cursor := range []bool{false, true} {
		w := newWorld(t, newPractice(), bothStyles(cursor))
		w.vendor.Inject(drchronotest.Status(larger("patients", 25), -1, 502, ""))
		w.good("patients", "doctors")
		w.same("patients", "last_name")
		c := w.cursor("patients")
		if want := (len(w.ids("patients")) + 24) / 25; c.Page != want || c.Watermark != w.newest("patients") || !strings.Contains(c.Note, "pages of 25") {
			t.Errorf("%d pages, watermark %q, note %q; want %d pages of 25 that count as a whole read, and why", c.Page, c.Watermark, c.Note, want)
		}
		w.vendor.ClearFaults()
		w.good("patients")
		if c := w.cursor("patients"); c.Note != "" {
			t.Errorf("note %q once large pages come", c.Note)
		}
	}
}

// A page in the midst of a list that fails in two runs is read with smaller
// ones from the start, since a next is never built.
func TestALargePageFailsInTheMidst(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	second := isPage("patients", 2)
	w.vendor.Inject(drchronotest.Status(func(r *http.Request) bool { return second(r) && larger("patients", 25)(r) }, -1, 502, ""))
	if err := w.night("patients"); err == nil {
		t.Fatal("a page that fails is no error")
	}
	if c := w.cursor("patients"); c.Page != 1 || c.Next == "" {
		t.Fatalf("cursor %+v, want it to stay after page 1", c)
	}
	w.good("patients")
	w.same("patients", "last_name")
}

// A place that fails in pages of half the size too is read in ever smaller
// ones, half of what failed in each run.
func TestAPlaceFailsInSmallerPagesToo(t *testing.T) {
	w := newWorld(t, drchronotest.NewPractice(7, drchronotest.Size{Patients: 60}.Raised(), firstDay))
	w.vendor.Inject(drchronotest.Status(func(r *http.Request) bool { return larger("patients", 12)(r) && shows("patients", 55)(r) }, -1, 502, ""))
	for _, want := range []struct {
		page int
		size string
	}{{1, "page_size=50"}, {2, "page_size=25"}} {
		if err := w.night("patients"); err == nil {
			t.Fatal("a page that fails is no error")
		}
		if c := w.cursor("patients"); c.Page != want.page || !strings.Contains(c.Next, want.size) {
			t.Fatalf("cursor %+v, want it to stay after page %d of %s", c, want.page, want.size)
		}
	}
	w.good("patients")
	w.same("patients", "last_name")
	if c := w.cursor("patients"); !strings.Contains(c.Note, "pages of 12") {
		t.Errorf("note %q, want it to name the size", c.Note)
	}
}

// shows matches a list's calls for the page with the row of that index.
func shows(endpoint string, row int) func(*http.Request) bool {
	on := drchronotest.On(endpoint)
	return func(r *http.Request) bool {
		return on(r) && isPage(endpoint, row/atoi(r.URL.Query().Get("page_size"))+1)(r)
	}
}

// The start of a later variant is such a place.
func TestALaterVariantFailsInSmallerPagesToo(t *testing.T) {
	w := newWorld(t, newPractice())
	w.vendor.Inject(drchronotest.Status(func(r *http.Request) bool {
		return larger("insurances", 62)(r) && r.URL.Query().Get("payer_type") == "gateway"
	}, -1, 502, ""))
	for range 2 {
		if err := w.night("insurances"); err == nil {
			t.Fatal("a start that fails is no error")
		}
	}
	w.good("insurances")
	if c := w.cursor("insurances"); c.State != etl.StreamDrained || !strings.Contains(c.Note, "pages of 62") {
		t.Errorf("state %s, note %q; want it drained in pages of 62", c.State, c.Note)
	}
}

// Where everything fails, no place is lost, and the size of one list alone is
// tried.
func TestAnOutageKeepsThePlace(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.vendor.Inject(drchronotest.BrokenJSON(isPage("patients", 2), 5))
	if err := w.night("patients"); err == nil {
		t.Fatal("a broken page is no error")
	}
	want := w.cursor("patients")
	w.vendor.Inject(drchronotest.Status(nil, -1, 503, ""))
	before := w.asked
	if err := w.night("patients", "doctors", "medications"); err == nil {
		t.Fatal("an outage is no error")
	}
	if got, want := w.asked-before, 5*5; got != want {
		t.Errorf("%d calls, want %d: five for each list, and five for each smaller size of the first", got, want)
	}
	got := w.cursor("patients")
	if diff := cmp.Diff([]any{want.Next, want.Page, want.Rows, etl.StreamFailed}, []any{got.Next, got.Page, got.Rows, got.State}); diff != "" {
		t.Errorf("the place (-before +after the outage):\n%s", diff)
	}
	w.vendor.ClearFaults()
	w.good("patients")
	w.same("patients", "last_name")
}
