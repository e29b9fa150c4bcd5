package reports

import (
	"iter"
)

// A kind says how a column's values look.
type kind int

const (
	kindText  kind = iota
	kindWrap       // sentences
	kindID         // text whatever it looks like: leading zeros and long numbers stay
	kindCount      // whole numbers; – where there is none
	kindAge        // nights: 0 is one of them
	kindDate       // time.Time, or text where it is none
	kindTime       // likewise, to the minute
	kindOutcome
	kindCheck // ✓ or ✗ and words
	kindLink
	kindInput // a person fills it in
)

// A column is one of a sheet's. Its meaning stands in the dictionary.
type column struct {
	head    string
	kind    kind
	meaning string
}

// A sheet is a title, a header and rows. A row holds string, int, time.Time,
// formula, rowFormula, counted, link or nil, one for each column.
type sheet struct {
	name    string // at most 28 characters: a number may follow
	title   string
	about   string // one line below the title, and on Start
	none    string // what to say where there are no rows
	colour  string // of the tab
	freeze  int    // columns that stay in sight
	columns []column
	rows    iter.Seq2[[]any, error]
	of      *key // rows are this object's records, to be counted by outcome
	phi     bool // rows are records of patients: read ahead of the writer, and split where the sheet grows long
	total   []any
	hidden  bool                     // no person reads it
	input   bool                     // a person fills it in: it has decision columns
	offer   string                   // the formula of what its first row offers to decide; "" = MAP alone
	chart   func(*writer) error      // put below its rows
	print   int                      // columns that are printed; 0 = all
	paper   paper                    // how it prints
	note    func(row []any, at link) // is told where each row was written
}

// A formula is one with the value that we computed ourselves.
type formula struct {
	text  string
	value any // string or int
}

// A link leads to a cell of this workbook.
type link struct{ sheet, cell, text string }

func (l link) formula() formula {
	return formula{`HYPERLINK("#'` + l.sheet + `'!` + l.cell + `","` + l.text + `")`, l.text}
}

// A counted is a number that leads to the rows that it counts, where the
// workbook lists them. The link is one of the cell, not a formula: so other
// formulas go on counting with it.
type counted struct {
	n    int
	text string // of the formula that gives it; "" = it is no formula
	to   link
}

func (c counted) leads() bool { return c.to.sheet != "" && c.n != 0 }

// A place is a sheet, or a part of one, as it was written.
type place struct {
	sheet       string
	about       string
	rows        int
	first, last string // its first column's values, for the index
	outcomes    string // the letter of the column of outcomes
}

// listed is a sheet's rows from a list.
func listed(rows [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// mapped is a sheet's rows from a query's.
func mapped(from iter.Seq2[[]any, error], row func([]any) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for in, err := range from {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row(in), nil) {
				return
			}
		}
	}
}
