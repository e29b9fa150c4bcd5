package extract_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// filled are the endpoints of the backfill tests: by days, by days without a
// stamp, since a day, in full, in full by variants.
var filled = []string{"patients", "medications", "insurances", "appointments", "clinical_notes"}

var (
	yearFrom = time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC)
	yearTo   = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) // visits to come are among them
)

func yearWindows(newest bool) []extract.Window {
	return extract.Windows("b1", yearFrom, yearTo, filled, newest, nil)
}

func backfillPages(o *drchronotest.Options) {
	smallPages(o)
	o.MaxPage["appointments"] = 25
}

// backfill is a job of the windows that are not read yet, as a new process
// makes it.
func (w *world) backfill(windows []extract.Window) *extract.Backfill {
	w.t.Helper()
	b := &extract.Backfill{Stage: w.stage, Run: etl.Run{ID: "b1", At: w.clock.Now()}}
	for _, window := range windows {
		if c := w.laneOf(window); c.State != etl.StreamDrained {
			b.Windows = append(b.Windows, window)
		}
	}
	return b
}

func (w *world) laneOf(window extract.Window) etl.Cursor {
	w.t.Helper()
	c, err := w.store.Cursor(context.Background(), window.Endpoint, window.Lane)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) goodBackfill(windows []extract.Window) {
	w.t.Helper()
	if err := w.backfill(windows).Do(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// A backfill stages what the vendor holds, in either order, and leaves the
// nightly's lane as it is.
func TestBackfillStagesAll(t *testing.T) {
	for _, newest := range []bool{true, false} {
		w := newWorld(t, newPractice(), backfillPages)
		w.good("patients")
		before := w.cursor("patients")
		w.goodBackfill(yearWindows(newest))
		for _, k := range append(killed[:3:3], struct{ endpoint, key string }{"appointments", "id"}) {
			if k.endpoint == "patients" {
				continue // drained since a day: the nightly has them all
			}
			if diff := cmp.Diff(w.held(k.endpoint, k.key), w.ids(k.endpoint)); diff != "" {
				t.Errorf("newest %v: %s (-vendor +staged):\n%s", newest, k.endpoint, diff)
			}
		}
		if diff := cmp.Diff(before, w.cursor("patients")); diff != "" {
			t.Errorf("the nightly's cursor moved:\n%s", diff)
		}
		if c := w.cursor("appointments"); c.State != etl.StreamNew {
			t.Errorf("the nightly's appointments are %s, want new", c.State)
		}
		for _, call := range w.calls("appointments") {
			if !strings.Contains(call.Query, "date_range=") || !strings.Contains(call.Query, "show_archived=true") {
				t.Errorf("appointments were asked for with %q", call.Query)
			}
		}
	}
}

func TestBackfillKilledAtEveryPage(t *testing.T) {
	practice := newPractice()
	whole := newWorld(t, practice, backfillPages)
	whole.goodBackfill(yearWindows(true))
	pages := len(whole.calls(""))
	if pages < 20 {
		t.Fatalf("a whole backfill has %d pages, too few to show anything", pages)
	}
	for _, way := range []string{"before the commit", "after the commit", "in the request"} {
		for _, every := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s, every %d", way, every), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, practice, backfillPages)
				kills := 0
				for ; killBackfill(w, way, every); kills++ {
					if kills > 3*pages {
						t.Fatal("it never ends")
					}
					w.reopen()
				}
				if got := len(w.calls("")); kills == 0 || got > pages+kills {
					t.Errorf("%d calls after %d kills, want at most %d and one repeated a kill", got, kills, pages)
				}
				for _, name := range filled {
					if diff := cmp.Diff(whole.ids(name), w.ids(name)); diff != "" {
						t.Errorf("%s staged (-whole +killed):\n%s", name, diff)
					}
				}
			})
		}
	}
}

// killBackfill goes on with a backfill and dies at its n-th page; the first
// page of all is let through, so that each life gets on.
func killBackfill(w *world, way string, n int) (died bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := w.backfill(yearWindows(true))
	left := n + 1
	if way == "after the commit" {
		left = n
	}
	switch way {
	case "before the commit":
		w.stage.Store = dying{w.store, &left}
	case "after the commit":
		w.stage.OnPage = func(etl.Cursor) {
			if left--; left == 0 {
				cancel()
			}
		}
	case "in the request":
		w.before = func(int, *http.Request) {
			if left--; left == 0 {
				cancel()
			}
		}
	}
	err := b.Do(ctx)
	w.before = nil
	return err != nil
}

// A stop that comes while a page is on its way still stages that page.
func TestBackfillStopsAfterThePageInHand(t *testing.T) {
	w := newWorld(t, newPractice(), backfillPages)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := w.backfill(yearWindows(true))
	b.Stage.Clock = still{w.clock} // the grace does not run out
	w.before = func(n int, _ *http.Request) {
		if n == 3 {
			cancel()
		}
	}
	if err := b.Do(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped backfill: %v, want the context's error", err)
	}
	if got := len(w.calls("")); got != 3 {
		t.Errorf("%d calls, want none after the one in hand", got)
	}
	pages := 0
	for _, window := range yearWindows(true) {
		pages += w.laneOf(window).Page
	}
	if pages != 3 {
		t.Errorf("%d pages are staged, want 3", pages)
	}
}

// still is a clock on which nothing that sleeps wakes up by itself.
type still struct{ etl.Clock }

func (still) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// While a nightly wants the stream, the backfill lets go of it after the page
// in hand, and goes on from the next page when it has it again.
func TestBackfillYields(t *testing.T) {
	w := newWorld(t, newPractice(), backfillPages)
	windows := extract.Windows("b1", yearFrom, yearTo, []string{"appointments"}, true, nil)
	b := w.backfill(windows)
	var order []string
	wanted := false
	w.stage.OnPage = func(c etl.Cursor) {
		order = append(order, "page")
		wanted = len(order) == 3 // "held", "page", "page"
	}
	b.Wanted = func(context.Context, string) (bool, error) { return wanted, nil }
	w.stage.Hold = func(_ context.Context, endpoint string) (func(), error) {
		if wanted {
			order, wanted = append(order, "nightly"), false
		}
		order = append(order, "held")
		return func() { order = append(order, "released") }, nil
	}
	if err := b.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order[:7], " "), "held page page released nightly held page"; got != want {
		t.Errorf("it went %q, want %q", got, want)
	}
	urls := map[string]int{}
	for _, c := range w.calls("appointments") {
		if urls[c.Query]++; urls[c.Query] > 1 {
			t.Errorf("a page was read twice: %s", c.Query)
		}
	}
	if diff := cmp.Diff(w.held("appointments", "id"), w.ids("appointments")); diff != "" {
		t.Errorf("appointments (-vendor +staged):\n%s", diff)
	}
}

// out is a pager that has no calls left every so often.
type out struct {
	extract.Pager
	clock *clock
	every int
	n     *int
}

func (o out) Pages(ctx context.Context, endpoint, start string) iter.Seq2[drchrono.Page, error] {
	return func(yield func(drchrono.Page, error) bool) {
		for page, err := range o.Pager.Pages(ctx, endpoint, start) {
			if *o.n++; *o.n%o.every == 0 {
				yield(drchrono.Page{}, &drchrono.QuotaError{Until: o.clock.Now().Add(time.Hour)})
				return
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func TestBackfillAtTheQuota(t *testing.T) {
	held := 0
	w := newWorld(t, newPractice(), backfillPages)
	n, waits := 0, 0
	w.stage.Pager = out{w.stage.Pager, w.clock, 4, &n}
	w.stage.Hold = func(context.Context, string) (func(), error) { held++; return func() { held-- }, nil }
	b := w.backfill(yearWindows(true))
	b.Stop = true
	var quota *drchrono.QuotaError
	if err := b.Do(context.Background()); !errors.As(err, &quota) {
		t.Fatalf("told to stop: %v, want a *QuotaError", err)
	}
	b = w.backfill(yearWindows(true))
	b.OnWait = func(time.Time) {
		if waits++; held != 0 {
			t.Errorf("%d streams are held while it waits", held)
		}
	}
	if err := b.Do(context.Background()); err != nil || waits == 0 {
		t.Fatalf("told to wait: %v after %d waits", err, waits)
	}
	if diff := cmp.Diff(w.held("appointments", "id"), w.ids("appointments")); diff != "" {
		t.Errorf("appointments (-vendor +staged):\n%s", diff)
	}
}
