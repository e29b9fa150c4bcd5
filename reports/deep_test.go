//go:build deep

package reports

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
				sameValues(t, open(t, path), open(t, convert(t, path, "xlsx")))
				if info, err := os.Stat(convert(t, path, "pdf")); err != nil || info.Size() < 10_000 {
					t.Errorf("%s does not print: %v, %v", filepath.Base(path), info, err)
				}
			}
		})
	}
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

func sameValues(t *testing.T, ours, theirs *excelize.File) {
	t.Helper()
	for _, sheet := range proofSheets {
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
			if g, w := strings.Join(got[r], "|"), strings.Join(want[r], "|"); strings.TrimRight(g, "|") != strings.TrimRight(w, "|") {
				t.Errorf("%s row %d: LibreOffice has %s, we have %s", sheet, r+1, g, w)
			}
		}
	}
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
	out, err := exec.Command(python(), "-c", script, files.Reconciliation, files.Summary).CombinedOutput()
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
