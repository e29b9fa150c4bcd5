package reports

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// A checker gathers the rows of the sheet Checks.
type checker struct {
	b    *book
	rows [][]any
	bad  int
}

const checkDiffers = "✗ differs"

// checksSheet is every identity and control total, each as two numbers from
// two places, their difference and a word.
func (b *book) checksSheet(context.Context) []sheet {
	columns := []column{{"Check", kindText, "identity: must hold for every record; control total: the same sum, taken on both sides. Ids and minutes of visits alone: no destination takes units or amounts from DrChrono."},
		{"Destination", kindText, "Where the records go."}, {"Object", kindText, "What they are there."},
		{"Month", kindText, "Of the visits, as DrChrono has them; all where it is for every month."},
		{"Provider", kindID, "DrChrono's id of the doctor; all where it is for everyone."},
		{"Statement", kindWrap, "What should be equal: the left number, then the right one."},
		{"Left", kindCount, "The first of the two; a live formula where it stands in this workbook."}, {"Right", kindCount, "The second, taken from another place."},
		{"Difference", kindCount, "Left less right: a live formula."}, {"State", kindCheck, "✓ ok where there is no difference: a live formula."}}
	c := &checker{b: b}
	for i, k := range b.facts.keys {
		c.identities(i, k)
	}
	c.ledger()
	for _, k := range b.facts.keys {
		c.controls(k)
	}
	b.badChecks = c.bad
	return []sheet{{name: "Checks", title: "Checks: do the numbers hold?", about: b.checksAbout(), colour: colourDark, freeze: 3,
		none: "No destination is enabled.", columns: columns, rows: listed(c.rows)}}
}

// checksAbout says what the totals of visits are, or why there are none. No
// shape sends units or amounts, so nothing can be held against them.
func (b *book) checksAbout() string {
	switch {
	case !b.facts.recounted:
		return "Two numbers from two places; totals of visits are left out: a later run has moved on"
	case b.o.Level == LevelNone:
		return "Two numbers from two places; totals of visits are left out: with phi none no record is opened"
	}
	return "Two numbers from two places; visits by ids and minutes (no destination takes units, amounts)"
}

// add adds a check. left and right are numbers, or formulas that give them.
func (c *checker) add(kind string, k key, month, provider, statement string, left, right any) {
	at := firstRow + len(c.rows)
	difference := valueOf(left) - valueOf(right)
	word := checkGood
	if difference != 0 {
		word = checkDiffers
		c.bad++
	}
	var destination, object any
	if k != (key{}) {
		destination, object = destinationName(k.destination), objectName(k.object, true)
	}
	c.rows = append(c.rows, []any{kind, destination, object, month, provider, statement, left, right, formula{fmt.Sprintf("G%d-H%d", at, at), difference},
		formula{fmt.Sprintf(`IF(I%d=0,"%s","%s")`, at, checkGood, checkDiffers), word}})
}

func valueOf(v any) int {
	if f, ok := v.(formula); ok {
		v = f.value
	}
	n, _ := v.(int)
	return n
}

const (
	identity     = "identity"
	controlTotal = "control total"
	every        = "all"
)

// identities are those of an object. i is its place on the sheet Balance.
func (c *checker) identities(i int, k key) {
	b, at := c.b, firstRow+i
	add := func(statement string, left, right any) { c.add(identity, k, every, every, statement, left, right) }
	if b.facts.known() {
		add("Source records = sum of outcomes, by the rows of this workbook", formula{fmt.Sprintf("Balance!C%d", at), b.facts.source[k]},
			formula{fmt.Sprintf("Balance!D%d", at), b.totalSum(k)})
	}
	add("Sum of outcomes, by the rows of this workbook = as the run counted it", formula{fmt.Sprintf("Balance!D%d", at), b.totalSum(k)}, b.facts.sum(k))
	listed := 0
	for _, o := range etl.Outcomes {
		listed += b.shown[k][o]
	}
	if !b.o.All || b.public {
		lines := 0
		for _, o := range etl.Outcomes {
			lines += b.facts.lines[k][o]
		}
		add("Rows listed on the object's sheet = lines of load-results.jsonl", formula{b.sumIfs("D", fmt.Sprintf("Balance!$A$%d", at), fmt.Sprintf("Balance!$B$%d", at), ""), listed}, lines)
	}
	id, ok := b.identities[k]
	if !ok {
		return
	}
	add("Records judged = distinct source ids among them", id.judged, id.ids)
	if id.linked > 0 && k.object != "discharge" { // the registry gives no ids
		add("Ids known there = distinct ids among them: no two of ours are one of theirs", id.linked, id.theirs)
	}
	add("Records acknowledged = acknowledged with the very content that they have now", id.acknowledged, id.equal)
}

// ledger is that of what is open.
func (c *checker) ledger() {
	l := c.b.facts.backlog
	if l == nil {
		return
	}
	c.add(identity, key{}, every, every, "Opening + new + reopened - resolved - decided = open at the end, by the records (see History)",
		l[0]+l[1]+l[2]-l[3]-l[4], l[5])
	c.add(identity, key{}, every, every, "Open by the records = open by the outcomes that the run counted", l[5], c.b.facts.openOfAll())
}

// controls are the control totals of an object: in all, and by month and
// provider where the file may say so.
func (c *checker) controls(k key) {
	list := c.b.facts.controls[k]
	if len(list) == 0 {
		return
	}
	var all control
	for _, t := range list {
		all = control{ids: all.ids + t.ids, there: all.there + t.there, minutes: all.minutes + t.minutes, minutesThere: all.minutesThere + t.minutesThere}
	}
	c.total(k, every, every, all)
	if c.b.public { // a month of one provider may be one patient
		return
	}
	for _, t := range list {
		c.total(k, t.month, t.provider, t)
	}
}

func (c *checker) total(k key, month, provider string, t control) {
	c.add(controlTotal, k, month, provider, "Visits that are there, distinct ids in DrChrono = of these, those whose content there is known", t.ids, t.there)
	c.add(controlTotal, k, month, provider, "Minutes of these visits in DrChrono = minutes that they acknowledged or hold", t.minutes, t.minutesThere)
}
