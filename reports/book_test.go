package reports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

func open(t *testing.T, path string) *excelize.File {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// proofSheets hold the formulas of the proof.
var proofSheets = []string{"Summary", "Checks", "Balance", "Outcomes", "History"}

// Every formula of the proof, computed by another program than wrote it, has
// the value that we cached.
func TestFormulasEqualTheirCachedValues(t *testing.T) {
	for name, limit := range map[string]int{"one part each": 0, "parts": 7} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 40)
			o := f.options(t.TempDir(), LevelMasked)
			o.RowCap = limit
			files := f.write(o)
			if n := compareFormulas(t, open(t, files.Reconciliation)); n < 100 {
				t.Errorf("only %d formulas were compared", n)
			}
			compareFormulas(t, open(t, files.Summary))
		})
	}
}

func compareFormulas(t *testing.T, f *excelize.File) (n int) {
	t.Helper()
	for _, sheet := range proofSheets {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, cached := range row {
				at := cellName(c+1, r+1)
				text, err := f.GetCellFormula(sheet, at)
				if err != nil {
					t.Fatal(err)
				}
				if text == "" || strings.HasPrefix(text, "HYPERLINK") {
					continue
				}
				n++
				got, err := f.CalcCellValue(sheet, at, excelize.Options{RawCellValue: true})
				if err != nil || got != cached {
					t.Errorf("%s!%s: %s = %q (%v), cached %q", sheet, at, text, got, err, cached)
				}
			}
		}
	}
	return n
}

func TestBalanceSaysWhereItDoesNotClose(t *testing.T) {
	f := newFixture(t, 24)
	f.exec(`DELETE FROM result WHERE target = (SELECT id FROM target WHERE destination = 'centralreach' AND outcome = 'updated' LIMIT 1)`)
	f.exec(`DELETE FROM problem`)
	f.exec(`DELETE FROM target WHERE id = (SELECT id FROM target WHERE destination = 'centralreach' AND outcome = 'updated' LIMIT 1)`)
	files := f.write(f.options(t.TempDir(), LevelNone))
	book := open(t, files.Reconciliation)
	compareFormulas(t, book)
	want := map[string]string{"rethink clients": checkGood, "centralreach clients": checkBad}
	rows, err := book.GetRows("Balance")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[headRow:] {
		if len(row) < 7 {
			continue
		}
		if w, ok := want[strings.ToLower(row[0]+" "+row[1])]; ok && row[6] != w {
			t.Errorf("%s %s: check is %s, want %s", row[0], row[1], row[6], w)
		}
	}
	if text, _ := book.GetCellFormula("Balance", "H4"); !strings.HasPrefix(text, `IF(G4="✓ ok","all `) {
		t.Errorf("that all is well is said by %q, want a formula over Check", text)
	}
	if got, _ := book.GetCellValue(startName, "A3"); got != verdictBad {
		t.Errorf("the verdict is %q, want %q", got, verdictBad)
	}
}

// What spreadsheets like to spoil comes back as it was.
func TestNastyTexts(t *testing.T) {
	f := newFixture(t, 40)
	book := open(t, f.write(f.options(t.TempDir(), LevelFull)).Reconciliation)
	rows, err := book.GetRows("Rethink clients")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for r, row := range rows[headRow:] {
		ids[row[0]] = true
		at := cellName(1, firstRow+r)
		kind, err := book.GetCellType("Rethink clients", at)
		if err != nil {
			t.Fatal(err)
		}
		if kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%s is of type %v, want text", at, kind)
		}
	}
	for _, want := range []string{"0012345", "1E5", "MAR1", "123456789012345678", "=cmd|' /C calc'!A0", "🙂 smile", "שלום עולם", "a␀b␛c␍d", "+15550100",
		"_x0041_", `bad\xffutf`, "‹U+202E›gnitset"} {
		if !ids[want] {
			t.Errorf("no source id reads %q", want)
		}
	}
	all := fmt.Sprint(rows)
	if !strings.Contains(all, "… [cut: 40014 characters in all, sha256 ") {
		t.Error("a long name was cut without a word")
	}
}

func TestFormulaLikeTextIsQuoted(t *testing.T) {
	f := newFixture(t, 24)
	book := open(t, f.write(f.options(t.TempDir(), LevelNone)).Reconciliation)
	rows, err := book.GetRows("Rethink clients")
	if err != nil {
		t.Fatal(err)
	}
	for r, row := range rows {
		if !strings.HasPrefix(row[0], "=cmd") {
			continue
		}
		at := cellName(1, r+1)
		if text, _ := book.GetCellFormula("Rethink clients", at); text != "" {
			t.Errorf("%s is a formula", at)
		}
		id, err := book.GetCellStyle("Rethink clients", at)
		if err != nil {
			t.Fatal(err)
		}
		if q := book.Styles.CellXfs.Xf[id].QuotePrefix; q == nil || !*q {
			t.Errorf("%s has no quote prefix", at)
		}
		return
	}
	t.Error("the formula-like id is not listed")
}

// The rules of the craft, over every sheet of both workbooks.
func TestCraft(t *testing.T) {
	f := newFixture(t, 30)
	o := f.options(t.TempDir(), LevelMasked)
	o.RowCap = 11
	files := f.write(o)
	tables := map[string]bool{}
	for _, path := range []string{files.Reconciliation, files.Summary} {
		book := open(t, path)
		clear(tables)
		for _, sheet := range book.GetSheetList() {
			craft(t, book, sheet, tables)
		}
		if n := len(book.Styles.CellXfs.Xf); n > 27 { // one is the file's own
			t.Errorf("the workbook has %d styles, want about 26", n)
		}
	}
}

func craft(t *testing.T, book *excelize.File, sheet string, tables map[string]bool) {
	t.Helper()
	if n := len([]rune(sheet)); n > 31 {
		t.Errorf("%s: the name has %d characters", sheet, n)
	}
	if merged, err := book.GetMergeCells(sheet); err != nil || len(merged) > 0 {
		t.Errorf("%s: merged cells %v, %v", sheet, merged, err)
	}
	if sheet == startName {
		return
	}
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < firstRow || rows[0][0] == "" || rows[1][0] == "" {
		t.Fatalf("%s: no title, line about it, header and row", sheet)
	}
	for i, head := range rows[headRow-1] {
		if head == "" {
			t.Errorf("%s: the header of column %d is blank", sheet, i+1)
		}
	}
	list, err := book.GetTables(sheet)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[firstRow-1]) > 1 && (len(list) != 1 || list[0].Name != tableName(sheet)) { // else it says that there is no row
		t.Errorf("%s: its rows have the tables %+v, want %s", sheet, list, tableName(sheet))
	}
	for _, table := range list {
		if tables[table.Name] {
			t.Errorf("%s: table %s is there twice", sheet, table.Name)
		}
		tables[table.Name] = true
	}
	panes, err := book.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != headRow {
		t.Errorf("%s: the header does not stay in sight: %+v %v", sheet, panes, err)
	}
}

func TestPartsAreIndexed(t *testing.T) {
	f := newFixture(t, 30)
	o := f.options(t.TempDir(), LevelMasked)
	o.RowCap = 10
	book := open(t, f.write(o).Reconciliation)
	start, err := book.GetRows(startName)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range start {
		if strings.HasPrefix(row0(row), "Rethink clients") {
			n := 0
			if _, err := fmt.Sscan(row[2], &n); err != nil {
				t.Fatal(err)
			}
			if n > o.RowCap || len(row) < 5 || row[3] == "" || row[4] == "" {
				t.Errorf("the index says %v", row)
			}
			rows += n
		}
	}
	var want int
	if err := f.db.QueryRow(`SELECT count(*) FROM result r JOIN target t ON t.id = r.target WHERE r.run = ? AND t.destination = 'rethink' AND t.object = 'client'`,
		fixtureRun.ID).Scan(&want); err != nil {
		t.Fatal(err)
	}
	if rows != want {
		t.Errorf("the parts hold %d rows, want %d", rows, want)
	}
}

func row0(row []string) string {
	if len(row) == 0 {
		return ""
	}
	return row[0]
}

func TestAllListsEveryRecord(t *testing.T) {
	f := newFixture(t, 30)
	o := f.options(t.TempDir(), LevelMasked)
	o.All = true
	book := open(t, f.write(o).Reconciliation)
	compareFormulas(t, book)
	rows, err := book.GetRows("Rethink clients")
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, row := range rows[headRow:] {
		n[row[5]]++
	}
	if len(rows)-headRow != 30 || n[string(etl.Unchanged)] != 4 {
		t.Errorf("%d rows, %d unchanged, want 30 and 4", len(rows)-headRow, n[string(etl.Unchanged)])
	}
	if got, _ := book.GetCellValue(startName, "A3"); got == verdictBad {
		t.Error("the balance does not close")
	}
}

// An empty database, a run that has no counts: files all the same.
func TestNothingThere(t *testing.T) {
	f := newFixture(t, 0)
	for _, table := range []string{"result", "tally", "problem", "target", "record", "stream", "call"} {
		f.exec("DELETE FROM " + table)
	}
	book := open(t, f.write(f.options(t.TempDir(), LevelMasked)).Reconciliation)
	compareFormulas(t, book)
	if got, _ := book.GetCellValue("Worklist", "A4"); got != "Nothing waits, and nothing was refused." {
		t.Errorf("the empty worklist says %q", got)
	}
}
