package reports

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// Every count of Summary leads to a row that it counts: one of the object's
// sheet with that outcome, or the line of Outcomes that says how many are only
// counted.
func TestCountsLeadToTheirRows(t *testing.T) {
	f := newFixture(t, 60)
	o := f.options(t.TempDir(), LevelMasked)
	o.RowCap = 13
	files := f.write(o)
	for _, path := range []string{files.Reconciliation, files.Summary} {
		book := open(t, path)
		rows, err := book.GetRows("Summary")
		if err != nil {
			t.Fatal(err)
		}
		sheets := map[string]int{}
		for i, head := range rows[headRow-1] {
			if _, ok := meanings[etl.Outcome(head)]; !ok {
				continue
			}
			for r := firstRow; r <= len(rows); r++ {
				at := cellName(i+1, r)
				there, to, err := book.GetCellHyperLink("Summary", at)
				if err != nil || there != (rows[r-1][i] != "–" && rows[r-1][i] != "0") {
					t.Fatalf("%s says %q and leads somewhere: %v, %v", at, rows[r-1][i], there, err)
				}
				if there {
					sheets[leadsTo(t, book, at, to, head)]++
				}
			}
		}
		if sheets["Outcomes"] == 0 || path == files.Reconciliation && sheets["Rethink clients"] == 0 {
			t.Errorf("the counts lead to %v", sheets)
		}
	}
}

// leadsTo follows a link and wants a row with the outcome there.
func leadsTo(t *testing.T, book *excelize.File, from, to, outcome string) string {
	t.Helper()
	sheet, cell, _ := strings.Cut(strings.ReplaceAll(to, "'", ""), "!")
	_, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		t.Fatalf("%s leads to %s", from, to)
	}
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range rows[row-1] {
		if text == outcome {
			return sheet
		}
	}
	t.Errorf("%s leads to %s, which is not %s: %v", from, to, outcome, rows[row-1])
	return sheet
}

// A cause leads to the first record that was refused for it.
func TestCausesLeadToRejects(t *testing.T) {
	f := newFixture(t, 60)
	book := open(t, f.write(f.options(t.TempDir(), LevelMasked)).Reconciliation)
	causes, err := book.GetRows(causesName)
	if err != nil {
		t.Fatal(err)
	}
	for r := firstRow; r <= len(causes) && causes[r-1] != nil; r++ {
		there, to, err := book.GetCellHyperLink(causesName, cellName(1, r))
		if err != nil || !there {
			t.Fatalf("line %d leads nowhere: %v", r, err)
		}
		if sheet := leadsTo(t, book, cellName(1, r), to, causes[r-1][6]); sheet != "Rejects" {
			t.Errorf("line %d leads to %s", r, sheet)
		}
	}
}

// A dry run is in order only where nothing waits for a real one.
func TestVerdictOfADryRun(t *testing.T) {
	k := key{"rethink", "client"}
	for _, tt := range []struct {
		outcome etl.Outcome
		want    string
	}{{etl.Unchanged, verdictGood}, {etl.Failed, verdictDry}, {etl.Invalid, verdictWait}} {
		n := map[key]map[etl.Outcome]int{k: {tt.outcome: 3}}
		b := newBook(&report{o: Options{Run: etl.Run{DryRun: true}}, facts: &facts{keys: []key{k}, source: map[key]int{k: 3}, told: n, tallied: true}}, nil, "")
		if word, text := b.verdict(); word != tt.want || !strings.Contains(text, "dry run") {
			t.Errorf("%s: got %s, %s, want %s", tt.outcome, word, text, tt.want)
		}
	}
}
