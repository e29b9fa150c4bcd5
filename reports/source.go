package reports

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// How many source records there are, and what became of those that have no
// line of their own.

func (f *facts) readSource(ctx context.Context, snap Snapshot, o Options) error {
	list, err := asList(o.Objects)
	if err != nil {
		return err
	}
	for row, err := range snap.Rows(ctx, "source", o.Run.ID, list) {
		if err != nil {
			return err
		}
		f.source[key{str(row[0]), str(row[1])}] = num(row[2])
	}
	return nil
}

// asList is objects as a query takes them.
func asList(objects []Object) (string, error) {
	list := make([][4]any, len(objects))
	for i, ob := range objects {
		list[i] = [4]any{ob.Destination, ob.Object, ob.Endpoint, ob.Parts}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("list the objects: %w", err)
	}
	return string(text), nil
}

// readCarried counts what the run left alone. What was created or updated in
// an earlier run is unchanged now, and what is not judged yet is failed.
func (f *facts) readCarried(ctx context.Context, snap Snapshot, o Options) error {
	f.carried = map[key]map[etl.Outcome]int{}
	f.recounted = true
	for row, err := range snap.Rows(ctx, "moved-on", o.Run.ID) {
		if err != nil {
			return err
		}
		f.recounted, f.past = num(row[0]) == 0, num(row[1]) > 0
	}
	if !f.recounted {
		return nil
	}
	if err := f.readLeft(ctx, snap, o); err != nil {
		return err
	}
	if f.tallied {
		return nil
	}
	list, err := asList(o.Objects)
	if err != nil {
		return err
	}
	for row, err := range snap.Rows(ctx, "unjudged", list) {
		if err != nil {
			return err
		}
		add(f.carried, key{str(row[0]), str(row[1])}, etl.Failed, num(row[2]))
	}
	return nil
}

// readLeft counts all targets but those that have a line of the run's.
func (f *facts) readLeft(ctx context.Context, snap Snapshot, o Options) error {
	earlier := map[key]map[etl.Outcome]int{}
	for row, err := range snap.Rows(ctx, "carried", o.Run.ID) {
		if err != nil {
			return err
		}
		k, outcome := key{str(row[0]), str(row[1])}, etl.Outcome(str(row[2]))
		add(f.carried, k, outcome, num(row[3]))
		add(earlier, k, outcome, num(row[4]))
	}
	for row, err := range snap.Rows(ctx, "touched", o.Run.ID) {
		if err != nil {
			return err
		}
		k, outcome := key{str(row[0]), str(row[1])}, etl.Outcome(str(row[2]))
		if _, ok := f.carried[k][outcome]; ok {
			f.carried[k][outcome]--
		}
	}
	for k, sent := range earlier {
		for outcome, n := range sent {
			add(f.carried, k, outcome, -n)
			add(f.carried, k, etl.Unchanged, n)
		}
	}
	return nil
}
