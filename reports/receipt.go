package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// A Receipt says what became of a returned workbook.
type Receipt struct {
	File   string // SHA-256 of the workbook
	By     string
	At     time.Time
	Zone   *time.Location
	Run    string // that the workbook reports
	Import int64
	Rows   []ReceiptRow
	Words  []string // every verdict, in the order of totals

	Passphrase string // encrypts it; "" = it is not encrypted
}

// A ReceiptRow is a row of the workbook with what became of it.
type ReceiptRow struct {
	ReturnedRow
	Result, Reason string
}

// WriteReceipt writes a receipt, which only its owner may read. It holds ids
// and comments, and no other value of a record.
func WriteReceipt(path string, r Receipt) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), partPrefix)
	if err != nil {
		return fmt.Errorf("make a folder for the receipt under way: %w", err)
	}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	o := Options{Run: etl.Run{ID: r.Run, At: r.At}, Zone: r.Zone, Level: LevelMasked, RowCap: rowCap, Passphrase: r.Passphrase}
	b := newBook(&report{o: o}, f, dir)
	if err = b.fillReceipt(r); err == nil {
		err = writeFile(path, func(w io.Writer) error { return b.put(w, dir) })
	}
	return errors.Join(err, f.Close(), os.RemoveAll(dir))
}

func (b *book) fillReceipt(r Receipt) (err error) {
	if b.styles, err = makeStyles(b.f); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", receiptName); err != nil {
		return fmt.Errorf("sheet %s: %w", receiptName, err)
	}
	return b.writeSheets([]sheet{receiptTotals(r), receiptRows(r)})
}

const receiptName = "Receipt"

// receiptTotals balances: rows read = sum of verdicts, by a live formula.
func receiptTotals(r Receipt) sheet {
	columns := []column{{"Result", kindText, ""}, {"Rows", kindCount, ""}, {"Meaning", kindWrap, ""}}
	n := map[string]int{}
	for _, row := range r.Rows {
		n[row.Result]++
	}
	last := headRow + len(r.Rows)
	var rows [][]any
	for i, word := range r.Words {
		text := fmt.Sprintf("COUNTIFS(Rows!$A$%d:$A$%d,A%d)", firstRow, max(last, firstRow), firstRow+i)
		rows = append(rows, []any{word, formula{text, n[word]}, verdictMeanings[word]})
	}
	end := headRow + len(rows)
	check := checkGood
	sum := 0
	for _, word := range r.Words {
		sum += n[word]
	}
	if sum != len(r.Rows) {
		check = checkBad
	}
	total := []any{fmt.Sprintf("All (rows read: %d)", len(r.Rows)), formula{fmt.Sprintf("SUM(B%d:B%d)", firstRow, end), sum},
		formula{fmt.Sprintf(`IF(B%d=%d,"%s","%s")`, end+1, len(r.Rows), checkGood, checkBad), check}}
	what := fmt.Sprintf("Import %d", r.Import)
	if r.Import == 0 {
		what = "Nothing was taken: read"
	}
	about := fmt.Sprintf("%s by %s, %s · workbook %s…", what, r.By, r.At.In(r.Zone).Format("2006-01-02 15:04 MST"), firstOf(r.File, 16))
	return sheet{name: receiptName, title: "Receipt: what became of the decisions", about: about, colour: colourDark, columns: columns, rows: listed(rows), total: total}
}

func receiptRows(r Receipt) sheet {
	columns := []column{{"Result", kindCheck, ""}, {"Reason", kindWrap, ""}, {"Decision", kindText, ""}, {"Map to id", kindID, ""},
		{"Comment", kindWrap, ""}, {"Destination", kindText, ""}, {"Object", kindText, ""}, {"Source id", kindID, ""},
		{"Lookup", kindText, ""}, {"Key", kindID, ""}, {"Sheet", kindText, ""}, {"Row", kindCount, ""}}
	var rows [][]any
	for _, row := range r.Rows {
		rows = append(rows, []any{row.Result, row.Reason, row.Decision, row.MapTo, row.Comment, destinationName(row.Destination),
			objectName(row.Object, false), row.SourceID, row.Lookup, row.Key, row.Sheet, row.Row})
	}
	for _, row := range rows {
		for i, v := range row {
			if text, ok := v.(string); ok && text == "" {
				row[i] = nil
			}
		}
	}
	return sheet{name: "Rows", title: "Rows: every row that was read", about: "In the order of the workbook", none: "No row was read.",
		colour: colourOrange, freeze: 1, columns: columns, rows: listed(rows), phi: true}
}

// verdictMeanings are the words of a receipt in a sentence each.
var verdictMeanings = map[string]string{
	"applied":               "Taken. The next run acts on it.",
	"applicable":            "It would be taken: this was a look only.",
	"needs a second person": "Taken, and waits until another person says the same in a workbook of their own.",
	"already applied":       "It was taken before; nothing was done again.",
	"none":                  "The row has no decision.",
	"stale":                 "The record moved on since the workbook was written: look at the newest one.",
	"tampered":              "The row does not say what we wrote: its id, outcome, what is decided on or token was changed, or a column is gone. Start from the file as it was sent.",
	"not allowed":           "The decision does not fit the record.",
	"incomplete":            "Something is missing, such as their id for MAP.",
	"unknown":               "No such record is known any more.",
	"duplicate":             "The same decision stands in an earlier row.",
	"conflict":              "Another decision on the same record stands against it.",
	"expired":               "The workbook or the approval is too old.",
	"not taken":             "It is good, but other rows are not, and all or none was asked for.",
}
