package extract

import (
	"context"
	"errors"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// anew begins a drain's window again.
func (s *Stage) anew(ctx context.Context, run etl.Run, e Endpoint, c etl.Cursor) error {
	c.Next, c.State = "", etl.StreamFailed
	if err := s.Store.PutCursor(ctx, run, c); err != nil {
		return err
	}
	return s.drain(ctx, run, e)
}

// forgotten reports whether a saved next leads nowhere any more: the server
// does not know it, or the config names another server.
func forgotten(err error) bool {
	var status *drchrono.StatusError
	if errors.As(err, &status) {
		return status.Kind == drchrono.KindMissing || status.Kind == drchrono.KindRequest
	}
	var foreign *drchrono.ForeignURLError
	return errors.As(err, &foreign) && foreign.Page == 0
}

// repeats reports whether a page gave the records of the page before it.
func repeats(err error) bool {
	var loop *drchrono.LoopError
	return errors.As(err, &loop) && loop.Reason == drchrono.Repeats
}

// stopped ends a drain that cannot go on. A list that repeats a page is begun
// anew instead: as many records as a page holds came in ahead of us, or the
// server passed over the page that it was asked for, and its records would be
// lost. One that does so again in this run goes in circles.
func (s *Stage) stopped(ctx context.Context, run etl.Run, e Endpoint, c etl.Cursor, cause error) error {
	stream := e.Name + " " + e.lane()
	if !repeats(cause) || s.again[stream] {
		return s.fail(ctx, run, e.keeps(c), cause)
	}
	if s.again == nil {
		s.again = map[string]bool{}
	}
	s.again[stream] = true
	return s.anew(ctx, run, e, c)
}
