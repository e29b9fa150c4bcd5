package reports

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// excelize numbers a table by reading all those that the workbook has, but needs
// only the newest. So the others are taken out of it until it is saved.

// addTable makes a table of the part's rows, down to the cell last.
func (w *writer) addTable(last string) error {
	b, stripes := w.b, false
	err := w.out.AddTable(&excelize.Table{Range: cellName(1, headRow) + ":" + last, Name: tableName(w.place.sheet), ShowRowStripes: &stripes})
	if err != nil {
		return err
	}
	b.f.Pkg.Delete(tablePath(len(b.tables)))
	part, ok := b.f.Pkg.Load(tablePath(len(b.tables) + 1))
	if !ok {
		return fmt.Errorf("the workbook holds no table %d", len(b.tables)+1)
	}
	b.tables = append(b.tables, part)
	return nil
}

// putTables puts all tables into the workbook.
func (b *book) putTables() {
	for i, part := range b.tables {
		b.f.Pkg.Store(tablePath(i+1), part)
	}
}

func tablePath(n int) string { return fmt.Sprintf("xl/tables/table%d.xml", n) }
