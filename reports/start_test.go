package reports

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// What Start says of the worklist is what the worklist holds.
func TestStartCountsTheWorklist(t *testing.T) {
	f := newFixture(t, 40)
	o := f.options(t.TempDir(), LevelMasked)
	o.EmptyLookups = []string{"rethink gender"}
	book := open(t, f.write(o).Reconciliation)
	rows, at := worklist(t, book)
	records, missing := 0, 0
	for _, row := range rows[headRow:] {
		switch outcome := row[at["Outcome"]]; {
		case outcome == string(etl.Missing):
			n, _ := strconv.Atoi(row[at["Others"]])
			missing += n
		case outcome != string(etl.Blocked) && outcome != string(etl.Failed):
			records++
		}
	}
	want := fmt.Sprintf("Of the %d that need a person, Worklist lists %d, a row each", records+missing, records)
	start, err := book.GetRows(startName)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{want, "no id at all for rethink gender:"} {
		if text := fmt.Sprint(start); records == 0 || !strings.Contains(text, want) {
			t.Errorf("Start lacks %q: %v", want, start[:8])
		}
	}
}
