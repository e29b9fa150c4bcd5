package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
)

// Leases beside the run's. stream/<endpoint> is held by whoever drains an
// endpoint. staging is held by a run from mapping to its balance, so that no
// backfill stages records that the run counts and never judged; a backfill
// takes it for the moment in which it commits a page.
const (
	backfillLease = "backfill"
	stagingLease  = "staging"

	holdPoll    = 500 * time.Millisecond
	holdLongest = 15 * time.Minute // that a run waits: a page in hand, or a bulk list in the making, takes less
)

func streamLease(endpoint string) string { return "stream/" + endpoint }

// hold takes a lease, waits for it where another has it, and renews it until
// release, which gives it to whoever waits. With ask, the holder is told that
// it is wanted, and after holdLongest its *sql.HeldError is returned.
func (p *practice) hold(ctx context.Context, name string, ask bool) (release func(), err error) {
	since := p.clock.Now()
	for {
		err := p.lease(ctx, name)
		var held *sql.HeldError
		if err == nil {
			return p.keep(ctx, name), nil
		}
		if !errors.As(err, &held) {
			return nil, err
		}
		if ask {
			if err := p.store.Want(ctx, name); err != nil {
				return nil, err
			}
			if p.clock.Now().Sub(since) >= holdLongest {
				return nil, errors.Join(held, p.unwant(ctx, name))
			}
		}
		if err := p.clock.Sleep(ctx, holdPoll); err != nil {
			return nil, errors.Join(err, p.unwant(ctx, name))
		}
	}
}

// unwant waits no longer for a lease, which may have been handed over just now.
func (p *practice) unwant(ctx context.Context, name string) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(p.store.Unwant(ctx, name), p.store.Release(ctx, name))
}

// keep renews a lease until release is called.
func (p *practice) keep(ctx context.Context, name string) (release func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p.clock.Sleep(ctx, leaseRenewal) == nil {
			if err := p.store.Lease(ctx, name, p.clock.Now(), leaseLife); err != nil && ctx.Err() == nil {
				p.log.WithError(err).Warnf("the lease %s cannot be renewed", name)
			}
		}
	}()
	return func() {
		cancel()
		<-done // a renewal after the release would take it again
		if err := p.store.HandOver(context.WithoutCancel(ctx), name, p.clock.Now(), leaseLife); err != nil {
			p.log.WithError(err).Warnf("the lease %s was not given back; it runs out by itself", name)
		}
	}
}

// askStream is how a run holds a stream: a backfill lets go of it after the
// page in hand.
func (p *practice) askStream(ctx context.Context, endpoint string) (release func(), err error) {
	release, err = p.hold(ctx, streamLease(endpoint), true)
	var held *sql.HeldError
	if errors.As(err, &held) {
		return nil, &extract.BusyError{Endpoint: endpoint, Err: held}
	}
	return release, err
}

// waitStream is how a backfill holds a stream: after everybody else.
func (p *practice) waitStream(ctx context.Context, endpoint string) (release func(), err error) {
	return p.hold(ctx, streamLease(endpoint), false)
}

// A gated store stages pages only while no run maps, sends and counts.
type gated struct {
	*sql.Store
	p *practice
}

func (g gated) StagePage(ctx context.Context, run etl.Run, c etl.Cursor, rows []etl.Row, full bool) (etl.Cursor, error) {
	release, err := g.p.hold(ctx, stagingLease, false)
	if err != nil {
		return c, fmt.Errorf("wait until no run counts what is staged: %w", err)
	}
	defer release()
	return g.Store.StagePage(ctx, run, c, rows, full)
}

func (g gated) StageKnown(ctx context.Context, run etl.Run, c etl.Cursor, digest string, full bool) (etl.Cursor, error) {
	release, err := g.p.hold(ctx, stagingLease, false)
	if err != nil {
		return c, fmt.Errorf("wait until no run counts what is staged: %w", err)
	}
	defer release()
	return g.Store.StageKnown(ctx, run, c, digest, full)
}

// spare is how many calls of a quota window are the nightly's alone: its
// reserve, where a schedule falls due in the window or a run is active now.
func (p *practice) spare(ctx context.Context, start time.Time) (int, error) {
	if p.due(start) {
		return p.config.DrChrono.NightlyReserve, nil
	}
	active, err := p.active(ctx, runLease)
	if err != nil || !active {
		return 0, err
	}
	return p.config.DrChrono.NightlyReserve, nil
}

// due reports whether a schedule falls due in the quota window from start.
func (p *practice) due(start time.Time) bool {
	entries, err := entriesOf(p.config) // the config's reader has checked them
	if err != nil {
		return true
	}
	end := start.Add(p.config.DrChrono.QuotaWindow)
	for _, e := range entries {
		if o, ok := e.Next(start.Add(-time.Nanosecond)); ok && o.Due.Before(end) {
			return true
		}
	}
	return false
}
