package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/spf13/cobra"
)

// A plan is what the next load would do.
type plan struct {
	Hash  string      `json:"hash"`
	Steps []load.Step `json:"steps"`
}

func newPlan(s *shared) *cobra.Command {
	phi := ""
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "What would be created, updated, and wait, with a hash for push; it maps what is staged and sends nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if phi != "none" && phi != "full" {
				return usageError{fmt.Errorf("--phi %q: write none or full", phi)}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				steps, err := p.planned(cmd.Context())
				if err != nil {
					return err
				}
				return p.showPlan(cmd.Context(), s, steps, phi == "full")
			})
		},
	}
	cmd.Flags().StringVar(&phi, "phi", "none", "`none` names the fields that change; full shows what they hold, old and new")
	return cmd
}

// planned maps what is staged, under the run lease, and lists what is due.
func (p *practice) planned(ctx context.Context) (steps []load.Step, err error) {
	err = p.underLease(ctx, func(ctx context.Context) error {
		steps, err = p.mapped(ctx)
		return err
	})
	return steps, err
}

// mapped maps what is staged and lists what is due; the run lease is held.
func (p *practice) mapped(ctx context.Context) ([]load.Step, error) {
	n := &night{practice: p, run: p.newRun("plan", true), only: stageTransform}
	defer func() {
		if n.still != nil {
			n.still()
		}
	}()
	if err := n.stages(ctx); err != nil {
		return nil, err
	}
	return p.steps(ctx)
}

// steps lists what is due, object by object: what waits for a record that goes
// before it in the same plan goes too.
func (p *practice) steps(ctx context.Context) ([]load.Step, error) {
	var steps []load.Step
	for _, d := range p.destinations() {
		going := map[string]bool{}
		for _, object := range d.sender().Objects() {
			if object.ReadOnly {
				continue
			}
			due, err := p.store.Due(ctx, d.name, object.Name, 0, math.MaxInt32, p.clock.Now())
			if err != nil {
				return nil, err
			}
			acked, err := p.store.AckedPayloads(ctx, due)
			if err != nil {
				return nil, err
			}
			steps = append(steps, load.Plan(object, due, acked, going)...)
		}
	}
	return steps, nil
}

func (p *practice) showPlan(ctx context.Context, s *shared, steps []load.Step, full bool) error {
	if full {
		if err := p.store.Audit(ctx, p.clock.Now(), operator(), "plan", load.PlanHash(steps), "shown with phi full"); err != nil {
			return err
		}
	} else {
		withoutValues(steps)
	}
	if s.output == "json" {
		return printJSON(s.stdout, plan{load.PlanHash(steps), steps})
	}
	var rows [][]string
	waiting := 0
	for _, step := range steps {
		if step.Does == string(etl.Blocked) {
			waiting++
			continue
		}
		rows = append(rows, []string{step.Destination + " " + step.Object, step.SourceID, step.Does, orDash(step.TargetID), orDash(step.Cause + changeText(step.Changes))})
	}
	if !load.Sends(steps) {
		fmt.Fprintln(s.stdout, "Nothing is due: the destinations hold what DrChrono holds, as far as it maps.")
	}
	if len(rows) > 0 {
		if err := printTable(s.stdout, []string{"object", "source id", "does", "target id", "what"}, rows); err != nil {
			return err
		}
	}
	if waiting > 0 {
		fmt.Fprintf(s.stdout, "\n%d records wait for others that do not go; the workbook says for which.\n", waiting)
	}
	if !load.Sends(steps) {
		return nil
	}
	_, err := fmt.Fprintf(s.stdout, "\n%s\nTo send exactly this:\n  chartbridge push --plan %s\n", planCounts(steps), load.PlanHash(steps))
	return err
}

func withoutValues(steps []load.Step) {
	for i := range steps {
		for j := range steps[i].Changes {
			steps[i].Changes[j].Old, steps[i].Changes[j].New = "", ""
		}
	}
}

func changeText(changes []load.Change) string {
	text := ""
	for i, c := range changes {
		if i > 0 {
			text += "; "
		}
		text += c.Field
		if c.Old != "" || c.New != "" {
			text += ": " + orDash(c.Old) + " -> " + orDash(c.New)
		}
	}
	return text
}

func planCounts(steps []load.Step) string {
	n := map[string]int{}
	for _, s := range steps {
		n[s.Does]++
	}
	return fmt.Sprintf("%d to create, %d to update, %d to discharge, %d blocked, %d held", n["create"], n["update"], n["discharge"], n["blocked"], n["held"])
}

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
	n := &night{practice: p, run: p.newRun("push", false), released: true, skip: []string{stageExtract, stageTransform}}
	n.first = func(ctx context.Context) error { return p.release(ctx, n, hash) }
	res, err := n.pass(ctx)
	if res.Run.ID != "" {
		err = errors.Join(err, printResult(s, res))
	}
	return err
}

// release compares what is due with the plan that a person saw, and releases
// the initial load that it creates.
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
		if d.vendorFirst && creates(steps, d.name) {
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

func creates(steps []load.Step, destination string) bool {
	for _, s := range steps {
		if s.Destination == destination && s.Does == string(etl.Create) {
			return true
		}
	}
	return false
}
