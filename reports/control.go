package reports

import (
	"cmp"
	"context"
	"slices"
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

// readIdentities reads the counts that Checks holds against each other, where
// no later run has moved on.
func (f *facts) readIdentities(ctx context.Context, snap Snapshot, o Options) error {
	f.identities = map[key]identityFacts{}
	for row, err := range snap.Rows(ctx, "backlog", o.Run.ID) {
		if err != nil {
			return err
		}
		f.backlog = &[6]int{num(row[0]), num(row[1]), num(row[2]), num(row[3]), num(row[4]), num(row[5])}
	}
	if !f.recounted {
		return nil
	}
	for row, err := range snap.Rows(ctx, "identities") {
		if err != nil {
			return err
		}
		f.identities[key{str(row[0]), str(row[1])}] = identityFacts{num(row[2]), num(row[3]), num(row[4]), num(row[5]), num(row[6]), num(row[7])}
	}
	return nil
}

// controlsMax is how many visits of an object are opened for the totals: what
// came long ago is not opened again each night.
const controlsMax = 50_000

// readControls adds up the visits that are there, by month and provider. With
// LevelNone no record is opened, so there are no totals.
func (f *facts) readControls(ctx context.Context, snap Snapshot, o Options) error {
	if !f.recounted || o.Level == LevelNone {
		return nil
	}
	f.controls = map[key][]control{}
	for _, ob := range o.Objects {
		if ob.Endpoint != "appointments" {
			continue
		}
		k := key{ob.Destination, ob.Object}
		list, err := readControl(ctx, snap, k)
		if err != nil {
			return err
		}
		f.controls[k] = list
	}
	return nil
}

func readControl(ctx context.Context, snap Snapshot, k key) ([]control, error) {
	sums := map[[2]string]*control{}
	for row, err := range snap.Rows(ctx, "controls", k.destination, k.object, controlsMax) {
		if err != nil {
			return nil, err
		}
		d := read(str(row[1]))
		at := [2]string{firstOf(string(d.Scheduled), len("2006-01")), str(row[0])}
		t := sums[at]
		if t == nil {
			t = &control{month: at[0], provider: at[1]}
			sums[at] = t
		}
		t.ids++
		minutes, _ := strconv.Atoi(string(d.Duration))
		t.minutes += minutes
		if n, ok := minutesThere(str(row[2])); ok {
			t.there++
			t.minutesThere += n
		}
	}
	var list []control
	for _, t := range sums {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b control) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.provider, b.provider))
	})
	return list, nil
}
