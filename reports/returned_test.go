package reports

import (
	"archive/zip"
	"bytes"
	"errors"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

var testKey = []byte("the key of this test's workbooks")

// returned writes a workbook, lets a person change it, and reads it back.
func returned(t *testing.T, change func(f *excelize.File)) (Returned, error) {
	t.Helper()
	fx := newFixture(t, 40)
	o := fx.options(t.TempDir(), LevelMasked)
	o.Key = testKey
	files := fx.write(o)
	f := open(t, files.Reconciliation)
	if change != nil {
		change(f)
	}
	path := filepath.Join(t.TempDir(), "back.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return ReadReturned(path, testKey, "")
}

func worklist(t *testing.T, f *excelize.File) ([][]string, map[string]int) {
	t.Helper()
	rows, err := f.GetRows("Worklist", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, head := range rows[2] {
		at[head] = i
	}
	return rows, at
}

func signed(b Returned) (n int) {
	for _, r := range b.Rows {
		if r.Signed {
			n++
		}
	}
	return n
}

// Sorted, with columns moved, renamed and filled in, every row is still ours.
func TestRowsComeBackInAnyOrder(t *testing.T) {
	want := 0
	book, err := returned(t, func(f *excelize.File) {
		rows, at := worklist(t, f)
		for _, row := range rows[3:] {
			if row[at[headToken]] != manyToken {
				want++
			}
		}
		order, columns := rand.New(rand.NewSource(1)).Perm(len(rows)-3), rand.New(rand.NewSource(2)).Perm(len(rows[2]))
		if _, err := f.NewSheet("mine"); err != nil {
			t.Fatal(err)
		}
		for to, from := range columns {
			set(t, f, "mine", to+1, 5, " "+strings.ToUpper(rows[2][from])+"\u00a0")
			for r, o := range order {
				v := ""
				if from < len(rows[o+3]) {
					v = rows[o+3][from]
				}
				if from == at[headDecision] {
					v = "\u00a0Skip "
				}
				set(t, f, "mine", to+1, r+6, v)
			}
		}
		if err := errors.Join(f.DeleteSheet("Worklist"), f.SetSheetName("mine", "Ada's part")); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	skips := 0
	for _, r := range book.Rows {
		if r.Sheet == "Ada's part" && r.Signed && r.Decision == "SKIP" && r.Run == fixtureRun.ID {
			skips++
		}
	}
	// Ids that a cell cannot hold are shown altered, so their rows are not ours any more.
	if skips < want-4 || want < 30 {
		t.Errorf("%d of %d rows are ours", skips, want)
	}
}

func set(t *testing.T, f *excelize.File, sheet string, column, row int, v any) {
	t.Helper()
	if err := f.SetCellValue(sheet, cellName(column, row), v); err != nil {
		t.Fatal(err)
	}
}

// Whatever is changed of what we wrote in a row, the row is not ours any more,
// and no other row suffers.
func TestTampering(t *testing.T) {
	plain, err := returned(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := signed(plain)
	for name, change := range map[string]func(cell func(string) string, put func(string, any)){
		"another id":          func(_ func(string) string, put func(string, any)) { put("Source id", "90002") },
		"a lost zero":         func(get func(string) string, put func(string, any)) { put("Source id", "0"+get("Source id")) },
		"an id as a number":   func(_ func(string) string, put func(string, any)) { put("Source id", 12345.0) },
		"another outcome":     func(_ func(string) string, put func(string, any)) { put("Outcome", "created") },
		"another object":      func(_ func(string) string, put func(string, any)) { put("Object", "staff") },
		"another destination": func(_ func(string) string, put func(string, any)) { put("Destination", "CentralReach") },
		"no token":            func(_ func(string) string, put func(string, any)) { put(headToken, nil) },
		"a token cut short":   func(get func(string) string, put func(string, any)) { put(headToken, get(headToken)[:20]) },
		"another run":         func(get func(string) string, put func(string, any)) { put(headToken, "20260303"+get(headToken)[8:]) },
		"another state": func(get func(string) string, put func(string, any)) {
			put(headToken, strings.Replace(get(headToken), ".", ".0", 1))
		},
		"a token in small": func(get func(string) string, put func(string, any)) { put(headToken, strings.ToLower(get(headToken))) },
		"a token with a space": func(get func(string) string, put func(string, any)) {
			put(headToken, strings.Replace(get(headToken), ".", ". ", 1))
		},
		"a token made up": func(_ func(string) string, put func(string, any)) {
			put(headToken, "20260302T073000Z-4f2a.abcdefabcdef.AAAAAAAAAAAAAAAA")
		},
	} {
		t.Run(name, func(t *testing.T) {
			book, err := returned(t, func(f *excelize.File) {
				rows, at := worklist(t, f)
				const row = 20
				change(func(head string) string { return rows[row-1][at[head]] }, func(head string, v any) { set(t, f, "Worklist", at[head]+1, row, v) })
				set(t, f, "Worklist", at[headDecision]+1, row, "SKIP")
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := signed(book); got != whole-1 || len(book.Rows) != len(plain.Rows) {
				t.Errorf("%d of %d rows are ours, want %d of %d", got, len(book.Rows), whole-1, len(plain.Rows))
			}
		})
	}
}

// So it is where what a decision acts on is changed: a worklist's lookup, key
// and target id, and what a discharge says.
func TestTamperingWithWhatIsDecidedOn(t *testing.T) {
	plain, err := returned(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := signed(plain)
	for sheet, heads := range map[string][]string{"Worklist": {"Lookup", "Key", "Target id"},
		"Discharges to approve": {"CRID", "Discharged", "Reason", "Dose through", "Medication", "Dosage", "Follow-up date", "Payload"}} {
		for _, head := range heads {
			book, err := returned(t, func(f *excelize.File) {
				rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
				if err != nil {
					t.Fatal(err)
				}
				set(t, f, sheet, slices.Index(rows[2], head)+1, firstRow, 46_001)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := signed(book); got != whole-1 {
				t.Errorf("%s, %s changed: %d rows are ours, want %d", sheet, head, got, whole-1)
			}
		}
	}
}

// What is no workbook of ours is refused in a sentence that says where.
func TestHostileWorkbooks(t *testing.T) {
	type change = func(t *testing.T, f *excelize.File)
	for name, c := range map[string]struct {
		change change
		want   string
	}{
		"a formula over several decisions": {func(t *testing.T, f *excelize.File) {
			_, at := worklist(t, f)
			array, ref := excelize.STCellFormulaTypeArray, cellName(at[headDecision]+1, 7)+":"+cellName(at[headDecision]+1, 9)
			if err := f.SetCellFormula("Worklist", cellName(at[headDecision]+1, 7), `UPPER("skip")`, excelize.FormulaOpts{Type: &array, Ref: &ref}); err != nil {
				t.Fatal(err)
			}
		}, "one formula fills them"},
		"a merged header": {func(t *testing.T, f *excelize.File) {
			if err := f.MergeCell("Worklist", "B3", "C3"); err != nil {
				t.Fatal(err)
			}
		}, "Worklist, cells B3:C3 are merged"},
		"a merged decision": {func(t *testing.T, f *excelize.File) {
			_, at := worklist(t, f)
			if err := f.MergeCell("Worklist", cellName(at[headDecision]+1, 7), cellName(at[headDecision]+1, 9)); err != nil {
				t.Fatal(err)
			}
		}, "are merged"},
		"a column gone": {func(t *testing.T, f *excelize.File) {
			_, at := worklist(t, f)
			set(t, f, "Worklist", at[headComment]+1, 3, "notes")
		}, "the column comment is missing"},
		"a column twice": {func(t *testing.T, f *excelize.File) {
			_, at := worklist(t, f)
			set(t, f, "Worklist", at["Message"]+1, 3, "Decision ")
		}, "stands there twice"},
		"no such sheet": {func(t *testing.T, f *excelize.File) {
			for _, name := range f.GetSheetList() {
				if name != startName {
					if err := f.DeleteSheet(name); err != nil {
						t.Fatal(err)
					}
				}
			}
		}, "is it a reconciliation.xlsx"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := returned(t, func(f *excelize.File) { c.change(t, f) })
			if !errors.Is(err, ErrWorkbook) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

// A formula where a person writes marks its row, and the others come through:
// also one beside a decision, and one below the last row.
func TestFormulasOfRows(t *testing.T) {
	below := 0
	book, err := returned(t, func(f *excelize.File) {
		rows, at := worklist(t, f)
		below = len(rows) + 2
		set(t, f, "Worklist", at[headDecision]+1, 7, "SKIP")
		set(t, f, "Worklist", at[headDecision]+1, 8, "SKIP")
		for _, cell := range []string{cellName(at[headComment]+1, 7), cellName(at[headMapTo]+1, 9), cellName(at[headDecision]+1, below)} {
			if err := f.SetCellFormula("Worklist", cell, `HYPERLINK("http://example.test")`); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	marked := map[int]bool{}
	for _, r := range book.Rows {
		if r.Formula != "" {
			marked[r.Row] = r.Sheet == "Worklist"
		}
	}
	if len(marked) != 3 || !marked[7] || !marked[9] || !marked[below] || !book.Typed {
		t.Errorf("rows with formulas: %v, want 7, 9 and %d", marked, below)
	}
}

func TestHostileFiles(t *testing.T) {
	archive := func(parts map[string][]byte) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, content := range parts {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	book := []byte(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>`)
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":          {nil, "no .xlsx"},
		"text":             {[]byte("destination,object\nrethink,client\n"), "no .xlsx"},
		"encrypted":        {append(append([]byte{}, oleHeader...), make([]byte, 600)...), "encrypted"},
		"another zip":      {archive(map[string][]byte{"content.xml": book}), "no .xlsx workbook"},
		"macros":           {archive(map[string][]byte{"xl/workbook.xml": book, "xl/vbaProject.bin": {1}}), "macros"},
		"external links":   {archive(map[string][]byte{"xl/workbook.xml": book, "xl/externalLinks/externalLink1.xml": book}), "links to other workbooks"},
		"a zip bomb":       {bomb(t, "xl/worksheets/sheet1.xml", openMax+1), "unpacks to more"},
		"a bomb elsewhere": {bomb(t, "xl/theme/theme1.xml", otherMax+1), "unpacks to more"},
		"a bomb that lies": {bomb(t, "xl/worksheets/sheet1.xml", math.MaxUint64), "unpacks to more"},
		"a bare workbook":  {archive(map[string][]byte{"xl/workbook.xml": book}), "missing"},
		"a damaged one":    {archive(map[string][]byte{"xl/workbook.xml": []byte("<workbook"), "xl/_rels/workbook.xml.rels": book}), "damaged"},
		"a cut-off file":   {archive(map[string][]byte{"xl/workbook.xml": book})[:40], "no .xlsx"},
		"a very large one": {make([]byte, fileMax+1), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.xlsx")
			if err := os.WriteFile(path, c.raw, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadReturned(path, testKey, "")
			if !errors.Is(err, ErrWorkbook) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

func TestWholeID(t *testing.T) {
	for in, want := range map[string]string{"12345": "12345", "12345.0": "12345", "1.2345E4": "12345", "0012": "0012", "1.5": "1.5", "E7": "E7",
		"1E999999": "1E999999", "A-1.0": "A-1.0", "1.0E+18": "1000000000000000000", "": ""} {
		if got := wholeID(in); got != want {
			t.Errorf("wholeID(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRunTime(t *testing.T) {
	for id, want := range map[string]string{"20260302T073000Z-4f2a": "2026-03-02 07:30:00", "20260302T073000123Z-4f2a": "2026-03-02 07:30:00.123",
		"": "0001-01-01 00:00:00", "x": "0001-01-01 00:00:00"} {
		if got := runTime(id).Format("2006-01-02 15:04:05.999"); got != want {
			t.Errorf("run %q began %s, want %s", id, got, want)
		}
	}
}
