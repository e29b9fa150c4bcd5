package main

import (
	"context"
	"errors"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// deliverAll maps the records of one destination after the other, and then
// sends them side by side: a night takes as long as its slowest vendor. A
// destination that stops short does not stop the others.
func (n *night) deliverAll(ctx context.Context) error {
	var failed error
	if n.sends() {
		n.older = n.store.Older(ctx)
		failed = n.older // the rest is done all the same
	}
	var mapped []destination
	for _, d := range n.practice.destinations() {
		if len(n.destinations) > 0 && !slices.Contains(n.destinations, d.name) {
			continue
		}
		n.came = append(n.came, d.name)
		err := n.judge(ctx, d)
		switch {
		case err == nil:
			mapped = append(mapped, d)
			continue
		case ctx.Err() == nil:
			n.log.WithError(err).Errorf("%s stopped short", d.name)
		}
		n.short, failed = append(n.short, d.name), errors.Join(failed, err)
		if ctx.Err() != nil {
			return failed
		}
	}
	return errors.Join(failed, n.sendAll(ctx, mapped))
}

// sendAll sends the records of several destinations. Where the ledger cannot be
// written for one, nothing more is sent to any.
func (n *night) sendAll(ctx context.Context, list []destination) (failed error) {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	short := make([]bool, len(list))
	errs := etl.Together(len(list), func(i int) error {
		err := n.deliver(sending, list[i], stop)
		short[i] = err != nil
		if ctx.Err() != nil {
			return err
		}
		if sending.Err() != nil {
			err = ownFault(err)
		}
		if err != nil && !errors.Is(err, load.ErrLedger) {
			n.log.WithError(err).Errorf("%s stopped short", list[i].name)
		}
		return err
	})
	n.show.done()
	for i := range list {
		if short[i] {
			n.short = append(n.short, list[i].name)
		}
	}
	return errors.Join(errs...)
}

// ownFault is an error without what only says that the work was cancelled.
func ownFault(err error) (own error) {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // it looks into this very one
		for _, e := range joined.Unwrap() {
			own = errors.Join(own, ownFault(e))
		}
	}
	return own
}

// sends reports whether anything may be sent in this night.
func (n *night) sends() bool { return n.does(stageLoad) && !n.run.DryRun && n.older == nil }

func (n *night) does(stage string) bool {
	return (n.only == "" || n.only == stage) && !slices.Contains(n.skip, stage)
}

// judge maps one destination's records.
func (n *night) judge(ctx context.Context, d destination) error {
	for _, idle := range d.idle {
		n.log.Warn(idle)
	}
	if !n.does(stageTransform) {
		return nil
	}
	if err := n.transform(ctx, d); err != nil {
		return err
	}
	return n.tellRoute(ctx, d)
}

// deliver sends one destination's records; broken is called where the ledger
// cannot be written, before what is under way has ended.
func (n *night) deliver(ctx context.Context, d destination, broken func()) error {
	stage := &load.Stage{Store: n.store, Destination: d.sender(), Clock: n.clock, InFlight: d.inFlight, Quiet: n.config.QuietPeriod,
		Released: n.released, Approvers: n.config.CentralRegistry.Approvers, Timeout: load.RequestTimeout, OnSent: n.show.sent, OnBroken: broken}
	if !n.run.DryRun && !n.sends() {
		return nil
	}
	if !n.does(stageTransform) {
		var err error
		if stage.Unjudged, err = n.unjudged(ctx, d); err != nil {
			return err
		}
	}
	if n.run.DryRun { // a plan too
		return stage.Waits(ctx, n.run)
	}
	first, err := n.vendorFirst(ctx, d)
	if err != nil {
		return err
	}
	restored, err := n.store.Restored(ctx, d.name)
	if err != nil {
		return err
	}
	b := n.config.Brake
	stage.Brake = load.Brake{Changed: int(b.Changed), Rejected: int(b.Rejected), After: b.After}
	stage.VendorFirst, stage.Restored = first, restored
	defer n.show.ended(d.name)
	err = stage.Run(ctx, n.run)
	if err == nil && restored && !load.Blind(stage.Destination) {
		err = n.store.Asked(context.WithoutCancel(ctx), d.name)
	}
	return err
}

func (n *night) transform(ctx context.Context, d destination) error {
	stage, err := n.judges(d)
	if err != nil {
		return err
	}
	stage.Env.Now, stage.OnChunk = n.run.At, n.show.judged
	err = stage.Run(ctx, n.run)
	n.show.done()
	return err
}

// vendorFirst reports whether the vendor still has to load a destination's
// records first.
func (n *night) vendorFirst(ctx context.Context, d destination) (bool, error) {
	if !d.vendorFirst {
		return false, nil
	}
	done, err := n.store.Setting(ctx, "initial_load/"+d.name)
	return done == "", err
}
