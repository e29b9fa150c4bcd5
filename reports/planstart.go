package reports

import (
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// A planColumn is one kind of what a plan does with records: what its steps
// say, and the outcomes of records that no step speaks of.
type planColumn struct {
	word, head, meaning string
	outcomes            []etl.Outcome
}

var planColumns = []planColumn{
	{"create", "Create", "They do not hold it: it would be created there.", nil},
	{"update", "Update", "They hold it otherwise: it would be changed there.", nil},
	{"discharge", "Discharge", "It is approved and would be sent, once and for good.", nil},
	{"held", "Held", "Waits for a person.", []etl.Outcome{etl.Held}},
	{"blocked", "Blocked", "Waits for a record that has to be there first.", []etl.Outcome{etl.Blocked}},
	{"excluded", "Left out", "Left out by a rule or a decision.", []etl.Outcome{etl.Excluded}},
	{"", "Left alone", "Acknowledged earlier, and equal now: nothing to send.", []etl.Outcome{etl.Created, etl.Updated, etl.Unchanged}},
	{"", "Refused", "Refused by us or by them, and not sent again until it changes.", []etl.Outcome{etl.Invalid, etl.Rejected}},
	{"", "Uncertain", "Sent, and no answer says what became of it: never sent again before that is known.", []etl.Outcome{etl.Uncertain}},
	{"", "Only compared", "The destination lets us only read it.", []etl.Outcome{etl.Matched, etl.Mismatched, etl.Missing}},
	{"", "No step", "Travels inside another record, could not be read, or waits to be compared.", []etl.Outcome{etl.Failed}},
}

// planTallies are the counts of each destination and object, one for each of
// planColumns, in the order of the sending.
func planTallies(p Plan) (keys []key, n map[key][]int) {
	n = map[key][]int{}
	add := func(k key, column, more int) {
		if n[k] == nil {
			keys, n[k] = append(keys, k), make([]int, len(planColumns))
		}
		if column >= 0 {
			n[k][column] += more
		}
	}
	for _, s := range p.Steps {
		add(key{s.Destination, s.Object}, slices.IndexFunc(planColumns, func(c planColumn) bool { return c.word == s.Does }), 1)
	}
	for _, l := range p.Left {
		add(key{l.Destination, l.Object}, slices.IndexFunc(planColumns, func(c planColumn) bool { return slices.Contains(c.outcomes, l.Outcome) }), l.N)
	}
	return keys, n
}

// A PlanTotal counts the records of an object by what the plan does with them,
// each record once.
type PlanTotal struct {
	Destination, Object string
	N                   []int // one for each of PlanHeads
}

// PlanHeads names what a plan does with records, in the order of its counts.
func PlanHeads() (heads []string) {
	for _, c := range planColumns {
		heads = append(heads, c.head)
	}
	return heads
}

// Totals counts what the plan does, in the order of the sending.
func (p Plan) Totals() (list []PlanTotal) {
	keys, n := planTallies(p)
	for _, k := range keys {
		list = append(list, PlanTotal{k.destination, k.object, n[k]})
	}
	return list
}

// planCounts is a row for each destination and object; its sums are live.
func planCounts(p Plan) sheet {
	columns := []column{{"Destination", kindText, ""}, {"Object", kindText, ""}}
	for _, c := range planColumns {
		columns = append(columns, column{c.head, kindCount, c.meaning})
	}
	columns = append(columns, column{"Records", kindCount, "All of them."})
	keys, n := planTallies(p)
	var rows [][]any
	sums := make([]int, len(planColumns)+1)
	for i, k := range keys {
		row, all := []any{destinationName(k.destination), objectName(k.object, true)}, 0
		for j, count := range n[k] {
			row, all, sums[j] = append(row, count), all+count, sums[j]+count
		}
		sums[len(planColumns)] += all
		r := firstRow + i
		rows = append(rows, append(row, formula{fmt.Sprintf("SUM(C%d:%s%d)", r, letter(len(planColumns)+2), r), all}))
	}
	total := []any{"All", nil}
	for j, sum := range sums {
		total = append(total, formula{fmt.Sprintf("SUM(%s%d:%s%d)", letter(j+3), firstRow, letter(j+3), headRow+len(rows)), sum})
	}
	return sheet{name: "Counts", title: "Counts: what would be done, by destination and object", about: "Each record once; one that no step speaks of, by the outcome that it has", none: "No record is mapped.",
		colour: colourDark, freeze: 2, columns: columns, rows: listed(rows), total: total}
}

// streamPlanStart writes the first sheet of a plan.
func (b *book) streamPlanStart(p Plan) error {
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
	sums := make([]int, len(planColumns))
	_, n := planTallies(p)
	for _, counts := range n {
		for j, count := range counts {
			sums[j] += count
		}
	}
	for _, block := range []func() error{func() error { return s.planVerdict(p, sums) }, func() error { return s.planSums(sums) }, s.sheets, func() error { return s.planAbout(p, sent(sums)) }} {
		if err := block(); err != nil {
			return err
		}
	}
	if err := b.printSetup(startName, false, startPaper); err != nil {
		return err
	}
	return out.Flush()
}

// sent is how many records a plan creates, updates and discharges.
func sent(sums []int) int { return sums[0] + sums[1] + sums[2] }

// NothingDue says how the destinations stand where nothing is to be sent.
func (p Plan) NothingDue() string {
	n := 0
	for _, l := range p.Left {
		if l.Outcome == etl.Mismatched || l.Outcome == etl.Missing {
			n += l.N
		}
	}
	if n > 0 {
		return fmt.Sprintf("What is sent is there, as far as it maps; %s that we may only compare differ there or are missing: the workbook of the newest run says which.", thousands(n))
	}
	return "The destinations hold what DrChrono holds, as far as it maps."
}

func (s *starter) planVerdict(p Plan, sums []int) error {
	title := planTitle
	if p.Practice != "" {
		title += " – " + p.Practice
	}
	title, _ = cellText(title)
	if err := s.put(24, s.b.cell(styleTitle, title)); err != nil {
		return err
	}
	if err := s.put(18, s.b.cell(styleSubtitle, p.At.In(p.Zone).Format("Monday, 2 January 2006, 15:04 MST")+" · "+s.b.named())); err != nil {
		return err
	}
	look, word, text := styleVerdictGood, "Nothing is due", p.NothingDue()
	if sends := sent(sums); sends > 0 {
		look, word = styleVerdictWait, "▲ Not sent yet"
		text = fmt.Sprintf("%s records would be sent: %s created, %s updated, %s discharged.", thousands(sends), thousands(sums[0]), thousands(sums[1]), thousands(sums[2]))
	}
	return s.put(19*float64(linesIn(text, startWidth*0.8)), s.across(s.b.cell(look, word), s.b.cell(look, text))...)
}

func (s *starter) planSums(sums []int) error {
	if err := s.head("What would be done", "What it means", "Records"); err != nil {
		return err
	}
	for j, c := range planColumns {
		if err := s.put(15.5, s.b.cell(styleTotal, c.head), s.b.cell(styleText, c.meaning), s.b.cell(styleCount, sums[j])); err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) planAbout(p Plan, sends int) error {
	if err := s.head("About this plan"); err != nil {
		return err
	}
	push := "chartbridge push --plan " + p.Hash + " (it refuses if anything that is due has changed since)"
	if sends == 0 {
		push = "there is nothing to send"
	}
	lines := [][2]string{{"Hash", p.Hash}, {"To send exactly this", push},
		{"Practice", p.Practice}, {"Made", p.At.In(p.Zone).Format("2006-01-02 15:04:05 MST")}, {"Times", "in " + p.Zone.String()}, {"Patients", s.b.phiWords()}}
	for _, l := range lines {
		if err := s.line(l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}
