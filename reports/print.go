package reports

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheetLook sets what must be set before a sheet is streamed: later it would
// be lost without an error.
func (b *book) sheetLook(name, colour string) error {
	fit, lines := true, false
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit, TabColorRGB: &colour}); err != nil {
		return err
	}
	return b.f.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &lines})
}

// printSetup makes a sheet print as wide as one landscape page, its header on
// each. It is called between the last row and the end of the stream.
func (b *book) printSetup(name string, phi bool) error {
	one, none, letterSize, landscape := 1, 0, 1, "landscape"
	if name == startName {
		none = 1 // one page, whatever it takes
	}
	if err := b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &letterSize, Orientation: &landscape, FitToWidth: &one, FitToHeight: &none}); err != nil {
		return err
	}
	side, high, head := 0.4, 0.6, 0.3
	if err := b.f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &high, Bottom: &high, Header: &head, Footer: &head}); err != nil {
		return err
	}
	notice := "No patient data"
	if phi && b.o.Level != LevelNone {
		notice = "CONFIDENTIAL – contains PHI"
	}
	if err := b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&L" + inHeader(b.o.Practice) + "&C" + notice + "&R&A",
		OddFooter: "&L" + inHeader(b.named()) + "&RPage &P of &N"}); err != nil {
		return err
	}
	if name == startName {
		return nil
	}
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: name, RefersTo: "'" + name + "'!$1:$3"})
}

// printArea keeps the last columns, which are for the program, off the paper.
func (b *book) printArea(name string, columns, row int) error {
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", Scope: name,
		RefersTo: fmt.Sprintf("'%s'!$A$1:$%s$%d", name, letter(columns), max(row, firstRow))})
}

func inHeader(s string) string { return strings.ReplaceAll(s, "&", "&&") }
