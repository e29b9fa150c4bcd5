package reports

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Limits of a workbook that a person sends back.
const (
	fileMax  = 128 << 20 // bytes of the file
	openMax  = 1 << 30   // bytes that it unpacks to; long sheets go to the disk
	otherMax = 64 << 20  // bytes of all that is no sheet, which stays in memory
	partsMax = 5_000
	rowsMax  = 100_000 // rows of a sheet that are read
	wideMax  = 200     // columns of one
)

// ErrWorkbook says why a workbook is not read. Nothing of it was taken.
var ErrWorkbook = errors.New("the workbook cannot be read")

func refuse(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrWorkbook)...)
}

// A parcel is a workbook as the zip archive that it is, looked at before any
// of it is believed.
type parcel struct {
	zip   *zip.Reader
	parts map[string]*zip.File
}

var oleHeader = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// decrypted opens a workbook that is encrypted, and gives back another as it is.
func decrypted(raw []byte, passphrase string) ([]byte, error) {
	if !bytes.HasPrefix(raw, oleHeader) {
		return raw, nil
	}
	if passphrase == "" {
		return nil, refuse("it is encrypted, or of the old .xls format: set workbook.passphrase to what it was encrypted with, or save it as .xlsx without a password")
	}
	plain, err := excelize.Decrypt(raw, &excelize.Options{Password: passphrase})
	if err != nil || !bytes.HasPrefix(plain, []byte("PK")) { // a wrong one may give other bytes, and no error
		return nil, refuse("it does not open with workbook.passphrase, or is of the old .xls format: give the passphrase that it was encrypted with, or save it as .xlsx without a password")
	}
	return plain, nil
}

// openParcel refuses what is no plain workbook.
func openParcel(raw []byte) (*parcel, error) {
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, refuse("it is no .xlsx file: save it as .xlsx from the program that you filled it in with")
	}
	p := &parcel{zip: archive, parts: map[string]*zip.File{}}
	var size, other uint64
	if len(archive.File) > partsMax {
		return nil, refuse("it has more than %d parts, which no workbook of ours has", partsMax)
	}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		size += min(f.UncompressedSize64, openMax+1)
		if !strings.HasPrefix(name, "xl/worksheets/sheet") && name != "xl/sharedstrings.xml" {
			other += min(f.UncompressedSize64, openMax+1)
		}
		if size > openMax || other > otherMax {
			return nil, refuse("it unpacks to more than %d MB, which no workbook of ours does", openMax>>20)
		}
		switch {
		case strings.Contains(name, "vbaproject"), strings.Contains(name, "/macrosheets/"):
			return nil, refuse("it holds macros: save it as .xlsx without them")
		case strings.Contains(name, "/externallinks/"):
			return nil, refuse("it links to other workbooks: remove the links (Data, Edit Links, Break Link) and save it again")
		}
		p.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	if p.parts["xl/workbook.xml"] == nil {
		return nil, refuse("it is a zip archive, but no .xlsx workbook")
	}
	return p, nil
}

func (p *parcel) decode(name string, v any) error {
	f := p.parts[name]
	if f == nil {
		return refuse("its part %s is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return refuse("its part %s cannot be unpacked", name)
	}
	defer r.Close()
	if err := xml.NewDecoder(io.LimitReader(r, 16<<20)).Decode(v); err != nil {
		return refuse("its part %s is damaged", name)
	}
	return nil
}

// sheetParts maps the names of sheets to their parts.
func (p *parcel) sheetParts() (map[string]string, error) {
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(p.decode("xl/workbook.xml", &book), p.decode("xl/_rels/workbook.xml.rels", &rels)); err != nil {
		return nil, err
	}
	targets, parts := map[string]string{}, map[string]string{}
	for _, r := range rels.List {
		targets[r.ID] = path.Join("xl", r.Target)
		if strings.HasPrefix(r.Target, "/") {
			targets[r.ID] = strings.TrimPrefix(r.Target, "/")
		}
	}
	for _, s := range book.Sheets {
		parts[s.Name] = targets[s.ID]
	}
	return parts, nil
}

// survey reads through a sheet's part for formulas in the columns where a
// person writes, which it gives by their row, and for cells there or in the
// header that are merged, or filled by one formula, which it refuses: only the
// first of them would count.
func (p *parcel) survey(sheet, part string, header int, columns map[int]bool) (formulas map[int]string, err error) {
	f := p.parts[part]
	if f == nil {
		return nil, refuse("sheet %s has no content", sheet)
	}
	r, err := f.Open()
	if err != nil {
		return nil, refuse("sheet %s cannot be unpacked", sheet)
	}
	defer r.Close()
	formulas = map[int]string{}
	at, decoder := "", xml.NewDecoder(io.LimitReader(r, openMax))
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return formulas, nil
		}
		if err != nil {
			return nil, refuse("sheet %s is damaged", sheet)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "c":
			at = attribute(start, "r")
		case "f":
			if ref := attribute(start, "ref"); attribute(start, "t") != "shared" && touches(ref, header, columns) { // it stands in its first cell alone
				return nil, refuse("sheet %s, cells %s: one formula fills them, where a person decides; type the words themselves", sheet, ref)
			}
			if column, row, err := excelize.CellNameToCoordinates(at); err == nil && row > header && columns[column] {
				formulas[row] = at
			}
		case "mergeCell":
			if ref := attribute(start, "ref"); touches(ref, header, columns) {
				return nil, refuse("sheet %s, cells %s are merged, in the header or where a person decides; undo that (Unmerge Cells), and fill in each row", sheet, ref)
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// touches reports whether merged cells lie in a row, or below it in a column.
func touches(ref string, row int, columns map[int]bool) bool {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return false
	}
	left, first, err1 := excelize.CellNameToCoordinates(from)
	right, last, err2 := excelize.CellNameToCoordinates(to)
	if err1 != nil || err2 != nil || last < row {
		return false
	}
	for c := range columns {
		if left <= c && c <= right {
			return true
		}
	}
	return first <= row
}
