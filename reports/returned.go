package reports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// A Returned workbook is one that a person filled in.
type Returned struct {
	File  string // SHA-256 of it
	Run   string // that it reports, as its manifest says; "" if that was lost
	Rows  []ReturnedRow
	Typed bool // something stands where a person writes, be it a comment alone
}

// A ReturnedRow is a row of a sheet with decision columns. What it says of its
// record holds only if it is Signed.
type ReturnedRow struct {
	Sheet       string
	Row         int
	Destination string // as config and database write it
	Object      string
	SourceID    string // "" of a rule, which has a lookup and a key instead
	Lookup, Key string
	Outcome     string
	Run, State  string
	At          time.Time // when the run began
	Signed      bool
	Many        bool   // it speaks of many records, and takes no decision
	Formula     string // the cell of a formula that stands where a person writes; "" = none does
	Decision    string // in capitals
	MapTo       string
	Comment     string
}

// Cell names the row for a person.
func (r ReturnedRow) Cell() string { return fmt.Sprintf("%s, row %d", r.Sheet, r.Row) }

// ReadReturned reads a workbook that came back. The error wraps ErrWorkbook
// and names the sheet and cell where there is one; nothing was taken then.
// Sheets may be renamed, rows sorted, columns moved.
func ReadReturned(path string, key []byte, passphrase string) (book Returned, err error) {
	raw, err := readCapped(path)
	if err != nil {
		return book, err
	}
	sum := sha256.Sum256(raw)
	book.File = hex.EncodeToString(sum[:])
	defer func() { // a hostile file may break the reader, never the program
		if recover() != nil {
			err = refuse("it is damaged")
		}
	}()
	if raw, err = decrypted(raw, passphrase); err != nil {
		return book, err
	}
	p, err := openParcel(raw)
	if err != nil {
		return book, err
	}
	parts, err := p.sheetParts()
	if err != nil {
		return book, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), partPrefix) // 0700: long sheets are unpacked into it
	if err != nil {
		dir, err = os.MkdirTemp("", partPrefix) // beside the workbook nothing may be written
	}
	if err != nil {
		return book, fmt.Errorf("make a folder to read the workbook in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: openMax, UnzipXMLSizeLimit: 4 << 20, TmpDir: dir, RawCellValue: true})
	if err != nil {
		return book, refuse("it is damaged, or no .xlsx workbook")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if book.Run, err = readManifest(f, key); err != nil {
		return book, err
	}
	return book, book.readSheets(f, p, parts, key)
}

func readCapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrWorkbook)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, fileMax+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrWorkbook)
	}
	if len(raw) > fileMax {
		return nil, refuse("it is larger than %d MB, which no workbook of ours is", fileMax>>20)
	}
	return raw, nil
}

// readManifest gives the run that the workbook reports, and refuses one of
// another practice.
func readManifest(f *excelize.File, key []byte) (run string, err error) {
	if i, err := f.GetSheetIndex(manifestName); err != nil || i < 0 {
		return "", nil // copied into another workbook: the rows are signed all the same
	}
	rows, err := f.Rows(manifestName)
	if err != nil {
		return "", refuse("sheet %s is damaged", manifestName)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 0; rows.Next() && n < 40; n++ {
		cells, err := rows.Columns()
		if err != nil {
			return "", refuse("sheet %s is damaged", manifestName)
		}
		if len(cells) < 2 {
			continue
		}
		switch {
		case cells[0] == "run":
			run = cells[1]
		case cells[0] == "practice" && cells[1] != practiceTag(key):
			return "", refuse("it was written by another practice's chartbridge, or from another database")
		}
	}
	return run, nil
}

func (book *Returned) readSheets(f *excelize.File, p *parcel, parts map[string]string, key []byte) error {
	found := false
	for _, name := range f.GetSheetList() {
		s := &returnedSheet{name: name, key: key}
		if err := s.read(f); err != nil {
			if s.header > 0 { // merged cells may be why a column is missing
				_, merged := p.survey(name, parts[name], s.header, nil)
				err = cmp.Or(merged, err)
			}
			return err
		}
		if s.header == 0 {
			continue
		}
		found = true
		formulas, err := p.survey(name, parts[name], s.header, s.inputs())
		if err != nil {
			return err
		}
		s.mark(formulas)
		book.Rows, book.Typed = append(book.Rows, s.rows...), book.Typed || s.typed
	}
	if !found {
		return refuse("no sheet of it has the columns %s and %s: is it a reconciliation.xlsx, with its header as it was?", headDecision, headToken)
	}
	return nil
}

// A returnedSheet is a sheet on its way in.
type returnedSheet struct {
	name   string
	key    []byte
	header int            // its row; 0 = not found
	at     map[string]int // column by its name in small letters, from 1
	rows   []ReturnedRow
	typed  bool
}

// mark notes the formulas that stand where a person writes, by their row. A row
// that was passed over, since nothing else stands in it, has to be told of too.
func (s *returnedSheet) mark(formulas map[int]string) {
	for i, r := range s.rows {
		s.rows[i].Formula = formulas[r.Row]
		delete(formulas, r.Row)
	}
	for _, row := range slices.Sorted(maps.Keys(formulas)) {
		s.rows = append(s.rows, ReturnedRow{Sheet: s.name, Row: row, Formula: formulas[row]})
	}
	s.typed = s.typed || slices.ContainsFunc(s.rows, func(r ReturnedRow) bool { return r.Formula != "" })
}

func (s *returnedSheet) inputs() map[int]bool {
	return map[int]bool{s.at[headDecision]: true, s.at[headMapTo]: true, s.at[headComment]: true}
}

func (s *returnedSheet) read(f *excelize.File) (err error) {
	rows, err := f.Rows(s.name)
	if err != nil {
		return nil // a chart sheet, or something else without rows
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 1; rows.Next(); n++ {
		if s.header == 0 && n > 20 {
			return nil
		}
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return refuse("sheet %s, row %d is damaged", s.name, n)
		}
		if len(cells) > wideMax && s.header > 0 {
			return refuse("sheet %s, row %d has more than %d columns", s.name, n, wideMax)
		}
		if s.header == 0 {
			if err := s.findHeader(n, cells); err != nil {
				return err
			}
			continue
		}
		if len(s.rows) == rowsMax || n > 10*rowsMax {
			return refuse("sheet %s has more than %d rows; split it", s.name, rowsMax)
		}
		s.take(n, cells)
	}
	return nil
}

// findHeader looks for the row that names the columns.
func (s *returnedSheet) findHeader(n int, cells []string) error {
	at := map[string]int{}
	for i, c := range cells {
		name := strings.ToLower(cleaned(c))
		if _, twice := at[name]; twice && name != "" && (name == headDecision || name == headMapTo || name == headToken) {
			return refuse("sheet %s, cell %s: the column %s stands there twice", s.name, cellName(i+1, n), name)
		}
		if name != "" {
			at[name] = i + 1
		}
	}
	if at[headToken] == 0 && (at[headDecision] == 0 || at["source id"]+at["lookup"] == 0) {
		return nil // a sheet of the analyst's own
	}
	needed := []string{headDecision, headMapTo, headComment, headToken, "destination"}
	if at["source id"] == 0 {
		needed = append(needed, "lookup", "key")
	} else {
		needed = append(needed, "object", "outcome")
	}
	s.header, s.at = n, at
	for _, name := range needed {
		if at[name] == 0 {
			return refuse("sheet %s, row %d: the column %s is missing; put it back, or start from the file as it was sent", s.name, n, name)
		}
	}
	return nil
}

// take reads a row, if there is anything in it.
func (s *returnedSheet) take(n int, cells []string) {
	cell := func(name string) string {
		if i := s.at[name]; i > 0 && i <= len(cells) {
			return cleaned(cells[i-1])
		}
		return ""
	}
	raw := func(name string) string { // ids are compared as they stand
		if i := s.at[name]; i > 0 && i <= len(cells) {
			return cells[i-1]
		}
		return ""
	}
	s.typed = s.typed || cell(headDecision)+cell(headMapTo)+cell(headComment) != ""
	speaksOfMany := cell(headToken) == manyToken
	if cell(headDecision) == "" && (cell(headToken) == "" || speaksOfMany && cell(headMapTo) == "") {
		return
	}
	r := ReturnedRow{Sheet: s.name, Row: n, Many: speaksOfMany, Destination: canonical(cell("destination")), Outcome: cell("outcome"),
		Decision: strings.ToUpper(cell(headDecision)), MapTo: wholeID(cell(headMapTo)), Comment: firstOf(cell(headComment), 1000)}
	shown := []string{raw("destination"), ruleWord, raw("lookup"), raw("key")}
	if s.at["source id"] > 0 {
		r.Object, r.SourceID = canonical(cell("object")), raw("source id")
		shown = append([]string{raw("destination"), raw("object"), raw("source id"), raw("outcome")}, s.alsoShown(raw)...)
	} else {
		r.Lookup, r.Key = raw("lookup"), raw("key")
	}
	r.Run, r.State, r.Signed = openToken(s.key, cell(headToken), shown...)
	r.At = runTime(r.Run)
	s.rows = append(s.rows, r)
}

// ruleWord stands in the signature of a rule where a record has its object.
const ruleWord = "rule"
