package transform

import (
	"slices"
	"testing"
)

// Rows come in their order, each once, however they were added.
func TestRowSet(t *testing.T) {
	var rows rowSet
	for part := range rows.chunks() {
		t.Errorf("an empty set gives %v", part)
	}
	var want []int64
	for row := int64(1); row <= 3*chunk; row += 1 + row%3 {
		want = append(want, row)
	}
	want = append(want, 63, 64, 65, 127, 128, 100_000)
	for _, row := range append(slices.Clone(want), want...) {
		rows.add(row)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var got []int64
	for part := range rows.chunks() {
		if rest := len(want) - len(got); len(part) != min(chunk, rest) {
			t.Errorf("a chunk has %d rows, where %d are left", len(part), rest)
		}
		got = append(got, part...)
	}
	if !slices.Equal(got, want) || rows.len() != len(want) {
		t.Errorf("the set gives %d rows and counts %d, want %d", len(got), rows.len(), len(want))
	}
}
