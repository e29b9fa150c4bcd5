//go:build deep

package reports

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// A million rows of 12 styled columns: our sheet beside a bare loop over the
// StreamWriter, with the same rows from memory and the same styles, saved by
// excelize alone. Of both it tells user and system time and the peak of memory,
// and sheet/bare is the ratio of the times. None of them is judged here.
func BenchmarkMillionRows(b *testing.B) {
	var ours, bare cost
	for b.Loop() {
		ours.add(b, sheetMillion)
		bare.add(b, bareMillion)
	}
	n := float64(b.N)
	b.ReportMetric(ours.cpu.Seconds()/n, "sheet-cpu-s")
	b.ReportMetric(bare.cpu.Seconds()/n, "bare-cpu-s")
	b.ReportMetric(ours.cpu.Seconds()/bare.cpu.Seconds(), "sheet/bare")
	b.ReportMetric(ours.peak, "sheet-peak-MB")
	b.ReportMetric(bare.peak, "bare-peak-MB")
}

const millionRows = 1_000_000

var millionColumns = func() []column {
	kinds := []kind{kindID, kindText, kindText, kindID, kindText, kindCount, kindTime, kindText, kindWrap, kindCount, kindDate, kindCount}
	columns := make([]column, len(kinds))
	for i, k := range kinds {
		columns[i] = column{fmt.Sprint("Column ", i+1), k, ""}
	}
	return columns
}()

// millionRow gives row n, from values that were made before.
func millionRow() func(n int) []any {
	texts := make([]any, 4_096)
	for i := range texts {
		texts[i] = fmt.Sprintf("value %d of a column", i*7)
	}
	at := time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC)
	row := make([]any, len(millionColumns))
	return func(n int) []any {
		for i, c := range millionColumns {
			switch c.kind {
			case kindCount:
				row[i] = n + i
			case kindTime, kindDate:
				row[i] = at.Add(time.Duration(n) * time.Minute)
			default:
				row[i] = texts[(n*13+i)%len(texts)]
			}
		}
		return row
	}
}

func sheetMillion(b *testing.B, f *excelize.File, dir string) error {
	bk := newBook(&report{o: Options{Run: etl.Run{ID: "r"}, RowCap: millionRows}}, f, dir)
	var err error
	if bk.styles, err = makeStyles(f); err != nil {
		return err
	}
	fill := millionRow()
	err = bk.writeSheets([]sheet{{name: "Million", title: "Million", about: "rows", none: "none", phi: true, columns: millionColumns, rows: func(yield func([]any, error) bool) {
		for n := range millionRows {
			if !yield(fill(n), nil) {
				return
			}
		}
	}}})
	if err != nil {
		return err
	}
	return bk.save(io.Discard, dir)
}

func bareMillion(b *testing.B, f *excelize.File, _ string) error {
	styles, err := makeStyles(f)
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	fill, cells := millionRow(), make([]any, len(millionColumns))
	for n := range millionRows {
		for i, v := range fill(n) {
			cells[i] = excelize.Cell{StyleID: styles[kindStyles[millionColumns[i].kind]], Value: v}
		}
		if err := out.SetRow("A"+strconv.Itoa(n+1), cells); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Write(io.Discard)
}

// A cost is what making a workbook took of the processor, and of memory at most.
type cost struct {
	cpu  time.Duration
	peak float64 // MB
}

func (c *cost) add(b *testing.B, make func(*testing.B, *excelize.File, string) error) {
	b.Helper()
	debug.FreeOSMemory()
	debug.FreeOSMemory()                                                          // what pools keep lives through one
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
		b.Fatal(err)
	}
	before, dir := processor(b), b.TempDir()
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	if err := make(b, f, dir); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	c.cpu += processor(b) - before
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	c.peak = max(c.peak, kb/1024)
}

func processor(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
