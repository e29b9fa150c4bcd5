package sql

import (
	"context"
	"fmt"
)

// A subject is what a decision speaks of: a record, or a value of a lookup.
type subject struct {
	Destination, Object string
	SourceID            string `db:"source_id"`
	Lookup, Key         string
}

// twins finds rows that speak of the same thing: the same word on a record is
// a duplicate; another word on it, or another id for a value, is a conflict,
// and none of those rows is taken.
func (d *decider) twins(ctx context.Context, asks []Ask) error {
	values, err := d.values(ctx, asks)
	if err != nil {
		return err
	}
	records := make([]subject, len(asks))
	for i, a := range asks {
		records[i] = subject{a.Destination, a.Object, a.SourceID, a.Lookup, a.Key}
	}
	for _, rows := range grouped(records) {
		d.conflicts(asks, rows)
		for _, i := range rows[1:] {
			if d.verdicts[i].Word == "" {
				d.verdicts[i] = Verdict{Duplicate, "the same decision stands in an earlier row of this workbook"}
			}
		}
	}
	for _, rows := range grouped(values) {
		d.conflicts(asks, rows)
	}
	return nil
}

// values gives the value of a lookup that each ask maps; none where it maps
// none.
func (d *decider) values(ctx context.Context, asks []Ask) ([]subject, error) {
	var ids []string
	for _, a := range asks {
		if a.Verb == Map && a.SourceID != "" {
			ids = append(ids, a.SourceID)
		}
	}
	var lacked []struct {
		subject
		N int // of the problem, the first of its record
	}
	if err := d.tx.SelectContext(ctx, &lacked, query("lacked-keys"), jsonList(ids)); err != nil {
		return nil, err
	}
	of := map[subject]subject{}
	for _, l := range lacked {
		of[subject{l.Destination, l.Object, l.SourceID, "", ""}] = subject{Destination: l.Destination, Lookup: l.Lookup, Key: l.Key}
	}
	values := make([]subject, len(asks))
	for i, a := range asks {
		switch {
		case a.Verb != Map || a.Value == "":
		case a.SourceID == "":
			values[i] = subject{Destination: a.Destination, Lookup: a.Lookup, Key: a.Key}
		default:
			values[i] = of[subject{a.Destination, a.Object, a.SourceID, "", ""}]
		}
	}
	return values, nil
}

// grouped gives the rows of each subject, in their order.
func grouped(subjects []subject) map[subject][]int {
	rows := map[subject][]int{}
	for i, s := range subjects {
		if s != (subject{}) {
			rows[s] = append(rows[s], i)
		}
	}
	return rows
}

// conflicts marks rows of one subject, if not all of them say the same; each
// names one that says otherwise.
func (d *decider) conflicts(asks []Ask, rows []int) {
	says := func(i int) string { return decision(asks[i].Verb, asks[i].Value) }
	first, odd := rows[0], -1
	for _, i := range rows {
		if says(i) != says(first) {
			odd = i
			break
		}
	}
	if odd < 0 {
		return
	}
	for _, i := range rows {
		other := first
		if says(i) == says(first) {
			other = odd
		}
		d.verdicts[i] = Verdict{Conflict, fmt.Sprintf("%s of this file says %s; choose one", asks[other].Where, says(other))}
	}
}
