package extract_test

import (
	"context"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/google/go-cmp/cmp"
)

// counting counts the pages that were known.
type counting struct {
	*sql.Store
	known *int
}

func (s counting) StageKnown(ctx context.Context, run etl.Run, c etl.Cursor, digest string, full bool) (etl.Cursor, error) {
	*s.known++
	return s.Store.StageKnown(ctx, run, c, digest, full)
}

// A page that comes again with the same bytes is known, until one of its
// records changes, is marked, or goes; and what is known counts as read.
func TestPagesAreKnownAgain(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	known := 0
	w.wrap = func(s *sql.Store) extract.Store { return counting{s, &known} }
	w.reopen()
	w.good("medications")
	first, pages := w.cursor("medications"), len(w.calls("medications"))
	night := func(when string, want, changed int) {
		t.Helper()
		known = 0
		w.good("medications")
		c := w.cursor("medications")
		if known != want || c.Changed != changed {
			t.Errorf("%s: %d of %d pages were known and %d records changed, want %d and %d", when, known, pages, c.Changed, want, changed)
		}
		if diff := cmp.Diff(w.held("medications", "id"), w.ids("medications")); diff != "" {
			t.Errorf("%s (-vendor +staged):\n%s", when, diff)
		}
	}
	night("nothing changed", pages, 0)
	if c := w.cursor("medications"); c.Rows != first.Rows || c.Page != first.Page || c.IDs != first.IDs || c.State != first.State {
		t.Errorf("the cursor of a known list is %+v, want that of the first: %+v", c, first)
	}
	ids := w.held("medications", "id")
	w.change("medications", ids[0], map[string]any{"notes": "changed"})
	night("the first page changed", pages-1, 1)
	w.change("medications", ids[0], map[string]any{"notes": "changed back and forth"})
	w.change("medications", ids[len(ids)-1], map[string]any{"notes": "changed"})
	night("the first and the last changed", pages-2, 2)
	night("nothing changed again", pages, 0)
	w.practice.Delete("medications", ids[len(ids)-1])
	w.good("medications")
	w.good("medications") // what two complete reads lack is gone
	night("one went", pages, 0)
}

// moving has another process change a record of the first known page between
// its coming and its staging.
type moving struct {
	*sql.Store
	other etl.Row
	moved *bool
}

func (s moving) StageKnown(ctx context.Context, run etl.Run, c etl.Cursor, digest string, full bool) (etl.Cursor, error) {
	if !*s.moved {
		*s.moved = true
		if _, err := s.StagePage(ctx, run, etl.Cursor{Endpoint: c.Endpoint, Lane: "backfill", State: etl.StreamOpen}, []etl.Row{s.other}, false); err != nil {
			return c, err
		}
	}
	return s.Store.StageKnown(ctx, run, c, digest, full)
}

// A page whose record moves on while it is read is read once more, and what it
// holds is what stands.
func TestAKnownPageThatMovesIsReadAgain(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.good("medications")
	pages := len(w.calls("medications"))
	id := w.held("medications", "id")[0]
	before := w.staged("medications")[id]
	moved := false
	w.wrap = func(s *sql.Store) extract.Store {
		return moving{s, etl.Row{ID: id, Raw: []byte(`{"id":` + id + `}`), Hash: []byte("0123456789abcdef")}, &moved}
	}
	w.reopen()
	w.good("medications")
	if got := len(w.calls("medications")) - pages; !moved || got != pages+1 {
		t.Errorf("%d calls, want one more than the %d pages", got, pages)
	}
	if got := w.staged("medications")[id]; string(got.Raw) != string(before.Raw) {
		t.Error("the record is staged as another left it, want it as the vendor has it")
	}
}
