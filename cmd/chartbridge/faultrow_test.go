package main

import (
	"fmt"
	"sync"
	"testing"
)

// A faultTable is what the suite prints once every trial has ended; the trials
// of its rows go side by side.
type faultTable struct {
	t    *testing.T
	s    standard
	mu   sync.Mutex // guards the verdicts of the rows
	rows []*faultRow
}

type faultRow struct {
	table *faultTable
	name  string
	sum   verdict
}

// newFaultTable judges its trials against a trial without a fault.
func newFaultTable(t *testing.T) *faultTable {
	f := &faultTable{t: t, s: newStandard(t)}
	t.Cleanup(f.print)
	return f
}

func (f *faultTable) row(name string) *faultRow {
	f.rows = append(f.rows, &faultRow{table: f, name: name})
	return f.rows[len(f.rows)-1]
}

func (r *faultRow) add(v verdict) {
	r.table.mu.Lock()
	defer r.table.mu.Unlock()
	r.sum.add(v)
}

func (f *faultTable) print() {
	all := &faultRow{name: "all"}
	text := fmt.Sprintf("\n%-44s %6s %9s %6s %12s %7s %6s", "faults", "tried", "survived", "lost", "sent twice", "leaked", "held")
	for _, r := range append(f.rows, all) {
		v := r.sum
		text += fmt.Sprintf("\n%-44s %6d %9d %6d %12d %7d %6d", r.name, v.tried, v.survived, v.lost, v.twice, v.leaked, v.held)
		all.sum.add(v)
	}
	f.t.Log(text)
	if s := all.sum; s.survived != s.tried || s.lost+s.twice+s.leaked > 0 {
		f.t.Errorf("the sum is %+v, want all to survive, and nothing lost, sent twice or leaked", s)
	}
}
