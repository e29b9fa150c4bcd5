package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/spf13/cobra"
)

// crosswalkHeader is the header of the files that import reads and export
// writes.
var crosswalkHeader = []string{"destination", "object", "source_id", "target_id"}

func newCrosswalk(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "crosswalk", Short: "Our ids and theirs: list, export, import, remove"}
	var destination, object string
	show := func(use, short string, print func([]sql.Link) error) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				known := func(shape transform.Shape) bool {
					return (destination == "" || shape.Destination == destination) && (object == "" || shape.Object == object)
				}
				if !slices.ContainsFunc(allShapes(nil), known) {
					return usageError{fmt.Errorf("%q is no destination or object; `chartbridge shapes` lists them", strings.TrimSpace(destination+" "+object))}
				}
				return withPractice(cmd.Context(), s, func(p *practice) error {
					links, err := p.store.Crosswalk(cmd.Context(), destination, object)
					if err == nil && use == "export" {
						err = p.store.Audit(cmd.Context(), p.clock.Now(), operator(), "crosswalk export", "crosswalk", howMany(len(links), "link"))
					}
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
	parent.AddCommand(
		show("list", "The links", func(links []sql.Link) error { return listLinks(s, links) }),
		show("export", "The links as CSV, or as JSON", func(links []sql.Link) error { return writeLinks(s, links) }), newCrosswalkImport(s), newCrosswalkRemove(s))
	return parent
}

func newCrosswalkImport(s *shared) *cobra.Command {
	var replace bool
	var by string
	cmd := &cobra.Command{Use: "import FILE.csv... [--as NAME]", Short: "Take ids over from files with the columns " + strings.Join(crosswalkHeader, ","),
		Long: "Takes the ids of all files over, or none. Further columns are passed over, and so is a row whose target_id is\n" +
			"empty: what `chartbridge export initial` wrote can be given back as it is. The next run compares each record\n" +
			"with what is there. Where that cannot be asked (readback: false), a client's funders and authorizations without\n" +
			"an id are held (no_id), since they may be there: give their ids too, or say with RETRY that they are not.\n" +
			"Where initial_load is vendor, this ends the initial load: what has no id then is created.\n" +
			"Nothing is taken while a run is under way (exit code 6).",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			links, blank, err := readLinks(args)
			if err != nil {
				return usageError{err}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				err := p.underLease(cmd.Context(), func(ctx context.Context) error { return importLinks(ctx, p, links, replace, by) })
				if err != nil {
					return err
				}
				strange, err := p.unstaged(cmd.Context(), links)
				if err != nil {
					return err
				}
				if len(strange) > 0 {
					p.log.Warnf("%s a source id that is not staged, first %s: is it DrChrono's id? The link is kept, and waits for such a record", pick(len(strange) == 1, "1 link names", fmt.Sprintf("%d links name", len(strange))), strange[0])
				}
				return receipt(s, map[string]int{"imported": len(links), "without_target_id": blank, "not_staged": len(strange)},
					"%s taken over; the next run compares %s with what is there.%s", howMany(len(links), "link"), pick(len(links) == 1, "it", "them"),
					pick(blank > 0, fmt.Sprintf("\nPassed over for want of a target_id: %s.", howMany(blank, "row")), ""))
			})
		}}
	cmd.Flags().BoolVar(&replace, "replace", false, "correct links that stand")
	asNameOrUser(cmd, &by)
	return cmd
}

func listLinks(s *shared, links []sql.Link) error {
	if s.output == "json" {
		return printJSON(s.stdout, links)
	}
	if len(links) == 0 {
		_, err := fmt.Fprintln(s.stdout, "No id of theirs is known.")
		return err
	}
	var rows [][]string
	for _, l := range links {
		rows = append(rows, []string{l.Destination, l.Object, l.SourceID, l.TargetID, l.How})
	}
	return printTable(s.stdout, append(slices.Clone(crosswalkHeader), "how"), rows)
}

func writeLinks(s *shared, links []sql.Link) error {
	if s.output == "json" {
		return printJSON(s.stdout, links)
	}
	out := csv.NewWriter(s.stdout)
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

// A fileLink is a link with the place that it was read from, and what is wrong
// with its row; "" is nothing.
type fileLink struct {
	sql.Link
	place, fault string
}

// readLinks reads files of links; blank counts the rows without an id of theirs.
func readLinks(paths []string) (links []fileLink, blank int, err error) {
	for _, path := range paths {
		list, without, err := readLinkFile(path)
		if err != nil {
			return nil, 0, err
		}
		links, blank = append(links, list...), blank+without
	}
	if len(links) == 0 {
		return nil, 0, fmt.Errorf("%s: no row has a target_id", strings.Join(paths, ", "))
	}
	return links, blank, nil
}

// readLinkFile reads one file; its columns may stand in any order. A
// spreadsheet may have saved it with a byte order mark, and with semicolons.
func readLinkFile(path string) (links []fileLink, blank int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read the links: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1 // a row that has too few is told with the others
	if header, _, _ := bytes.Cut(text, []byte("\n")); !bytes.Contains(header, []byte(",")) && bytes.Contains(header, []byte(";")) {
		in.Comma = ';'
	}
	rows, err := in.ReadAll()
	if err != nil {
		return nil, 0, fmt.Errorf("%s is not CSV: %w", path, err)
	}
	if len(rows) < 1 {
		return nil, 0, fmt.Errorf("%s is empty; its header must be %s", path, strings.Join(crosswalkHeader, ","))
	}
	at := map[string]int{}
	for i, name := range slices.Backward(rows[0]) {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range crosswalkHeader {
		if _, ok := at[name]; !ok {
			return nil, 0, fmt.Errorf("%s has no column %s; its header must hold %s", path, name, strings.Join(crosswalkHeader, ","))
		}
	}
	for i, row := range rows[1:] {
		l := fileLink{place: fmt.Sprintf("%s line %d", path, i+2)}
		if len(row) != len(rows[0]) {
			l.fault = fmt.Sprintf("it has %d cells, and the header %d", len(row), len(rows[0]))
			links = append(links, l)
			continue
		}
		cell := func(name string) string { return strings.TrimSpace(row[at[name]]) }
		l.Link = sql.Link{Destination: cell("destination"), Object: cell("object"), SourceID: cell("source_id"), TargetID: cell("target_id")}
		switch {
		case l.Destination == "" || l.Object == "" || l.SourceID == "":
			l.fault = "a cell is empty"
		case l.TargetID == "":
			blank++
			continue
		case !utf8.ValidString(l.Destination + "," + l.Object + "," + l.SourceID + "," + l.TargetID):
			l.fault = "an id is not UTF-8, as with a file that a spreadsheet saved as plain CSV; save it as \"CSV UTF-8\" and import that"
		}
		links = append(links, l)
	}
	return links, blank, nil
}

// importLinks takes links over, or tells of every row that is wrong.
func importLinks(ctx context.Context, p *practice, given []fileLink, replace bool, by string) error {
	enabled := p.destinations()
	var links []sql.Link
	var rows []int // of given
	for i := range given {
		l := &given[i]
		if _, ok := enabled.shapeOf(l.Destination, l.Object); !ok && l.fault == "" {
			l.fault = l.Destination + " " + l.Object + " is no object of an enabled destination"
		}
		if l.fault = cmp.Or(l.fault, enabled.wrongID(l.Destination, l.Object, l.TargetID)); l.fault == "" {
			links, rows = append(links, l.Link), append(rows, i)
		}
	}
	var faults map[int]string
	var err error
	if len(links) == len(given) {
		faults, err = p.store.Import(ctx, links, replace, by, p.clock.Now())
	} else {
		faults, err = p.store.WouldRefuse(ctx, links, replace, p.clock.Now())
	}
	for i, fault := range faults {
		given[rows[i]].fault = fault
	}
	if err != nil {
		return err
	}
	return notImported(given)
}

// notImported names each fault with the place of its link.
func notImported(given []fileLink) error {
	const most = 50
	text, n := "nothing was imported:", 0
	for _, l := range given {
		if l.fault == "" {
			continue
		}
		if n++; n <= most {
			text += "\n" + l.place + ": " + l.fault
		}
	}
	switch {
	case n == 0:
		return nil
	case n > most:
		text += fmt.Sprintf("\nand %d more", n-most)
	}
	return usageError{errors.New(text)}
}

// unstaged gives the places of links whose source record is not staged. What
// is inside a record bears its id before a slash.
func (p *practice) unstaged(ctx context.Context, links []fileLink) (places []string, err error) {
	enabled, staged := p.destinations(), map[string]map[string]bool{}
	for _, l := range links {
		shape, _ := enabled.shapeOf(l.Destination, l.Object)
		if staged[shape.Endpoint] == nil {
			ids, err := p.store.IDs(ctx, shape.Endpoint)
			if err != nil {
				return nil, err
			}
			staged[shape.Endpoint] = map[string]bool{}
			for _, id := range ids {
				staged[shape.Endpoint][id] = true
			}
		}
		if id, _, _ := strings.Cut(l.SourceID, "/"); !staged[shape.Endpoint][id] {
			places = append(places, l.place) // what is no id may be a patient's: it is not repeated
		}
	}
	return places, nil
}
