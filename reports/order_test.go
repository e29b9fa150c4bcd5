package reports

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// sheetOrder is that of a worksheet's elements (ECMA-376 part 1, 18.3.1.99):
// Excel repairs, and so empties, a sheet that has them in another.
var sheetOrder = strings.Fields(`sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios
	autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations hyperlinks printOptions
	pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches ignoredErrors smartTags drawing legacyDrawing
	legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst`)

func TestElementsStandInTheirOrder(t *testing.T) {
	f := newFixture(t, 30)
	o := f.options(t.TempDir(), LevelMasked)
	o.Key = testKey
	files := f.write(o)
	seen := map[string]bool{}
	for _, path := range []string{files.Reconciliation, files.Summary, writtenPlan(t, LevelMasked, "")} {
		archive, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range archive.File {
			if strings.HasPrefix(part.Name, "xl/worksheets/sheet") {
				inOrder(t, part, seen)
			}
		}
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"conditionalFormatting", "dataValidations", "hyperlinks", "colBreaks", "ignoredErrors", "drawing", "tableParts"} {
		if !seen[name] {
			t.Errorf("no sheet has %s: nothing was tried", name)
		}
	}
}

func inOrder(t *testing.T, part *zip.File, seen map[string]bool) {
	t.Helper()
	r, err := part.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	decoder, depth, last := xml.NewDecoder(r), 0, -1
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", part.Name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; depth != 2 {
				continue
			}
			at := slices.Index(sheetOrder, e.Name.Local)
			if at < last || at == last && e.Name.Local != "conditionalFormatting" {
				t.Errorf("%s: %s does not stand where it must", part.Name, e.Name.Local)
			}
			last, seen[e.Name.Local] = at, true
		case xml.EndElement:
			depth--
		}
	}
}
