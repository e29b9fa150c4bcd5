package reports

import (
	"fmt"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

const startName = "Start"

// A starter writes the first sheet, which is read, not filtered: blocks of
// rows, each with a header of its own.
type starter struct {
	b       *book
	out     *excelize.StreamWriter
	row     int
	columns int // 5 where a sheet has parts, whose first and last ids are shown
}

// writeStart writes the first sheet, after all others: it counts them.
func (b *book) writeStart() error {
	if err := b.streamStart(); err != nil {
		return fmt.Errorf("sheet %s: %w", startName, err)
	}
	return nil
}

func (b *book) streamStart() error {
	if err := b.sheetLook(startName, colourDark, startPaper); err != nil {
		return err
	}
	out, err := b.f.NewStreamWriter(startName)
	if err != nil {
		return err
	}
	s := &starter{b: b, out: out, columns: 3}
	for _, list := range b.places {
		if len(list) > 1 {
			s.columns = 5
		}
	}
	for i, width := range []float64{26, startWidth, 13, 22, 22}[:s.columns] {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	for _, block := range []func() error{s.verdict, s.toDo, s.decide, s.sheets, s.outcomes, s.about} {
		if err := block(); err != nil {
			return err
		}
	}
	if err := b.printSetup(startName, false, startPaper); err != nil {
		return err
	}
	return out.Flush()
}

const startWidth = 92

// startPaper: the first sheet is higher than wide.
var startPaper = paper{portrait: true, one: true}

func (s *starter) put(height float64, cells ...any) error {
	s.row++
	return s.out.SetRow(cellName(1, s.row), cells, excelize.RowOpts{Height: height})
}

// head begins a block; one thin row parts it from the one before.
func (s *starter) head(names ...string) error {
	if err := s.put(9); err != nil {
		return err
	}
	cells := make([]any, s.columns)
	for i := range cells {
		cells[i] = s.b.cell(styleHead, nil)
		if i < len(names) {
			cells[i] = s.b.cell(styleHead, names[i])
		}
	}
	if len(names) > 2 {
		cells[2] = s.b.cell(styleHeadRight, names[2])
	}
	return s.put(17, cells...)
}

// across goes on with empty cells of the last one's style to the last column.
func (s *starter) across(cells ...any) []any {
	last, _ := cells[len(cells)-1].(excelize.Cell)
	for len(cells) < s.columns {
		cells = append(cells, excelize.Cell{StyleID: last.StyleID})
	}
	return cells
}

// line is a label and a sentence.
func (s *starter) line(name, text string) error {
	text, _ = cellText(text)
	return s.put(15.5*float64(linesIn(text, startWidth)), s.across(s.b.cell(styleTotal, name), s.b.cell(styleWrap, text))...)
}

func (s *starter) verdict() error {
	b, title := s.b, "Chartbridge reconciliation"
	if b.public {
		title = "Chartbridge summary"
	}
	if b.o.Practice != "" {
		title += " – " + b.o.Practice
	}
	title, _ = cellText(title)
	if err := s.put(24, b.cell(styleTitle, title)); err != nil {
		return err
	}
	night := b.o.Run.At.In(b.o.Zone).Format("Monday, 2 January 2006, 15:04 MST") + " · " + b.o.runs()
	if err := s.put(18, b.cell(styleSubtitle, night)); err != nil {
		return err
	}
	word, text := b.verdict()
	look := styleVerdictWait
	switch word {
	case verdictGood:
		look = styleVerdictGood
	case verdictBad, verdictShort:
		look = styleVerdictBad
	}
	err := s.put(19*float64(linesIn(text, startWidth*0.8)), s.across(b.cell(look, word), b.cell(look, text))...)
	if err == nil && b.facts.past {
		err = s.line("An earlier run", b.pastWords())
	}
	return err
}

// toDo is what to do, in three lines.
func (s *starter) toDo() error {
	if err := s.head("What to do"); err != nil {
		return err
	}
	f, first := s.b.facts, "Nothing has to be decided tonight."
	if n := f.total(etl.Held, etl.Uncertain); n > 0 {
		first = fmt.Sprintf("Open Worklist and begin at the top: %s records wait for a decision, or for word whether they arrived.", thousands(n))
	}
	if s.b.public {
		first = replaceSheet(first)
	}
	first += s.b.onWorklist()
	second := "Nothing was refused."
	if n := f.total(etl.Invalid, etl.Rejected); n > 0 {
		second = fmt.Sprintf("Open Reject causes and mend the first line first: %s records were refused, and with them those that wait for them.", thousands(n))
	}
	if empty := s.b.o.EmptyLookups; len(empty) > 0 && f.recounted {
		second += fmt.Sprintf(" The lookups file holds no id at all for %s: fill it first, from `chartbridge lookups template`.", strings.Join(empty, ", "))
	}
	third := "Nothing is left for the next run."
	if n := f.total(etl.Failed, etl.Blocked); n > 0 {
		third = fmt.Sprintf("%s records failed or wait for others: they go by themselves once what they wait for is mended.", thousands(n))
	}
	if n := f.total(etl.Mismatched, etl.Missing); n > 0 {
		third += fmt.Sprintf(" %s visits differ from a schedule or are missing there: Mismatches and Missing and Extra say what to enter.", thousands(n))
	}
	if s.b.cutShort() {
		first = "First of all read Exit code and Note at the end of this sheet: they say what failed, and what to do. " + first
	}
	if s.b.verdictWord() == checkBad {
		first = "First of all open Balance: the line with ✗ says which object does not add up, and Outcomes shows where. Tell support before you correct anything."
	}
	for i, text := range []string{first, second, third} {
		if err := s.line(fmt.Sprint(i+1), text); err != nil {
			return err
		}
	}
	return nil
}

// decide says how a person's word comes back.
func (s *starter) decide() error {
	if s.b.public {
		return nil
	}
	if err := s.head("Decision", "What it does, chosen in a yellow column and given back to `chartbridge decide`"); err != nil {
		return err
	}
	for _, d := range decisions {
		if err := s.line(d[0], d[1]); err != nil {
			return err
		}
	}
	return nil
}

// replaceSheet points to the other file: the summary has no worklist.
func replaceSheet(text string) string {
	return "In reconciliation.xlsx: " + text
}

// sheets is the index: every sheet and part of one, its rows, its first and
// last id.
func (s *starter) sheets() error {
	b := s.b
	if err := s.head([]string{"Sheet", "What it shows", "Rows", "First", "Last"}[:s.columns]...); err != nil {
		return err
	}
	byName := map[string]place{}
	for _, list := range b.places {
		for _, p := range list {
			byName[p.sheet] = p
		}
	}
	for _, name := range b.f.GetSheetList() {
		p, ok := byName[name]
		if !ok {
			continue
		}
		l := link{p.sheet, "A1", p.sheet}.formula()
		cells := []any{excelize.Cell{StyleID: b.styles[styleLink], Formula: l.text, Value: l.value}, b.cell(styleText, p.about), b.cell(styleCount, p.rows)}
		if len(b.placesOf(name)) > 1 {
			cells = append(cells, b.cell(styleID, p.first), b.cell(styleID, p.last))
		}
		if err := s.put(15.5, cells...); err != nil {
			return err
		}
	}
	return nil
}

// placesOf are all parts of the sheet that a part belongs to.
func (b *book) placesOf(part string) []place {
	for _, list := range b.places {
		for _, p := range list {
			if p.sheet == part {
				return list
			}
		}
	}
	return nil
}

func (s *starter) outcomes() error {
	if err := s.head("Outcome", "What it means", "Records"); err != nil {
		return err
	}
	for _, o := range s.b.outcomeOrder() {
		err := s.put(15.5*float64(linesIn(meanings[o], startWidth)), s.b.cell(outcomeStyle(o), string(o)), s.b.cell(styleWrap, meanings[o]), s.b.cell(styleCount, s.b.facts.total(o)))
		if err != nil {
			return err
		}
	}
	return nil
}
