package reports

import (
	"context"
	"encoding/hex"

	"github.com/chartbridge/chartbridge/etl"
)

// opens says to the queries whether payloads are opened.
func (b *book) opens() int {
	if b.o.Level == LevelNone {
		return 0
	}
	return 1
}

// objectSheets is a sheet for each object of each destination: its records
// that were judged or sent, or wait; all of them where they are asked for.
func (b *book) objectSheets(ctx context.Context) []sheet {
	var list []sheet
	for _, k := range b.facts.keys {
		list = append(list, b.objectSheet(ctx, k, b.object(k)))
	}
	return list
}

func (b *book) object(k key) Object {
	for _, o := range b.o.Objects {
		if o.Destination == k.destination && o.Object == k.object {
			return o
		}
	}
	return Object{Destination: k.destination, Object: k.object}
}

var recordColumns = []column{
	{"Source id", kindID, "The record's id in DrChrono; the part after a slash names an insurance within a patient."}}

var resultColumns = []column{
	{"Outcome", kindOutcome, "What became of the record at this destination."},
	{"Cause", kindText, "Why it is there: see causes and codes below."},
	{"Field", kindText, "The destination's field that the problem is about."},
	{"Message", kindWrap, "Our own sentence: what is wrong and what to do."},
	{"HTTP", kindCount, "The destination's last HTTP status."},
	{"Target id", kindID, "The record's id at the destination."},
	{"Attempts", kindCount, "How often it was sent in this run."},
	{"Hash", kindID, "The first 12 digits of the payload's hash, as in load-results.jsonl."}}

func (b *book) objectSheet(ctx context.Context, k key, o Object) sheet {
	query, about := "object-rows", "Records judged or sent in this run, or waiting"
	if b.o.Range.Since != "" {
		about = "Records judged or sent in a run of the range, or waiting; the newest word on each"
	}
	if b.o.All {
		query, about = "object-rows-all", "All records, also those that the run left alone"
	}
	shown := shownOf(o)
	if b.o.Level == LevelNone {
		shown = nil
	}
	columns := append(append(append([]column(nil), recordColumns...), at(shown, b.o.Level)...), resultColumns...)
	if b.o.Range.Since != "" {
		columns = append(columns, column{"Run", kindText, "The run that this was the word of."})
	}
	opens := b.opens()
	if opens > 0 && o.Object == "discharge" { // nothing else is shown as it maps
		opens++
	}
	row := make([]any, 0, len(columns)+1)
	rows := mapped(b.subjects(b.snap.Rows(ctx, query, b.o.Run.ID, k.destination, k.object, opens, b.o.since()), 11), func(in []any) []any {
		row = append(row[:0], str(in[1]))
		if len(shown) > 0 {
			from := in[11].(subject)
			from.id, from.body = str(in[1]), read([]byte(str(in[16])))
			for _, s := range shown {
				row = append(row, s.value(from, b.o.Level))
			}
		}
		row = append(row, etl.Outcome(str(in[2])), causeOf(str(in[3]), str(in[4])), str(in[5]), str(in[6]), status(in[7]), str(in[8]),
			num(in[9]), short(blob(in[10])))
		return append(row, str(in[17]))[:len(columns)] // the run, where there is a column for it
	})
	name := destinationName(k.destination) + " " + objectName(k.object, true)
	return sheet{name: k.sheetName(), title: name, about: about, colour: colourGood, freeze: 1, phi: true,
		none: "No record: nothing was judged or sent, and nothing waits.", columns: columns, rows: rows, of: &k}
}

// causeOf is the cause, with the code where that says more.
func causeOf(cause, code string) string {
	if cause == "" {
		return code
	}
	if code == "" || code == cause {
		return cause
	}
	return cause + ": " + code
}

// status is an HTTP status; 0 means that there was none.
func status(v any) any {
	if n := num(v); n > 0 {
		return n
	}
	return nil
}

func short(hash []byte) string { return firstOf(hex.EncodeToString(hash), 12) }

// A refusal is why a record was refused, in the words of the sheets.
type refusal struct{ destination, object, outcome, code, field, lookup, key string }

const causesName = "Reject causes"

// causesSheet is the Pareto of refusals.
func (b *book) causesSheet(context.Context) []sheet {
	columns := []column{{"Records", kindCount, "How many records have this problem or wait for one that has it: the commonest comes first. Leads to the first of them on the sheet Rejects."},
		{"In short", kindText, "The cause in a few words."},
		{"Share so far %", kindCount, "Of all these problems, the part that this line and those above it make, in per cent."},
		{"Destination", kindText, "Where they go."}, {"Object", kindText, "What they are there."},
		{"Outcome", kindOutcome, "invalid: we refused; rejected: they refused."}, {"Code", kindText, "What kind of problem."},
		{"Field", kindText, "The destination's field."}, {"Lookup", kindText, "The lookup that lacks a key."},
		{"Key", kindID, "The key that it lacks."}, {"Message", kindWrap, "What is wrong."}, {"Suggestion", kindWrap, "What to do next."}}
	sum := 0
	rows := mapped(listed(b.facts.causes), func(in []any) []any {
		suggestion := nextStep(str(in[3]), "", etl.Outcome(str(in[2])))
		message := str(in[7])
		if b.public { // a message may name a record by its id; the summary names none
			message = meaningOf(str(in[3]), etl.Outcome(str(in[2])))
		}
		sum += num(in[8])
		cause := refusal{destinationName(str(in[0])), objectName(str(in[1]), false), str(in[2]), str(in[3]), str(in[4]), str(in[5]), str(in[6])}
		return []any{counted{num(in[8]), "", b.causes[cause]}, causeLabel(str(in[0]), str(in[3]), str(in[4]), str(in[5]), str(in[6])), sum * 100 / max(1, num(in[10])),
			destinationName(str(in[0])), objectName(str(in[1]), true), etl.Outcome(str(in[2])), str(in[3]), str(in[4]),
			str(in[5]), str(in[6]), message, suggestion}
	})
	return []sheet{{name: causesName, title: "Reject causes: what to mend first", about: "By how many records each would free",
		none: "Nothing was refused, by us or by them.", colour: colourOrange, freeze: 2, columns: columns, rows: rows, chart: (*writer).paretoChart}}
}

// rejectsSheet is every problem of every record that was refused.
func (b *book) rejectsSheet(ctx context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where the record goes."}, {"Object", kindText, "What it is there."},
		{"Source id", kindID, "The record's id in DrChrono."}, {"Outcome", kindOutcome, "invalid: we refused; rejected: they refused."},
		{"Code", kindText, "What kind of problem."}, {"Field", kindText, "The destination's field."},
		{"Message", kindWrap, "Our own sentence, never the vendor's text, which may quote a patient."},
		{"What to do", kindWrap, "The next step."},
		{"HTTP", kindCount, "The destination's HTTP status, if it was sent."}, {"Lookup", kindText, "The lookup that lacks a key."},
		{"Key", kindID, "The key that it lacks."}, {"Attempts", kindCount, "How often it was sent in this run."},
		{"Target id", kindID, "The record's id at the destination, if it has one."}, {"Hash", kindID, "The first 12 digits of the payload's hash."}}
	full := 0
	if b.o.Level == LevelFull { // their words may quote a patient
		full, columns = 1, append(columns, column{"Their words", kindWrap, "What the destination answered, as it came: it may quote the patient, so only phi full shows it."})
	}
	rows := mapped(b.snap.Rows(ctx, "rejects", b.o.Run.ID, full), func(in []any) []any {
		outcome, code := etl.Outcome(str(in[2])), str(in[5])
		row := []any{destinationName(str(in[0])), objectName(str(in[1]), false), str(in[4]), outcome, code, str(in[6]), str(in[7]), nextStep(code, "", outcome),
			status(in[10]), str(in[8]), str(in[9]), num(in[11]), str(in[12]), short(blob(in[13]))}
		if full == 1 {
			row = append(row, str(in[14]))
		}
		return row
	})
	return []sheet{{name: "Rejects", title: "Rejects: every problem of every refused record", about: "A record with two problems has two rows",
		none: "Nothing was refused, by us or by them.", colour: colourOrange, freeze: 3, phi: true, columns: columns, rows: rows, note: b.noteCause}}
}

// noteCause keeps where a cause stands first.
func (b *book) noteCause(row []any, at link) {
	outcome, _ := row[3].(etl.Outcome)
	cause := refusal{str(row[0]), str(row[1]), string(outcome), str(row[4]), str(row[5]), str(row[9]), str(row[10])}
	if _, ok := b.causes[cause]; !ok && len(b.causes) < worklistCap {
		b.causes[cause] = at
	}
}
