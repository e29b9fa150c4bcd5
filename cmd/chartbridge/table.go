package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// printJSON writes a list that is empty as one, wherever it stands, and not as
// null.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v, jsonv1.DefaultOptionsV1(), json.FormatNilSliceAsNull(false), json.FormatNilMapAsNull(false), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// receipt says what was done: as JSON where that is asked for, else as a line.
func receipt(s *shared, v any, format string, args ...any) error {
	if s.output == "json" {
		return printJSON(s.stdout, v)
	}
	_, err := fmt.Fprintf(s.stdout, format+"\n", args...)
	return err
}

// printTable writes columns that line up. On a terminal they fit its width as
// far as their words do; elsewhere a row is a line.
func printTable(w io.Writer, header []string, rows [][]string) error {
	rows = append([][]string{header}, rows...)
	if width := widthOf(w); width > 0 {
		rows = fitted(rows, width)
	}
	t := tabwriter.NewWriter(w, 0, 0, gap, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// allOutcomes are the columns of a run's counts.
var allOutcomes = append(slices.Clone(etl.Outcomes), etl.Extra)

// An outcomeRow is the counts of one destination and object.
type outcomeRow struct {
	of     string
	source int // all but extra
	n      map[etl.Outcome]int
}

func outcomeRows(counts []sql.Count) []*outcomeRow {
	var rows []*outcomeRow
	at := map[string]*outcomeRow{}
	for _, c := range counts {
		of := c.Destination + " " + c.Object
		if at[of] == nil {
			at[of] = &outcomeRow{of: of, n: map[etl.Outcome]int{}}
			rows = append(rows, at[of])
		}
		at[of].n[c.Outcome] += c.N
		if c.Outcome != etl.Extra {
			at[of].source += c.N
		}
	}
	return rows
}

// outcomeTable is a run's counts, a line for each destination and object; an
// outcome that nothing is in has no column. Where that is wider than the width,
// of which 0 is none, each line says its outcomes in words.
func outcomeTable(counts []sql.Count, width int) string {
	rows := outcomeRows(counts)
	if table := outcomeColumns(rows); width == 0 || strings.Index(table, "\n") <= width {
		return table
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, gap, ' ', 0)
	for _, r := range rows {
		var parts []string
		for _, o := range etl.Outcomes {
			if r.n[o] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", r.n[o], o))
			}
		}
		beside := pick(r.n[etl.Extra] > 0, fmt.Sprintf(", and %d extra", r.n[etl.Extra]), "")
		fmt.Fprintf(t, "%s\t%d\t= %s%s\n", r.of, r.source, strings.Join(parts, " + "), beside)
	}
	t.Flush()
	return b.String()
}

func outcomeColumns(rows []*outcomeRow) string {
	header, shown := "\tsource\t", []etl.Outcome{}
	for _, o := range allOutcomes {
		if slices.ContainsFunc(rows, func(r *outcomeRow) bool { return r.n[o] > 0 }) {
			header, shown = header+string(o)+"\t", append(shown, o)
		}
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, gap, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, header)
	for _, r := range rows {
		line := fmt.Sprintf("%s\t%d\t", r.of, r.source)
		for _, o := range shown {
			line += blankZero(r.n[o]) + "\t"
		}
		fmt.Fprintln(t, line)
	}
	t.Flush()
	return b.String()
}

func blankZero(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// sentIn counts what a run brought to the destinations.
func sentIn(counts []sql.Count) int {
	sent := 0
	for _, c := range counts {
		if c.Outcome == etl.Created || c.Outcome == etl.Updated {
			sent += c.N
		}
	}
	return sent
}
