package reports

import (
	"bytes"
	"slices"
	"testing"
)

// A record that is no target any more still stands in the files of its run.
func TestADroppedTargetStaysInItsRun(t *testing.T) {
	f := newFixture(t, 24)
	o := f.options(t.TempDir(), LevelMasked)
	first := contents(t, f.write(o))
	f.exec(`DELETE FROM target WHERE source_id = '90020' AND object = 'client'`)
	files := f.write(o)
	second := contents(t, files)
	if !bytes.Equal(first[files.Results], second[files.Results]) {
		t.Error("load-results.jsonl differs")
	}
	rows, err := open(t, files.Reconciliation).GetRows("Rethink clients")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(r []string) bool { return len(r) > 0 && r[0] == "90020" }) {
		t.Error("the record's row is gone from its sheet")
	}
}
