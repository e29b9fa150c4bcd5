package reports

import (
	"context"
	"strconv"
)

// identityFacts are counts of an object from several tables.
type identityFacts struct{ judged, ids, linked, theirs, equal, acknowledged int }

// A control is the totals of the visits of one provider in one month: in
// DrChrono, and as the destination acknowledged or holds them.
type control struct {
	month, provider       string
	ids, there            int
	minutes, minutesThere int
}

// readBacklog reads what a run kept of what was open before it and after it.
func (f *facts) readBacklog(ctx context.Context, snap Snapshot, o Options) error {
	for row, err := range snap.Rows(ctx, "backlog", o.Run.ID) {
		if err != nil {
			return err
		}
		f.backlog = &[6]int{num(row[0]), num(row[1]), num(row[2]), num(row[3]), num(row[4]), num(row[5])}
	}
	return nil
}

// readIdentities reads the counts that Checks holds against each other, where
// no later run has moved on.
func (f *facts) readIdentities(ctx context.Context, snap Snapshot) (map[key]identityFacts, error) {
	counts := map[key]identityFacts{}
	if !f.recounted {
		return counts, nil
	}
	for row, err := range snap.Rows(ctx, "identities") {
		if err != nil {
			return nil, err
		}
		counts[key{str(row[0]), str(row[1])}] = identityFacts{num(row[2]), num(row[3]), num(row[4]), num(row[5]), num(row[6]), num(row[7])}
	}
	return counts, nil
}

// ReadVisit reads what a visit adds to the totals of its month: from its record
// in DrChrono, the month of its start (2026-03) and its minutes; from what a
// destination acknowledged or holds, its minutes there, where they can be read.
func ReadVisit(record, body []byte) (month string, minutes, there int, known bool) {
	d := read(record)
	minutes, _ = strconv.Atoi(string(d.Duration))
	there, known = minutesThere(string(body))
	return firstOf(string(d.Scheduled), len("2006-01")), minutes, there, known
}

// readControls reads the totals of the visits that are there, by month and
// provider. With LevelNone no record was opened, so there are no totals.
func (f *facts) readControls(ctx context.Context, snap Snapshot, o Options) error {
	if !f.recounted || o.Level == LevelNone {
		return nil
	}
	f.controls = map[key][]control{}
	for row, err := range snap.Rows(ctx, "controls") {
		if err != nil {
			return err
		}
		k := key{str(row[0]), str(row[1])}
		f.controls[k] = append(f.controls[k], control{month: str(row[2]), provider: str(row[3]),
			ids: num(row[4]), minutes: num(row[5]), there: num(row[6]), minutesThere: num(row[7])})
	}
	return nil
}
