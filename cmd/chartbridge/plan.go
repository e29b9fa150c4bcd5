package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

// A plan is what the next load would do.
type plan struct {
	Hash     string      `json:"hash"`
	Workbook string      `json:"workbook,omitempty"`
	Steps    []load.Step `json:"steps"`
	Left     []sql.Count `json:"left"` // records that no step speaks of, by the outcome that they keep
}

type planFlags struct{ phi, workbook string }

func newPlan(s *shared) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:     "plan",
		Short:   "What would be created, updated, and wait, with a hash for push; it maps what is staged and sends nothing",
		Example: "  chartbridge plan\n  chartbridge plan --workbook plan.xlsx --phi full",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				steps, left, err := p.planned(cmd.Context())
				if err != nil {
					return err
				}
				if err := p.writePlan(cmd.Context(), f, steps, left); err != nil {
					return err
				}
				err = p.showPlan(cmd.Context(), s, steps, left, f)
				if err == nil && f.workbook != "" && s.output != "json" {
					_, err = fmt.Fprintf(s.stdout, "\nworkbook   %s\n", f.workbook)
				}
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.phi, "phi", "", "`none|masked|full`: how much is shown of what changes, old and new; none names the fields alone. By default what workbook.phi says")
	flags.StringVar(&f.workbook, "workbook", "", "also write the plan into `FILE.xlsx`, which must not be there yet")
	return cmd
}

func (f planFlags) check() error {
	switch {
	case !slices.Contains([]string{"", "none", "masked", "full"}, f.phi):
		return usageError{fmt.Errorf("--phi %q: write none, masked or full", f.phi)}
	case f.workbook != "":
		if err := reports.FreeForPlan(f.workbook); err != nil {
			return usageError{err}
		}
	}
	return nil
}

// planned maps what is staged, under the run lease, and lists what is due and
// how many records are left as they are.
func (p *practice) planned(ctx context.Context) (steps []load.Step, left []sql.Count, err error) {
	if p.mapless != nil {
		return nil, nil, p.mapless
	}
	err = p.underLease(ctx, func(ctx context.Context) error {
		(&night{practice: p}).bury(ctx)
		if steps, err = p.mapped(ctx); err != nil {
			return err
		}
		left, err = p.left(ctx, steps)
		return err
	})
	return steps, left, err
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
	steps := []load.Step{}
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
			steps = append(steps, load.Plan(object, due, p.config.CentralRegistry.Approvers, acked, going)...)
		}
	}
	return steps, nil
}

// level leaves of a plan what may be shown of patients; that it is shown in full
// is audited.
func (p *practice) level(ctx context.Context, steps []load.Step, f planFlags) error {
	level := p.planLevel(f)
	if level == reports.LevelFull {
		return p.store.Audit(ctx, p.clock.Now(), operator(), "plan", load.PlanHash(steps), "shown with phi full")
	}
	mask(steps, level)
	return nil
}

func (p *practice) showPlan(ctx context.Context, s *shared, steps []load.Step, left []sql.Count, f planFlags) error {
	if err := p.level(ctx, steps, f); err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, plan{load.PlanHash(steps), f.workbook, steps, left})
	}
	rows := stepRows(steps)
	switch {
	case len(steps)+len(left) == 0:
		fmt.Fprintln(s.stdout, s.typed("Nothing is staged yet, or nothing that a destination takes: `chartbridge run --only extract`, then plan again."))
	case !load.Sends(steps):
		fmt.Fprintln(s.stdout, "Nothing is due. "+planOf(steps, left).NothingDue())
	}
	if len(rows) > 0 {
		if err := printTable(s.stdout, []string{"object", "source id", "does", "target id", "what"}, rows); err != nil {
			return err
		}
		if len(rows) < len(steps) {
			fmt.Fprintln(s.stdout, "Records that wait for the same are one line; --output json and --workbook list each.")
		}
	}
	if err := printTotals(s.stdout, planOf(steps, left)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.stdout, "\n%s\nleft alone: %s\n", planCounts(steps), leftText(left))
	if load.Sends(steps) {
		fmt.Fprintf(s.stdout, "To send exactly this:\n  chartbridge push --plan %s%s\n", load.PlanHash(steps), s.configFlag())
	}
	return err
}

// stepRows are the steps as a person reads them: records that wait, and say the
// same, are one line, where the first of them stands.
func stepRows(steps []load.Step) (rows [][]string) {
	waits, n := map[string]int{}, map[int]int{} // the row of what they say; records of a row
	for _, step := range steps {
		row := []string{step.Destination + " " + step.Object, step.SourceID, step.Does, orDash(step.TargetID), orDash(stepText(step))}
		if !step.Sends() {
			same := row[0] + row[2] + row[4]
			if at, ok := waits[same]; ok {
				n[at]++
				rows[at][1], rows[at][3] = fmt.Sprintf("%d records", n[at]), "-"
				continue
			}
			waits[same], n[len(rows)] = len(rows), 1
		}
		rows = append(rows, row)
	}
	return rows
}

// stepText says why a record waits and for which, or what changes of it.
func stepText(s load.Step) string {
	if len(s.WaitsFor) > 0 {
		return "waits for " + strings.Join(s.WaitsFor, ", ")
	}
	if s.Cause == etl.CauseLookUp {
		return "looked for first; changed only where it is there"
	}
	return s.Cause + changeText(s.Changes)
}

// leftText counts what a plan does not touch; what is acknowledged is unchanged.
func leftText(left []sql.Count) string {
	n := map[etl.Outcome]int{}
	for _, c := range left {
		if c.Outcome.Acknowledged() {
			c.Outcome = etl.Unchanged
		}
		n[c.Outcome] += c.N
	}
	var parts []string
	for _, o := range etl.Outcomes {
		switch {
		case n[o] > 0 && o == etl.Failed: // not failed by now: no step of its own speaks of it
			parts = append(parts, fmt.Sprintf("%d inside another record, unreadable, or only compared", n[o]))
		case n[o] > 0 && o == etl.Blocked: // others are blocked by a step
			parts = append(parts, fmt.Sprintf("%d more blocked, which do not map yet, travel inside another record, or are only compared", n[o]))
		case n[o] > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// planLevel is how much a plan shows of patients.
func (p *practice) planLevel(f planFlags) reports.Level {
	if f.phi != "" {
		return reports.Level(f.phi)
	}
	return reports.Level(p.config.Workbook.PHI)
}

// mask leaves of each value what a level shows.
func mask(steps []load.Step, level reports.Level) {
	for _, s := range steps {
		for i, c := range s.Changes {
			s.Changes[i].Old, s.Changes[i].New = reports.PlanValue(c.Field, c.Old, level), reports.PlanValue(c.Field, c.New, level)
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
