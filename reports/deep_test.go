//go:build deep

package reports

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// LibreOffice computes every formula of the proof anew when it opens the
// workbook and saves it; what it finds is what we cached.
func TestLibreOfficeAgrees(t *testing.T) {
	for name, limit := range map[string]int{"one part each": 0, "parts": 13} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 60)
			o := f.options(t.TempDir(), LevelFull)
			o.RowCap = limit
			files := f.write(o)
			for _, path := range []string{files.Reconciliation, files.Summary} {
				sameValues(t, open(t, path), open(t, convert(t, path, "xlsx")), proofSheets...)
				if info, err := os.Stat(convert(t, path, "pdf")); err != nil || info.Size() < 10_000 {
					t.Errorf("%s does not print: %v, %v", filepath.Base(path), info, err)
				}
			}
		})
	}
}

// writtenReceipt is that of a workbook of three rows.
func writtenReceipt(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "receipt.xlsx")
	r := Receipt{File: strings.Repeat("ab", 32), By: "Ada Roma", At: fixtureRun.At, Zone: time.UTC, Run: fixtureRun.ID, Import: 1, Words: []string{"applied", "none"}}
	for i, word := range []string{"none", "applied", "none"} {
		r.Rows = append(r.Rows, ReceiptRow{ReturnedRow: ReturnedRow{Sheet: "Worklist", Row: i + 4, Destination: "rethink", Object: "client", SourceID: "0012345"}, Result: word})
	}
	if err := WriteReceipt(path, r); err != nil {
		t.Fatal(err)
	}
	return path
}

// So it finds the sums of a plan and of a receipt.
func TestLibreOfficeAgreesOnPlanAndReceipt(t *testing.T) {
	receipt := writtenReceipt(t)
	sameValues(t, open(t, receipt), open(t, convert(t, receipt, "xlsx")), "Receipt", "Rows")
	path := writtenPlan(t, LevelMasked, "")
	sameValues(t, open(t, path), open(t, convert(t, path, "xlsx")), startName, "Counts", "Steps", "Changes")
}

// convert lets LibreOffice open a workbook and write it in another format.
func convert(t *testing.T, path, format string) string {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("soffice", "-env:UserInstallation=file://"+t.TempDir(), "--headless", "--convert-to", format, "--outdir", out, path)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, text)
	}
	return filepath.Join(out, strings.TrimSuffix(filepath.Base(path), ".xlsx")+"."+format)
}

func sameValues(t *testing.T, ours, theirs *excelize.File, sheets ...string) {
	t.Helper()
	for _, sheet := range sheets {
		want, err := ours.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := theirs.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d", sheet, len(got), len(want))
		}
		for r := range want {
			if g, w := rounded(got[r]), rounded(want[r]); strings.TrimRight(g, "|") != strings.TrimRight(w, "|") {
				t.Errorf("%s row %d: LibreOffice has %s, we have %s", sheet, r+1, g, w)
			}
		}
	}
}

// rounded is a row with its instants to the tenth of a second: LibreOffice keeps
// 15 digits of a number.
func rounded(row []string) string {
	out := make([]string, len(row))
	for i, cell := range row {
		if n, err := strconv.ParseFloat(cell, 64); err == nil && strings.Contains(cell, ".") {
			cell = strconv.FormatFloat(n, 'f', 6, 64)
		}
		out[i] = cell
	}
	return strings.Join(out, "|")
}

// openpyxl reads every sheet, and the golden strings come back.
func TestOpenpyxlReads(t *testing.T) {
	f := newFixture(t, 60)
	files := f.write(f.options(t.TempDir(), LevelFull))
	script := `
import sys, openpyxl
for path in sys.argv[1:]:
    book = openpyxl.load_workbook(path)
    for sheet in book:
        assert sheet.title == "Start" or sheet.cell(3, 1).value, sheet.title
        assert not sheet.merged_cells.ranges, sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "e", (sheet.title, cell.coordinate)
    if "Rethink clients" in book.sheetnames:
        ids = [row[0].value for row in book["Rethink clients"].iter_rows(min_row=4)]
        for want in ["0012345", "1E5", "MAR1", "123456789012345678", "=cmd|' /C calc'!A0"]:
            assert want in ids, want
print("read")
`
	out, err := exec.Command(python(), "-c", script, files.Reconciliation, files.Summary, writtenPlan(t, LevelMasked, ""), writtenReceipt(t)).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "read" {
		t.Errorf("openpyxl: %v\n%s", err, out)
	}
}

// python is the interpreter that has openpyxl.
func python() string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import openpyxl").Run() == nil {
			return name
		}
	}
	return "python3"
}

// A million records end up in the workbook at a steady pace. The time and the
// size are for reading, not judged.
func BenchmarkWrite(b *testing.B) {
	snap := madeUp{rows: 200_000}
	o := Options{Run: fixtureRun, Finished: fixtureRun.At, Zone: time.UTC, Level: LevelMasked, Dir: b.TempDir(),
		Objects: []Object{{Destination: "rethink", Object: "client", Endpoint: "patients"}}}
	for b.Loop() {
		if _, err := Write(b.Context(), snap, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(snap.rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// LibreOffice opens a workbook that was filled in, computes it anew and saves
// it: every row is still ours, and the check has seen each decision.
func TestLibreOfficeKeepsTheTokens(t *testing.T) {
	fx := newFixture(t, 60)
	o := fx.options(t.TempDir(), LevelMasked)
	o.Key = testKey
	files := fx.write(o)
	before, err := ReadReturned(files.Reconciliation, testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, files.Reconciliation)
	rows, at := worklist(t, f)
	words := []string{"RETRY", "SKIP", "MAP", "APPROVE", ""}
	for n := 4; n <= len(rows); n++ {
		if tokenOf(rows[n-1], at) != manyToken { // a line for many records takes no decision
			set(t, f, "Worklist", at[headDecision]+1, n, words[n%len(words)])
		}
	}
	path := filepath.Join(t.TempDir(), "filled.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	again := convert(t, path, "xlsx")
	after, err := ReadReturned(again, testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := signed(after), signed(before); got != want || len(after.Rows) != len(before.Rows) || want < 60 {
		t.Errorf("%d of %d rows are ours, want %d of %d", got, len(after.Rows), want, len(before.Rows))
	}
	checkedLive(t, open(t, again))
}

// The drop-down of each row offers what may be taken on it, and no more, as a
// spreadsheet program computes it, also after rows were sorted.
func TestLibreOfficeOffersWhatIsTaken(t *testing.T) {
	fx := newFixture(t, 60)
	f := open(t, fx.write(fx.options(t.TempDir(), LevelMasked)).Reconciliation)
	list, err := f.GetDataValidations("Worklist")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(v *excelize.DataValidation) bool { return strings.HasPrefix(v.Formula1, "OFFSET(") })
	if i < 0 || len(list[i].Formula1) > 255 {
		t.Fatalf("the drop-down's list: %v", list)
	}
	offer := list[i].Formula1
	rows, at := worklist(t, f)
	far := len(rows[headRow-1]) + 2
	for n := firstRow; n <= len(rows); n++ {
		for i, d := range decisions {
			here := strings.ReplaceAll(offer, fmt.Sprint(firstRow), fmt.Sprint(n))
			if err := f.SetCellFormula("Worklist", cellName(far+i, n), fmt.Sprintf(`IFERROR(COUNTIF(%s,"%s"),0)`, here, d[0])); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "offers.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	computed, _ := worklist(t, open(t, convert(t, path, "xlsx")))
	for n := firstRow; n <= len(rows); n++ {
		row := computed[n-1]
		cell := func(i int) string { return append(slices.Clone(row), make([]string, far+5)...)[i] }
		for i, d := range decisions {
			taken := tokenOf(row, at) != manyToken && Refusal(d[0], etl.Outcome(cell(at["Outcome"])), cell(at["Cause"]), cell(at["Lookup"]) != "") == ""
			if got := cell(far - 1 + i); taken != (got == "1") {
				t.Errorf("row %d, %s (%s): %s is offered %s times, taken: %t", n, cell(at["Outcome"]), cell(at["Cause"]), d[0], got, taken)
			}
		}
	}
}

func tokenOf(row []string, at map[string]int) string {
	if i := at[headToken]; i < len(row) {
		return row[i]
	}
	return ""
}

// checkedLive compares what the live check says of each row with what decide
// would say.
func checkedLive(t *testing.T, f *excelize.File) {
	t.Helper()
	rows, at := worklist(t, f)
	seen := map[string]int{}
	for n, row := range rows[3:] {
		cell := func(head string) string {
			if i := at[head]; i < len(row) {
				return row[i]
			}
			return ""
		}
		if tokenOf(row, at) == manyToken {
			continue
		}
		word, check := cell(headDecision), cell(headCheck)
		want := ""
		switch why := Refusal(word, etl.Outcome(cell("Outcome")), cell("Cause"), cell("Lookup") != ""); {
		case word == "":
		case why != "":
			want = "✗ not for this row"
		case word == "MAP":
			want = "✗ map_to_id?"
		default:
			want = "✓ ready"
		}
		if check != want {
			t.Errorf("row %d: %s on %s (%s): the check says %q, want %q", n+4, word, cell("Outcome"), cell("Cause"), check, want)
		}
		seen[check]++
	}
	if len(seen) != 4 {
		t.Errorf("the rows did not see every word of the check: %v", seen)
	}
}
