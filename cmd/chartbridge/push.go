package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/spf13/cobra"
)

func newPush(s *shared) *cobra.Command {
	hash := ""
	cmd := &cobra.Command{
		Use:   "push --plan HASH",
		Short: "Send exactly what that plan says, or refuse; releases the brake and an initial load",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if hash == "" {
				return usageError{errors.New("--plan is missing; `chartbridge plan` prints the hash")}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return p.push(cmd.Context(), s, hash) })
		},
	}
	cmd.Flags().StringVar(&hash, "plan", "", "the `HASH` that plan printed")
	return cmd
}

// push sends a plan. The comparison and the sending are under one lease, so that
// nobody changes what is due between them.
func (p *practice) push(ctx context.Context, s *shared, hash string) error {
	if p.mapless != nil {
		return p.mapless
	}
	n := &night{practice: p, run: p.newRun("push", false), released: true, skip: []string{stageExtract, stageTransform}}
	n.first = func(ctx context.Context) error { return p.release(ctx, n, hash) }
	res, err := n.pass(ctx)
	if res.Run.ID != "" {
		err = errors.Join(err, printResult(s, res))
	}
	return err
}

// release compares what is due with the plan that a person saw, and releases
// the initial load that it brings.
func (p *practice) release(ctx context.Context, n *night, hash string) error {
	steps, err := p.mapped(ctx)
	if err != nil {
		return err
	}
	if !load.Sends(steps) {
		return usageError{errors.New("nothing is due, so there is nothing to send")}
	}
	if now := load.PlanHash(steps); now != hash {
		return usageError{fmt.Errorf("what is due is not that plan any more: it is %s now; look at `chartbridge plan` again", now)}
	}
	for _, d := range p.destinations() {
		if d.vendorFirst && sendsTo(steps, d.name) {
			if err := p.store.SetSetting(ctx, "initial_load/"+d.name, n.run.At.Format(time.RFC3339)); err != nil {
				return err
			}
		}
		if load.Blind(d.sender()) && creates(steps, d.name) {
			if err := p.store.Asked(ctx, d.name); err != nil {
				return err
			}
		}
	}
	return p.store.Audit(ctx, p.clock.Now(), operator(), "push", hash, planCounts(steps))
}

func sendsTo(steps []load.Step, destination string) bool {
	return slices.ContainsFunc(steps, func(s load.Step) bool { return s.Destination == destination && s.Sends() })
}

func creates(steps []load.Step, destination string) bool {
	for _, s := range steps {
		if s.Destination == destination && s.Does == string(etl.Create) {
			return true
		}
	}
	return false
}
