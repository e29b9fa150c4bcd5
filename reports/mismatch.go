package reports

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// Sheets of what a destination holds otherwise, not at all, or alone.

// many is a sheet's rows where a row of a query makes several.
func many(from iter.Seq2[[]any, error], rows func([]any) [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for in, err := range from {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows(in) {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// mismatchesSheet is each field that stands otherwise there, with both values.
func (b *book) mismatchesSheet(ctx context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where the other value stands."}, {"Object", kindText, "What it is there."}}
	if b.o.Level != LevelNone {
		columns = append(columns, column{"Record", kindText, "Whose record, and when. Masked: initials."})
	}
	columns = append(columns, column{"Source id", kindID, "The record's id in DrChrono."}, column{"Field", kindText, "The destination's field."})
	freeze := len(columns)
	if b.o.Level != LevelNone {
		columns = append(columns, column{"Ours", kindText, "What DrChrono's record maps to. Differing characters are bold and underlined. Masked: letters are x, digits 9, but for times and ids that name nobody."},
			column{"Theirs", kindText, "What the destination holds, likewise."}, column{"Class", kindText, classMeanings})
	}
	columns = append(columns, column{"Outcome", kindOutcome, "mismatched: we may only read it; held: a person decides whether ours overwrites theirs."},
		column{"What to do", kindWrap, "The next step."}, column{"Target id", kindID, "Their id of the record."},
		column{"Nights", kindAge, "Midnights since it opened, in the practice's zone."},
		column{"State", kindText, "new: it opened in this run; repeat: it was open before; reopened: it was closed once and is back."}, itemColumn)
	rows := many(b.subjects(b.snap.Rows(ctx, "mismatches", b.o.Run.ID, b.opens()), 13), b.mismatchRows)
	about := "A row a field; " + "classes case, space and format are the same value written otherwise"
	if b.o.Level == LevelNone {
		about = "A row a record; its values are not shown (phi: none)"
	}
	return []sheet{{name: "Mismatches", title: "Mismatches: what stands otherwise there", about: about, colour: colourOrange, freeze: freeze, phi: true,
		none: "Nothing that was compared differs.", columns: columns, rows: rows}}
}

func (b *book) mismatchRows(in []any) (rows [][]any) {
	outcome, cause, code := etl.Outcome(str(in[4])), str(in[6]), str(in[8])
	head := []any{destinationName(str(in[0])), objectName(str(in[1]), false)}
	todo := nextStep(code, cause, outcome)
	tail := []any{str(in[5]), b.nights(instant(in[10])), str(in[9]), itemID(str(in[0]), str(in[1]), str(in[3]), string(outcome), cause, str(in[7]), code)}
	if b.o.Level == LevelNone {
		return [][]any{append(append(head, str(in[3]), str(in[7]), outcome, todo), tail...)}
	}
	head = append(head, label(in[13].(subject), b.o.Level), str(in[3]))
	for _, d := range differences(str(in[12])) {
		ours, theirs := d.sides(b.o.Level)
		row := append(append([]any(nil), head...), d.field, ours, theirs, d.class(num(in[11]) == 1), outcome, todo)
		rows = append(rows, append(row, tail...))
	}
	return rows
}

// missingSheet is what only one side holds.
func (b *book) missingSheet(ctx context.Context) []sheet {
	columns := []column{{"Side", kindText, "missing there: DrChrono has it, they have not; theirs alone: the other way round."},
		{"Destination", kindText, "Which destination."}, {"Object", kindText, "What it is there."},
		{"Source id", kindID, "The record's id in DrChrono."}, {"Target id", kindID, "Their id."}}
	freeze := len(columns)
	if b.o.Level != LevelNone {
		columns = append(columns, column{"Record", kindText, "Whose record. Masked: initials."},
			column{"Start", kindTime, "Start of the visit, in the practice's zone."}, column{"Minutes", kindCount, "Length of the visit."},
			column{"Doctor", kindID, "DrChrono's id of the doctor."}, column{"Their client", kindID, "Their id of the client."},
			column{"Their provider", kindID, "Their id of the provider."})
	}
	columns = append(columns, column{"Probable cause", kindWrap, "What it looks like."}, column{"What to do", kindWrap, "The next step."},
		column{"Nights", kindAge, "Midnights since it was seen first, in the practice's zone."},
		column{"State", kindText, "new: it opened in this run; repeat: it was open before; reopened: it was closed once and is back."}, itemColumn)
	rows := chained(mapped(b.subjects(b.snap.Rows(ctx, "missing", b.o.Run.ID, b.opens()), 10), b.missingRow),
		mapped(b.snap.Rows(ctx, "extra", b.o.Run.ID, b.opens()), b.extraRow))
	return []sheet{{name: "Missing and Extra", title: "Missing and extra: what only one side holds", colour: colourOrange, freeze: freeze, phi: true,
		about: "Of objects that we may only read there: enter what is missing, clear up what is theirs alone", none: "Both sides hold the same records.",
		columns: columns, rows: rows}}
}

func (b *book) missingRow(in []any) []any {
	row := []any{"missing there", destinationName(str(in[0])), objectName(str(in[1]), false), str(in[3]), nil}
	if b.o.Level != LevelNone {
		s := in[10].(subject)
		name := s.person.name()
		if b.o.Level == LevelMasked {
			name = initials(name)
		}
		row = append(row, name, showStart.value(s, b.o.Level), showMinutes.value(s, b.o.Level), string(s.record.Doctor), nil, nil)
	}
	cause := "It was not entered there, or was removed or moved to another day."
	if num(in[9]) == 1 {
		cause = "It is new in DrChrono in this run: it was not entered there yet."
	}
	return append(row, cause, "Enter it there; the next run sees it.", b.nights(instant(in[8])), str(in[7]),
		itemID(str(in[0]), str(in[1]), str(in[3]), string(etl.Missing), str(in[4]), str(in[5]), str(in[6])))
}

func (b *book) extraRow(in []any) []any {
	row := []any{"theirs alone", destinationName(str(in[0])), objectName(str(in[1]), false), nil, str(in[2])}
	if b.o.Level != LevelNone {
		e := readEvent(str(in[5]))
		var minutes any
		if !e.start.IsZero() && !e.end.Before(e.start) {
			minutes = int(e.end.Sub(e.start).Minutes())
		}
		row = append(row, nil, b.wall(e.start), minutes, nil, e.client, e.provider)
	}
	state := "repeat"
	if str(in[3]) == b.o.Run.ID {
		state = "new"
	}
	return append(row, "It was entered there alone, or its visit was deleted or moved in DrChrono.",
		"Look for the visit in DrChrono: enter it there, or cancel theirs.", b.nights(instant(in[4])), state, itemID(str(in[0]), str(in[1]), str(in[2]), string(etl.Extra)))
}

// visitsSheet is each visit with what became of it at every destination.
func (b *book) visitsSheet(ctx context.Context) []sheet {
	columns := []column{{"Source id", kindID, "The visit's id in DrChrono."}}
	if b.o.Level != LevelNone {
		columns = append(columns, at(visitColumns, b.o.Level)...)
	}
	columns = append(columns, column{"Agree", kindCheck, "✓ there: every destination that takes it holds it; – left out: none takes it; ✗ and where it is not so."})
	var keys []key
	for _, k := range b.facts.keys {
		if b.object(k).Endpoint == "appointments" {
			name := destinationName(k.destination)
			keys, columns = append(keys, k), append(columns, column{name, kindOutcome, "What became of it there."},
				column{name + " cause", kindText, "Why, where it is not there."}, column{name + " id", kindID, "Its id there."})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	all, about := 0, "Visits that "+b.o.told()+" touched or that wait, each destination side by side"
	if b.o.All {
		all, about = 1, "Every visit, each destination side by side"
	}
	rows := mapped(b.subjects(b.snap.Rows(ctx, "visits", b.o.Run.ID, b.opens(), all, b.o.since()), 2), func(in []any) []any {
		row := []any{str(in[0])}
		if b.o.Level != LevelNone {
			for _, v := range visitColumns {
				row = append(row, v.value(in[2].(subject), b.o.Level))
			}
		}
		return append(row, visitFates(keys, readFates(str(in[1])))...)
	})
	return []sheet{{name: "Visits", title: "Visits: each one at every destination", about: about, colour: colourGood, freeze: 1, phi: true,
		none: "No visit was judged or sent, and none waits.", columns: columns, rows: rows}}
}

// visitFates is the word about a visit, and then its fate at each destination.
func visitFates(keys []key, fates map[key]fate) (cells []any) {
	var lack []string
	there, out := 0, 0
	for _, k := range keys {
		f, known := fates[k]
		switch f.outcome {
		case etl.Created, etl.Updated, etl.Unchanged, etl.Matched:
			there++
			f.cause = ""
		case etl.Excluded:
			out++
		default:
			if name := destinationName(k.destination); known && !slices.Contains(lack, name) {
				lack = append(lack, name)
			}
		}
		if !known {
			out++
			cells = append(cells, nil, nil, nil)
			continue
		}
		cells = append(cells, f.outcome, f.cause, f.target)
	}
	word := "✓ there"
	switch {
	case len(lack) > 0:
		word = "✗ " + strings.Join(lack, ", ")
	case there == 0:
		word = "– left out"
	}
	return append([]any{word}, cells...)
}
