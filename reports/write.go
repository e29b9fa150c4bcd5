package reports

import (
	"fmt"
	"iter"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

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
}

// writeSheet streams a sheet, and begins another part of it when it holds as
// many rows as a sheet should.
func (b *book) writeSheet(s sheet) error {
	if err := b.stream(s); err != nil {
		return fmt.Errorf("sheet %s: %w", s.name, err)
	}
	return nil
}

func (b *book) stream(s sheet) error {
	next, stop := iter.Pull2(s.rows)
	defer stop()
	for n := 1; ; n++ {
		sample, done, err := take(next, min(sampleRows, b.o.RowCap))
		if err != nil {
			return err
		}
		if n > 1 && len(sample) == 0 {
			return nil
		}
		w, err := b.begin(s, n, sample)
		if err != nil {
			return err
		}
		for _, row := range sample {
			if err := w.put(row); err != nil {
				return err
			}
		}
		for !done && w.place.rows < b.o.RowCap {
			row, err, ok := next()
			if done = !ok; done {
				break
			}
			if err != nil {
				return err
			}
			if err := w.put(row); err != nil {
				return err
			}
		}
		if err := w.end(); err != nil || done {
			return err
		}
	}
}

// take copies the next rows: the one that it is given is valid until the next.
func take(next func() ([]any, error, bool), n int) (rows [][]any, done bool, err error) {
	for len(rows) < n {
		row, err, ok := next()
		if !ok {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, append([]any(nil), row...))
	}
	return rows, false, nil
}

// begin makes the part's sheet with all that has to stand before its rows.
func (b *book) begin(s sheet, n int, sample [][]any) (*writer, error) {
	w := &writer{b: b, sheet: s, place: place{sheet: s.name, about: s.about}, row: headRow, cells: make([]any, len(s.columns))}
	if n > 1 {
		w.place.sheet = fmt.Sprintf("%s %d", s.name, n)
	}
	if _, err := b.f.NewSheet(w.place.sheet); err != nil {
		return nil, err
	}
	if err := b.sheetLook(w.place.sheet, s.colour); err != nil {
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
	if err := w.out.SetPanes(&excelize.Panes{Freeze: true, XSplit: s.freeze, YSplit: headRow,
		TopLeftCell: cellName(s.freeze+1, firstRow), ActivePane: "bottomRight"}); err != nil {
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
	about := s.about + " · Run " + w.b.o.Run.ID
	if err := w.out.SetRow("A2", []any{w.b.cell(styleSubtitle, about)}, excelize.RowOpts{Height: 18}); err != nil {
		return err
	}
	heads, lines := make([]any, len(s.columns)), 1
	for i, c := range s.columns {
		look := styleHead
		if c.kind == kindCount {
			look = styleHeadRight
		}
		heads[i] = w.b.cell(look, c.head)
		lines = max(lines, linesIn(c.head, w.widths[i]-2))
		if c.kind == kindOutcome {
			w.place.outcomes = letter(i + 1)
		}
	}
	return w.out.SetRow(cellName(1, headRow), heads, excelize.RowOpts{Height: 16 * float64(lines)})
}

// put writes one row.
func (w *writer) put(row []any) error {
	w.row++
	w.place.rows++
	lines := 1
	for i, c := range w.sheet.columns {
		w.cells[i] = w.b.value(c, row[i])
		if text, ok := row[i].(string); ok && c.kind == kindWrap {
			lines = max(lines, linesIn(text, w.widths[i]))
		}
		if o, ok := row[i].(etl.Outcome); ok && w.sheet.of != nil && c.kind == kindOutcome {
			add(w.b.shown, *w.sheet.of, o, 1)
		}
	}
	if first, ok := row[0].(string); ok {
		if w.place.rows == 1 {
			w.place.first = first
		}
		w.place.last = first
	}
	return w.out.SetRow(cellName(1, w.row), w.cells, excelize.RowOpts{Height: 15.5 * float64(min(lines, 8))})
}

// end closes the part: its table, its print set-up, its total.
func (w *writer) end() error {
	b, name, last := w.b, w.place.sheet, cellName(len(w.sheet.columns), max(w.row, firstRow))
	if w.place.rows == 0 {
		if err := w.out.SetRow(cellName(1, firstRow), []any{b.cell(styleHint, w.sheet.none)}); err != nil {
			return err
		}
	} else {
		b.tables++
		stripes := false
		if err := w.out.AddTable(&excelize.Table{Range: cellName(1, headRow) + ":" + last, Name: tableName(name), ShowRowStripes: &stripes}); err != nil {
			return err
		}
	}
	if w.sheet.total != nil && w.place.rows > 0 {
		if err := w.total(); err != nil {
			return err
		}
	}
	if err := b.f.AddIgnoredErrors(name, "A1:"+last, excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	if err := b.printSetup(name, w.sheet.phi); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	b.places[w.sheet.name] = append(b.places[w.sheet.name], w.place)
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
			cells[i] = excelize.Cell{StyleID: w.b.styles[look], Formula: c.text, Value: c.value}
			continue
		}
		cells[i] = w.b.cell(look, v)
	}
	return w.out.SetRow(cellName(1, w.row), cells)
}

func (b *book) cell(s style, v any) excelize.Cell {
	return excelize.Cell{StyleID: b.styles[s], Value: v}
}

// value is one cell: a style by the column's kind and the value's nature.
func (b *book) value(c column, v any) excelize.Cell {
	switch v := v.(type) {
	case nil:
		return b.cell(kindStyles[c.kind], nil)
	case int:
		return b.cell(styleCount, v)
	case time.Time:
		if v.IsZero() {
			return b.cell(kindStyles[c.kind], nil)
		}
		return b.cell(kindStyles[c.kind], v)
	case etl.Outcome:
		return b.cell(outcomeStyle(v), string(v))
	case link:
		l := v.formula()
		return excelize.Cell{StyleID: b.styles[styleLink], Formula: l.text, Value: l.value}
	case formula:
		look := kindStyles[c.kind]
		if word, ok := v.value.(string); ok && c.kind == kindCheck {
			look = checkStyle(word)
		}
		return excelize.Cell{StyleID: b.styles[look], Formula: v.text, Value: v.value}
	case string:
		return b.text(c, v)
	}
	return b.cell(styleText, fmt.Sprint(v))
}

func (b *book) text(c column, s string) excelize.Cell {
	if s == "" {
		return b.cell(kindStyles[c.kind], nil) // a true blank, which no formula counts
	}
	text, altered := cellText(s)
	switch {
	case altered:
		b.marked++
		return b.cell(styleMarked, text)
	case c.kind == kindCheck:
		return b.cell(checkStyle(text), text)
	case looksLikeFormula(text):
		return b.cell(styleQuoted, text)
	case c.kind == kindDate || c.kind == kindTime || c.kind == kindCount:
		return b.cell(styleText, text)
	}
	return b.cell(kindStyles[c.kind], text)
}

var kindStyles = map[kind]style{kindText: styleText, kindWrap: styleWrap, kindID: styleID, kindCount: styleCount, kindDate: styleDate,
	kindTime: styleTime, kindOutcome: stylePlain, kindCheck: styleCheckGood, kindLink: styleLink}

func outcomeStyle(o etl.Outcome) style {
	switch o {
	case etl.Created, etl.Updated, etl.Matched:
		return styleGood
	case etl.Invalid, etl.Rejected, etl.Uncertain, etl.Mismatched, etl.Missing:
		return styleProblem
	case etl.Held, etl.Blocked, etl.Failed:
		return styleWait
	}
	return stylePlain
}

func checkStyle(word string) style {
	if len(word) > 0 && []rune(word)[0] == '✗' {
		return styleCheckBad
	}
	return styleCheckGood
}

// widths are those of the columns, by what the sample holds, with slack for
// other fonts than ours.
func widths(s sheet, sample [][]any) []float64 {
	list := make([]float64, len(s.columns))
	for i, c := range s.columns {
		need := 0
		for _, row := range sample {
			need = max(need, shownWidth(c, row[i]))
		}
		longest := textWidth(c.head)
		if longest > 12 {
			longest = longestWord(c.head)
		}
		limit := float64(maxWidth)
		if c.kind == kindWrap {
			limit = wrapWidth
		}
		list[i] = math.Min(limit, math.Max(float64(need)*1.15+2, float64(longest)*1.15+3.5))
	}
	return list
}

func longestWord(text string) (n int) {
	for _, word := range strings.Fields(text) {
		n = max(n, textWidth(word))
	}
	return n
}

func shownWidth(c column, v any) int {
	switch v := v.(type) {
	case string:
		return textWidth(v)
	case etl.Outcome:
		return len(v)
	case int:
		n := len(strconv.Itoa(v))
		return n + n/3
	case time.Time:
		if c.kind == kindDate {
			return len(time.DateOnly)
		}
		return len("2006-01-02 15:04")
	case formula:
		return shownWidth(c, v.value)
	case link:
		return textWidth(v.text)
	}
	return 0
}

// linesIn estimates how many lines a text takes: not every program lets
// wrapped rows grow by themselves.
func linesIn(text string, width float64) int {
	lines := 0
	start := 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == '\n' {
			lines += max(1, int(math.Ceil(float64(textWidth(text[start:i]))*0.88/math.Max(width, 1))))
			start = i + 1
		}
		if lines > 8 {
			break
		}
	}
	return lines
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
