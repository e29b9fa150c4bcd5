package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// `export initial` writes the files for the load that the vendor runs before
// the API is switched on (rethink.txt, Transmission Limits). The columns of the
// vendor's own templates are not published (destinations-facts, D): these are
// its API's field names, after those of `crosswalk import`.

func newExport(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "export", Short: "Files for others: initial, for the load that the vendor runs"}
	var dir, destination string
	initial := &cobra.Command{Use: "initial", Short: "CSV files of what the vendor loads first, one for each object, with a column for its ids", Args: cobra.NoArgs,
		Long: "Maps what is staged and writes what has no id at the destination yet: a file for each object, with a column for\n" +
			"each field by the vendor's name, after destination, object, source_id and target_id. The vendor fills target_id\n" +
			"in; `chartbridge crosswalk import` takes it from the same files. They hold patients' data in the clear.\n" +
			"A text that begins like a formula stands after an apostrophe.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return exportInitial(cmd.Context(), s, p, destination, dir) })
		}}
	initial.Flags().StringVar(&dir, "dir", "", "write into `DIR` (default: a new folder in output_dir)")
	initial.Flags().StringVar(&destination, "destination", "", "for this `DESTINATION` (default: the one whose initial_load is vendor)")
	parent.AddCommand(initial)
	return parent
}

// An initialFile is one object's file.
type initialFile struct {
	Object string `json:"object"`
	Path   string `json:"path"`
	Rows   int    `json:"rows"`
}

func exportInitial(ctx context.Context, s *shared, p *practice, name, dir string) error {
	d, err := p.loadedByVendor(name)
	if err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Join(p.config.OutputDir, "initial-"+d.name+"-"+p.clock.Now().UTC().Format("20060102T150405Z"))
	}
	var files []initialFile
	err = p.underLease(ctx, func(ctx context.Context) error {
		if _, err := p.mapped(ctx); err != nil {
			return err
		}
		files, err = p.writeInitial(ctx, d, dir)
		return err
	})
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, files)
	}
	var rows [][]string
	for _, f := range files {
		rows = append(rows, []string{f.Object, fmt.Sprint(f.Rows), f.Path})
	}
	if err := printTable(s.stdout, []string{"object", "rows", "file"}, rows); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.stdout, s.typed("\nThese files hold patients' data in the clear: send them as such, and delete them after the load.\n"+
		"With target_id filled in: `chartbridge crosswalk import FILE.csv...`"))
	return err
}

// loadedByVendor is the destination that the files are for.
func (p *practice) loadedByVendor(name string) (destination, error) {
	var fits []destination
	for _, d := range p.destinations() {
		if d.name == name || name == "" && d.vendorFirst {
			fits = append(fits, d)
		}
	}
	if len(fits) != 1 || fits[0].name == centralregistry.Name {
		return destination{}, usageError{fmt.Errorf("name the destination with --destination: rethink or centralreach, where enabled; enabled are %s", inWords(p.config.Destinations()))}
	}
	return fits[0], nil
}

// writeInitial writes the files, all or none: what could not be written whole
// is removed.
func (p *practice) writeInitial(ctx context.Context, d destination, dir string) (files []initialFile, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = os.Remove(f.Path) // the first error tells more
			}
			files = nil
		}
	}()
	counts := ""
	for _, shape := range d.shapes {
		if slices.ContainsFunc(d.sender().Objects(), func(o load.Object) bool { return o.Name == shape.Object && o.ReadOnly }) {
			continue
		}
		f, written, err := p.writeObject(ctx, d, shape, filepath.Join(dir, d.name+"-"+shape.Object+".csv"))
		if written {
			files = append(files, f)
		}
		if err != nil {
			return files, err
		}
		counts += fmt.Sprintf("%d %s, ", f.Rows, shape.Object)
	}
	return files, p.store.Audit(ctx, p.clock.Now(), operator(), "export initial", d.name, counts+"with patients' data, to "+dir)
}

// writeObject writes one file; written says that it is ours to remove.
func (p *practice) writeObject(ctx context.Context, d destination, shape transform.Shape, path string) (f initialFile, written bool, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return f, false, usageError{fmt.Errorf("%s is there already, and nothing is overwritten; name another --dir", path)}
	}
	if err != nil {
		return f, false, fmt.Errorf("write the file of %s: %w", shape.Object, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f = initialFile{Object: shape.Object, Path: path}
	fields := p.initialFields(d, shape)
	out := csv.NewWriter(file)
	header := slices.Clone(crosswalkHeader)
	for _, field := range fields {
		header = append(header, field.column)
	}
	if err := out.Write(header); err != nil {
		return f, true, fmt.Errorf("write %s: %w", path, err)
	}
	const page = 1000
	for after := int64(0); ; {
		targets, err := p.store.Unlinked(ctx, d.name, shape.Object, after, page)
		if err != nil {
			return f, true, err
		}
		if len(targets) == 0 {
			break
		}
		after = targets[len(targets)-1].ID
		for _, t := range targets {
			if err := out.Write(initialRow(t, fields)); err != nil {
				return f, true, fmt.Errorf("write %s: %w", path, err)
			}
			f.Rows++
		}
	}
	out.Flush()
	return f, true, out.Error()
}

// An initialField is one column: a member of the payload, or whose record of
// ours it hangs on.
type initialField struct {
	column string
	member string // of the payload; "" = the source id of what it needs
	needs  string // the field whose need it is; "" = of what carries it
}

// initialFields are an object's columns: ids of theirs are not known yet, so
// ours stand for them.
func (p *practice) initialFields(d destination, shape transform.Shape) (fields []initialField) {
	if shape.Inside != "" {
		fields = append(fields, initialField{column: shape.Inside + " source_id"})
	}
	for _, c := range shape.Columns {
		switch c.Type {
		case transform.Own:
		case transform.Theirs:
			fields = append(fields, initialField{column: c.Name + " source_id", needs: c.Name})
		default:
			fields = append(fields, initialField{column: c.Name, member: c.Name})
		}
	}
	for _, c := range d.env.Constants[shape.Object] {
		if !slices.ContainsFunc(fields, func(f initialField) bool { return f.member == c.Name }) {
			fields = append(fields, initialField{column: c.Name, member: c.Name})
		}
	}
	return fields
}

func initialRow(t etl.Target, fields []initialField) []string {
	row := []string{t.Destination, t.Object, t.Source.ID, ""}
	var members map[string]jsontext.Value
	_ = json.Unmarshal(t.Payload, &members) // our own payload: it was written as JSON
	for _, f := range fields {
		switch {
		case f.member != "":
			row = append(row, cellOf(members[f.member]))
		case f.needs == "":
			row = append(row, t.Parent)
		default:
			cell := ""
			for _, n := range t.Needs {
				if n.Path == f.needs {
					cell = n.ID
				}
			}
			row = append(row, cell)
		}
	}
	return row
}

// cellOf is a JSON value as a cell: a list of values is separated by
// semicolons, and a text that a spreadsheet would take for a formula stands
// after an apostrophe.
func cellOf(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		var text string
		_ = json.Unmarshal(v, &text) // of our own payload
		if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") {
			return "'" + text
		}
		return text
	case '[':
		var list []jsontext.Value
		_ = json.Unmarshal(v, &list) // likewise
		cells := make([]string, len(list))
		for i, item := range list {
			cells[i] = cellOf(item)
		}
		return strings.Join(cells, ";")
	case '0', 't', 'f':
		return string(v)
	}
	return ""
}
