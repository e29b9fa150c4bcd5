package reports

import (
	"context"
	"fmt"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// outcomeOrder is every outcome that an object's sum has: those that only
// read-only destinations know are left out where nothing is in them.
func (b *book) outcomeOrder() []etl.Outcome {
	var list []etl.Outcome
	for _, o := range etl.Outcomes {
		readOnly := o == etl.Matched || o == etl.Mismatched || o == etl.Missing
		if !readOnly || b.facts.total(o) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// openOutcomes are those of records that wait, were refused, or differ.
var openOutcomes = []etl.Outcome{etl.Mismatched, etl.Missing, etl.Invalid, etl.Rejected, etl.Blocked, etl.Held, etl.Uncertain, etl.Failed}

// hasExtra reports whether a destination holds what no source record stands
// for.
func (f *facts) hasExtra() bool {
	for _, n := range f.extra {
		if n > 0 {
			return true
		}
	}
	return false
}

// beforeSource is the source of the run before: as it kept it, else its sum,
// which was equal if its balance closed.
func (f *facts) beforeSource(k key) (n int) {
	if n, ok := f.beforeSrc[k]; ok {
		return n
	}
	for _, o := range etl.Outcomes {
		n += f.beforeN[k][o]
	}
	return n
}

// outcomeRows is where the sheet Outcomes ends.
func (b *book) outcomeRows() int { return headRow + len(b.facts.keys)*len(etl.Outcomes) }

// sumIfs adds up a column of the sheet Outcomes for an object and, if given,
// an outcome, each named by a cell.
func (b *book) sumIfs(column, destination, object, outcome string) string {
	rng := func(c string) string { return fmt.Sprintf("Outcomes!$%s$%d:$%s$%d", c, firstRow, c, b.outcomeRows()) }
	text := "SUMIFS(" + rng(column) + "," + rng("A") + "," + destination + "," + rng("B") + "," + object
	if outcome != "" {
		text += "," + rng("C") + "," + outcome
	}
	return text + ")"
}

// balanceSheet is the proof: source = sum of outcomes, by a formula and by the
// program.
func (b *book) balanceSheet(context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where the records go."}, {"Object", kindText, "What they are there."},
		{"Source", kindCount, "Records in scope, counted from what is staged from DrChrono."},
		{"Sum of outcomes", kindCount, "A live formula over the sheet Outcomes, which counts the rows of this workbook."},
		{"By the program", kindCount, "The same sum as the run itself counted it."},
		{"Difference", kindCount, "Source less the sum of outcomes: nothing, if every record is counted once."},
		{"Check", kindCheck, "✓ ok where source, the formula's sum and the program's sum are equal."},
		{"Statement", kindText, "The same in words."}}
	var rows [][]any
	var source, sum, told int
	for i, k := range b.facts.keys {
		at, n := firstRow+i, b.totalSum(k)
		rows = append(rows, []any{destinationName(k.destination), objectName(k.object, true), b.facts.source[k],
			formula{b.sumIfs("F", fmt.Sprintf("$A%d", at), fmt.Sprintf("$B%d", at), ""), n}, b.facts.sum(k),
			formula{fmt.Sprintf("C%d-D%d", at, at), b.facts.source[k] - n},
			b.checkBy(fmt.Sprintf(`IF(AND(F%d=0,D%d=E%d),"✓ ok","✗ does not close")`, at, at, at), b.check(k)),
			b.statement(k, at)})
		source, sum, told = source+b.facts.source[k], sum+n, told+b.facts.sum(k)
	}
	last := headRow + len(rows)
	over := func(c string, n int) formula { return formula{fmt.Sprintf("SUM(%s%d:%s%d)", c, firstRow, c, last), n} }
	total := []any{"All", nil, over("C", source), over("D", sum), over("E", told), over("F", source-sum),
		b.checkBy(fmt.Sprintf(`IF(COUNTIF(G%d:G%d,"✓ ok")=ROWS(G%d:G%d),"✓ ok","✗ does not close")`, firstRow, last, firstRow, last), b.verdictWord()), nil}
	return []sheet{{name: "Balance", title: "Balance: is every source record counted once?",
		about: "source = sum of outcomes, computed by live formulas and, apart from them, by the program", colour: colourDark, freeze: 2,
		none: "No destination is enabled.", columns: columns, rows: listed(rows), total: total}}
}

// statement says what Check says, in words; that all is well it says only as
// long as Check does.
func (b *book) statement(k key, at int) any {
	name := destinationName(k.destination) + " " + objectName(k.object, true)
	if !b.facts.known() {
		return "the run ended before it counted " + name + ", and later runs have moved on"
	}
	switch d := b.facts.source[k] - b.totalSum(k); {
	case d > 0:
		return fmt.Sprintf("%d of %s are in no outcome", d, name)
	case d < 0:
		return fmt.Sprintf("%d of %s are counted more than once, or have no source record", -d, name)
	case b.totalSum(k) != b.facts.sum(k):
		return fmt.Sprintf("the rows of %s say %d, the program said %d", name, b.totalSum(k), b.facts.sum(k))
	}
	well := fmt.Sprintf("all %s %s are accounted for", thousands(b.facts.source[k]), name)
	return formula{fmt.Sprintf(`IF(G%d="✓ ok","%s","something was changed in this file: see Outcomes")`, at, well), well}
}

// totalOf is how many records of an outcome the workbook accounts for: those
// that it lists, and those that are only counted.
func (b *book) totalOf(k key, o etl.Outcome) int { return b.shown[k][o] + b.carriedOf(k, o) }

// carriedOf is how many records of an outcome are only counted. They are
// counted anew from the database where no later run has changed it.
func (b *book) carriedOf(k key, o etl.Outcome) int {
	switch {
	case !b.facts.recounted || b.o.Range.Since != "":
		return b.facts.counted(k, o) - b.shown[k][o]
	case b.o.All && !b.public:
		return 0
	}
	return b.facts.carried[k][o]
}

func (b *book) totalSum(k key) (n int) {
	for _, o := range etl.Outcomes {
		n += b.totalOf(k, o)
	}
	return n
}

// checkBy is a live check, or a word where there is nothing to be held against.
func (b *book) checkBy(text, word string) any {
	if word == checkUnknown {
		return word
	}
	return formula{text, word}
}

func (b *book) check(k key) string {
	if !b.facts.known() {
		return checkUnknown
	}
	if n := b.totalSum(k); n != b.facts.source[k] || n != b.facts.sum(k) {
		return checkBad
	}
	return checkGood
}

// Words of a check.
const (
	checkGood    = "✓ ok"
	checkBad     = "✗ does not close"
	checkUnknown = "– not known"
)

func (b *book) verdictWord() string {
	if !b.facts.known() {
		return checkUnknown
	}
	for _, k := range b.facts.keys {
		if b.check(k) != checkGood {
			return checkBad
		}
	}
	return checkGood
}

// outcomesSheet is a row for each object and outcome, so that every number can
// be followed to its rows.
func (b *book) outcomesSheet(context.Context) []sheet {
	head := "Listed here"
	if b.public {
		head = "Listed"
	}
	columns := []column{{"Destination", kindText, "Where the records go."}, {"Object", kindText, "What they are there."},
		{"Outcome", kindText, "What became of them."},
		{head, kindCount, "Rows of the object's sheet of reconciliation.xlsx with this outcome: there a live count of them."},
		{"Counted only", kindCount, "Records that the run left alone, which are not listed one by one."},
		{"Total", kindCount, "Both."},
		{"By the program", kindCount, "What the run itself counted."},
		{"Check", kindCheck, "✓ ok where the two are equal."},
		{"Records", kindLink, "Leads to the first of the rows."}}
	if b.public {
		columns = columns[:len(columns)-1]
	}
	var rows [][]any
	for _, k := range b.facts.keys {
		for _, o := range etl.Outcomes {
			rows = append(rows, b.outcomeRow(firstRow+len(rows), k, o))
		}
	}
	return []sheet{{name: "Outcomes", title: "Outcomes: where each number comes from",
		about: "listed + counted only = total, beside what the run counted", colour: colourDark, freeze: 3,
		none: "No destination is enabled.", columns: columns, rows: listed(rows)}}
}

func (b *book) outcomeRow(at int, k key, o etl.Outcome) []any {
	shown := any(b.shown[k][o])
	var counts []string
	for _, p := range b.parts[k] {
		if p.rows > 0 {
			counts = append(counts, fmt.Sprintf("COUNTIFS('%s'!$%s$%d:$%s$%d,C%d)", p.sheet, p.outcomes, firstRow, p.outcomes, headRow+p.rows, at))
		}
	}
	if len(counts) > 0 {
		shown = formula{strings.Join(counts, "+"), b.shown[k][o]}
	}
	total, told, word := b.totalOf(k, o), b.facts.counted(k, o), checkGood
	if total != told {
		word = "✗ differs"
	}
	var to any
	if first := b.firsts[outcomeOf{k, o}]; first.sheet != "" {
		first.text = "open"
		to = first
	}
	return []any{destinationName(k.destination), objectName(k.object, true), string(o), shown, b.carriedOf(k, o),
		formula{fmt.Sprintf("D%d+E%d", at, at), total}, told,
		formula{fmt.Sprintf(`IF(F%d=G%d,"✓ ok","✗ differs")`, at, at), word}, to}
}

// thousands writes a number as people read it.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
