// Package extract holds the catalogue of DrChrono's endpoints and the stage
// that drains them into staging: page by page, each page with the cursor that
// follows it.
package extract

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// Store is staging as extraction needs it.
type Store interface {
	Cursor(ctx context.Context, endpoint, lane string) (etl.Cursor, error)
	PutCursor(ctx context.Context, run etl.Run, c etl.Cursor) error
	// StagePage saves a page's changed rows and the cursor in one transaction
	// and adds the page's counts to the cursor. With full, the rows are noted
	// as seen, and a drained cursor marks the unseen as gone.
	StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error)
}

// Pager reads lists. Obligations: it follows next verbatim, and a page that it
// gives is whole.
type Pager interface {
	Pages(ctx context.Context, endpoint, start string) iter.Seq2[drchrono.Page, error]
}

// Nightly is the lane of scheduled and manual runs.
const Nightly = "nightly"

// A Stage drains endpoints.
type Stage struct {
	Store   Store
	Pager   Pager
	Clock   etl.Clock
	Overlap time.Duration // how far a drain reaches back behind the watermark
	OnPage  func(etl.Cursor)
}

// Run drains the endpoints in turn. A stream that cannot be read is noted on
// its cursor, and the night goes on; what stops every stream (no consent, no
// calls left, no network, no disk) is returned. Streams that failed are
// joined into one error at the end.
func (s *Stage) Run(ctx context.Context, run etl.Run, endpoints []string) error {
	var failed []error
	for _, name := range endpoints {
		e, ok := Find(name)
		if !ok {
			return fmt.Errorf("endpoint %q is not in the catalogue; `chartbridge endpoints` lists it", name)
		}
		err := s.drain(ctx, run, e)
		switch {
		case err == nil:
		case stopsAll(err):
			return fmt.Errorf("extract %s: %w", name, err)
		default:
			failed = append(failed, fmt.Errorf("extract %s: %w", name, err))
		}
	}
	if len(failed) > 0 {
		return &StreamsError{failed}
	}
	return nil
}

// A StreamsError says which streams failed while the others went on.
type StreamsError struct{ Streams []error }

func (e *StreamsError) Error() string {
	lines := make([]string, len(e.Streams))
	for i, err := range e.Streams {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the streams' errors.
func (e *StreamsError) Unwrap() []error { return e.Streams }

// stopsAll reports whether going on with another endpoint is pointless: only
// a bad page, a loop or a refusal belongs to one endpoint alone.
func stopsAll(err error) bool {
	if errors.Is(err, drchrono.ErrConsent) {
		return true
	}
	var page *drchrono.PageError
	var loop *drchrono.LoopError
	var foreign *drchrono.ForeignURLError
	var status *drchrono.StatusError
	return !errors.As(err, &page) && !errors.As(err, &loop) && !errors.As(err, &foreign) && !errors.As(err, &status)
}

// drain reads one endpoint to its end: from a saved next if a drain is open,
// else from the watermark less the overlap. The watermark moves only at the
// end of the whole stream, since rows are not sorted by their stamp
// (drchrono-facts, section 2).
func (s *Stage) drain(ctx context.Context, run etl.Run, e Endpoint) error {
	c, err := s.Store.Cursor(ctx, e.Name, Nightly)
	if err != nil {
		return err
	}
	starts, c := s.begin(e, c)
	for i, start := range starts {
		for page, err := range s.Pager.Pages(ctx, e.Name, start) {
			if c.Next == start && forgotten(err) { // the saved next means nothing to the server any more
				return s.anew(ctx, run, e, c)
			}
			if err != nil {
				return s.fail(ctx, run, c, err)
			}
			rows := readRows(e, page)
			c = advance(e, c, page, rows, starts[i+1:], s.Clock.Now())
			if c, err = s.Store.StagePage(ctx, run, c, rows, e.Move == Full); err != nil {
				return err
			}
			if s.OnPage != nil {
				s.OnPage(c)
			}
		}
	}
	return nil
}

// anew begins a drain's window again.
func (s *Stage) anew(ctx context.Context, run etl.Run, e Endpoint, c etl.Cursor) error {
	c.Next, c.State = "", etl.StreamFailed
	if err := s.Store.PutCursor(ctx, run, c); err != nil {
		return err
	}
	return s.drain(ctx, run, e)
}

// forgotten reports whether the server does not know a saved next any more.
func forgotten(err error) bool {
	var status *drchrono.StatusError
	return errors.As(err, &status) && (status.Kind == drchrono.KindMissing || status.Kind == drchrono.KindRequest)
}

// begin gives the paths to read and the cursor with which to read them.
func (s *Stage) begin(e Endpoint, c etl.Cursor) ([]string, etl.Cursor) {
	if c.Next != "" {
		c.State, c.Note = etl.StreamOpen, ""
		all := e.Starts(c.Since)
		if i := slices.Index(all, c.Next); i >= 0 {
			return all[i:], c
		}
		return append([]string{c.Next}, laterVariants(e, c)...), c
	}
	c.Since, c.Newest, c.Note, c.State = lowerBound(e, c.Watermark, s.Overlap), "", "", etl.StreamOpen
	c.Page, c.Rows, c.Changed, c.Caught = 0, 0, 0, 0
	return e.Starts(c.Since), c
}

// laterVariants are the starts that an open drain of a saved next has still
// to come to.
func laterVariants(e Endpoint, c etl.Cursor) []string {
	for i, v := range e.Variants {
		if strings.Contains(c.Next, v) {
			return e.Starts(c.Since)[i+1:]
		}
	}
	return nil
}

// advance is the cursor after a page: it points at what to read next, or is
// drained.
func advance(e Endpoint, c etl.Cursor, page drchrono.Page, rows []etl.Row, later []string, now time.Time) etl.Cursor {
	date := page.Date
	if date.IsZero() {
		date = now
	}
	if c.Page == 0 && e.Move != Since {
		c.Newest = naive(date.UTC())
	}
	if e.Move == Since {
		c.Newest = max(c.Newest, newestStamp(rows, date))
	}
	c.Next = page.Next
	if c.Next == "" && len(later) > 0 {
		c.Next = later[0]
	}
	if c.Next == "" {
		c.State, c.Watermark = etl.StreamDrained, max(c.Watermark, c.Newest)
	}
	return c
}

// fail notes on the cursor why a stream stopped. An open drain keeps its next,
// so that the next run takes it up at the very page.
func (s *Stage) fail(ctx context.Context, run etl.Run, c etl.Cursor, cause error) error {
	unavailable := errors.Is(cause, drchrono.ErrUnavailable)
	c.State, c.Note = etl.StreamFailed, cause.Error()
	if unavailable {
		c.State = etl.StreamUnavailable
	}
	if ctx.Err() != nil {
		return cause // interrupted: the committed cursor already says where to go on
	}
	if err := s.Store.PutCursor(ctx, run, c); err != nil {
		return errors.Join(cause, err)
	}
	if unavailable {
		return nil
	}
	return cause
}

// readRows reads a page's rows. Of a record that stands twice on a page, the
// one with the newest stamp is kept.
func readRows(e Endpoint, page drchrono.Page) []etl.Row {
	rows := make([]etl.Row, 0, len(page.Rows))
	at := make(map[string]int, len(page.Rows))
	for _, r := range page.Rows {
		row := ReadRow(e, r.Raw, r.Fault)
		i, twice := at[row.ID]
		switch {
		case !twice:
			at[row.ID] = len(rows)
			rows = append(rows, row)
		case row.UpdatedAt >= rows[i].UpdatedAt:
			rows[i] = row
		}
	}
	return rows
}
