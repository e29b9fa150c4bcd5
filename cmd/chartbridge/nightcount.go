package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// account writes a run's counts and holds them against the law: over all
// staged records in scope of a destination and object, source = the sum of
// outcomes. It speaks of the enabled destinations, whatever of them the run came to.
func (n *night) account(ctx context.Context, res *result) error {
	if !n.counted {
		if err := n.store.Conclude(ctx, n.run, n.scopes()...); err != nil {
			return err
		}
	}
	recounted := func() error { return nil }
	if n.whole { // it only reads, and takes no notice of what is added up meanwhile
		recounted = etl.Beside(func() error { return n.store.Recount(ctx) })
	}
	added := n.store.AddUp(ctx, readVisit)
	if err := recounted(); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errBalance, err), added)
	}
	if added != nil {
		return added
	}
	counts, err := n.store.Tally(ctx, n.run.ID)
	if err != nil {
		return err
	}
	if res.Sent, err = n.store.Attempted(ctx, n.run.ID); err != nil {
		return err
	}
	enabled := n.config.Destinations()
	res.Counts = slices.DeleteFunc(counts, func(c sql.Count) bool { return !slices.Contains(enabled, c.Destination) })
	spent, err := n.store.CallsOf(ctx, n.run.ID)
	if err != nil {
		return err
	}
	for _, s := range spent {
		res.Calls += s.Calls
	}
	return n.checkLaw(ctx)
}

// readVisit says what a visit adds to the totals that the workbook holds
// against each other.
func readVisit(record, body []byte) (v sql.Visit) {
	v.Month, v.Minutes, v.There, v.Known = reports.ReadVisit(record, body)
	return v
}

// scopes is what the enabled destinations take, and why what maps of it was not
// sent.
func (n *night) scopes() (list []sql.Scope) {
	for _, d := range n.practice.destinations() {
		for _, s := range d.shapes {
			list = append(list, sql.Scope{Destination: d.name, Object: s.Object, Endpoint: s.Endpoint, Slot: s.Slot, Parts: s.Parts, Unsent: n.unsent(d.name)})
		}
	}
	return list
}

func (n *night) checkLaw(ctx context.Context) error {
	list, err := n.store.Unbalanced(ctx, n.run.ID)
	for _, u := range list {
		err = errors.Join(err, fmt.Errorf("%s %s: %d source records, %d in the outcomes: %w", u.Destination, u.Object, u.Source, u.Sum, errBalance))
	}
	return err
}
