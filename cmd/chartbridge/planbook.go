package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// left counts the records of which no step speaks, by the outcome that they
// have: all records less those of the steps.
func (p *practice) left(ctx context.Context, steps []load.Step) ([]sql.Count, error) {
	counts, err := p.store.Standing(ctx)
	if err != nil {
		return nil, err
	}
	type place struct {
		destination, object string
		outcome             etl.Outcome
	}
	due := map[place]int{}
	for _, s := range steps {
		due[place{s.Destination, s.Object, s.Stands}]++
	}
	enabled := p.config.Destinations()
	for i, c := range counts {
		counts[i].N -= due[place{c.Destination, c.Object, c.Outcome}]
	}
	return slices.DeleteFunc(counts, func(c sql.Count) bool { return c.N == 0 || !slices.Contains(enabled, c.Destination) }), nil
}

// writePlan writes the plan's workbook, if one is asked for. What it shows of
// patients is audited before it is written.
func (p *practice) writePlan(ctx context.Context, f planFlags, steps []load.Step, left []sql.Count) error {
	if f.workbook == "" {
		return nil
	}
	w := planOf(steps, left)
	w.Practice, w.At, w.Zone = p.config.Practice, p.clock.Now(), p.config.Timezone
	w.Level, w.Passphrase = p.planLevel(f), p.config.Workbook.Passphrase.Reveal()
	if w.Level != reports.LevelNone {
		if err := p.store.Audit(ctx, w.At, operator(), "plan", w.Hash, "workbook written with phi "+string(w.Level)); err != nil {
			return err
		}
	}
	err := reports.WritePlan(f.workbook, w)
	if errors.Is(err, reports.ErrPlanPath) {
		return usageError{err}
	}
	return err
}

// planOf is a plan as reports tell of it.
func planOf(steps []load.Step, left []sql.Count) reports.Plan {
	w := reports.Plan{Hash: load.PlanHash(steps)}
	for _, s := range steps {
		step := reports.PlanStep{Destination: s.Destination, Object: s.Object, SourceID: s.SourceID, TargetID: s.TargetID,
			Does: s.Does, Cause: s.Cause, WaitsFor: s.WaitsFor}
		for _, c := range s.Changes {
			step.Changes = append(step.Changes, reports.PlanChange(c))
		}
		w.Steps = append(w.Steps, step)
	}
	for _, c := range left {
		w.Left = append(w.Left, reports.PlanCount(c))
	}
	return w
}

// printTotals counts every record once, by object: what its step does, or the
// outcome that it keeps where no step speaks of it. A column of nothing is
// left out.
func printTotals(w io.Writer, p reports.Plan) error {
	totals := p.Totals()
	head, rows := []string{"each record once"}, make([][]string, len(totals))
	for i, t := range totals {
		rows[i] = []string{t.Destination + " " + t.Object}
	}
	for j, name := range reports.PlanHeads() {
		if !slices.ContainsFunc(totals, func(t reports.PlanTotal) bool { return t.N[j] > 0 }) {
			continue
		}
		head = append(head, strings.ToLower(name))
		for i, t := range totals {
			rows[i] = append(rows[i], blankZero(t.N[j]))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return printTable(w, head, rows)
}
