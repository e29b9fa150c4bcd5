package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
)

// extract reads what has changed at DrChrono.
func (n *night) extract(ctx context.Context) error {
	client, err := n.drchrono(n.run.ID, extract.Nightly, n.onQuota)
	if err != nil {
		return err
	}
	stage := &extract.Stage{Store: n.store, Pager: client, Clock: n.clock, Overlap: n.config.Overlap, OnPage: n.show.page, Scope: n.tokens().Scope, Hold: n.askStream}
	if n.config.DrChrono.Bulk == "auto" {
		stage.Bulk = client
	}
	endpoints, err := n.unread(ctx)
	if err != nil {
		return err
	}
	err = stage.Run(ctx, n.run, endpoints)
	n.show.done()
	return errors.Join(err, n.tellStreams(context.WithoutCancel(ctx), endpoints))
}

// tellStreams logs what was remarkable about the streams that went on: one is
// not available, has rows that cannot be read, or no longer looks as it did.
func (n *night) tellStreams(ctx context.Context, endpoints []string) error {
	cursors, err := n.store.Cursors(ctx, extract.Nightly)
	for _, c := range cursors {
		if c.Note != "" && c.State != etl.StreamFailed && slices.Contains(endpoints, c.Endpoint) {
			n.log.WithField("endpoint", c.Endpoint).Warn(c.Note)
		}
	}
	return err
}

// sparedFor is how long what a run drained before it was cut short need not be
// read again by the run that goes on: a kill then repeats at most one call.
const sparedFor = 15 * time.Minute

// unread are the endpoints to read: all, but for what a run that was cut short
// has just read.
func (n *night) unread(ctx context.Context) ([]string, error) {
	if n.named {
		return n.endpoints, nil
	}
	spared, err := n.store.Spared(ctx, n.run, n.run.At.Add(-sparedFor))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(n.endpoints), func(e string) bool { return slices.Contains(spared, e) }), nil
}
