package reports

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Sheets that tell how the backlog moves. They hold counts alone, so the
// summary has them too.

// historyNights is how many runs History shows.
const historyNights = 30

// historySheet is the ledger of what is open: each run opens with what the one
// before left, and closes with what it leaves.
func (b *book) historySheet(ctx context.Context) []sheet {
	columns := []column{{"Run", kindText, "Its id, which tells its start in UTC."}, {"Started", kindTime, "In the practice's zone."},
		{"Minutes", kindCount, "How long it took."}, {"Exit code", kindText, "And what it means."},
		{"Source", kindCount, "Records in scope, over every destination and object."}, {"Sent in run", kindCount, "Created or updated in that run alone; the sheet Summary's Sent counts what was sent before, too."},
		{"There", kindCount, "Acknowledged by the destination, in this run or before."},
		{"Opening", kindCount, "What was open at the end of the run before."}, {"New", kindCount, "Breaks that opened for the first time."},
		{"Reopened", kindCount, "Breaks that had been closed and are back."},
		{"Resolved", kindCount, "Breaks that are not there any more: mended, sent, or moved on to another cause."},
		{"Decided", kindCount, "Breaks that closed after a person's decision on them."},
		{"Closing", kindCount, "Opening + new + reopened - resolved - decided: a live formula."},
		{"Open", kindCount, "What waits, was refused, differs or is missing at the end of the run, as it counted its records."},
		{"Check", kindCheck, "✓ ok where closing equals open, and opening the closing before."},
		{"Decisions", kindCount, "Decisions that people took from the start of this run to the start of the next."},
		{"Night", kindText, "The start once more in few characters, for the chart."}}
	most, about := historyNights, fmt.Sprintf("At most %d runs", historyNights)
	if b.o.Range.Since != "" {
		most, about = -1, "The runs of the range"
	}
	n, before := 0, -1
	rows := mapped(b.snap.Rows(ctx, "history", b.o.Run.ID, b.o.Range.Since, most), func(in []any) []any {
		started, ended := instant(in[1]), instant(in[2])
		code := "running, or killed"
		if c := num(in[3]); c >= 0 {
			code = fmt.Sprintf("%d: %s", c, exitMeanings[c])
		}
		row := []any{str(in[0]), b.wall(started), minutes(started, ended), code, num(in[4]), num(in[5]), num(in[6])}
		row = append(row, b.ledger(in[7:14], firstRow+n, before)...)
		n, before = n+1, num(in[13])
		return append(row, num(in[14]), b.wall(started).Format("Jan 2 15:04"))
	})
	return []sheet{{name: "History", title: "History: the nights, and how what is open opened and closed", colour: colourDark, freeze: 1, columns: columns,
		about: about + ", oldest first; closing = opening + new + reopened - resolved - decided", none: "No run has counted yet.",
		rows: rows, chart: (*writer).backlogChart}}
}

// ledger is a night's part of the ledger: what is open by its counts, and
// opening, fresh, reopened, resolved, decided and closing as kept (-1 = not).
func (b *book) ledger(in []any, at, before int) []any {
	open := num(in[0])
	if num(in[1]) < 0 {
		return []any{nil, nil, nil, nil, nil, nil, open, "– not kept"}
	}
	row, closing := []any{}, 0
	for i, sign := range []int{1, 1, 1, -1, -1} {
		closing += sign * num(in[i+1])
		row = append(row, num(in[i+1]))
	}
	same := ""
	if before >= 0 {
		same = fmt.Sprintf(",H%d=M%d", at, at-1)
	}
	check := checkGood
	if closing != open || before >= 0 && num(in[1]) != before {
		check = checkBad
	}
	return append(row, formula{fmt.Sprintf("H%[1]d+I%[1]d+J%[1]d-K%[1]d-L%[1]d", at), closing}, open,
		formula{fmt.Sprintf(`IF(AND(M%[1]d=N%[1]d%[2]s),"%[3]s","%[4]s")`, at, same, checkGood, checkBad), check})
}

// minutes is how long it took, at least 1; nothing where it is not over.
func minutes(from, to time.Time) any {
	if from.IsZero() || to.Before(from) {
		return nil
	}
	return max(1, int(to.Sub(from).Round(time.Minute)/time.Minute))
}

// ageBuckets are the nights up to which a record counts, and their names.
var ageBuckets = []struct {
	upTo int
	name string
}{{1, "0–1"}, {3, "2–3"}, {7, "4–7"}, {14, "8–14"}, {30, "15–30"}, {1 << 30, "> 30"}}

// agingSheet is how long what waits has waited.
func (b *book) agingSheet(context.Context) []sheet {
	columns := []column{{"Open", kindText, "Destination and object."}}
	for _, a := range ageBuckets {
		columns = append(columns, column{a.name, kindCount, "Records that have been open so many nights without a break."})
	}
	columns = append(columns, column{"All", kindCount, "All of them: a live formula."},
		column{"Oldest", kindAge, "Nights that the oldest one has been open."})
	return []sheet{{name: "Aging", title: "Aging: how many nights records have been open", about: "Every record that waits for something, was refused, differs or is missing",
		colour: colourDark, freeze: 1, none: "Nothing waits.", columns: columns, rows: listed(b.ages()), chart: (*writer).agingChart}}
}

// readOpen reads why records were refused, and since when they are open.
func (f *facts) readOpen(ctx context.Context, snap Snapshot, o Options) (err error) {
	if f.causes, err = kept(snap.Rows(ctx, "reject-causes", o.Run.ID, worklistCap)); err != nil {
		return err
	}
	f.aging, err = kept(snap.Rows(ctx, "aging", o.Run.ID))
	return err
}

// kept is a query's rows as a list.
func kept(from iter.Seq2[[]any, error]) (rows [][]any, err error) {
	for row, err := range from {
		if err != nil {
			return nil, err
		}
		rows = append(rows, slices.Clone(row))
	}
	return rows, nil
}

func (b *book) ages() (rows [][]any) {
	byKey := map[key][]int{}
	var order []key
	for _, in := range b.facts.aging {
		k := key{str(in[0]), str(in[1])}
		if byKey[k] == nil {
			byKey[k] = make([]int, len(ageBuckets)+1)
			order = append(order, k)
		}
		nights, _ := b.nights(instant(in[2])).(int)
		for i, a := range ageBuckets {
			if nights <= a.upTo {
				byKey[k][i] += num(in[3])
				break
			}
		}
		byKey[k][len(ageBuckets)] = max(byKey[k][len(ageBuckets)], nights)
	}
	for i, k := range order {
		row, sum := []any{destinationName(k.destination) + " " + objectName(k.object, true)}, 0
		for _, n := range byKey[k][:len(ageBuckets)] {
			row, sum = append(row, n), sum+n
		}
		at, last := firstRow+i, letter(1+len(ageBuckets))
		rows = append(rows, append(row, formula{fmt.Sprintf("SUM(B%d:%s%d)", at, last, at), sum}, byKey[k][len(ageBuckets)]))
	}
	return rows
}

// causeLabel names a cause in a few words, for the chart.
func causeLabel(destination, code, field, lookup, key string) string {
	name := destinationName(destination) + ": "
	switch {
	case lookup != "":
		return name + "no " + lookup + " for " + firstOf(key, 20)
	case field != "":
		return name + code + " " + field
	}
	return name + code
}
