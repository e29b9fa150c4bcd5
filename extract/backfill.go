package extract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// A Backfill reads windows one after another, beside a running nightly: it
// holds the stream of the window that it reads and no other, and never touches
// the nightly's lane. Each page is committed with the cursor that follows it,
// so a kill costs at most the call in flight.
type Backfill struct {
	Stage   *Stage // its Pager returns a *drchrono.QuotaError instead of waiting, so that no stream is held meanwhile
	Run     etl.Run
	Windows []Window // to be read, in this order
	Stop    bool     // return at the quota instead of waiting

	// Ended is asked before each window and after each page; its error stops
	// the backfill, such as when a person cancelled it.
	Ended func(context.Context) error
	// Wanted reports whether somebody else waits for an endpoint's stream. The
	// backfill then lets go of it, and goes on when Stage.Hold gives it again.
	Wanted func(ctx context.Context, endpoint string) (bool, error)
	// OnWindow is told of each window that was read, or found unavailable.
	OnWindow func(Window, etl.Cursor)
	// OnWait is told before a wait for calls.
	OnWait func(until time.Time)
}

// A BusyError says that somebody else drains an endpoint and would not let go.
type BusyError struct {
	Endpoint string
	Err      error
}

func (e *BusyError) Error() string { return e.Endpoint + " is being read by another: " + e.Err.Error() }

// Unwrap gives the lease's error.
func (e *BusyError) Unwrap() error { return e.Err }

// errYield ends a drain whose stream somebody else waits for.
var errYield = errors.New("another waits for the stream")

// grace is how long a page in hand may still take when a stop is asked for:
// less than what service managers give before they kill.
const grace = 20 * time.Second

// holding does f while it holds an endpoint's stream.
func (s *Stage) holding(ctx context.Context, endpoint string, f func() error) error {
	if s.Hold == nil {
		return f()
	}
	release, err := s.Hold(ctx, endpoint)
	if err != nil {
		return err
	}
	defer release()
	return f()
}

// Do reads the windows. A window that cannot be read is passed over, and what
// is wrong with all such is one *StreamsError at the end; what stops every
// window (no consent, no calls left, no network, a stop) is returned at once.
func (b *Backfill) Do(ctx context.Context) error {
	b.Stage.Between = func(page context.Context, c etl.Cursor) error {
		return errors.Join(ctx.Err(), b.between(page, c.Endpoint))
	}
	var failed []error
	for _, w := range b.Windows {
		err := b.read(ctx, w)
		switch {
		case err == nil:
		case stopsAll(err):
			return fmt.Errorf("backfill %s: %w", w, err)
		default:
			failed = append(failed, fmt.Errorf("backfill %s: %w", w, err))
		}
	}
	if len(failed) > 0 {
		return &StreamsError{failed}
	}
	return nil
}

func (b *Backfill) between(ctx context.Context, endpoint string) error {
	if err := b.ended(ctx); err != nil || b.Wanted == nil {
		return err
	}
	wanted, err := b.Wanted(ctx, endpoint)
	if err == nil && wanted {
		return errYield
	}
	return err
}

func (b *Backfill) ended(ctx context.Context) error {
	if b.Ended == nil {
		return nil
	}
	return b.Ended(ctx)
}

// read reads one window to its end, however often it lets go of the stream or
// waits for calls in between.
func (b *Backfill) read(ctx context.Context, w Window) error {
	for {
		if err := errors.Join(ctx.Err(), b.ended(ctx)); err != nil {
			return err
		}
		err := b.Stage.holding(ctx, w.Endpoint, func() error { return b.once(ctx, w) })
		var quota *drchrono.QuotaError
		switch {
		case errors.Is(err, errYield):
			continue
		case errors.As(err, &quota) && !b.Stop:
			if err := b.wait(ctx, quota.Until); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		c, err := b.Stage.Store.Cursor(context.WithoutCancel(ctx), w.Endpoint, w.Lane)
		if err == nil && b.OnWindow != nil {
			b.OnWindow(w, c)
		}
		return err
	}
}

func (b *Backfill) wait(ctx context.Context, until time.Time) error {
	if b.OnWait != nil {
		b.OnWait(until)
	}
	return b.Stage.Clock.Sleep(ctx, until.Sub(b.Stage.Clock.Now()))
}

// once reads on in a window under a context that outlives ctx by the grace: a
// page that was asked for when the stop came is still staged.
func (b *Backfill) once(ctx context.Context, w Window) error {
	page, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = b.Stage.Clock.Sleep(page, grace) // it ends early where the page does
		cancel()
	})
	defer stop()
	return b.Stage.window(page, b.Run, w)
}

// window drains one window. A record that moved while the list was read, or a
// bulk list that brought fewer rows than it counts, may have made others slip
// through; no later run would read those days again, so it is read once more.
func (s *Stage) window(ctx context.Context, run etl.Run, w Window) error {
	e, ok := Find(w.Endpoint)
	if !ok {
		return fmt.Errorf("endpoint %q is not in the catalogue", w.Endpoint)
	}
	e.window = &w
	if err := s.drain(ctx, run, e); err != nil {
		return err
	}
	c, err := s.Store.Cursor(ctx, e.Name, w.Lane)
	if err != nil || !restless(c) {
		return err
	}
	if err := s.drain(ctx, run, e); err != nil {
		return err
	}
	if c, err = s.Store.Cursor(ctx, e.Name, w.Lane); err != nil || !restless(c) {
		return err
	}
	c.Note = "records moved while it was read, twice: a backfill of a quieter hour may find more"
	return s.Store.PutCursor(ctx, run, c)
}

// restless reports whether a drain of several pages ended in doubt: hold and
// short then leave it without the instant at which it began.
func restless(c etl.Cursor) bool {
	return c.State == etl.StreamDrained && c.Began == "" && c.Page > 1
}
