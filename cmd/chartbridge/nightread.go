package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/transform"
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
// The night goes on without one that is not available; where a destination
// cannot do without it, the error says so, and the night is not done.
func (n *night) tellStreams(ctx context.Context, endpoints []string) error {
	cursors, err := n.store.Cursors(ctx, extract.Nightly)
	var lacks []string
	for _, c := range cursors {
		if c.Note == "" || c.State == etl.StreamFailed || !slices.Contains(endpoints, c.Endpoint) {
			continue
		}
		n.log.WithField("endpoint", c.Endpoint).Warn(c.Note)
		if c.State == etl.StreamUnavailable && n.vital(c.Endpoint) {
			lacks = append(lacks, c.Endpoint)
		}
	}
	if len(lacks) > 0 {
		err = errors.Join(err, fmt.Errorf("extract %s: %w, so what changed there is not known; `chartbridge check` says which scope is missing, "+
			"or give the application's user the permission in DrChrono", strings.Join(lacks, ", "), drchrono.ErrUnavailable))
	}
	return err
}

// vital reports whether an enabled destination cannot do without an endpoint.
func (n *night) vital(endpoint string) bool {
	if e, ok := extract.Find(endpoint); !ok || e.Extra {
		return false
	}
	for _, d := range n.practice.destinations() {
		for _, shape := range d.shapes {
			if shape.Endpoint == endpoint || slices.ContainsFunc(shape.Uses, func(u transform.Use) bool { return u.Endpoint == endpoint && !u.Optional }) {
				return true
			}
		}
	}
	return false
}

// sparedFor is how long what a run drained before it was cut short need not be
// read again by the run that goes on: a kill then repeats at most one call.
const sparedFor = 15 * time.Minute

// unread are the endpoints to read: all, but for what a run that was cut short
// has just read. It tells of these, since what changed there meanwhile counts as
// unchanged in this run.
func (n *night) unread(ctx context.Context) ([]string, error) {
	if n.named {
		return n.endpoints, nil
	}
	spared, err := n.store.Spared(ctx, n.run, n.run.At.Add(-sparedFor))
	if err != nil {
		return nil, err
	}
	if len(spared) > 0 {
		n.log.Infof("not read again, since a run that was cut short, and began within the last %d minutes, has read them: %s; what has changed there meanwhile comes with the next run",
			int(sparedFor.Minutes()), strings.Join(spared, ", "))
	}
	return slices.DeleteFunc(slices.Clone(n.endpoints), func(e string) bool { return slices.Contains(spared, e) }), nil
}
