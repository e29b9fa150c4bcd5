package main

import (
	"context"
	"sync"
)

// check reads the whole database beside extraction, which mostly waits. What is
// wrong with it stops the night.
func (n *night) check(ctx context.Context, stop context.CancelCauseFunc) (sound func() error) {
	over := make(chan error, 1)
	go func() {
		err := n.store.CheckWhole(ctx, n.run.At)
		if ctx.Err() != nil { // cut short with the night: so the next one checks
			err = nil
		}
		if err != nil {
			stop(err)
		}
		over <- err
	}()
	return sync.OnceValue(func() error { return <-over })
}

// checked waits for the check, if there is one.
func (n *night) checked() error {
	if n.sound == nil {
		return nil
	}
	return n.sound()
}
