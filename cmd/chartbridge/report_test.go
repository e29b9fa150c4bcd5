package main

import (
	"strings"
	"testing"
)

// What became of a workbook that is replaced is told in a sentence.
func TestReportSaysWhereTheOldWorkbookIs(t *testing.T) {
	if got := keptWhere("old.xlsx"); !strings.HasPrefix(got, "the old one is kept, since somebody wrote into it, or it cannot be read: old.xlsx.") {
		t.Errorf("it is told as %q", got)
	}
}
