package reports

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// Rows of every sheet of records: the title, a line about it, the header.
const (
	headRow  = 3
	firstRow = headRow + 1
	// sampleRows are looked at before the first is written, for the widths:
	// they come first in a streamed sheet.
	sampleRows = 400
	maxWidth   = 60
	wrapWidth  = 46 // of sentences: two columns of them still print
)

// A writer is a sheet, or a part of one, on its way into the file.
type writer struct {
	b      *book
	sheet  sheet
	place  place
	out    *excelize.StreamWriter
	widths []float64
	row    int
	cells  []any
	charts int             // so far
	links  map[string]link // of counts, by their cell
}

// begin makes the part's sheet with all that has to stand before its rows.
func (b *book) begin(s sheet, n int, sample [][]any) (*writer, error) {
	w := &writer{b: b, sheet: s, place: place{sheet: s.name, about: s.about}, row: headRow, cells: make([]any, len(s.columns)), links: map[string]link{}}
	if n > 1 {
		w.place.sheet = fmt.Sprintf("%s %d", s.name, n)
	}
	if _, err := b.f.NewSheet(w.place.sheet); err != nil {
		return nil, err
	}
	if err := b.sheetLook(w.place.sheet, s.colour, s.paper); err != nil {
		return nil, err
	}
	var err error
	if w.out, err = b.f.NewStreamWriter(w.place.sheet); err != nil {
		return nil, err
	}
	w.widths = widths(s, sample)
	for i, width := range w.widths {
		if err := w.out.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	active := "bottomRight"
	if s.freeze == 0 {
		active = "bottomLeft"
	}
	if err := w.out.SetPanes(&excelize.Panes{Freeze: true, XSplit: s.freeze, YSplit: headRow,
		TopLeftCell: cellName(s.freeze+1, firstRow), ActivePane: active}); err != nil {
		return nil, err
	}
	return w, w.head()
}

func (w *writer) head() error {
	s := w.sheet
	title := s.title
	if w.place.sheet != s.name {
		title = s.title + " (continued)"
	}
	if err := w.out.SetRow("A1", []any{w.b.cell(styleTitle, title)}, excelize.RowOpts{Height: 24}); err != nil {
		return err
	}
	subtitle := []any{w.b.cell(styleSubtitle, s.about+" · "+w.b.named())}
	if s.paper.breakAt > 0 { // the second page repeats two columns and would cut what is longer than they
		subtitle = []any{w.b.cell(styleSubtitle, w.b.named()), nil, w.b.cell(styleSubtitle, s.about)}
	}
	if err := w.out.SetRow("A2", subtitle, excelize.RowOpts{Height: 18}); err != nil {
		return err
	}
	heads, lines := make([]any, len(s.columns)), 1
	for i, c := range s.columns {
		look := styleHead
		switch c.kind {
		case kindCount, kindAge:
			look = styleHeadRight
		case kindInput:
			look = styleHeadInput
		}
		heads[i] = w.b.cell(look, c.head)
		lines = max(lines, linesIn(c.head, w.widths[i]-2))
		if c.kind == kindOutcome {
			w.place.outcomes = letter(i + 1)
		}
	}
	return w.out.SetRow(cellName(1, headRow), heads, excelize.RowOpts{Height: 16 * float64(lines)})
}

// linksMax keeps a sheet from holding more links of cells than are quick to
// make; what would be further down is the least.
const linksMax = 1_000

// here is the row that is being written.
func (w *writer) here() link { return link{sheet: w.place.sheet, cell: cellName(1, w.row)} }

// put writes one row.
func (w *writer) put(row []any) error {
	w.row++
	w.place.rows++
	lines := 1
	for i, c := range w.sheet.columns {
		v := row[i]
		if f, ok := v.(rowFormula); ok {
			v = f(w.row)
		}
		w.cells[i] = w.b.value(c, v)
		if n, ok := v.(counted); ok && n.leads() && len(w.links) < linksMax {
			w.links[cellName(i+1, w.row)] = n.to
		}
		if text, ok := row[i].(string); ok && c.kind == kindWrap {
			lines = max(lines, linesIn(text, w.widths[i]))
		}
		if r, ok := row[i].(rich); ok {
			lines = max(lines, linesIn(r.text, w.widths[i]))
		}
		if o, ok := row[i].(etl.Outcome); ok && w.sheet.of != nil && c.kind == kindOutcome {
			add(w.b.shown, *w.sheet.of, o, 1)
			if at := (outcomeOf{*w.sheet.of, o}); w.b.firsts[at].sheet == "" {
				w.b.firsts[at] = w.here()
			}
		}
	}
	if w.sheet.note != nil {
		w.sheet.note(row, w.here())
	}
	if first, ok := row[0].(string); ok {
		if w.place.rows == 1 {
			w.place.first = first
		}
		w.place.last = first
	}
	if lines == 1 { // the height of a row that says none
		return w.out.SetRow("A"+strconv.Itoa(w.row), w.cells)
	}
	return w.out.SetRow("A"+strconv.Itoa(w.row), w.cells, excelize.RowOpts{Height: 14.5*float64(min(lines, 8)) + 1})
}

// end closes the part: its table, its print set-up, its total.
func (w *writer) end() error {
	b, last := w.b, cellName(len(w.sheet.columns), max(w.row, firstRow))
	if w.place.rows == 0 {
		if err := w.out.SetRow(cellName(1, firstRow), []any{b.cell(styleSubtitle, w.sheet.none)}); err != nil {
			return err
		}
	} else {
		if err := w.addTable(last); err != nil {
			return err
		}
	}
	if w.sheet.total != nil && w.place.rows > 0 {
		if err := w.total(); err != nil {
			return err
		}
	}
	if err := w.extras("A1:" + last); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	if err := b.giveUp(w.out); err != nil {
		return err
	}
	if !w.sheet.hidden {
		b.places[w.sheet.name] = append(b.places[w.sheet.name], w.place)
	}
	if w.sheet.of != nil {
		b.parts[*w.sheet.of] = append(b.parts[*w.sheet.of], w.place)
	}
	return nil
}

func (w *writer) total() error {
	w.row++
	cells := make([]any, len(w.sheet.total))
	for i, v := range w.sheet.total {
		look := styleTotal
		if w.sheet.columns[i].kind == kindCount {
			look = styleTotalCount
		}
		if c, ok := v.(formula); ok {
			if word, ok := c.value.(string); ok && word == checkBad {
				look = styleProblem
			}
			cells[i] = excelize.Cell{StyleID: w.b.styles[look], Formula: c.text, Value: c.value}
			continue
		}
		cells[i] = w.b.cell(look, v)
	}
	return w.out.SetRow(cellName(1, w.row), cells)
}

func letter(n int) string {
	name, err := excelize.ColumnNumberToName(n)
	if err != nil {
		panic(fmt.Sprintf("column %d: %v", n, err)) // a sheet of ours has few columns
	}
	return name
}

func cellName(column, row int) string { return letter(column) + strconv.Itoa(row) }

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]`)

func tableName(sheet string) string { return "tbl" + notInNames.ReplaceAllString(sheet, "_") }
