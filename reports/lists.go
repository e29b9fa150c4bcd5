package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// Hidden sheets: what the drop-downs offer and which pairs are allowed, and
// what the file says of itself to `decide`.
const (
	listsName    = "Lists"
	manifestName = "_manifest"
	// formatName is the first thing that decide looks for in a manifest.
	formatName = "chartbridge workbook 1"
)

func (b *book) listsSheet(context.Context) []sheet {
	columns := []column{{"Word", kindText, "A word of the drop-down."}, {"Allowed decision", kindText, "A decision that may be taken"},
		{"Outcome", kindText, "on records of this outcome"}, {"Cause", kindText, "that are there for this cause."},
		{"Row", kindText, "A row's outcome and cause"}, {"Offered", kindText, "A decision that its drop-down offers"},
		{"How many", kindCount, "It offers so many, from the row's first on."}}
	var rows [][]any
	for i, a := range allowances {
		row := []any{nil, a.verb, string(a.outcome), a.cause}
		if a.cause == "" {
			row[3] = anyCause
		}
		if i < len(decisions) {
			row[0] = decisions[i][0]
		}
		rows = append(rows, append(row, nil, nil, nil))
	}
	n := 0
	for _, f := range offers {
		for _, verb := range f.verbs {
			for n >= len(rows) {
				rows = append(rows, make([]any, len(columns)))
			}
			copy(rows[n][4:], []any{string(f.outcome) + f.cause, verb, len(f.verbs)})
			n++
		}
	}
	return []sheet{{name: listsName, title: "Lists: what may be decided", about: "Read by the drop-downs and checks of other sheets", hidden: true,
		colour: colourGrey, columns: columns, rows: listed(rows)}}
}

func (b *book) manifestSheet(context.Context) []sheet {
	columns := []column{{"Name", kindText, "What."}, {"Value", kindText, "Its value."}}
	rows := [][]any{{"format", formatName}, {"practice", practiceTag(b.o.Key)}, {"run", b.o.Run.ID}, {"phi", string(b.o.Level)}}
	return []sheet{{name: manifestName, title: "Manifest", about: "What this file says of itself", hidden: true, colour: colourGrey,
		columns: columns, rows: listed(rows)}}
}

// manyToken stands in place of a token where a row speaks of many records: no
// decision can be taken on it.
const manyToken = "many"

// A rowFormula is a formula that hangs on the row that it is written to.
type rowFormula func(row int) formula

// Columns that a person fills in, as `decide` knows them.
const (
	headDecision = "decision"
	headMapTo    = "map_to_id"
	headComment  = "comment"
	headCheck    = "input_check"
	headToken    = "row_token"
)

var decisionColumns = []column{
	{headDecision, kindInput, "RETRY, SKIP, MAP or APPROVE; blank is no decision. Send the file back with `chartbridge decide`."},
	{headMapTo, kindInput, "For MAP: their id."},
	{headComment, kindInput, "Why, without a patient's name. It is kept in the log."},
	{headCheck, kindCheck, "Whether the decision fits the row: a live formula."}}

var tokenColumn = column{headToken, kindID, "Lets `decide` see whether the row is ours and the record still stands as shown. Leave it as it is."}

// checkFormula is the live check of a row's input.
func checkFormula(decision, mapTo, outcome, cause, lookup string) rowFormula {
	last := headRow + len(allowances)
	list := func(c string) string { return fmt.Sprintf("%s!$%s$%d:$%s$%d", listsName, c, firstRow, c, last) }
	return func(row int) formula {
		at := func(c string) string { return fmt.Sprintf("$%s%d", c, row) }
		word := "UPPER(TRIM(" + at(decision) + "))"
		count := func(cause string) string {
			return fmt.Sprintf("COUNTIFS(%s,%s,%s,%s,%s,%s)", list("B"), word, list("C"), at(outcome), list("D"), cause)
		}
		allowed := count(`"`+anyCause+`"`) + "+" + count(at(cause))
		value := ""
		if lookup != "" {
			value = "+IF(AND(" + word + `="MAP",` + at(outcome) + `="invalid",` + at(lookup) + `<>""),1,0)`
		}
		text := `IF(TRIM(` + at(decision) + `)="","",IF(` + allowed + value + `=0,"✗ not for this row",IF(AND(` + word + `="MAP",TRIM(` + at(mapTo) +
			`)=""),"✗ map_to_id?","✓ ready")))`
		return formula{text, ""}
	}
}

// offerFormula is what a drop-down offers on its first row: the words beside
// that outcome and cause on the sheet Lists.
func offerFormula(outcome, cause, lookup string) string {
	at := func(c string) string { return fmt.Sprintf("$%s%d", c, firstRow) }
	other := `"` + anyCause + `"`
	if lookup != "" {
		other = fmt.Sprintf(`IF(%s="","%s","%s")`, at(lookup), anyCause, lackCause)
	}
	found := fmt.Sprintf("IFERROR(MATCH(%[1]s&%[2]s,%[4]s!$E:$E,0),MATCH(%[1]s&%[3]s,%[4]s!$E:$E,0))", at(outcome), at(cause), other, listsName)
	return fmt.Sprintf("OFFSET(%[1]s!$F$1,%[2]s-1,0,INDEX(%[1]s!$G:$G,%[2]s),1)", listsName, found)
}

// noInput is an input cell of a row on which nothing can be decided.
type noInput struct{}

// inputs are a row's cells that a person fills in, yellow where the row takes
// a decision, and its live check.
func inputs(o etl.Outcome, cause, lookup string, check rowFormula) []any {
	verbs := offered(o, cause, lookup)
	if len(verbs) == 0 {
		return []any{noInput{}, noInput{}, noInput{}, check}
	}
	row := []any{nil, nil, nil, check}
	if !slices.Contains(verbs, "MAP") {
		row[1] = noInput{}
	}
	return row
}

// addInput gives a part's input cells their drop-downs, and its check its
// colours. It is called between the first row and the end of the stream.
func (w *writer) addInput() error {
	last := max(w.row, firstRow)
	for i, c := range w.sheet.columns {
		at := letter(i + 1)
		rng := fmt.Sprintf("%s%d:%s%d", at, firstRow, at, last)
		var err error
		switch c.head {
		case headDecision:
			err = w.dropDown(rng)
		case headComment:
			v := excelize.NewDataValidation(true)
			v.Sqref = rng
			v.SetInput("Comment", "Say why, without a patient's name.")
			if err = v.SetRange(0, 500, excelize.DataValidationTypeTextLength, excelize.DataValidationOperatorBetween); err == nil {
				v.SetError(excelize.DataValidationErrorStyleStop, "Too long", "A comment has at most 500 characters.")
				err = w.b.f.AddDataValidation(w.place.sheet, v)
			}
		case headCheck:
			err = w.colourCheck(rng, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) dropDown(rng string) error {
	v := excelize.NewDataValidation(true)
	v.Sqref = rng
	if w.sheet.offer == "" {
		if err := v.SetDropList([]string{"MAP"}); err != nil {
			return err
		}
	} else {
		v.SetSqrefDropList(strings.ReplaceAll(w.sheet.offer, "&", "&amp;")) // it is put into the file as it is
	}
	v.SetInput("Decision", "Choose from the list, which has what this row takes; leave it blank to decide nothing.")
	v.SetError(excelize.DataValidationErrorStyleStop, "Not for this row", "Choose from the list, or leave the cell blank.")
	return w.b.f.AddDataValidation(w.place.sheet, v)
}

func (w *writer) colourCheck(rng, column string) error {
	bad, err := w.b.f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: colourProblem, Bold: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fillProblem}}})
	if err != nil {
		return err
	}
	return w.b.f.SetConditionalFormat(w.place.sheet, rng, []excelize.ConditionalFormatOptions{
		{Type: "formula", Criteria: fmt.Sprintf(`LEFT($%s%d,1)="✗"`, column, firstRow), Format: &bad}})
}

// hide hides the sheets that no person reads. It writes their state itself:
// excelize would first read every sheet of the workbook back into memory.
func (b *book) hide() {
	states := map[string]string{listsName: "hidden", manifestName: "veryHidden"}
	for i := range b.f.WorkBook.Sheets.Sheet {
		if state := states[b.f.WorkBook.Sheets.Sheet[i].Name]; state != "" {
			b.f.WorkBook.Sheets.Sheet[i].State = state
		}
	}
}
