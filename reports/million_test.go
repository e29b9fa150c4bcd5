//go:build deep

package reports

import (
	"fmt"
	"io"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// A million rows of 12 styled columns: our sheet beside a bare loop over the
// StreamWriter in the same run. Compare the two times; neither is judged here.
func BenchmarkMillionRows(b *testing.B) {
	const rows = 1_000_000
	columns := make([]column, 12)
	for i := range columns {
		columns[i] = column{fmt.Sprint("Column ", i+1), []kind{kindText, kindID, kindCount}[i%3], ""}
	}
	row := make([]any, len(columns))
	fill := func(n int) []any {
		for i := range row {
			if row[i] = fmt.Sprint("value ", n); i%3 == 2 {
				row[i] = n
			}
		}
		return row
	}
	b.Run("sheet", func(b *testing.B) {
		for b.Loop() {
			s := sheet{name: "Million", title: "Million", about: "rows", none: "none", columns: columns, rows: func(yield func([]any, error) bool) {
				for n := range rows {
					if !yield(fill(n), nil) {
						return
					}
				}
			}}
			million(b, func(bk *book) error { return bk.writeSheet(s) })
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			million(b, func(bk *book) error {
				out, err := bk.f.NewStreamWriter("Sheet1")
				if err != nil {
					return err
				}
				cells := make([]any, len(columns))
				for n := range rows {
					for i, v := range fill(n) {
						cells[i] = excelize.Cell{StyleID: bk.styles[kindStyles[columns[i].kind]], Value: v}
					}
					if err := out.SetRow(cellName(1, n+1), cells); err != nil {
						return err
					}
				}
				if err := out.Flush(); err != nil {
					return err
				}
				return bk.giveUp(out)
			})
		}
	})
}

// million makes a workbook that is thrown away.
func million(b *testing.B, fill func(*book) error) {
	b.Helper()
	dir := b.TempDir()
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	bk := newBook(&report{o: Options{Run: etl.Run{ID: "r"}, RowCap: 1_000_000}}, f, dir)
	var err error
	if bk.styles, err = makeStyles(f); err != nil {
		b.Fatal(err)
	}
	if err := fill(bk); err != nil {
		b.Fatal(err)
	}
	if err := bk.save(io.Discard, dir); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
