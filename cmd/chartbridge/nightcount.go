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
// outcomes. It speaks of the enabled destinations, and the law of those whose
// records this run judged.
func (n *night) account(ctx context.Context, res *result) error {
	if err := n.store.Conclude(ctx, n.run); err != nil {
		return err
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
	return n.checkLaw(ctx, res.Counts)
}

// readVisit says what a visit adds to the totals that the workbook holds
// against each other.
func readVisit(record, body []byte) (v sql.Visit) {
	v.Month, v.Minutes, v.There, v.Known = reports.ReadVisit(record, body)
	return v
}

func (n *night) checkLaw(ctx context.Context, counts []sql.Count) (broken error) {
	for _, d := range n.judged {
		for _, shape := range d.shapes {
			source, err := n.store.SourceCount(ctx, shape.Endpoint, shape.Parts)
			if err != nil {
				return err
			}
			if err := n.store.KeepSource(ctx, n.run, d.name, shape.Object, source); err != nil {
				return err
			}
			sum := 0
			for _, c := range counts {
				if c.Destination == d.name && c.Object == shape.Object && c.Outcome != etl.Extra {
					sum += c.N
				}
			}
			if sum != source {
				broken = errors.Join(broken, fmt.Errorf("%s %s: %d source records, %d in the outcomes: %w", d.name, shape.Object, source, sum, errBalance))
			}
		}
	}
	return broken
}
