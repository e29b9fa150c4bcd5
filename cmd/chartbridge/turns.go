package main

import (
	"context"
	"sync"
)

// turns bounds how many practices of one process map, send and report at the
// same time, which is what takes memory. Extraction needs no turn: it may wait
// an hour for DrChrono's quota, and nobody else should. nil is no bound.
type turns chan struct{}

// take waits for a turn; over, called as often as one likes, gives it back.
func (t turns) take(ctx context.Context) (over func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	select {
	case t <- struct{}{}:
		return sync.OnceFunc(func() { <-t }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
