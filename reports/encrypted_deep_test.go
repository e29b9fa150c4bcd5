//go:build deep

package reports

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// office opens a workbook in LibreOffice, which then is book, and saves it
// without a passphrase. What is done with it stands in place of the line act.
const office = `
import subprocess, sys, time, uno
from com.sun.star.beans import PropertyValue
from com.sun.star.table import TableSortField
from com.sun.star.sheet import TableFilterField
from com.sun.star.sheet.FilterOperator import EQUAL
def prop(name, value):
    p = PropertyValue(); p.Name, p.Value = name, value
    return p
profile, pipe, path, passphrase, out = sys.argv[1:]
office = subprocess.Popen(["soffice", "-env:UserInstallation=file://" + profile, "--headless", "--norestore", "--accept=pipe,name=" + pipe + ";urp;"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    for n in range(240):
        try:
            context = resolver.resolve("uno:pipe,name=" + pipe + ";urp;StarOffice.ComponentContext")
            break
        except Exception:
            time.sleep(0.5)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    book = desktop.loadComponentFromURL("file://" + path, "_blank", 0, (prop("Hidden", True), prop("Password", passphrase)))
    if book is None:
        sys.exit("it does not open")
    act(book)
    book.storeToURL("file://" + out, (prop("FilterName", "Calc MS Excel 2007 XML"),))
    book.close(True)
    desktop.terminate()
    office.wait(60)
finally:
    office.kill()
`

// inOffice gives the workbook as LibreOffice saves it, after act.
func inOffice(t *testing.T, path, passphrase, act string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "saved.xlsx")
	cmd := exec.Command("timeout", "-k", "5", "120", "/usr/bin/python3", "-c", act+office, t.TempDir(), fmt.Sprint("chartbridge", os.Getpid()), path, passphrase, out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// LibreOffice opens what we encrypt, and finds the rows that we wrote.
func TestLibreOfficeOpensAnEncryptedWorkbook(t *testing.T) {
	out := inOffice(t, encryptedBook(t, "correct horse").Reconciliation, "correct horse", "def act(book): pass\n")
	book, err := ReadReturned(out, testKey, "")
	if err != nil || signed(book) == 0 {
		t.Errorf("LibreOffice saves %d rows of ours (%v)", signed(book), err)
	}
}

// work is what an analyst does: decide on each row, sort by the message from its
// end, and show the refused ones alone.
const work = `
def act(book):
    sheet = book.Sheets.getByName("Worklist")
    cursor = sheet.createCursor(); cursor.gotoEndOfUsedArea(False)
    columns, rows = cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow
    head = [sheet.getCellByPosition(c, 2).String for c in range(columns + 1)]
    for r in range(3, rows + 1):
        if sheet.getCellByPosition(head.index("row_token"), r).String != "many":
            sheet.getCellByPosition(head.index("decision"), r).String = "SKIP"
    field = TableSortField(); field.Field, field.IsAscending = head.index("Message"), False
    order = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    sheet.getCellRangeByPosition(0, 3, columns, rows).sort((prop("SortFields", order), prop("ContainsHeader", False)))
    shown = sheet.getCellRangeByPosition(0, 2, columns, rows)
    only = TableFilterField(); only.Field, only.Operator, only.IsNumeric, only.StringValue = head.index("Outcome"), EQUAL, False, "invalid"
    filter = shown.createFilterDescriptor(True); filter.ContainsHeader = True; filter.setFilterFields((only,))
    shown.filter(filter)
`

// Every row that was decided on, sorted and filtered in LibreOffice is ours, and
// says what was decided.
func TestLibreOfficeSortsFiltersFills(t *testing.T) {
	fx := newFixture(t, 60)
	o := fx.options(t.TempDir(), LevelMasked)
	o.Key = testKey
	files := fx.write(o)
	before, err := ReadReturned(files.Reconciliation, testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	after, err := ReadReturned(inOffice(t, files.Reconciliation, "", work), testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	order := func(b Returned) (ids []string, skips int) {
		for _, r := range b.Rows {
			if r.Sheet == "Worklist" && !r.Many {
				ids = append(ids, r.SourceID)
			}
			if r.Decision == "SKIP" {
				skips++
			}
		}
		return ids, skips
	}
	was, _ := order(before)
	is, skips := order(after)
	if slices.Equal(was, is) || len(was) != len(is) || skips != len(was) {
		t.Errorf("%d of %d rows came back, %d decided; sorted: %v", len(is), len(was), skips, !slices.Equal(was, is))
	}
	if got, want := signed(after), signed(before); got != want {
		t.Errorf("%d rows are ours, want %d", got, want)
	}
}
