package extract_test

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

func offersBulk(o *drchronotest.Options) { o.Bulk = true }

// bulk lets the stage read bulk lists too, as `bulk: auto` does.
func (w *world) bulk() {
	w.t.Helper()
	b, ok := w.stage.Pager.(extract.Bulker)
	if !ok {
		w.t.Fatal("the client reads no bulk lists")
	}
	w.stage.Bulk = b
}

// smallBulk are bulk lists so small that the visits of newPractice fill several.
func smallBulk(o *drchronotest.Options) {
	o.Bulk, o.MaxPage = true, map[string]int{"appointments_list": 60}
}

// busy is a practice of several bulk pages.
func busy() *drchronotest.Practice {
	return drchronotest.NewPractice(7, drchronotest.Size{Patients: 40, Staff: 8, Appointments: 2200}, firstDay)
}

func TestBulkFirstLoad(t *testing.T) {
	practice := busy()
	plain, w := newWorld(t, practice), newWorld(t, practice, offersBulk)
	plain.good("appointments")
	w.bulk()
	w.good("appointments")
	if diff := cmp.Diff(plain.ids("appointments"), w.ids("appointments")); diff != "" {
		t.Errorf("(-plain +bulk):\n%s", diff)
	}
	c, want := w.cursor("appointments"), plain.cursor("appointments")
	if c.State != etl.StreamDrained || c.Watermark != want.Watermark || c.Page != 3 {
		t.Errorf("cursor %+v, want drained in 3 pages with watermark %s", c, want.Watermark)
	}
	if got := len(w.calls("appointments")); got != 0 {
		t.Errorf("%d calls to the plain list, want none", got)
	}
	before := len(plain.calls("appointments"))
	for _, x := range []*world{plain, w} {
		x.clock.pass(24 * time.Hour)
		x.good("appointments")
	}
	if got, want := len(w.calls("appointments")), len(plain.calls("appointments"))-before; got != want {
		t.Errorf("%d calls to the plain list in a quiet night, want %d: the first load's size foretells nothing", got, want)
	}
	if c := w.cursor("appointments"); c.Changed != 0 {
		t.Errorf("%d rows changed between a bulk and a plain list, want none", c.Changed)
	}
}

// A night that is expected to be as large as the last one is read by what
// costs fewer calls.
func TestBulkPays(t *testing.T) {
	tests := []struct {
		rows int
		bulk bool
	}{{0, false}, {150, false}, {151, true}, {5000, true}} // patients: 50 rows a page, 3 calls for 1000 rows in bulk
	for _, tt := range tests {
		w := newWorld(t, newPractice(), offersBulk)
		w.bulk()
		c := etl.Cursor{Endpoint: "patients", Lane: extract.Nightly, State: etl.StreamDrained, Watermark: "2026-03-01T00:00:00", Since: "2026-02-27T00:00:00", Rows: tt.rows}
		if err := w.store.PutCursor(context.Background(), w.run, c); err != nil {
			t.Fatal(err)
		}
		w.good("patients")
		if got := len(w.calls("patients_list")) > 0; got != tt.bulk {
			t.Errorf("%d rows expected: read in bulk %v, want %v", tt.rows, got, tt.bulk)
		}
		if tt.bulk && !slices.ContainsFunc(w.calls("patients_list"), func(c drchronotest.Call) bool {
			return strings.Contains(c.Query, "since=2026-02-27&") && strings.Contains(c.Query, "page_size=1000") && strings.Contains(c.Query, "show_inactive=true")
		}) {
			t.Errorf("the bulk list is asked %v, want since as a date, all filters and 1000 rows a page", w.calls("patients_list"))
		}
	}
}

// Where the bulk list is refused, the plain list is read, in the same run.
func TestBulkRefused(t *testing.T) {
	w := newWorld(t, newPractice())
	w.bulk()
	w.good("patients", "appointments")
	w.same("patients", "last_name")
	if got := len(w.calls("patients_list")); got != 1 {
		t.Errorf("%d calls to the bulk list that is refused, want 1", got)
	}
}

// Where bulk lists fail at the vendor, the plain list is read, in the same run.
func TestBulkFails(t *testing.T) {
	for name, fault := range map[string]drchronotest.Fault{
		"the order":       drchronotest.Status(drchronotest.On("patients_list"), -1, 500, `{"status":"Failed"}`),
		"no uuid":         drchronotest.Status(drchronotest.On("patients_list"), -1, 201, `{"status":"In progress"}`),
		"an odd status":   drchronotest.Status(drchronotest.On("patients_list"), -1, 200, `{"status":"Lost","uuid":"a-1"}`),
		"never completes": drchronotest.Status(drchronotest.On("patients_list"), -1, 200, `{"status":"In progress","uuid":"a-1"}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newPractice(), offersBulk)
			w.bulk()
			w.vendor.Inject(fault)
			w.good("patients")
			w.same("patients", "last_name")
		})
	}
}

// A kill between two bulk pages repeats none; the open drain of a config that
// then switches bulk lists off begins anew as a plain one.
func TestBulkGoesOn(t *testing.T) {
	practice := newPractice()
	for _, off := range []bool{false, true} {
		w := newWorld(t, practice, smallBulk)
		w.bulk()
		ctx, cancel := context.WithCancel(context.Background())
		w.stage.OnPage = func(c etl.Cursor) { cancel() }
		if err := w.nightIn(ctx, "appointments"); err == nil {
			t.Fatal("the night did not die")
		}
		w.reopen()
		if !off {
			w.bulk()
		}
		w.good("appointments")
		orders := 0
		for _, c := range w.calls("appointments_list") {
			if c.Method == "POST" {
				orders++
			}
		}
		if want := map[bool]int{false: 3, true: 1}[off]; orders != want {
			t.Errorf("bulk off %v: %d orders, want %d", off, orders, want)
		}
		if got, want := len(w.ids("appointments")), len(w.held("appointments", "id")); got != want {
			t.Errorf("bulk off %v: %d visits are staged, want %d", off, got, want)
		}
	}
}

// lossy is a bulk list that lets a row slip through between its pages.
type lossy struct{ extract.Bulker }

func (l lossy) Bulk(ctx context.Context, endpoint, query string, ordered func(string, time.Time) error) (iter.Seq2[drchrono.Page, error], error) {
	pages, err := l.Bulker.Bulk(ctx, endpoint, query, ordered)
	if err != nil {
		return nil, err
	}
	return func(yield func(drchrono.Page, error) bool) {
		for page, err := range pages {
			if len(page.Rows) > 0 && page.Next == "" {
				page.Rows = page.Rows[1:]
			}
			if !yield(page, err) {
				return
			}
		}
	}, nil
}

// torn is a lossy list of two pages, the first of which cannot be read.
type torn struct{ extract.Bulker }

func (l torn) Bulk(ctx context.Context, endpoint, query string, ordered func(string, time.Time) error) (iter.Seq2[drchrono.Page, error], error) {
	pages, err := lossy(l).Bulk(ctx, endpoint, query, ordered)
	if err != nil {
		return nil, err
	}
	return func(yield func(drchrono.Page, error) bool) {
		for page, err := range pages {
			first := page
			first.Rows, first.Next, first.Count = []drchrono.Row{{Raw: []byte("7")}}, "page=2", 0
			page.Rows = page.Rows[1:]
			if !yield(first, err) || !yield(page, err) {
				return
			}
		}
	}, nil
}

// What a stream has to say besides is not lost.
func TestBulkShortAndUnreadable(t *testing.T) {
	w := newWorld(t, busy(), offersBulk)
	w.bulk()
	w.stage.Bulk = torn{w.stage.Bulk}
	w.good("appointments")
	if c := w.cursor("appointments"); !strings.Contains(c.Note, "brought") || !strings.Contains(c.Note, "cannot be read") {
		t.Errorf("note %q; want both told", c.Note)
	}
}

// The count of a bulk list is held against the rows that came.
func TestBulkShort(t *testing.T) {
	w := newWorld(t, busy(), offersBulk)
	w.bulk()
	good := w.stage.Bulk
	w.stage.Bulk = lossy{good}
	w.good("appointments")
	if c := w.cursor("appointments"); c.Watermark != "" || !strings.Contains(c.Note, "brought") {
		t.Errorf("watermark %q, note %q; want it to stay and say why", c.Watermark, c.Note)
	}
	w.stage.Bulk = good
	w.good("appointments")
	if got, want := len(w.ids("appointments")), len(w.held("appointments", "id")); got != want {
		t.Errorf("%d visits are staged after the next run, want %d", got, want)
	}
	if c := w.cursor("appointments"); c.Watermark == "" {
		t.Error("the watermark stays after a whole list")
	}
}

// A kill at any call of a bulk list, an order or a look at it, repeats that
// call and no other.
func TestBulkKilledAtEveryCall(t *testing.T) {
	practice := newPractice()
	whole := newWorld(t, practice, smallBulk)
	whole.bulk()
	whole.good("appointments")
	calls := len(whole.calls("appointments_list"))
	if calls < 9 {
		t.Fatalf("a whole bulk list has %d calls, too few to show anything", calls)
	}
	for n := 1; n <= calls; n++ {
		w := newWorld(t, practice, smallBulk)
		w.bulk()
		ctx, cancel := context.WithCancel(context.Background())
		w.before = func(k int, _ *http.Request) {
			if k == n {
				cancel()
			}
		}
		if err := w.nightIn(ctx, "appointments"); err == nil {
			t.Fatalf("call %d: the night did not die", n)
		}
		cancel()
		w.before = nil
		w.reopen()
		w.bulk()
		w.good("appointments")
		if got := len(w.calls("appointments_list")); got > calls+1 {
			t.Errorf("killed at call %d: %d calls in all, want at most %d and one repeated", n, got, calls)
		}
		if diff := cmp.Diff(whole.ids("appointments"), w.ids("appointments")); diff != "" {
			t.Errorf("killed at call %d (-whole +killed):\n%s", n, diff)
		}
	}
}
