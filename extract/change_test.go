package extract_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// same fails unless what is staged of an endpoint is what the vendor holds,
// by the members named.
func (w *world) same(endpoint string, members ...string) {
	w.t.Helper()
	staged := w.staged(endpoint)
	for _, row := range w.practice.Rows(endpoint) {
		id := text(row["id"])
		if strings.Trim(id, "0123456789") != "" {
			continue
		}
		src, ok := staged[id]
		if !ok {
			w.t.Errorf("%s %s is missing", endpoint, id)
			continue
		}
		got := object(w.t, src.Raw)
		for _, m := range members {
			if diff := cmp.Diff(text(row[m]), text(got[m])); diff != "" {
				w.t.Errorf("%s %s %s (-vendor +staged):\n%s", endpoint, id, m, diff)
			}
		}
	}
}

// between calls f once, after the first page of a list is read and before the
// second is answered.
func (w *world) between(f func()) {
	n := 0
	w.before = func(_ int, r *http.Request) {
		if n++; n == 2 {
			f()
		}
	}
}

// Rows that change on pages already read, while the rest is read, are not
// missed: the next run brings them.
func TestRowsChangeWhilePagesAreRead(t *testing.T) {
	for _, cursor := range []bool{false, true} {
		w := newWorld(t, newPractice(), smallPages, bothStyles(cursor))
		ids := w.held("patients", "id")
		w.between(func() {
			w.change("patients", ids[0], map[string]any{"city": "Newtown"})
			w.practice.Add("patients", map[string]any{"id": 1, "first_name": "Bo", "last_name": "Lin", "updated_at": w.clock.Now().Format(naiveLayout)})
		})
		w.good("patients")
		w.before = nil
		w.clock.pass(24 * time.Hour)
		w.good("patients")
		w.same("patients", "city", "last_name")
	}
}

// A drain that is interrupted for days ends with stamps of today. What changed
// in between on its first pages must still come.
func TestInterruptedForDays(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	ids := w.held("patients", "id")
	killAt(w, "after the commit", 1)
	w.stage.OnPage = nil
	w.clock.pass(24 * time.Hour)
	w.change("patients", ids[0], map[string]any{"city": "Oldtown"}) // on the page already read
	w.clock.pass(96 * time.Hour)
	w.change("patients", ids[len(ids)-1], map[string]any{"city": "Latetown"}) // on a page still to come
	w.good("patients")
	w.good("patients")
	w.same("patients", "city")
}

// visitsByTime are the vendor's visits in the order of the list.
func (w *world) visitsByTime() (visits []map[string]any) {
	for _, v := range w.practice.Rows("appointments") {
		if strings.Trim(text(v["id"]), "0123456789") == "" {
			visits = append(visits, v)
		}
	}
	slices.SortStableFunc(visits, func(a, b map[string]any) int {
		return strings.Compare(text(a["scheduled_time"]), text(b["scheduled_time"]))
	})
	return visits
}

// A visit that is moved to a later day while the list is read takes its place
// further down, and its neighbours move up by one: the first of the next page
// slips through behind us. The watermark then stays, and the next run reads
// the same window again.
func TestRowsMoveUpWhilePagesAreRead(t *testing.T) {
	w := newWorld(t, newPractice(), func(o *drchronotest.Options) { o.MaxPage = map[string]int{"appointments": 30} })
	visits := w.visitsByTime()
	slipped := text(visits[30]["id"])
	w.between(func() {
		w.change("appointments", text(visits[3]["id"]), map[string]any{"scheduled_time": "2031-01-01T09:00:00"})
	})
	w.good("appointments")
	w.before = nil
	if _, ok := w.staged("appointments")[slipped]; ok {
		t.Fatal("no row slipped through: the test shows nothing")
	}
	if c := w.cursor("appointments"); c.Watermark != "" || !strings.Contains(c.Note, "moved") {
		t.Errorf("watermark %q, note %q; want it to stay and say why", c.Watermark, c.Note)
	}
	w.clock.pass(time.Hour)
	w.good("appointments")
	w.same("appointments", "scheduled_time", "status")
	if c := w.cursor("appointments"); c.Watermark == "" || c.Note != "" {
		t.Errorf("after a quiet drain: watermark %q, note %q; want it moved", c.Watermark, c.Note)
	}
}

// So it is with a visit that a drain shows as it has long been staged, before
// it moves on: nothing was written of it then, whether its page was known or
// not.
func TestStagedRowMovesUpWhilePagesAreRead(t *testing.T) {
	for _, known := range []bool{false, true} {
		w := newWorld(t, newPractice(), func(o *drchronotest.Options) { o.MaxPage = map[string]int{"appointments": 30} })
		w.good("appointments")
		c := w.cursor("appointments")
		c.Watermark = ""
		if err := w.store.PutCursor(t.Context(), w.run, c); err != nil {
			t.Fatal(err)
		}
		visits := w.visitsByTime()
		if !known {
			w.change("appointments", text(visits[2]["id"]), map[string]any{"notes": "changed"})
		}
		w.between(func() {
			w.change("appointments", text(visits[3]["id"]), map[string]any{"scheduled_time": "2031-01-01T09:00:00"})
		})
		w.good("appointments")
		if c := w.cursor("appointments"); c.Watermark != "" || !strings.Contains(c.Note, "1 records moved") {
			t.Errorf("known %v: watermark %q, note %q; want it to stay and say why", known, c.Watermark, c.Note)
		}
		w.before = nil
		w.good("appointments")
		if c := w.cursor("appointments"); c.Watermark == "" || c.Note != "" {
			t.Errorf("known %v, after a quiet drain: watermark %q, note %q; want it moved", known, c.Watermark, c.Note)
		}
	}
}

func TestFullReadMarksWhatVanished(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("medications")
	id := w.held("medications", "id")[2]
	w.practice.Delete("medications", id)
	w.good("medications")
	if !w.staged("medications")[id].Gone {
		t.Error("a row that a complete read lacks is not gone")
	}
	w.practice.Add("medications", map[string]any{"id": atoi(id), "patient": 90000011, "name": "Example 10 mg tablet"})
	w.good("medications")
	if src := w.staged("medications")[id]; src.Gone || !strings.Contains(string(src.Raw), "Example 10 mg") {
		t.Error("a row that came back is still gone")
	}
}

// A partial read never marks anything, and over several pages one complete
// read is not enough: a row may slip through between two of them.
func TestFullReadOfSeveralPages(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.good("medications")
	all := w.ids("medications")
	vanished := all[len(all)-1]
	w.practice.Delete("medications", vanished)
	w.vendor.Inject(drchronotest.BrokenJSON(isPage("medications", 2), 5))
	if err := w.night("medications"); err == nil {
		t.Fatal("a broken page is no error")
	}
	if diff := cmp.Diff(all, w.ids("medications")); diff != "" {
		t.Errorf("after a partial read:\n%s", diff)
	}
	w.good("medications") // the rest of it: the first complete read that lacks the row
	if diff := cmp.Diff(all, w.ids("medications")); diff != "" {
		t.Errorf("after one complete read of several pages:\n%s", diff)
	}
	if c := w.cursor("medications"); !strings.Contains(c.Note, "1 records were missing") {
		t.Errorf("note %q, want it to tell of the missing row", c.Note)
	}
	w.good("medications")
	if diff := cmp.Diff(all[:len(all)-1], w.ids("medications")); diff != "" {
		t.Errorf("after two:\n%s", diff)
	}
}

// A row that slips through while others are taken away before it is not gone.
func TestFullReadRowSlipsThrough(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.good("medications")
	all := w.ids("medications")
	w.between(func() { w.practice.Delete("medications", all[0]) })
	w.good("medications")
	w.before = nil
	if c := w.cursor("medications"); c.Rows != len(all)-1 {
		t.Fatalf("%d rows were read, want %d: no row slipped through, the test shows nothing", c.Rows, len(all)-1)
	}
	if diff := cmp.Diff(all, w.ids("medications")); diff != "" {
		t.Errorf("a row that slipped through counts as gone:\n%s", diff)
	}
	w.good("medications")
	w.good("medications")
	if diff := cmp.Diff(all[1:], w.ids("medications")); diff != "" {
		t.Errorf("(-vendor +staged):\n%s", diff)
	}
}

func TestEmptyListMarksNothing(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("medications")
	all := w.ids("medications")
	w.vendor.Inject(emptyList("medications"))
	w.good("medications")
	if diff := cmp.Diff(all, w.ids("medications")); diff != "" {
		t.Errorf("after an empty list:\n%s", diff)
	}
	if c := w.cursor("medications"); c.State != etl.StreamDrained || !strings.Contains(c.Note, "came empty") {
		t.Errorf("state %s, note %q; want it to tell of the empty list", c.State, c.Note)
	}
}
