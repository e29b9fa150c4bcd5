package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
)

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printTable writes columns that line up.
func printTable(w io.Writer, header []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// outcomeTable is a run's counts, a line for each destination and object; an
// outcome that nothing is in has no column.
func outcomeTable(counts []sql.Count) string {
	type row struct{ destination, object string }
	var rows []row
	cell := map[row]map[etl.Outcome]int{}
	used := map[etl.Outcome]bool{}
	for _, c := range counts {
		r := row{c.Destination, c.Object}
		if cell[r] == nil {
			rows, cell[r] = append(rows, r), map[etl.Outcome]int{}
		}
		cell[r][c.Outcome] += c.N
		used[c.Outcome] = used[c.Outcome] || c.N > 0
	}
	header, right := []string{"", "source"}, ""
	for _, o := range append(etl.Outcomes, etl.Extra) {
		if used[o] {
			header = append(header, string(o))
		}
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, strings.Join(header, "\t")+"\t"+right)
	for _, r := range rows {
		line := []string{r.destination + " " + r.object, ""}
		source := 0
		for _, o := range append(etl.Outcomes, etl.Extra) {
			if used[o] {
				line = append(line, blankZero(cell[r][o]))
			}
			if o != etl.Extra {
				source += cell[r][o]
			}
		}
		line[1] = fmt.Sprint(source)
		fmt.Fprintln(t, strings.Join(line, "\t")+"\t")
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
