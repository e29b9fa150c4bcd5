package extract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/google/go-cmp/cmp"
)

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// killed are the streams of the kill tests: by stamp, without a stamp, in
// full, and in variants, with pages so small that each has several.
var killed = []struct{ endpoint, key string }{
	{"patients", "id"}, {"clinical_notes", "appointment"}, {"medications", "id"}, {"insurances", "payer_id"},
}

func smallPages(o *drchronotest.Options) {
	o.MaxPage = map[string]int{"patients": 12, "clinical_notes": 2, "medications": 8, "insurances": 4}
}

func killedNames() (names []string) {
	for _, k := range killed {
		names = append(names, k.endpoint)
	}
	return names
}

var errKilled = errors.New("killed")

// dying is a store whose process dies at the n-th page: the page was read and
// never committed.
type dying struct {
	*sql.Store
	left *int
}

func (d dying) StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error) {
	if *d.left--; *d.left == 0 {
		return c, errKilled
	}
	return d.Store.StagePage(ctx, run, c, rows, full)
}

// killAt runs one night that dies in one of three ways at the n-th page, and
// reports whether it died.
func killAt(w *world, way string, n int) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch way {
	case "before the commit":
		left := n
		w.stage.Store = dying{w.store, &left}
	case "after the commit":
		w.stage.OnPage = func(etl.Cursor) {
			if n--; n == 0 {
				cancel()
			}
		}
	case "in the request":
		w.before = func(k int, _ *http.Request) {
			if k == n {
				cancel()
			}
		}
	}
	err := w.nightIn(ctx, killedNames()...)
	w.before = nil
	return err != nil
}

func TestKilledAtEveryPage(t *testing.T) {
	practice := newPractice()
	whole := newWorld(t, practice, smallPages)
	whole.good(killedNames()...)
	pages := len(whole.calls(""))
	if pages < 10 {
		t.Fatalf("a whole night has %d pages, too few to show anything", pages)
	}
	for _, way := range []string{"before the commit", "after the commit", "in the request"} {
		for _, cursor := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, cursor %v", way, cursor), func(t *testing.T) {
				t.Parallel()
				for n := 1; n <= pages; n++ {
					killedOnce(t, practice, whole, way, cursor, n, pages)
				}
			})
		}
	}
}

func killedOnce(t *testing.T, p *drchronotest.Practice, whole *world, way string, cursor bool, n, pages int) {
	t.Helper()
	w := newWorld(t, p, smallPages, func(o *drchronotest.Options) { o.Cursor = cursor })
	if !killAt(w, way, n) && !(way == "after the commit" && n == pages) {
		t.Fatalf("page %d: the night did not die", n)
	}
	w.reopen()
	w.good(unfinished(w)...)
	if got := len(w.calls("")); got > pages+1 {
		t.Errorf("page %d: %d calls in all, want at most %d and one repeated", n, got, pages)
	}
	for _, k := range killed {
		if diff := cmp.Diff(whole.ids(k.endpoint), w.ids(k.endpoint)); diff != "" {
			t.Errorf("page %d: %s staged (-whole +killed):\n%s", n, k.endpoint, diff)
		}
		if c, want := w.cursor(k.endpoint), whole.cursor(k.endpoint); c.State != etl.StreamDrained || c.Rows != want.Rows {
			t.Errorf("page %d: %s is %s with %d rows, want drained with %d", n, k.endpoint, c.State, c.Rows, want.Rows)
		}
	}
}

// unfinished are the streams that the next run has still to read. It begins
// with the drained ones too, but their calls are not repeated calls.
func unfinished(w *world) (names []string) {
	for _, name := range killedNames() {
		if w.cursor(name).State != etl.StreamDrained {
			names = append(names, name)
		}
	}
	return names
}

func TestKilledNightHoldsAll(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	killAt(w, "after the commit", 2)
	w.reopen()
	w.good(killedNames()...)
	for _, k := range killed[:3] {
		if diff := cmp.Diff(w.held(k.endpoint, k.key), w.ids(k.endpoint)); diff != "" {
			t.Errorf("%s (-vendor +staged):\n%s", k.endpoint, diff)
		}
	}
}

// A saved next that the server has forgotten costs one call and begins the
// window again, once; one that the config's new base_url makes foreign costs
// none.
func TestForgottenNext(t *testing.T) {
	for _, next := range []string{"/api/patients?page=77", "http://elsewhere.test/api/patients?page=2"} {
		w := newWorld(t, newPractice(), smallPages)
		c := etl.Cursor{Endpoint: "patients", Lane: extract.Nightly, State: etl.StreamOpen, Next: next, Page: 1, Rows: 12}
		if next[0] == '/' {
			c.Next = w.web.URL + next
		}
		if err := w.store.PutCursor(context.Background(), w.run, c); err != nil {
			t.Fatal(err)
		}
		w.good("patients")
		if diff := cmp.Diff(w.held("patients", "id"), w.ids("patients")); diff != "" {
			t.Errorf("%s (-vendor +staged):\n%s", next, diff)
		}
	}
}

// A variant that is refused for good fails its stream; it does not send the
// drain round in a circle.
func TestRefusedVariant(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.vendor.Inject(drchronotest.Status(func(r *http.Request) bool { return r.URL.Query().Get("payer_type") == "gateway" }, -1, 400, `{}`))
	for range 2 {
		before := len(w.calls(""))
		if err := w.night("insurances"); err == nil {
			t.Fatal("no error for a refused variant")
		}
		if got := len(w.calls("")) - before; got > 5 {
			t.Errorf("%d calls for a refused variant, want at most 5", got)
		}
	}
}
