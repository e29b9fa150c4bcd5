package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/spf13/cobra"
)

type reportFlags struct {
	run, phi, from, to string
	all                bool
}

func newReport(s *shared) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Rebuild the workbook and the other files of a run, or of a range of days",
		Long: `Rebuild the workbook and the other files of a run, or of a range of days.

With --from or --to, one workbook tells of every run that began in those days:
it lists what was judged or sent in any of them, with the newest word on each
record, and how things stand as of the newest. It goes into its own folder of
output_dir, named by its days, which is pruned with that run.

A workbook that is replaced is kept beside the new one, as reconciliation-kept.xlsx,
where somebody wrote into it, or it cannot be read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return rebuild(cmd.Context(), s, p, f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.run, "run", "", "the run's `ID`; the newest that was no dry run by default")
	flags.StringVar(&f.phi, "phi", "", "how much of a patient the workbook shows: `none|masked|full`; the config's by default")
	flags.StringVar(&f.from, "from", "", "the first `DAY` of a range, in the practice's zone; the oldest run's by default")
	flags.StringVar(&f.to, "to", "", "its last `DAY`; the newest run's by default")
	flags.BoolVar(&f.all, "all", false, "list unchanged and excluded records too")
	return cmd
}

// rebuild writes a past run's files again, or those of a range of runs.
func rebuild(ctx context.Context, s *shared, p *practice, f reportFlags) error {
	if f.phi != "" && !slices.Contains([]string{"none", "masked", "full"}, f.phi) {
		return usageError{fmt.Errorf("--phi %q: write none, masked or full", f.phi)}
	}
	r, days, newest, err := p.chosen(ctx, f)
	if err != nil {
		return err
	}
	options := p.reportOptions(etl.Run{ID: r.ID, At: r.Started(), Trigger: r.Trigger, DryRun: r.Dry}, r.Finished(), r.ExitCode)
	options.All, options.Good, options.Range = f.all, options.Good && newest && !r.Part, days
	if f.phi != "" {
		options.Level = reports.Level(f.phi)
	}
	subject := cmp.Or(days.Folder, r.ID)
	replaced := written(filepath.Join(options.Dir, subject, "reconciliation.xlsx"))
	files, err := p.write(ctx, options)
	if err != nil {
		return err
	}
	if options.Level != "none" {
		if err := p.store.Audit(ctx, p.clock.Now(), operator(), "report", subject, "workbook written with phi "+string(options.Level)); err != nil {
			return err
		}
	}
	var broken error
	if files.Balanced != nil && !*files.Balanced {
		broken = errBalance
	}
	if s.output == "json" {
		return errors.Join(broken, printJSON(s.stdout, files))
	}
	if !replaced.IsZero() {
		what := "run " + r.ID
		if days.Folder != "" {
			what = "the runs " + days.Since + " to " + r.ID
		}
		fmt.Fprintf(s.stderr, "The workbook of %s, written %s, was replaced; %s\n", what, replaced.In(p.config.Timezone).Format("2006-01-02 15:04 MST"), keptWhere(files.Kept))
	}
	_, err = fmt.Fprintf(s.stdout, "workbook   %s\nsummary    %s\nresults    %s\ncounts     %s\n", files.Reconciliation, files.Summary, files.Results, files.JSON)
	return errors.Join(broken, err)
}

// keptWhere says what became of what a person wrote into a workbook that was
// replaced.
func keptWhere(kept string) string {
	if kept == "" {
		return "nobody had written into it. Decisions taken in a copy of it can still be given to decide."
	}
	return "the old one is kept, since somebody wrote into it, or it cannot be read: " + kept + ". Decisions taken there can still be given to decide."
}

// written is when a file was written; zero where there is none.
func written(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (p *practice) reportOptions(run etl.Run, finished time.Time, exit int) reports.Options {
	return reports.Options{Run: run, Finished: finished, ExitCode: exit, Good: exit == exitDone || exit == exitAttention,
		Practice: p.config.Practice, Zone: p.config.Timezone, Level: reports.Level(p.config.Workbook.PHI), Dir: p.config.OutputDir,
		Objects: p.objects(), Passphrase: p.config.Workbook.Passphrase.Reveal()}
}

// write writes a run's files from one snapshot of the database.
func (p *practice) write(ctx context.Context, o reports.Options) (files reports.Files, err error) {
	if o, err = p.keyed(ctx, o); err != nil {
		return files, err
	}
	if o.EmptyLookups, err = p.emptyLookups(ctx); err != nil {
		return files, err
	}
	snap, err := p.store.Snapshot(ctx)
	if err != nil {
		return files, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return reports.Write(ctx, snap, o)
}

// emptyLookups names the lookups that hold no id at all, though judged records
// need one: as a rule they were forgotten.
func (p *practice) emptyLookups(ctx context.Context) (names []string, err error) {
	lacked, err := p.store.LackingLookups(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range lacked {
		name := l.Destination + " " + l.Lookup
		if !p.lookups.Has(l.Destination, l.Lookup) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// objects documents the enabled destinations' shapes for the mapping sheet.
func (p *practice) objects() []reports.Object {
	var list []reports.Object
	for _, d := range p.destinations() {
		for _, s := range d.shapes {
			list = append(list, reports.Object{Destination: d.name, Object: s.Object, Endpoint: s.Endpoint, Parts: s.Parts, Fields: fields(s)})
		}
	}
	return list
}

func fields(s transform.Shape) []reports.Field {
	list := make([]reports.Field, len(s.Columns))
	for i, c := range s.Columns {
		list[i] = reports.Field{Name: c.Name, Type: string(c.Type), Max: c.Max, Required: c.Required, Lookup: c.Lookup, From: c.From, Reads: c.Reads()}
	}
	return list
}
