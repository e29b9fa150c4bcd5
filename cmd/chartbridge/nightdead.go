package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/chartbridge/chartbridge/etl"
)

// bury counts the run before this one, where that was killed or lost its power,
// and writes its files, before this one turns the page: what it sent is told by
// the run that sent it, and its balance closes too. No other run is under way,
// since this one has the lease. The whole database was read for it.
func (n *night) bury(ctx context.Context) (buried bool, err error) {
	newest, err := n.store.Runs(ctx, 1)
	if err != nil || len(newest) == 0 || !newest[0].Finished().IsZero() {
		return false, err
	}
	if err := n.store.CheckWhole(ctx, n.run.At); err != nil { // no file is written of what cannot be relied on
		return false, err
	}
	past := newest[0]
	dead := &night{practice: n.practice, run: etl.Run{ID: past.ID, At: past.Started(), Trigger: past.Trigger, DryRun: past.Dry, Part: past.Part}}
	for _, d := range n.practice.destinations() {
		if err := errors.Join(n.store.Orphans(ctx, dead.run, d.name, n.clock.Now()), n.store.CloseParents(ctx, dead.run, d.name)); err != nil {
			return false, err
		}
	}
	_, err = dead.conclude(context.WithoutCancel(ctx), signalError(syscall.SIGKILL))
	n.log.WithError(err).Warnf("the run before, %s, was cut off; its files are written now", past.ID)
	return true, nil
}
