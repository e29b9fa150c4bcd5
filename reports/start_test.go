package reports

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// A run that did not come to its end is no night in order.
func TestStartTellsARunThatWasCutShort(t *testing.T) {
	f := newFixture(t, 4)
	for code, word := range map[int]string{3: verdictShort, 143: verdictShort, 4: verdictWait} {
		o := f.options(t.TempDir(), LevelMasked)
		o.ExitCode = code
		start, err := open(t, f.write(o).Reconciliation).GetRows(startName)
		if err != nil {
			t.Fatal(err)
		}
		text, short := fmt.Sprint(start), word == verdictShort
		if start[2][0] != word || strings.Contains(text, exitMeanings[code]+": what it did not read") != short || strings.Contains(text, "First of all read Exit code") != short {
			t.Errorf("exit code %d: %v", code, start[:8])
		}
	}
}

// Nothing on Start is cut off: each row is as high as its text needs.
func TestStartShowsItsTextsWhole(t *testing.T) {
	f := newFixture(t, 4)
	book := open(t, f.write(f.options(t.TempDir(), LevelMasked)).Reconciliation)
	rows, err := book.GetRows(startName)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if len(row) < 2 {
			continue
		}
		height, err := book.GetRowHeight(startName, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if lines := linesIn(row[1], startWidth); height < 15*float64(lines) {
			t.Errorf("row %d is %g high, and needs %d lines: %s", i+1, height, lines, row[1])
		}
	}
}

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

// TestVisitsNameEachDestinationThatLacksOne: whoever filters by one finds all.
func TestVisitsNameEachDestinationThatLacksOne(t *testing.T) {
	keys := []key{{"rethink", "appointment"}, {"centralreach", "appointment"}, {"centralreach", "cancellation"}}
	for _, tt := range []struct {
		outcomes []etl.Outcome
		want     string
	}{
		{[]etl.Outcome{etl.Blocked, etl.Missing, etl.Blocked}, "✗ Rethink, CentralReach"},
		{[]etl.Outcome{etl.Created, etl.Missing, etl.Excluded}, "✗ CentralReach"},
		{[]etl.Outcome{etl.Created, etl.Matched, etl.Excluded}, "✓ there"},
		{[]etl.Outcome{etl.Excluded, etl.Excluded, etl.Excluded}, "– left out"},
	} {
		fates := map[key]fate{}
		for i, k := range keys {
			fates[k] = fate{outcome: tt.outcomes[i]}
		}
		if got := visitFates(keys, fates)[0]; got != tt.want {
			t.Errorf("%v: %q, want %q", tt.outcomes, got, tt.want)
		}
	}
}
