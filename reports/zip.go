package reports

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"sort"
	"time"

	"github.com/klauspost/compress/flate"
)

// A partsZip is a zip writer that gives the same bytes for the same parts,
// whatever order they come in: excelize writes streamed sheets in the order of
// a map. Each part is compressed into a spool, a file without a name, and the
// archive is put together from it at the end.
type partsZip struct {
	out   io.Writer
	spool *os.File
	at    time.Time // the stamp of every part
	parts []*zipPart
	flate *flate.Writer // of the part that is being written
	// spilled are files that hold the content of parts which come empty.
	spilled map[string]string
	size    int64
}

type zipPart struct {
	header zip.FileHeader
	start  int64
	owner  *partsZip
	ended  bool
	crc    hash.Hash32
}

// zipLevel takes half the time of archive/zip's level for sheets, and makes them
// 3 % larger; the next one takes half as long again, and saves 4 %.
const zipLevel = 6

// newPartsZip spools in dir, which the caller keeps private.
func newPartsZip(out io.Writer, dir string, at time.Time, spilled map[string]string) (*partsZip, error) {
	spool, err := nameless(dir)
	if err != nil {
		return nil, err
	}
	z := &partsZip{out: out, spool: spool, at: at, spilled: spilled}
	z.flate, err = flate.NewWriter(spoolWriter{z}, zipLevel)
	return z, err
}

// Create ends the part before and begins one.
func (z *partsZip) Create(name string) (io.Writer, error) {
	if err := z.end(); err != nil {
		return nil, err
	}
	p := &zipPart{start: z.size, owner: z, crc: crc32.NewIEEE(),
		header: zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.at}}
	z.flate.Reset(spoolWriter{z})
	z.parts = append(z.parts, p)
	return p, nil
}

func (p *zipPart) Write(b []byte) (int, error) {
	if p.ended {
		return 0, fmt.Errorf("part %s has ended", p.header.Name)
	}
	_, _ = p.crc.Write(b) // a hash never fails
	p.header.UncompressedSize64 += uint64(len(b))
	return p.owner.flate.Write(b)
}

type spoolWriter struct{ z *partsZip }

func (w spoolWriter) Write(b []byte) (int, error) {
	n, err := w.z.spool.Write(b)
	w.z.size += int64(n)
	return n, err
}

// end closes the part that is being written, if there is one.
func (z *partsZip) end() error {
	if len(z.parts) == 0 {
		return nil
	}
	p := z.parts[len(z.parts)-1]
	if p.ended {
		return nil
	}
	if path, ok := z.spilled[p.header.Name]; ok {
		if err := p.takeSpilled(path); err != nil {
			return err
		}
		delete(z.spilled, p.header.Name)
	}
	if p.header.UncompressedSize64 == 0 {
		return fmt.Errorf("part %s is empty", p.header.Name)
	}
	if err := z.flate.Close(); err != nil {
		return fmt.Errorf("end a part: %w", err)
	}
	p.ended, p.header.CRC32 = true, p.crc.Sum32()
	p.header.CompressedSize64 = uint64(z.size - p.start)
	return nil
}

// AddFS is not used by excelize to save a workbook.
func (z *partsZip) AddFS(fs.FS) error { return errors.New("a workbook has no file system to add") }

// Close puts the archive together: content types first, as readers expect, the
// rest by name. It gives the spool up.
func (z *partsZip) Close() error {
	err := z.assemble()
	return errors.Join(err, z.spool.Close())
}

func (z *partsZip) assemble() error {
	if err := z.end(); err != nil {
		return err
	}
	if len(z.spilled) > 0 {
		return fmt.Errorf("%d long sheets have no part", len(z.spilled))
	}
	sort.Slice(z.parts, func(i, j int) bool { return partOrder(z.parts[i]) < partOrder(z.parts[j]) })
	out := zip.NewWriter(z.out)
	for _, p := range z.parts {
		w, err := out.CreateRaw(&p.header)
		if err != nil {
			return fmt.Errorf("add a part: %w", err)
		}
		from := io.NewSectionReader(z.spool, p.start, int64(p.header.CompressedSize64))
		if _, err := io.Copy(w, from); err != nil {
			return fmt.Errorf("add a part: %w", err)
		}
	}
	return out.Close()
}

const contentTypes = "[Content_Types].xml"

func partOrder(p *zipPart) string {
	if p.header.Name == contentTypes {
		return ""
	}
	return p.header.Name
}
