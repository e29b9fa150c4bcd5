// Package extract holds the catalogue of DrChrono's endpoints and the stage
// that drains them into staging: page by page, each page with the cursor that
// follows it.
package extract

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
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
	// and adds the page's counts to the cursor, whose Digest it remembers the
	// page by. A drained cursor's watermark becomes its Newest, where that is
	// later. With full, it marks as gone what the read has not shown.
	StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error)
	// KnownPage gives what is remembered of a page whose records are all staged
	// as they stood on it; ok is false for any other.
	KnownPage(ctx context.Context, endpoint string, digest string) (page etl.Page, ok bool, err error)
	// StageKnown is StagePage for such a page, or ErrMoved.
	StageKnown(ctx context.Context, run etl.Run, c etl.Cursor, digest string, full bool) (etl.Cursor, error)
	// IDs lists an endpoint's staged records that are not gone, in one order.
	IDs(ctx context.Context, endpoint string) ([]string, error)
}

// Pager reads lists and documents. Obligations: it follows next verbatim, and
// a page that it gives is whole.
type Pager interface {
	Pages(ctx context.Context, endpoint, start string) iter.Seq2[drchrono.Page, error]
	Get(ctx context.Context, endpoint, path string) ([]byte, http.Header, error)
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

	// Bulk reads bulk lists where they cost fewer calls; nil = plain lists alone.
	Bulk  Bulker
	plain map[string]bool // endpoints whose bulk list was refused

	absent int             // endpoints of this run that DrChrono does not know
	down   bool            // a list failed in its smallest pages too, and no page came since
	again  map[string]bool // streams that this run has begun anew, since they repeated a page

	// Scope tells the scope of the token in use, separated by spaces; "" or
	// nil = not known. A list that comes empty while its scope is missing is
	// unavailable.
	Scope func(context.Context) string

	// Hold keeps everybody else from draining an endpoint until release is
	// called; nil = nobody else does. A *BusyError passes the endpoint over.
	Hold func(ctx context.Context, endpoint string) (release func(), err error)

	// Between is asked after each page that others follow; its error ends the
	// drain, which the saved cursor takes up again at the very page. May be nil.
	Between func(context.Context, etl.Cursor) error
}

// fewest is how many endpoints must all be missing before it is the address
// that is wrong, and not what the account may read.
const fewest = 3

// Run drains the endpoints in turn. A stream that cannot be read is noted on
// its cursor, and the night goes on; what stops every stream (no consent, no
// calls left, no network, no disk) is returned. Streams that failed are
// joined into one error at the end.
func (s *Stage) Run(ctx context.Context, run etl.Run, endpoints []string) error {
	var failed []error
	s.absent, s.again = 0, nil
	for _, name := range endpoints {
		e, ok := Find(name)
		if !ok {
			return fmt.Errorf("endpoint %q is not in the catalogue; `chartbridge endpoints` lists it", name)
		}
		read := s.drain
		if e.Move == OnRequest {
			read = s.documents
		}
		err := s.holding(ctx, e.Name, func() error { return read(ctx, run, e) })
		switch {
		case err == nil:
		case stopsAll(err):
			return fmt.Errorf("extract %s: %w", name, err)
		default:
			failed = append(failed, fmt.Errorf("extract %s: %w", name, err))
		}
	}
	if s.absent == len(endpoints) && s.absent >= fewest {
		return fmt.Errorf("extract: none of %d endpoints is there; check drchrono.base_url: %w", s.absent, drchrono.ErrUnreachable)
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
	var busy *BusyError
	return !errors.As(err, &busy) && !errors.As(err, &page) && !errors.As(err, &loop) && !errors.As(err, &foreign) && !errors.As(err, &status)
}

// drain reads one endpoint to its end: from a saved next if a drain is open,
// else from the watermark less the overlap. The watermark moves only at the
// end of the whole stream, since rows are not sorted by their stamp
// (drchrono-facts, section 2).
func (s *Stage) drain(ctx context.Context, run etl.Run, e Endpoint) error {
	c, err := s.Store.Cursor(ctx, e.Name, e.lane())
	if err != nil {
		return err
	}
	return s.drainFrom(ctx, run, e, c)
}

// drainFrom is drain from where a cursor stands.
func (s *Stage) drainFrom(ctx context.Context, run etl.Run, e Endpoint, saved etl.Cursor) error {
	e = e.resumed(saved.Next)
	starts, c := s.begin(e, saved)
	c = e.sized(c)
	for i, start := range starts {
		for page, err := range s.pages(ctx, run, e, &c, start) {
			if s.refusedBulk(e, start, err) || saved.Next != "" && c.Next == saved.Next && forgotten(err) {
				return s.anew(ctx, run, e, c) // what was saved or chosen leads nowhere
			}
			if err != nil && c.Next == saved.Next && s.tooLarge(e, err) {
				return s.halved(ctx, run, e, c)
			}
			if err != nil {
				return s.stopped(ctx, run, e, c, err)
			}
			c, err = s.page(ctx, run, e, c, page, starts[i+1:])
			switch {
			case repeats(err):
				return s.stopped(ctx, run, e, c, err)
			case errors.Is(err, ErrMoved):
				return s.drain(ctx, run, e) // that page again: it is not known any more
			case err != nil || c.State == etl.StreamUnavailable:
				return err
			}
		}
	}
	return nil
}

// page stages one page with the cursor that follows it.
func (s *Stage) page(ctx context.Context, run etl.Run, e Endpoint, c etl.Cursor, page drchrono.Page, later []string) (etl.Cursor, error) {
	rows, read := readPage(e, page)
	if read.IDs != "" && read.IDs == c.IDs {
		return c, &drchrono.LoopError{Endpoint: e.Name, Page: c.Page + 1, Reason: drchrono.Repeats}
	}
	next := advance(e, c, page, rows, read, later, s.Clock.Now())
	next.IDs, next.Digest = read.IDs, worthKnowing(e, page, rows)
	next = e.doubtful(short(e, next, rows, page), page, s.Clock.Now())
	next.Note = faultNote(next.Note, rows, c.Page+1)
	if next.State == etl.StreamDrained && c.Rows+read.Rows == 0 {
		if lacks := s.lacks(ctx, e); lacks != "" {
			c.State, c.Next = etl.StreamUnavailable, ""
			c.Note = "the list is empty and the granted scope lacks " + lacks + ": run `chartbridge auth login` to ask for it"
			return c, s.Store.PutCursor(ctx, run, c)
		}
	}
	full := e.Move == Full && e.window == nil
	var err error
	if page.Known != nil {
		next, err = s.Store.StageKnown(ctx, run, next, page.Digest, full)
	} else {
		next, err = s.Store.StagePage(ctx, run, next, rows, full)
	}
	if err == nil {
		s.down = false
	}
	if err == nil && s.OnPage != nil {
		s.OnPage(next)
	}
	if err == nil && s.Between != nil && next.State == etl.StreamOpen {
		err = s.Between(ctx, next)
	}
	return next, err
}

// lacks names what an endpoint needs and the token's scope does not hold.
// DrChrono answers such a call with an empty list instead of a refusal
// (drchrono-facts, section 8).
func (s *Stage) lacks(ctx context.Context, e Endpoint) string {
	if s.Scope == nil {
		return ""
	}
	return strings.Join(e.Lacks(s.Scope(ctx)), ", ")
}

// fail notes on the cursor why a stream stopped. An open drain keeps its next,
// so that the next run takes it up at the very page.
func (s *Stage) fail(ctx context.Context, run etl.Run, c etl.Cursor, cause error) error {
	if ctx.Err() != nil {
		return cause // interrupted: the committed cursor already says where to go on
	}
	var quota *drchrono.QuotaError
	unavailable := errors.Is(cause, drchrono.ErrUnavailable)
	if errors.As(cause, &quota) {
		cause = fmt.Errorf("%w; it goes on with page %d", cause, c.Page+1)
	}
	c.State, c.Note = etl.StreamFailed, cause.Error()
	switch {
	case unavailable:
		c.State = etl.StreamUnavailable
	case errors.As(cause, &quota) && c.Next != "":
		c.State = etl.StreamOpen
	}
	if err := s.Store.PutCursor(ctx, run, c); err != nil {
		return errors.Join(cause, err)
	}
	if !unavailable {
		return cause
	}
	var status *drchrono.StatusError
	if errors.As(cause, &status) && status.Status == http.StatusNotFound {
		s.absent++
	}
	return nil
}
