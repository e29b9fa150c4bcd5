package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/xuri/excelize/v2"
)

// excelize streams a sheet through a buffer, which it writes to a file in its
// TmpDir at every 16 MB, and keeps both until the workbook is closed: many long
// sheets then fill the memory with empty buffers. So a sheet that has such a
// file gives it up here, when it is whole, and its buffer with it; the zip
// writer takes the file in place of the part, which is then empty. The folder
// is excelize's alone and one sheet is streamed at a time, so the file is that
// sheet's.
func (b *book) giveUp(out *excelize.StreamWriter) error {
	files, err := filepath.Glob(filepath.Join(b.dir, "excelize-*"))
	if err != nil || len(files) == 0 {
		return err
	}
	if len(files) > 1 {
		return errors.New("more than one sheet is under way")
	}
	part := fmt.Sprintf("xl/worksheets/sheet%d.xml", out.SheetID)
	b.spilled[part] = filepath.Join(b.dir, fmt.Sprintf("sheet%d", out.SheetID))
	if err := os.Rename(files[0], b.spilled[part]); err != nil {
		return fmt.Errorf("keep a long sheet: %w", err)
	}
	*out = excelize.StreamWriter{}
	return nil
}

// takeSpilled fills an empty part from the file that a long sheet gave up.
func (p *zipPart) takeSpilled(path string) error {
	if p.header.UncompressedSize64 > 0 {
		return fmt.Errorf("part %s has two contents", p.header.Name)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("take a long sheet: %w", err)
	}
	_, err = io.Copy(p, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("take a long sheet: %w", err)
	}
	return os.Remove(path)
}
