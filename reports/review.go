package reports

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// Sheets on which a person decides, beside the worklist.

// rulesSheet is one line for each value that a lookup lacks: one decision for
// every record that has it.
func (b *book) rulesSheet(ctx context.Context) []sheet {
	columns := []column{{"Records", kindCount, "How many records have the value: more than 25 need a second person's workbook."},
		{"Destination", kindText, "Where they go."}, {"Lookup", kindText, "The lookup that lacks the key."},
		{"Key", kindID, "DrChrono's value."}, {"Examples", kindID, "Source ids of records that have it."},
		{"Said so far", kindWrap, "What a first person decided, which waits for a second one."}}
	at := len(columns)
	columns = append(append(columns, decisionColumns...), tokenColumn)
	check := ruleCheck(letter(at+1), letter(at+2))
	rows := mapped(b.snap.Rows(ctx, "rules", b.o.Run.ID), func(in []any) []any {
		destination, lookup, key, examples := destinationName(str(in[0])), str(in[1]), str(in[2]), str(in[4])
		if another := str(in[5]); another != examples {
			examples += ", " + another
		}
		state := State(etl.Invalid, ruleWord, lookup, key, nil, nil)
		return []any{num(in[3]), destination, lookup, key, examples, str(in[6]), nil, nil, nil, check,
			token(b.o.Key, b.o.Run.ID, state, destination, ruleWord, lookup, key)}
	})
	return []sheet{{name: "Rules", title: "Rules: one decision for every record with a value", phi: true, input: true, print: at + 4,
		about:  "Give their id once: every record with that value is judged again",
		colour: colourOrange, freeze: 4, none: "No lookup lacks a value.", columns: columns, rows: rows}}
}

// ruleCheck is the live check of a rule's input.
func ruleCheck(decision, mapTo string) rowFormula {
	return func(row int) formula {
		return formula{fmt.Sprintf(`IF(TRIM($%[1]s%[3]d)="","",IF(UPPER(TRIM($%[1]s%[3]d))<>"MAP","✗ not for this row",IF(TRIM($%[2]s%[3]d)="","✗ map_to_id?",`+
			`IF($A%[3]d>25,"✓ ready; needs two people","✓ ready"))))`, decision, mapTo, row), ""}
	}
}

// dischargesSheet is what is final, and waits for people's approval. What is
// held for another reason stands in the worklist alone.
func (b *book) dischargesSheet(ctx context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where it goes."}, {"Object", kindText, "What it is there."},
		{"Source id", kindID, "The patient's id in DrChrono."}}
	freeze := len(columns)
	shown := approvalColumns
	if b.o.Level == LevelNone {
		shown = nil
	}
	columns = append(columns, at(shown, b.o.Level)...)
	columns = append(columns, column{"Outcome", kindOutcome, "What became of it."}, column{"Cause", kindText, "Why: see causes and codes below."},
		column{"Payload", kindID, "The first 12 digits of the hash of what would be sent: an approval is for this very payload."},
		column{"Approved by", kindText, "Who approved it before this run, and still counts."})
	n := len(columns)
	columns = append(append(columns, decisionColumns...), tokenColumn)
	check, offer := checkFormula(letter(n+1), letter(n+2), letter(n-3), letter(n-2), ""), offerFormula(letter(n-3), letter(n-2), "")
	rows := mapped(b.snap.Rows(ctx, "discharges", b.o.Run.ID, utcStamp(b.o.Run.At), b.opens()), func(in []any) []any {
		destination, object, id := destinationName(str(in[0])), objectName(str(in[1]), false), str(in[2])
		outcome, cause := etl.Outcome(str(in[3])), str(in[4])
		row := []any{destination, object, id}
		from := subject{id: id, body: read([]byte(str(in[9]))), record: read([]byte(str(in[10])))}
		from.person = from.record
		for _, s := range shown {
			row = append(row, s.value(from, b.o.Level))
		}
		state := State(outcome, cause, "", "", blob(in[6]), blob(in[7]))
		row = append(row, outcome, causeOf(cause, str(in[5])), short(blob(in[6])), str(in[8]))
		signed := append([]string{destination, object, id, string(outcome)}, shownOn(columns, row, dischargeSigned)...)
		return append(append(row, inputs(outcome, causeOf(cause, str(in[5])), "", check)...), token(b.o.Key, b.o.Run.ID, state, signed...))
	})
	return []sheet{{name: "Discharges to approve", title: "Discharges to approve: they are final", phi: true, input: true, offer: offer, print: n + 4,
		about:  "By as many people as the config says; for this payload only, and for 72 hours",
		colour: colourOrange, freeze: freeze, none: "No discharge waits for an approval.", columns: columns, rows: rows}}
}

// matchesSheet is what may be one of theirs.
func (b *book) matchesSheet(ctx context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where the record goes."}, {"Object", kindText, "What it is there."},
		{"Source id", kindID, "The record's id in DrChrono."}}
	freeze := len(columns)
	if b.o.Level != LevelNone {
		columns = append(columns, column{"Record", kindText, "Whose record, and when. Masked: initials."})
	}
	columns = append(columns, column{"Outcome", kindOutcome, "What became of it."},
		column{"Cause", kindText, "candidates: several of theirs match, or it is there under another id; overwrite: one matches and differs; no_id: it is there, but its id is not known."},
		column{"Target id", kindID, "Their id, where one was found."}, column{"Message", kindWrap, "Their ids, or the fields that differ."},
		column{"Suggestion", kindWrap, "What to do next."})
	n := len(columns)
	columns = append(append(columns, decisionColumns...), tokenColumn)
	check, offer := checkFormula(letter(n+1), letter(n+2), letter(n-4), letter(n-3), ""), offerFormula(letter(n-4), letter(n-3), "")
	rows := mapped(b.subjects(b.snap.Rows(ctx, "matches", b.o.Run.ID, b.opens()), 11), func(in []any) []any {
		destination, object, id := destinationName(str(in[0])), objectName(str(in[1]), false), str(in[3])
		outcome, cause, code := etl.Outcome(str(in[4])), str(in[5]), str(in[6])
		row := []any{destination, object, id}
		if b.o.Level != LevelNone {
			row = append(row, label(in[11].(subject), b.o.Level))
		}
		state := State(outcome, cause, "", "", blob(in[9]), blob(in[10]))
		row = append(row, outcome, causeOf(cause, code), str(in[8]), str(in[7]), nextStep(code, cause, outcome))
		signed := append([]string{destination, object, id, string(outcome)}, shownOn(columns, row, matchSigned)...)
		return append(append(row, inputs(outcome, causeOf(cause, code), "", check)...), token(b.o.Key, b.o.Run.ID, state, signed...))
	})
	return []sheet{{name: "Matches to review", title: "Matches to review: is it the same record?", phi: true, input: true, offer: offer, print: n + 4,
		about:  "MAP gives their id, APPROVE overwrites theirs; the rows also stand in Worklist: decide once",
		colour: colourOrange, freeze: freeze, none: "Nothing has to be matched by a person.", columns: columns, rows: rows}}
}

// crosswalkSheet is our ids and theirs.
func (b *book) crosswalkSheet(ctx context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where."}, {"Object", kindText, "What it is there."},
		{"Source id", kindID, "Our id: the record's in DrChrono."}, {"Target id", kindID, "Theirs."},
		{"How", kindText, "created: we made it; external_id: it carried our id; natural_key: it matched; import or decision: a person gave it."},
		{"Run", kindText, "Since when."}}
	about := "Ids that were matched, imported or decided, and those of " + b.o.told()
	all := 0
	if b.o.All {
		about, all = "Every id that is known", 1
	}
	rows := mapped(b.snap.Rows(ctx, "links", b.o.Run.ID, all, b.o.since()), func(in []any) []any {
		return []any{destinationName(str(in[0])), objectName(str(in[1]), false), str(in[2]), str(in[3]), str(in[4]), str(in[5])}
	})
	return []sheet{{name: "Crosswalk", title: "Crosswalk: our ids and theirs", about: about, colour: colourGood, freeze: 3, phi: true,
		none: "No id is known yet.", columns: columns, rows: rows}}
}
