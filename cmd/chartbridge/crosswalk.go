package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

// crosswalkHeader is the header of the files that import reads and export
// writes.
var crosswalkHeader = []string{"destination", "object", "source_id", "target_id"}

func newCrosswalk(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "crosswalk", Short: "Our ids and theirs: list, export, import"}
	var destination, object string
	show := func(use, short string, print func([]sql.Link) error) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withPractice(cmd.Context(), s, func(p *practice) error {
					links, err := p.store.Crosswalk(cmd.Context(), destination, object)
					if err != nil {
						return err
					}
					return print(links)
				})
			}}
		cmd.Flags().StringVar(&destination, "destination", "", "only this `DESTINATION`")
		cmd.Flags().StringVar(&object, "object", "", "only this `OBJECT`")
		return cmd
	}
	var replace bool
	var by string
	load := &cobra.Command{Use: "import FILE.csv --as NAME", Short: "Take ids over from a file with the columns " + strings.Join(crosswalkHeader, ","),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(by); err != nil {
				return err
			}
			links, err := readLinks(args[0])
			if err != nil {
				return usageError{err}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return importLinks(cmd.Context(), s, p, links, replace, by) })
		}}
	load.Flags().BoolVar(&replace, "replace", false, "correct links that stand")
	asName(load, &by)
	parent.AddCommand(
		show("list", "The links", func(links []sql.Link) error { return listLinks(s, links) }),
		show("export", "The links as CSV", func(links []sql.Link) error { return writeLinks(s.stdout, links) }), load)
	return parent
}

func listLinks(s *shared, links []sql.Link) error {
	if s.output == "json" {
		return printJSON(s.stdout, links)
	}
	var rows [][]string
	for _, l := range links {
		rows = append(rows, []string{l.Destination, l.Object, l.SourceID, l.TargetID, l.How})
	}
	return printTable(s.stdout, append(slices.Clone(crosswalkHeader), "how"), rows)
}

func writeLinks(w io.Writer, links []sql.Link) error {
	out := csv.NewWriter(w)
	if err := out.Write(crosswalkHeader); err != nil {
		return err
	}
	for _, l := range links {
		if err := out.Write([]string{l.Destination, l.Object, l.SourceID, l.TargetID}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// readLinks reads a file of links; its columns may stand in any order.
func readLinks(path string) ([]sql.Link, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the links: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s is not CSV: %w", path, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s holds no links below its header", path)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[strings.ToLower(strings.Trim(name, " \ufeff"))] = i
	}
	for _, name := range crosswalkHeader {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("%s has no column %s; its header must be %s", path, name, strings.Join(crosswalkHeader, ","))
		}
	}
	links := make([]sql.Link, 0, len(rows)-1)
	for i, row := range rows[1:] {
		cell := func(name string) string { return strings.TrimSpace(row[at[name]]) }
		l := sql.Link{Destination: cell("destination"), Object: cell("object"), SourceID: cell("source_id"), TargetID: cell("target_id")}
		if l.Destination == "" || l.Object == "" || l.SourceID == "" || l.TargetID == "" {
			return nil, fmt.Errorf("%s line %d: a cell is empty", path, i+2)
		}
		links = append(links, l)
	}
	return links, nil
}

func importLinks(ctx context.Context, s *shared, p *practice, links []sql.Link, replace bool, by string) error {
	for i, l := range links {
		if !p.hasObject(l.Destination, l.Object) {
			return usageError{fmt.Errorf("line %d: %s %s is no object of an enabled destination", i+2, l.Destination, l.Object)}
		}
	}
	faults, err := p.store.Import(ctx, links, replace, by, p.clock.Now())
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		var lines []int
		for i := range faults {
			lines = append(lines, i)
		}
		sort.Ints(lines)
		text := "nothing was imported:"
		for _, i := range lines {
			text += fmt.Sprintf("\nline %d: %s", i+2, faults[i])
		}
		return usageError{errors.New(text)}
	}
	_, err = fmt.Fprintf(s.stdout, "%d links taken over; the next run compares them with what is there.\n", len(links))
	return err
}

func (p *practice) hasObject(destination, object string) bool {
	for _, d := range p.destinations() {
		for _, shape := range d.shapes {
			if d.name == destination && shape.Object == object {
				return true
			}
		}
	}
	return false
}
