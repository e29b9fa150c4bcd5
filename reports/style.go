package reports

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// A style is one of the few looks of a cell. They are made once a workbook.
type style int

const (
	styleTitle style = iota + 1
	styleSubtitle
	styleHead
	styleHeadRight
	styleText
	styleWrap
	styleQuoted // looks like a formula: stays text also when it is edited
	styleMarked // was altered to fit into a cell
	styleID
	styleCount
	styleCountLink // a count that leads to its rows
	styleAge       // a number whose 0 is one
	styleDate
	styleTime
	styleGood
	stylePlain
	styleWait
	styleProblem
	styleLink
	styleTotal
	styleTotalCount
	styleVerdictGood
	styleVerdictWait
	styleVerdictBad
	styleHeadInput
	styleInput // filled in by a person: text whatever it looks like
	stylesEnd  // one more than the last
)

// Colours: text and fill of each pair contrast by at least 4.5 to 1, and no
// meaning hangs on a colour alone (Okabe and Ito's hues, darkened for text).
const (
	colourInk     = "262626"
	colourQuiet   = "595959"
	colourDark    = "1F3864"
	colourWhite   = "FFFFFF"
	colourLine    = "D9D9D9"
	colourGood    = "005A8C"
	colourProblem = "9C2A00"
	fillProblem   = "FBE3D6"
	colourWait    = "6B4E00"
	fillWait      = "FFF2CC"
	fillGood      = "DDEEF8"
	fillTotal     = "EDF0F5"
	colourOrange  = "E69F00"
	colourGrey    = "7F7F7F"
)

// A look is a style in few words.
type look struct {
	text, fill string
	size       float64
	bold       bool
	italic     bool
	underline  bool
	mono       bool
	right      bool
	wrap       bool
	bare       bool // no line below
	format     string
	quote      bool
}

var looks = map[style]look{
	styleTitle:       {text: colourDark, size: 16, bold: true, bare: true},
	styleSubtitle:    {text: colourQuiet, bare: true},
	styleHead:        {text: colourWhite, fill: colourDark, bold: true, wrap: true, bare: true},
	styleHeadRight:   {text: colourWhite, fill: colourDark, bold: true, wrap: true, right: true, bare: true},
	styleText:        {text: colourInk},
	styleWrap:        {text: colourInk, wrap: true},
	styleQuoted:      {text: colourInk, format: "@", quote: true},
	styleMarked:      {text: colourWait, fill: fillWait, wrap: true, format: "@", quote: true},
	styleID:          {text: colourInk, mono: true, size: 10, format: "@"},
	styleCount:       {text: colourInk, right: true, format: `#,##0;[Red]-#,##0;"–"`},
	styleCountLink:   {text: colourGood, right: true, format: `#,##0;[Red]-#,##0;"–"`},
	styleAge:         {text: colourInk, right: true, format: `#,##0`},
	styleDate:        {text: colourInk, format: "yyyy-mm-dd"},
	styleTime:        {text: colourInk, format: "yyyy-mm-dd hh:mm"},
	styleGood:        {text: colourGood},
	stylePlain:       {text: colourQuiet},
	styleWait:        {text: colourWait, fill: fillWait},
	styleProblem:     {text: colourProblem, fill: fillProblem},
	styleLink:        {text: colourGood, underline: true},
	styleTotal:       {text: colourInk, fill: fillTotal, bold: true},
	styleTotalCount:  {text: colourInk, fill: fillTotal, bold: true, right: true, format: `#,##0;[Red]-#,##0;"–"`},
	styleVerdictGood: {text: colourGood, fill: fillGood, size: 13, bold: true, wrap: true, bare: true},
	styleVerdictWait: {text: colourWait, fill: fillWait, size: 13, bold: true, wrap: true, bare: true},
	styleVerdictBad:  {text: colourProblem, fill: fillProblem, size: 13, bold: true, wrap: true, bare: true},
	styleHeadInput:   {text: "000000", fill: colourOrange, bold: true, wrap: true, bare: true},
	styleInput:       {text: colourInk, fill: fillWait, format: "@"},
}

// makeStyles makes every style in a fixed order, so that the same workbook has
// the same numbers.
func makeStyles(f *excelize.File) ([stylesEnd]int, error) {
	var ids [stylesEnd]int
	for s := styleTitle; s < stylesEnd; s++ {
		l := looks[s]
		id, err := f.NewStyle(l.excel())
		if err != nil {
			return ids, fmt.Errorf("make a style: %w", err)
		}
		if l.quote {
			yes := true
			f.Styles.CellXfs.Xf[id].QuotePrefix = &yes
		}
		ids[s] = id
	}
	return ids, nil
}

func (l look) excel() *excelize.Style {
	size, family := l.size, "Calibri"
	if size == 0 {
		size = 11
	}
	if l.mono {
		family = "Consolas"
	}
	s := &excelize.Style{Font: &excelize.Font{Family: family, Size: size, Color: l.text, Bold: l.bold, Italic: l.italic},
		Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "top", WrapText: l.wrap}}
	if l.underline {
		s.Font.Underline = "single"
	}
	if l.right {
		s.Alignment.Horizontal, s.Alignment.Indent = "right", 1 // the indent parts numbers from the text beside them
	}
	if l.fill != "" {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
	}
	if !l.bare {
		s.Border = []excelize.Border{{Type: "bottom", Color: colourLine, Style: 1}}
	}
	if l.format != "" {
		s.CustomNumFmt = &l.format
	}
	return s
}
