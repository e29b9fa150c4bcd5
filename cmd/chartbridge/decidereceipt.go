package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// receipt writes the receipt beside the workbook, and over no other.
func (p *practice) receipt(path string, book reports.Returned, verdicts []sql.Verdict, id int64, by string) (string, error) {
	out, err := receiptPath(path, id)
	if err != nil {
		return "", err
	}
	r := reports.Receipt{File: book.File, By: by, At: p.clock.Now(), Zone: p.config.Timezone, Run: book.Run, Import: id, Words: sql.VerdictWords,
		Passphrase: p.config.Workbook.Passphrase.Reveal()}
	for i, row := range book.Rows {
		r.Rows = append(r.Rows, reports.ReceiptRow{ReturnedRow: row, Result: verdicts[i].Word, Reason: verdicts[i].Reason})
	}
	return out, reports.WriteReceipt(out, r)
}

// receiptPath is the first name that is free. It bears the number of the
// import, if one was made.
func receiptPath(workbook string, id int64) (string, error) {
	stem := strings.TrimSuffix(workbook, ".xlsx") + "-receipt"
	if id > 0 {
		stem += fmt.Sprintf("-%d", id)
	}
	out := stem + ".xlsx"
	for n := 2; ; n++ {
		_, err := os.Lstat(out)
		if errors.Is(err, fs.ErrNotExist) {
			return out, nil
		}
		if err != nil {
			return "", err
		}
		out = fmt.Sprintf("%s-again-%d.xlsx", stem, n)
	}
}
