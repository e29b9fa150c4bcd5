package extract_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// insert books as many visits as a page holds, before all others.
func (w *world) insert(n int) {
	for i := range n {
		w.practice.Add("appointments", map[string]any{"id": fmt.Sprint(700 + i), "scheduled_time": "1999-01-01T09:00:00",
			"updated_at": w.clock.Now().UTC().Format(naiveLayout)})
	}
}

// A page's worth of visits that is booked ahead of the reader has the next page
// repeat the one before. The list is then read anew, in the same run; after a
// kill too, which leaves of the page before no more than the digest of its ids.
func TestAPageIsInsertedWhilePagesAreRead(t *testing.T) {
	for _, killed := range []bool{false, true} {
		for _, cursor := range []bool{false, true} {
			t.Run(fmt.Sprintf("killed %v, cursor %v", killed, cursor), func(t *testing.T) {
				w := newWorld(t, newPractice(), bothStyles(cursor), func(o *drchronotest.Options) { o.MaxPage = map[string]int{"appointments": 30} })
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				pages := 0
				w.stage.OnPage = func(etl.Cursor) {
					if pages++; pages == 2 {
						w.insert(30)
						if killed {
							cancel()
						}
					}
				}
				if err := w.nightIn(ctx, "appointments"); (err != nil) != killed {
					t.Fatal(err)
				}
				if killed {
					w.reopen()
					w.good("appointments")
				}
				if diff := cmp.Diff(w.held("appointments", "id"), w.ids("appointments")); diff != "" {
					t.Errorf("(-vendor +staged):\n%s", diff)
				}
				if c := w.cursor("appointments"); c.State != etl.StreamDrained || c.Watermark == "" {
					t.Errorf("cursor %+v, want it drained", c)
				}
			})
		}
	}
}

// A list that repeats a page in one night and in the next is read anew in each.
func TestAPageIsRepeatedInEachRun(t *testing.T) {
	w := newWorld(t, newPractice(), func(o *drchronotest.Options) { o.MaxPage = map[string]int{"medications": 8} })
	for night := range 2 {
		w.vendor.ClearFaults()
		w.vendor.Inject(drchronotest.RepeatedPage(drchronotest.On("medications"), 2))
		w.good("medications")
		if diff := cmp.Diff(w.held("medications", "id"), w.ids("medications")); diff != "" {
			t.Errorf("night %d (-vendor +staged):\n%s", night, diff)
		}
		w.clock.pass(24 * time.Hour)
	}
}
