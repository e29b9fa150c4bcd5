package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// The sheet Summary: a row an object, from the stages that its records passed
// to the outcomes that they ended in.

// stages are what becomes of source records on their way, each a live formula
// over the row: base, a column of the sheet, and outcomes that are taken from
// it, or added where there is no base.
var stages = []struct {
	head, base string
	outcomes   []etl.Outcome
	meaning    string
}{
	{"Mapped", "D", []etl.Outcome{etl.Excluded, etl.Invalid}, "Staged less excluded and invalid: what was made into a record for the destination."},
	{"Sent", "", []etl.Outcome{etl.Created, etl.Updated, etl.Unchanged, etl.Rejected, etl.Uncertain},
		"Created, updated, unchanged, rejected and uncertain: sent in this run or ever before. Nothing where we may only read there."},
	{"Acknowledged", "", []etl.Outcome{etl.Created, etl.Updated, etl.Unchanged, etl.Matched},
		"Created, updated, unchanged and matched: the destination said that it has it, or holds the same."},
	{"Open", "", openOutcomes, "Records that wait for something, were refused, differ or are missing: mismatched, missing, and invalid to failed."},
}

// outcomesFrom is the column of Summary that the outcomes begin in: it begins
// the second page too. The file without records has no links to them.
func (b *book) outcomesFrom() int {
	if b.public {
		return 12
	}
	return 13
}

// summarySheet is what came, how far it went, and what became of it.
func (b *book) summarySheet(context.Context) []sheet {
	outcomes := b.outcomeOrder()
	columns := []column{{"Destination", kindText, "Where the records go."}, {"Object", kindText, "What they are there."},
		{"Source", kindCount, "Records of DrChrono in scope of this object."},
		{"Staged", kindCount, "Those of them whose content could be read."}}
	for _, s := range stages {
		columns = append(columns, column{s.head, kindCount, s.meaning})
	}
	columns = append(columns, column{"Δ source", kindCount, "How many more, or fewer, source records than at the end of the run before."},
		column{"Δ open", kindCount, "How many more, or fewer, are open than at the end of the run before."},
		column{"Check", kindCheck, "Whether source equals the sum of outcomes, from the sheet Balance."})
	if !b.public {
		columns = append(columns, column{"Records", kindLink, "Leads to the object's records."})
	}
	for _, o := range outcomes {
		columns = append(columns, column{string(o), kindCount, meanings[o]})
	}
	if b.facts.hasExtra() {
		columns = append(columns, column{"Theirs alone", kindCount, meanings[etl.Extra]})
	}
	var rows [][]any
	for i, k := range b.facts.keys {
		rows = append(rows, b.summaryRow(firstRow+i, k, outcomes))
	}
	about := "Every source record stands in exactly one outcome; a count leads to its rows"
	if b.facts.before == "" {
		about += "; there is no earlier run to compare with"
	}
	return []sheet{{name: "Summary", title: "Summary", about: about, colour: colourDark, freeze: 2,
		none: "No destination is enabled.", columns: columns, rows: listed(rows), paper: paper{breakAt: b.outcomesFrom()}}}
}

func (b *book) summaryRow(at int, k key, outcomes []etl.Outcome) []any {
	unread := b.facts.unread[k]
	row := []any{destinationName(k.destination), objectName(k.object, true), counted{b.facts.source[k], "", link{sheet: "Balance", cell: fmt.Sprint("C", at)}},
		counted{b.facts.source[k] - unread, "", link{sheet: "Endpoints", cell: "A3"}}}
	for _, s := range stages {
		row = append(row, b.stage(at, k, s.base, s.outcomes, outcomes, b.facts.source[k]-unread))
	}
	if b.facts.before == "" {
		row = append(row, nil, nil)
	} else {
		row = append(row, b.facts.source[k]-b.facts.beforeSource(k), b.open(k)-b.openBefore(k))
	}
	row = append(row, formula{fmt.Sprintf("Balance!$G$%d", at), b.check(k)})
	if !b.public {
		row = append(row, b.linkTo(k))
	}
	for i, o := range outcomes {
		text := b.sumIfs("F", fmt.Sprintf("$A%d", at), fmt.Sprintf("$B%d", at), letter(b.outcomesFrom()+i)+"$3")
		row = append(row, counted{b.totalOf(k, o), text, b.rowsOf(k, o)})
	}
	if b.facts.hasExtra() {
		theirs := link{}
		if list := b.places["Missing and Extra"]; len(list) > 0 {
			theirs = link{sheet: list[0].sheet, cell: "A3"}
		}
		row = append(row, counted{b.facts.extra[k], "", theirs})
	}
	return row
}

// stage is how many records came that far. It leads to the outcomes that it
// adds up.
func (b *book) stage(at int, k key, base string, of, shown []etl.Outcome, staged int) counted {
	var cells []string
	n, to := 0, link{sheet: "Outcomes", cell: fmt.Sprint("A", firstRow+slices.Index(b.facts.keys, k)*len(etl.Outcomes))}
	for _, o := range of {
		n += b.totalOf(k, o)
		if i := slices.Index(shown, o); i >= 0 {
			cells = append(cells, letter(b.outcomesFrom()+i)+fmt.Sprint(at))
		}
	}
	text := "SUM(" + strings.Join(cells, ",") + ")"
	if base != "" {
		return counted{staged - n, fmt.Sprint(base, at, "-", text), to}
	}
	return counted{n, text, to}
}

// rowsOf is where the records of an outcome are listed, else the line that
// counts them.
func (b *book) rowsOf(k key, o etl.Outcome) link {
	if first := b.firsts[outcomeOf{k, o}]; first.sheet != "" {
		return first
	}
	line := slices.Index(b.facts.keys, k)*len(etl.Outcomes) + slices.Index(etl.Outcomes, o)
	return link{sheet: "Outcomes", cell: fmt.Sprint("E", firstRow+line)}
}

func (b *book) linkTo(k key) any {
	if len(b.parts[k]) == 0 {
		return nil
	}
	return link{b.parts[k][0].sheet, "A3", "open"}
}

// open is how many records of an object are open, and openBefore how many were
// at the end of the run before.
func (b *book) open(k key) (n int) {
	for _, o := range openOutcomes {
		n += b.totalOf(k, o)
	}
	return n
}

func (b *book) openBefore(k key) (n int) {
	for _, o := range openOutcomes {
		n += b.facts.beforeN[k][o]
	}
	return n
}
