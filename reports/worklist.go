package reports

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// worklistSheet is what a person should look at, in the order to do so, and
// where decisions are taken. What waits for another record is counted there.
func (b *book) worklistSheet(ctx context.Context) []sheet {
	columns := []column{{"Severity", kindText, "1 is most severe: it may have been sent; 2 waits for a decision; 3 and 4 were refused; 5 differs there or is missing; 6 and 7 go on by themselves."},
		{"Destination", kindText, "Where the record goes."}, {"Object", kindText, "What it is there."}}
	if b.o.Level != LevelNone {
		columns = append(columns, column{"Record", kindText, "Whose record, and when. Masked: initials."})
	}
	columns = append(columns, column{"Source id", kindID, "The record's id in DrChrono; blank where the line speaks of many."})
	freeze := len(columns)
	columns = append(columns, column{"Outcome", kindOutcome, "What became of it."},
		column{"Cause", kindText, "Why: see causes and codes below."}, column{"Field", kindText, "The destination's field that it is about."},
		column{"Message", kindWrap, "What is wrong."}, column{"Suggestion", kindWrap, "What to do next."},
		column{"Others", kindCount, "How many other records wait for this one and follow by themselves; of a line that speaks of many: how many."},
		column{"Nights", kindAge, "Midnights since it opened, in the practice's zone."},
		column{"State", kindText, "new: it opened in this run; repeat: it was open before; reopened: it was closed once and is back."})
	columns = append(columns, decisionColumns...)
	printed := len(columns) - 1 // on paper nothing is checked live
	columns = append(columns, column{"Lookup", kindText, "The lookup that lacks a key."}, column{"Key", kindID, "The key that it lacks: MAP gives it their id."},
		column{"Target id", kindID, "The record's id at the destination, if it has one."},
		column{"Open since", kindTime, "The start of the run since which it is open without a break, in the practice's zone."},
		column{"Attempts", kindCount, "How often it was sent in this run."}, itemColumn, tokenColumn)
	at := func(head string) string { return letterOf(columns, head) }
	check := checkFormula(at(headDecision), at(headMapTo), at("Outcome"), at("Cause"), at("Lookup"))
	rows := chained(mapped(b.subjects(b.snap.Rows(ctx, "worklist", b.o.Run.ID, worklistCap, b.opens()), 16), func(in []any) []any { return b.worklistRow(columns, in, check) }),
		mapped(b.snap.Rows(ctx, "worklist-groups", b.o.Run.ID, worklistCap), b.groupRow))
	about := "Most severe first, then what keeps most others back; decide in the yellow columns"
	if n := b.facts.linesOf(etl.Uncertain, etl.Held, etl.Rejected, etl.Invalid, etl.Mismatched, etl.Failed); n > worklistCap {
		about = fmt.Sprintf("%s; shown %s of %s, the others stand on their object's sheet", about, thousands(worklistCap), thousands(n))
	}
	return []sheet{{name: "Worklist", title: "Worklist: what waits for a person, was refused, or differs", about: about, colour: colourOrange,
		none: "Nothing waits, and nothing was refused.", freeze: freeze, phi: true, input: true, offer: offerFormula(at("Outcome"), at("Cause"), at("Lookup")), print: printed, columns: columns, rows: rows}}
}

// onWorklist says how the records that need a person stand on the worklist,
// whose rows are not as many as they.
func (b *book) onWorklist() string {
	missing := b.facts.total(etl.Missing)
	records := b.facts.total(etl.Held, etl.Uncertain, etl.Invalid, etl.Rejected, etl.Mismatched)
	if records+missing == 0 {
		return ""
	}
	text := fmt.Sprintf(" Of the %s that need a person, Worklist lists %s, a row each", thousands(records+missing), thousands(records))
	if records > worklistCap {
		text = fmt.Sprintf(" Of the %s that need a person, Worklist lists the %s first, a row each", thousands(records+missing), thousands(worklistCap))
	}
	if missing > 0 {
		text += fmt.Sprintf(", and counts the %s that are missing, a row an object", thousands(missing))
	}
	return text + ". Its other rows go on by themselves."
}

// letterOf is the letter of the column with that head.
func letterOf(columns []column, head string) string {
	for i, c := range columns {
		if c.head == head {
			return letter(i + 1)
		}
	}
	panic("no column " + head) // a sheet of ours has it
}

func chained(lists ...iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, list := range lists {
			for row, err := range list {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (b *book) worklistRow(columns []column, in []any, check rowFormula) []any {
	outcome, cause, code, lookup, key := etl.Outcome(str(in[3])), str(in[4]), str(in[5]), str(in[8]), str(in[9])
	destination, object, id := destinationName(str(in[1])), objectName(str(in[2]), false), str(in[11])
	row := []any{severities[num(in[0])], destination, object}
	if b.o.Level != LevelNone {
		row = append(row, label(in[16].(subject), b.o.Level))
	}
	suggestion := nextStep(code, cause, outcome)
	if lookup != "" {
		suggestion = fmt.Sprintf("Add %q to lookup %s, or MAP it: every record with it follows.", key, lookup)
	}
	opened := instant(in[14])
	state := State(outcome, cause, lookup, key, blob(in[21]), blob(in[22]))
	row = append(row, id, outcome, causeOf(cause, code), str(in[6]), str(in[7]), suggestion, num(in[23]), b.nights(opened), str(in[13]))
	row = append(row, inputs(outcome, causeOf(cause, code), lookup, check)...)
	row = append(row, lookup, key, str(in[12]), b.wall(opened), num(in[15]), itemID(str(in[1]), str(in[2]), id, string(outcome), cause, str(in[6]), code))
	signed := append([]string{destination, object, id, string(outcome)}, shownOn(columns, row, worklistSigned)...)
	return append(row, token(b.o.Key, b.o.Run.ID, state, signed...))
}

// groupRow is one line for many records: those that wait for a record which
// the list does not hold itself, or that are missing there.
func (b *book) groupRow(in []any) []any {
	n, waiting := num(in[7]), objectName(str(in[1]), num(in[7]) != 1)
	what, id, outcome, severity := objectName(str(in[2]), false), str(in[3]), etl.Outcome(str(in[6])), severities[6]
	message, suggestion, cause := fmt.Sprintf("%s %s wait for %s %s", thousands(n), waiting, what, id), "Look at that record: they follow by themselves.", etl.CauseReference
	switch stands := str(in[4]); {
	case outcome == etl.Missing:
		severity, cause = severities[5], string(etl.Missing)
		message, suggestion = fmt.Sprintf("%s %s are not there", thousands(n), waiting), "See the sheet Missing and Extra, and enter them there."
	case id == "":
		message, suggestion = fmt.Sprintf("%s %s: %s", thousands(n), waiting, str(in[9])), nextStep(cause, cause, outcome)
	case stands == "":
		message += ", which was not read from DrChrono"
	default:
		message += ", which is " + stands
		if why := str(in[5]); why != "" {
			message += " (" + why + ")"
		}
	}
	row := []any{severity, destinationName(str(in[0])), objectName(str(in[1]), false)}
	if b.o.Level != LevelNone {
		row = append(row, nil)
	}
	opened := instant(in[8])
	return append(row, nil, outcome, cause, nil, message, suggestion, n, b.nights(opened), nil, noInput{}, noInput{}, noInput{}, nil,
		nil, nil, nil, b.wall(opened), 0, nil, manyToken)
}

// nights is how many midnights lie between an instant and the run.
func (b *book) nights(since time.Time) any {
	if since.IsZero() {
		return nil
	}
	day := func(t time.Time) time.Time {
		t = t.In(b.o.Zone)
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(day(b.o.Run.At).Sub(day(since)) / (24 * time.Hour))
}

// label names a record in one cell.
func label(s subject, level Level) string {
	name := s.person.name()
	if name == "" {
		name = s.record.name()
	}
	if level == LevelMasked {
		name = initials(name)
	}
	if when := string(s.record.Scheduled); len(when) >= len("2006-01-02T15:04") {
		name += " " + when[:10] + " " + when[11:16]
	}
	return name
}
