package reports

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"
)

// bomb is an archive with a part that says how much it unpacks to.
func bomb(t *testing.T, name string, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, UncompressedSize64: size}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever the bytes are, reading them ends with a workbook or a refusal.
func FuzzReadReturned(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add(oleHeader)
	x := excelize.NewFile()
	for i, head := range []string{"Destination", "Object", "Source id", "Outcome", headDecision, headMapTo, headComment, headToken} {
		if err := x.SetCellValue("Sheet1", cellName(i+1, 3), head); err != nil {
			f.Fatal(err)
		}
	}
	raw, err := x.WriteToBuffer()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "in.xlsx")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		book, err := ReadReturned(path, testKey, "p")
		if err != nil && !errors.Is(err, ErrWorkbook) {
			t.Errorf("no refusal: %v", err)
		}
		if n := signed(book); n > 0 {
			t.Errorf("%d rows are taken for ours", n)
		}
	})
}
