package reports

import (
	"context"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// endpointsSheet is how far each list of DrChrono was read.
func (b *book) endpointsSheet(context.Context) []sheet {
	columns := []column{{"Endpoint", kindText, "A list of DrChrono's, below /api/."},
		{"State", kindText, "drained: read to its end; open: goes on with the next run; unavailable: DrChrono does not let us read it; failed: see the note."},
		{"Pages", kindCount, "Pages that this run read."}, {"Rows", kindCount, "Records on them."},
		{"Changed", kindCount, "Of these, new or different from what was staged."}, {"Calls", kindCount, "Calls that this run spent on it."},
		{"Staged", kindCount, "Records that are staged."}, {"Gone", kindCount, "Of these, no longer there: missing from a complete reading, or deleted by a log of deletions."},
		{"Deleted", kindCount, "Of these, what DrChrono says is deleted, archived or no longer active, gone or still listed."},
		{"Unreadable", kindCount, "Of these, what could not be read."},
		{"Last read to its end", kindTime, "When, in the practice's zone."}, {"Note", kindWrap, "What was remarkable."}}
	var rows [][]any
	for _, e := range b.facts.endpoints {
		rows = append(rows, []any{e.name, e.state, e.pages, e.rows, e.changed, e.callsOfRun, e.stored.Staged, e.stored.Gone, e.stored.Deleted, e.stored.Unreadable, b.wall(e.drained), e.note})
	}
	about := "As they stood when this file was made"
	if b.facts.ownWords {
		about = "As the run left them, by its summary.json"
	}
	return []sheet{{name: "Endpoints", title: "Endpoints: what was read from DrChrono", about: about,
		none: "Nothing was read yet.", colour: colourGrey, freeze: 1, columns: columns, rows: listed(rows)}}
}

// wall is an instant as the practice's clock showed it.
func (b *book) wall(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(b.o.Zone)
}

// quotaSheet is who spent how many calls in which hour.
func (b *book) quotaSheet(ctx context.Context) []sheet {
	columns := []column{{"Hour", kindTime, "Start of the clock hour, in the practice's zone."},
		{"Spender", kindText, "nightly, backfill or operator."}, {"Calls", kindCount, "Calls to DrChrono."},
		{"Throttled", kindCount, "Of these, answered with 429: slow down."},
		{"Refused", kindCount, "Of these, answered with another error."}, {"No answer", kindCount, "Of these, without an answer."}}
	from, to := b.o.Run.At.Truncate(time.Hour), b.o.Finished
	if to.Before(b.o.Run.At) {
		to = b.o.Run.At
	}
	to = to.Truncate(time.Hour).Add(time.Hour)
	rows := mapped(b.snap.Rows(ctx, "quota", from.UnixMilli(), to.UnixMilli()), func(in []any) []any {
		return []any{b.wall(time.UnixMilli(int64(num(in[0])))), str(in[1]), num(in[2]), num(in[3]), num(in[4]), num(in[5])}
	})
	return []sheet{{name: "Quota", title: "Quota: calls to DrChrono by hour", about: "The hours of this run, every spender",
		none: "No call was made.", colour: colourGrey, columns: columns, rows: rows}}
}

// mappingSheet is the field tables, as they map.
func (b *book) mappingSheet(context.Context) []sheet {
	columns := []column{{"Destination", kindText, "Where the field goes."}, {"Object", kindText, "What it is part of."},
		{"Field", kindText, "The destination's name of it, in its own casing."}, {"Type", kindText, "The destination's type."},
		{"Max", kindCount, "The longest value, in characters; – means no limit."}, {"Required", kindText, "Whether the destination requires it."},
		{"Lookup", kindText, "The lookup that turns DrChrono's value into their id."}, {"From", kindWrap, "Where the value comes from."}}
	var rows [][]any
	for _, o := range b.o.Objects {
		for _, f := range o.Fields {
			required := ""
			if f.Required {
				required = "required"
			}
			rows = append(rows, []any{destinationName(o.Destination), objectName(o.Object, false), f.Name, f.Type, f.Max, required, f.Lookup, f.From})
		}
	}
	return []sheet{{name: "Mapping", title: "Mapping: where each field comes from", about: "Made from the very tables that map the records",
		none: "No field table was given.", colour: colourGrey, freeze: 3, columns: columns, rows: listed(rows)}}
}

// dictionarySheet is what every column, outcome, cause and code means.
func (b *book) dictionarySheet(ctx context.Context) []sheet {
	columns := []column{{"Where", kindText, "A sheet, or the kind of word."}, {"Word", kindText, "A column, or a word in it."},
		{"Meaning", kindWrap, "What it means."}, {"What to do", kindWrap, "The next step, if there is one."}}
	var rows [][]any
	for _, o := range append(append([]etl.Outcome(nil), etl.Outcomes...), etl.Extra) {
		rows = append(rows, []any{"Outcome", string(o), meanings[o], ""})
	}
	for _, w := range words {
		rows = append(rows, []any{"Cause or code", w.word, w.meaning, w.next})
	}
	for _, s := range b.columnsOfAll(ctx) {
		for _, c := range s.columns {
			rows = append(rows, []any{s.name, c.head, c.meaning, ""})
		}
	}
	return []sheet{{name: "Dictionary", title: "Dictionary: what the words mean", about: "Outcomes, causes and codes, and the columns of every sheet",
		colour: colourGrey, freeze: 2, columns: columns, rows: listed(rows)}}
}

// columnsOfAll lists the other sheets for their columns; no rows are read.
func (b *book) columnsOfAll(ctx context.Context) []sheet {
	var list []sheet
	for _, e := range b.entries() {
		if e.dictionary {
			continue
		}
		for _, s := range e.make(b, ctx) {
			if !s.hidden {
				list = append(list, s)
			}
		}
	}
	return list
}
