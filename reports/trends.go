package reports

import (
	"context"
	"fmt"
	"time"
)

// Sheets that tell how the backlog moves. They hold counts alone, so the
// summary has them too.

// historyNights is how many runs History shows.
const historyNights = 30

// historySheet is the ledger of the backlog: each run opens with what the one
// before left, and closes with what it leaves.
func (b *book) historySheet(ctx context.Context) []sheet {
	columns := []column{{"Run", kindText, "Its id, which tells its start in UTC."}, {"Started", kindTime, "In the practice's zone."},
		{"Minutes", kindCount, "How long it took."}, {"Exit code", kindText, "And what it means."},
		{"Source", kindCount, "Records in scope, over every destination and object."}, {"Sent", kindCount, "Created or updated in the run."},
		{"There", kindCount, "Acknowledged by the destination, in this run or before."},
		{"Opening", kindCount, "What waited at the end of the run before."}, {"New", kindCount, "What came to wait in this run."},
		{"Closed", kindCount, "What waited before and does not any more: mended, sent, decided or excluded."},
		{"Closing", kindCount, "Opening + new - closed: a live formula."}, {"Waiting", kindCount, "What waits at the end of the run, as it counted it."},
		{"Check", kindCheck, "✓ ok where the two are equal, and equal the next opening."},
		{"Decisions", kindCount, "Decisions that people took from the start of this run to the start of the next."},
		{"Night", kindText, "The start once more in few characters, for the chart."}}
	n, earlier, first := 0, 0, true
	rows := mapped(b.snap.Rows(ctx, "history", b.o.Run.ID), func(in []any) []any {
		at := firstRow + n
		started, ended := instant(in[1]), instant(in[2])
		open, fresh, gone := num(in[8]), num(in[9]), num(in[10])
		var opening any = formula{fmt.Sprintf("K%d", at-1), earlier}
		if first {
			opening, earlier = 0, 0
			if str(in[4]) == "" {
				fresh, gone = open, 0
			}
		}
		check := checkGood
		if earlier+fresh-gone != open {
			check = checkBad
		}
		code := "running, or killed"
		if c := num(in[3]); c >= 0 {
			code = fmt.Sprintf("%d: %s", c, exitMeanings[c])
		}
		row := []any{str(in[0]), b.wall(started), minutes(started, ended), code, num(in[5]), num(in[6]), num(in[7]), opening, fresh, gone,
			formula{fmt.Sprintf("H%[1]d+I%[1]d-J%[1]d", at), earlier + fresh - gone}, open,
			formula{fmt.Sprintf(`IF(K%[1]d=L%[1]d,"%[2]s","%[3]s")`, at, checkGood, checkBad), check}, num(in[11]), b.wall(started).Format("Jan 2 15:04")}
		first, earlier, n = false, open, n+1
		return row
	})
	return []sheet{{name: "History", title: "History: the nights, and how the backlog opened and closed", colour: colourDark, freeze: 1, columns: columns,
		about: fmt.Sprintf("At most %d runs, oldest first; closing = opening + new - closed", historyNights+1), none: "No run has counted yet.",
		rows: rows, chart: (*writer).backlogChart}}
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
func (b *book) agingSheet(ctx context.Context) []sheet {
	columns := []column{{"Waiting", kindText, "Destination and object."}}
	for _, a := range ageBuckets {
		columns = append(columns, column{a.name, kindCount, "Records that have waited so many nights without a break."})
	}
	columns = append(columns, column{"All", kindCount, "All of them: a live formula."},
		column{"Oldest", kindCount, "Nights that the oldest one has waited, as far back as runs are kept."})
	return []sheet{{name: "Aging", title: "Aging: how many nights records have waited", about: "Every record that waits for something, or was refused",
		colour: colourDark, freeze: 1, none: "Nothing waits.", columns: columns, rows: listed(b.ages(ctx)), chart: (*writer).agingChart}}
}

func (b *book) ages(ctx context.Context) (rows [][]any) {
	byKey := map[key][]int{}
	var order []key
	for in, err := range b.snap.Rows(ctx, "aging", b.o.Run.ID) {
		if err != nil {
			b.fault = err
			return nil
		}
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
