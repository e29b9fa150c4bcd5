package main

import (
	"context"
	"errors"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
)

// check reads the whole database beside extraction, which mostly waits. What is
// wrong with it stops the night.
func (n *night) check(ctx context.Context, stop context.CancelCauseFunc) (sound func() error) {
	return etl.Beside(func() error {
		err := n.store.CheckWhole(ctx, n.run.At)
		if ctx.Err() != nil && !errors.Is(err, sql.ErrDamaged) { // cut short with the night: so the next one checks
			return nil
		}
		if err != nil {
			stop(err)
		}
		return err
	})
}

// checked waits for the check, if there is one.
func (n *night) checked() error {
	if n.sound == nil {
		return nil
	}
	return n.sound()
}
