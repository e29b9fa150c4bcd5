package extract_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A patient who is deleted for good while a bulk list is read, and another who
// is made meanwhile, leave its total as it was: those made later are told by
// their stamps, and not held against the first total. The drain is in doubt, and
// the next one brings who slipped through.
func TestBulkDeletedAndMade(t *testing.T) {
	tests := []struct {
		name         string
		deleted      int // page after which one of the first is deleted; 0 = never
		made         int // page after which another is made
		changed      int // page after which one of the last page is changed, but not the last of it
		killed       bool
		doubt, slips bool
	}{
		{name: "deleted and made at once", deleted: 1, made: 1, doubt: true, slips: true},
		{name: "deleted, later made", deleted: 1, made: 2, doubt: true, slips: true},
		{name: "deleted and made, and killed between the pages", deleted: 1, made: 2, killed: true, doubt: true, slips: true},
		{name: "made", made: 1},
		{name: "changed", changed: 1},
		{name: "made and changed", made: 1, changed: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newPractice(), func(o *drchronotest.Options) { o.Bulk, o.MaxPage = true, map[string]int{"patients_list": 12} })
			w.bulk()
			ids := w.held("patients", "id")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			page := 0
			w.stage.OnPage = func(etl.Cursor) {
				page++
				if page == tt.deleted {
					w.practice.Delete("patients", ids[3])
				}
				if page == tt.changed {
					w.change("patients", ids[len(ids)-2], map[string]any{"city": "Latetown"})
				}
				if page == tt.made {
					w.practice.Add("patients", map[string]any{"id": 99999999, "last_name": "Lin", "updated_at": w.clock.Now().Format(naiveLayout)})
				}
				if tt.killed && page == 2 {
					cancel()
				}
			}
			if err := w.nightIn(ctx, "patients"); (err != nil) != tt.killed {
				t.Fatal(err)
			}
			w.stage.OnPage = nil
			if tt.killed {
				w.reopen()
				w.bulk()
				w.good("patients")
			}
			if _, ok := w.staged("patients")[ids[12]]; ok == tt.slips {
				t.Fatalf("the first of the second page is staged: %v; the test shows nothing", ok)
			}
			if c := w.cursor("patients"); (c.Watermark == "") != tt.doubt || strings.Contains(c.Note, "made later") != tt.doubt {
				t.Errorf("watermark %q, note %q; want it to stay and say why: %v", c.Watermark, c.Note, tt.doubt)
			}
			w.good("patients")
			w.same("patients", "last_name", "city")
			if c := w.cursor("patients"); c.Watermark == "" || c.Note != "" {
				t.Errorf("after a quiet drain: watermark %q, note %q; want it moved", c.Watermark, c.Note)
			}
		})
	}
}
