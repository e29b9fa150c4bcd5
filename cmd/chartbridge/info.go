package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/spf13/cobra"
)

// Verbs that only show something.

func newVersion(s *shared) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "The program's version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if s.output == "json" {
				return printJSON(s.stdout, map[string]string{"version": version})
			}
			_, err := fmt.Fprintln(s.stdout, "chartbridge "+version)
			return err
		}}
}

func newEndpoints(s *shared) *cobra.Command {
	return &cobra.Command{Use: "endpoints", Short: "DrChrono's endpoints: how each moves, and what it needs", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if s.output == "json" {
				return printJSON(s.stdout, catalogue())
			}
			var rows [][]string
			for _, e := range catalogue() {
				rows = append(rows, []string{e.Name, e.Moves, fmt.Sprint(e.Page), pick(e.Bulk, "yes", "-"), orDash(e.Backfill),
					pick(e.Asked, "asked for", pick(len(e.Verbose) > 0, "left out", "-")), orDash(strings.Join(e.Scopes, ", "))})
			}
			return printTable(s.stdout, []string{"endpoint", "moves by", "page", "bulk list", "backfill", "verbose keys", "scopes"}, rows)
		}}
}

// An endpointLine is an endpoint of the catalogue in words.
type endpointLine struct {
	Name     string   `json:"name"`
	Moves    string   `json:"moves_by"`
	Filter   string   `json:"filter,omitempty"` // for what changed
	Sent     string   `json:"sent,omitempty"`   // with every call
	Page     int      `json:"page_size"`
	Bulk     bool     `json:"bulk_list"`
	Backfill string   `json:"backfill,omitempty"`
	Range    string   `json:"range,omitempty"` // filter of a backfill's windows
	Verbose  []string `json:"verbose_keys,omitempty"`
	Asked    bool     `json:"verbose_asked"`
	Scopes   []string `json:"scopes"`
}

func catalogue() []endpointLine {
	var list []endpointLine
	for _, e := range extract.Catalogue {
		list = append(list, endpointLine{e.Name, e.Move.String(), e.Since(), e.Query, e.Size(), e.Bulk, ways[e.Way()], e.Range, e.Verbose, e.Need,
			strings.FieldsFunc(e.Scopes, func(r rune) bool { return r == ',' || r == ' ' })})
	}
	return list
}

// allShapes are every destination's, enabled or not, with an account's own
// names of Rethink's fields.
func allShapes(names rethink.Names) []transform.Shape {
	reach := centralreach.Shapes(centralreach.Options{Metadata: map[string]string{"ID": "FIELD"}, Write: centralreach.Write{Clients: true, Employees: true, Payors: true,
		Metadata: true, Labels: true, ClaimSettings: true, Cancel: true, Tasks: true}})
	return append(append(rethink.Shapes(names), reach...), centralregistry.Shapes(centralregistry.ShapeOptions{})...)
}

func newShapes(s *shared) *cobra.Command {
	return &cobra.Command{Use: "shapes [DESTINATION/OBJECT]", Short: "The field tables: what each field is mapped from, its limits and lookups",
		Args: cobra.MaximumNArgs(1),
		Long: "Prints the field tables. Rethink's fields have the names that the config gives them (rethink.names), where there is one.",
		RunE: func(_ *cobra.Command, args []string) error {
			names, err := accountNames(s.config)
			if err != nil {
				return err
			}
			var rows [][]string
			var shown []transform.Shape
			for _, shape := range allShapes(names) {
				name := shape.Destination + "/" + shape.Object
				if len(args) == 1 && args[0] != name && args[0] != shape.Object && args[0] != shape.Destination {
					continue
				}
				shown = append(shown, shape)
				for _, c := range shape.Columns {
					rows = append(rows, []string{name, c.Name, string(c.Type), blankZero(c.Max), pick(c.Required, "yes", "-"), orDash(c.Lookup), c.From})
				}
			}
			if len(shown) == 0 {
				return usageError{fmt.Errorf("no shape is named %q; `chartbridge shapes` lists them", args[0])}
			}
			if s.output == "json" {
				return printJSON(s.stdout, documented(shown))
			}
			return printTable(s.stdout, []string{"object", "field", "type", "max", "required", "lookup", "from"}, rows)
		}}
}

// accountNames are the names that a config gives to Rethink's fields; none
// where the folder has no config.
func accountNames(path string) (rethink.Names, error) {
	_, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) && path == defaultConfig {
		return nil, nil
	}
	c, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return rethink.Names(c.Rethink.Names), nil
}

// A fieldLine is a field of a shape in words.
type fieldLine struct {
	Name     string         `json:"name"`
	Type     transform.Type `json:"type"`
	Max      int            `json:"max"` // characters; 0 = no limit
	Required bool           `json:"required"`
	Lookup   string         `json:"lookup"`
	From     string         `json:"from"`
}

func documented(shapes []transform.Shape) []map[string]any {
	var list []map[string]any
	for _, s := range shapes {
		fields := make([]fieldLine, len(s.Columns))
		for i, c := range s.Columns {
			fields[i] = fieldLine{c.Name, c.Type, c.Max, c.Required, c.Lookup, c.From}
		}
		list = append(list, map[string]any{"destination": s.Destination, "object": s.Object, "endpoint": s.Endpoint, "fields": fields})
	}
	return list
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// withPractice opens the practice for a verb and closes it after.
func withPractice(ctx context.Context, s *shared, f func(*practice) error) (err error) {
	p, err := openPractice(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return f(p)
}

func newBudget(s *shared) *cobra.Command {
	return &cobra.Command{Use: "budget", Short: "Calls to DrChrono in this window: used, left, when they reset, who spent them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				b, err := p.ledger("", "operator").Budget(cmd.Context())
				if err != nil {
					return err
				}
				if s.output == "json" {
					return printJSON(s.stdout, b)
				}
				fmt.Fprintf(s.stdout, "%d of %d calls used, %d left; resets at %s (%s)\n%d in the last 10 minutes, of %d\n", b.Used, b.Limit, b.Left,
					b.Resets.In(p.config.Timezone).Format("15:04 MST"), b.Resets.UTC().Format(time.RFC3339), b.Used10Min, p.config.DrChrono.CallsPerTenMin)
				if !b.Throttled.IsZero() {
					fmt.Fprintf(s.stdout, "DrChrono has asked to wait until %s (%s)\n", b.Throttled.In(p.config.Timezone).Format("15:04 MST"), b.Throttled.Format(time.RFC3339))
				}
				var rows [][]string
				for _, spent := range b.By {
					rows = append(rows, []string{spent.Spender, spent.Endpoint, fmt.Sprint(spent.Calls)})
				}
				if len(rows) == 0 {
					return nil
				}
				fmt.Fprintln(s.stdout)
				return printTable(s.stdout, []string{"spender", "endpoint", "calls"}, rows)
			})
		}}
}

func newRuns(s *shared) *cobra.Command {
	runs := &cobra.Command{Use: "runs", Short: "Past runs: list, show"}
	limit := 0
	list := &cobra.Command{Use: "list", Short: "The newest runs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				past, err := p.store.Runs(cmd.Context(), limit)
				if err != nil || s.output == "json" {
					return errors.Join(err, printIf(err == nil, s, past))
				}
				running, err := p.active(cmd.Context(), runLease)
				if err != nil {
					return err
				}
				var rows [][]string
				for i, r := range past {
					rows = append(rows, []string{r.ID, r.Trigger, r.StartedAt, orDash(r.FinishedAt), exitWord(r.ExitCode, running && i == 0), orDash(noteOf(r))})
				}
				return printTable(s.stdout, []string{"run", "trigger", "started", "finished", "exit", "note"}, rows)
			})
		}}
	list.Flags().IntVar(&limit, "limit", 30, "at most so many")
	show := &cobra.Command{Use: "show RUN", Short: "One run's counts", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return showRun(cmd.Context(), s, p, args[0]) })
		}}
	runs.AddCommand(list, show)
	return runs
}

func showRun(ctx context.Context, s *shared, p *practice, id string) error {
	past, err := p.store.Run(ctx, id)
	if err != nil {
		return usageError{err}
	}
	counts, err := p.store.Tally(ctx, id)
	if err != nil {
		return err
	}
	newest, err := p.store.Runs(ctx, 1)
	if err != nil {
		return err
	}
	running, err := p.active(ctx, runLease)
	if err != nil {
		return err
	}
	running = running && newest[0].ID == id
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"run": past, "counts": counts})
	}
	_, err = fmt.Fprintf(s.stdout, "Run %s by %s, %s to %s, exit %s%s\n\n%s", past.ID, past.Trigger, past.StartedAt, orDash(past.FinishedAt),
		exitWord(past.ExitCode, running), suffix(" ", noteOf(past)), countsOf(counts, past.ExitCode, running, widthOf(s.stdout)))
	return err
}

// noteOf is what a run says of itself; a dry one, that it was.
func noteOf(r sql.Past) string {
	if r.Dry {
		return "dry run" + suffix("; ", r.Note)
	}
	return r.Note
}

// countsOf is what a run counted, or why it counted nothing.
func countsOf(counts []sql.Count, code int, running bool, width int) string {
	switch {
	case len(counts) > 0:
		return outcomeTable(counts, width)
	case code >= 0:
		return "It counted no record.\n"
	case running:
		return "It has not ended: it counts its records at its end.\n"
	}
	return "It was killed, or lost its power, before it counted its records: the next run counts them, and writes its files.\n"
}

func printIf(yes bool, s *shared, v any) error {
	if !yes {
		return nil
	}
	return printJSON(s.stdout, v)
}

// exitWord is a run's exit code; one that has none is still running, or was
// killed.
func exitWord(code int, running bool) string {
	if code < 0 {
		return pick(running, "running", "killed")
	}
	return fmt.Sprint(code)
}
