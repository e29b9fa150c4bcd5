package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/load"
	"github.com/spf13/cobra"
)

type runFlags struct {
	dryRun       bool
	only         string
	endpoints    []string
	destinations []string
	onQuota      string
	metricsFile  string
}

func newRun(s *shared) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "One pass: extract, transform, load, report",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runOnce(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "send nothing, and end with the plan of what would be sent")
	flags.StringVar(&f.only, "only", "", "one `STAGE`: extract, transform, load or report")
	flags.StringSliceVar(&f.endpoints, "endpoints", nil, "extract these `ENDPOINTS` alone")
	flags.StringSliceVar(&f.destinations, "destinations", nil, "map and send to these `DESTINATIONS` alone")
	flags.StringVar(&f.onQuota, "on-quota", "wait", "when the calls are used up: `wait|stop`")
	flags.StringVar(&f.metricsFile, "metrics-file", "", "write Prometheus metrics to `FILE`, for a textfile collector")
	return cmd
}

func runOnce(ctx context.Context, s *shared, f runFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	p, err := openPractice(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.mapless != nil && f.only != stageExtract {
		return p.mapless // before a call is spent
	}
	if f.only == "" || f.only == stageExtract {
		p.warnOfCalls()
	}
	n, err := p.night(f, "operator")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.RunLimit, p.overdue())
	defer cancel()
	res, err := n.pass(ctx)
	if res.Run.ID == "" { // it never began
		res.Exit = exitCode(err, signalIn(err))
	}
	if !n.run.DryRun && !n.run.Part && res.Exit != exitHeld && res.Exit < 128 {
		p.tellOnce(context.WithoutCancel(ctx), res)
	}
	if f.metricsFile != "" {
		err = errors.Join(err, p.writeMetrics(context.WithoutCancel(ctx), f.metricsFile))
	}
	switch {
	case f.plans(res) && ctx.Err() == nil:
		err = errors.Join(err, p.printDry(ctx, s, res))
	case res.Run.ID != "":
		err = errors.Join(err, printResult(s, res))
	}
	return err
}

// plans reports whether a run ends with a plan: a dry one that mapped what is
// staged, and was kept from nothing by its environment or another run.
func (f runFlags) plans(res result) bool {
	mapped := res.Run.ID != "" && f.only != stageExtract && f.only != stageReport
	return f.dryRun && mapped && res.Exit != exitEnvironment && res.Exit != exitHeld
}

// overdue is why a run that took too long was ended.
func (p *practice) overdue() error {
	return fmt.Errorf("the run reached run_limit of %s; the next one goes on where it stopped, and run_limit can be raised", p.config.RunLimit)
}

// printDry ends a dry run with what the next run would do.
func (p *practice) printDry(ctx context.Context, s *shared, res result) error {
	steps, err := p.steps(ctx)
	if err != nil {
		return errors.Join(printResult(s, res), err)
	}
	left, err := p.left(ctx, steps)
	if err != nil {
		return errors.Join(printResult(s, res), err)
	}
	if s.output != "json" {
		return errors.Join(printResult(s, res), p.showPlan(ctx, s, steps, left, planFlags{}))
	}
	if err := p.level(ctx, steps, planFlags{}); err != nil {
		return err
	}
	view := res.view()
	view["plan"] = plan{load.PlanHash(steps), "", steps, left}
	return printJSON(s.stdout, view)
}

// check refuses flags that say nothing that can be done.
func (f runFlags) check() error {
	if !slices.Contains([]string{"", stageExtract, stageTransform, stageLoad, stageReport}, f.only) {
		return usageError{fmt.Errorf("--only %q: write extract, transform, load or report", f.only)}
	}
	if !slices.Contains([]string{"", "wait", "stop"}, f.onQuota) {
		return usageError{fmt.Errorf("--on-quota %q: write wait or stop", f.onQuota)}
	}
	return nil
}

// night makes the pass that a person asked for.
func (p *practice) night(f runFlags, trigger string) (*night, error) {
	n := &night{practice: p, run: p.newRun(trigger, f.dryRun), only: f.only, endpoints: f.endpoints, named: len(f.endpoints) > 0,
		destinations: f.destinations, onQuota: drchrono.Wait}
	if f.onQuota == "stop" {
		n.onQuota = drchrono.Stop
	}
	if len(n.endpoints) == 0 {
		n.endpoints = p.endpoints()
	}
	n.endpoints = slices.Clone(n.endpoints)
	for i, name := range n.endpoints {
		e, ok := extract.Find(name)
		if !ok {
			return nil, usageError{fmt.Errorf("endpoint %q is none of DrChrono's; `chartbridge endpoints` shows them", name)}
		}
		n.endpoints[i] = e.Name
	}
	for _, name := range n.destinations {
		if !slices.Contains(p.config.Destinations(), name) {
			return nil, usageError{fmt.Errorf("destination %q is not enabled in the config; enabled are %s", name, inWords(p.config.Destinations()))}
		}
	}
	return n, nil
}

func printResult(s *shared, res result) error {
	if s.output == "json" {
		return printJSON(s.stdout, res.view())
	}
	title := "Run " + res.Run.ID
	if res.Only == stageExtract { // it counts no outcome, and leaves no file
		_, err := fmt.Fprintf(s.stdout, "%s: %d calls to DrChrono, exit code %d\n\n%s\n\n", title, res.Calls, res.Exit,
			s.typed("What changed is staged: `chartbridge state list` shows each endpoint, `chartbridge plan` maps it."))
		return err
	}
	return printNight(s.stdout, title, res)
}

// view is a run's result as JSON.
func (r result) view() map[string]any {
	return map[string]any{"run": r.Run.ID, "exit_code": r.Exit, "calls": r.Calls, "counts": r.Counts, "files": r.Files}
}

// printNight writes the table of outcomes, and where the files are.
func printNight(w io.Writer, title string, res result) error {
	fmt.Fprintf(w, "%s: %d calls to DrChrono, exit code %d\n\n", title, res.Calls, res.Exit)
	switch {
	case len(res.Counts) == 0:
		fmt.Fprintln(w, "No record is staged and judged yet.")
	default:
		fmt.Fprint(w, outcomeTable(res.Counts, widthOf(w)))
	}
	whole := res.Exit == exitDone || res.Exit == exitAttention
	switch {
	case res.Run.DryRun:
		fmt.Fprintln(w, "\nNothing was sent: it was a dry run.")
	case !res.Sent && whole && res.Loaded && len(res.Counts) > 0:
		fmt.Fprintln(w, "\nNothing was sent: no record that can go is new or changed.")
	}
	if res.Files.Reconciliation != "" {
		fmt.Fprintf(w, "\n  workbook   %s\n  summary    %s\n  results    %s\n  counts     %s\n",
			res.Files.Reconciliation, res.Files.Summary, res.Files.Results, res.Files.JSON)
	}
	_, err := fmt.Fprintln(w)
	return err
}
