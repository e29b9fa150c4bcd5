package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A paper is how a sheet prints: as a rule as wide as one landscape page.
type paper struct {
	portrait bool
	one      bool // on one page, whatever it takes
	breakAt  int  // the column that begins a second page, which repeats the two first ones
}

// breakScale is the size, in per cent, of what prints on two pages.
const breakScale = 64

// sheetLook sets what must be set before a sheet is streamed: later it would
// be lost without an error.
func (b *book) sheetLook(name, colour string, p paper) error {
	fit, lines := p.breakAt == 0, false
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit, TabColorRGB: &colour}); err != nil {
		return err
	}
	return b.f.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &lines})
}

// extras are what stands beside the rows: charts, input, how it prints.
func (w *writer) extras(used string) error {
	b, s, name := w.b, w.sheet, w.place.sheet
	if err := b.f.AddIgnoredErrors(name, used, excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	if s.chart != nil && w.place.rows > 0 {
		if err := s.chart(w); err != nil {
			return err
		}
		s.paper.one = w.place.rows <= chartRows
	}
	if s.input && w.place.rows > 0 {
		if err := w.addInput(); err != nil {
			return err
		}
	}
	for _, cell := range slices.Sorted(maps.Keys(w.links)) {
		to := w.links[cell]
		if err := b.f.SetCellHyperLink(name, cell, "'"+to.sheet+"'!"+to.cell, "Location"); err != nil {
			return err
		}
	}
	if s.paper.breakAt > 0 {
		if err := w.out.InsertPageBreak(cellName(s.paper.breakAt, 1)); err != nil {
			return err
		}
	}
	if s.print > 0 {
		if err := b.printArea(name, s.print, w.row); err != nil {
			return err
		}
	}
	return b.printSetup(name, s.phi, s.paper)
}

// chartRows is how many rows print with their chart on one page, so that no
// chart is cut in two.
const chartRows = 45

// printSetup makes a sheet print, its header on each page. It is called between
// the last row and the end of the stream.
func (b *book) printSetup(name string, phi bool, p paper) error {
	one, high, letterSize, way := 1, 0, 1, "landscape"
	if p.portrait {
		way = "portrait"
	}
	if p.one {
		high = 1
	}
	layout := &excelize.PageLayoutOptions{Size: &letterSize, Orientation: &way, FitToWidth: &one, FitToHeight: &high}
	if scale := uint(breakScale); p.breakAt > 0 {
		layout.AdjustTo = &scale
	}
	if err := b.f.SetPageLayout(name, layout); err != nil {
		return err
	}
	side, edge, head := 0.4, 0.6, 0.3
	if err := b.f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &edge, Bottom: &edge, Header: &head, Footer: &head}); err != nil {
		return err
	}
	notice := "No patient data"
	if phi && b.o.Level != LevelNone {
		notice = "CONFIDENTIAL – contains PHI"
	} else if name == startName && !b.public && b.o.Level != LevelNone {
		notice = "This page: no patient data" // other sheets of the file hold some
	}
	if err := b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&L" + inHeader(b.o.Practice) + "&C" + notice + "&R&A",
		OddFooter: "&L" + inHeader(b.named()) + "&RPage &P of &N"}); err != nil {
		return err
	}
	if name == startName {
		return nil
	}
	titles := "'" + name + "'!$1:$3"
	if p.breakAt > 0 {
		titles = "'" + name + "'!$A:$B," + titles
	}
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: name, RefersTo: titles})
}

// printArea keeps the last columns, which are for the program, off the paper.
func (b *book) printArea(name string, columns, row int) error {
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", Scope: name,
		RefersTo: fmt.Sprintf("'%s'!$A$1:$%s$%d", name, letter(columns), max(row, firstRow))})
}

func inHeader(s string) string { return strings.ReplaceAll(s, "&", "&&") }
