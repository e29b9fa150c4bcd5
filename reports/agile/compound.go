package agile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A compound is a compound file ([MS-CFB], version 3) on its way out, written
// from its first byte to its last: the package comes first, so that all that
// has to be known of it is its size; the header names where the rest stands.
//
//	header | DIFAT | FAT | package | small streams | mini FAT | directory
type compound struct {
	w        io.Writer
	size     int64 // of the package
	fat      []uint32
	difat    int // sectors
	fats     int // sectors
	layout   layout
	leftOver int64 // bytes that fill the package's last sector
}

// A layout is where each chain begins, and how many sectors it has.
type layout struct{ pack, mini, miniFAT, dir chain }

type chain struct{ first, n int }

const (
	sectorSize  = 512
	perSector   = sectorSize / 4 // entries of the FAT
	inHeader    = 109            // FAT sectors that the header names
	perDIFAT    = perSector - 1  // that a sector of the DIFAT names; its last entry is the next one
	miniSize    = 64
	miniCutoff  = 4096 // shorter streams stand in the mini stream
	maxInfo     = 3 * 1024
	entriesHere = 11 // of the directory

	endOfChain = 0xFFFFFFFE
	freeSector = 0xFFFFFFFF
	fatSector  = 0xFFFFFFFD
	difSector  = 0xFFFFFFFC
)

// newCompound lays out a file whose package has so many bytes. Room for the
// small streams is taken as for the longest EncryptionInfo.
func newCompound(w io.Writer, size int64) *compound {
	c := &compound{w: w, size: size}
	miniBytes := miniBytesOf(maxInfo)
	pack, mini := sectors(size), sectors(int64(miniBytes))
	miniFAT, dir := sectors(int64(miniBytes/miniSize*4)), sectors(entriesHere*128)
	if size < miniCutoff { // a stream this short would have to be a small one: it is filled up
		pack = sectors(miniCutoff)
	}
	rest := pack + mini + miniFAT + dir
	for c.fats, c.difat = 1, 0; ; {
		fats := (rest + c.fats + c.difat + perSector - 1) / perSector
		difat := (max(0, fats-inHeader) + perDIFAT - 1) / perDIFAT
		if fats == c.fats && difat == c.difat {
			break
		}
		c.fats, c.difat = fats, difat
	}
	at := c.difat + c.fats
	for _, part := range []struct {
		c *chain
		n int
	}{{&c.layout.pack, pack}, {&c.layout.mini, mini}, {&c.layout.miniFAT, miniFAT}, {&c.layout.dir, dir}} {
		*part.c = chain{at, part.n}
		at += part.n
	}
	c.leftOver = int64(pack)*sectorSize - size
	c.fat = c.table()
	return c
}

func sectors(bytes int64) int { return int((bytes + sectorSize - 1) / sectorSize) }

// table is the FAT: every sector's successor.
func (c *compound) table() []uint32 {
	fat := make([]uint32, c.fats*perSector)
	for i := range fat {
		switch {
		case i < c.difat:
			fat[i] = difSector
		case i < c.difat+c.fats:
			fat[i] = fatSector
		default:
			fat[i] = freeSector
		}
	}
	for _, ch := range []chain{c.layout.pack, c.layout.mini, c.layout.miniFAT, c.layout.dir} {
		for i := range ch.n {
			fat[ch.first+i] = uint32(ch.first + i + 1)
		}
		fat[ch.first+ch.n-1] = endOfChain
	}
	return fat
}

// begin writes what stands before the package.
func (c *compound) begin() error {
	var b bytes.Buffer
	b.Write([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1})
	b.Write(make([]byte, 16))
	put16(&b, 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0) // minor, version 3, byte order, sectors of 2^9 and 2^6
	firstDIFAT := uint32(endOfChain)
	if c.difat > 0 {
		firstDIFAT = 0
	}
	put32(&b, 0, uint32(c.fats), uint32(c.layout.dir.first), 0, miniCutoff,
		uint32(c.layout.miniFAT.first), uint32(c.layout.miniFAT.n), firstDIFAT, uint32(c.difat))
	for i := range inHeader {
		put32(&b, c.fatAt(i))
	}
	for d := range c.difat {
		for i := range perDIFAT {
			put32(&b, c.fatAt(inHeader+d*perDIFAT+i))
		}
		next := uint32(d + 1)
		if d == c.difat-1 {
			next = endOfChain
		}
		put32(&b, next)
	}
	put32(&b, c.fat...)
	return c.put(b.Bytes())
}

// fatAt is the sector of the nth sector of the FAT.
func (c *compound) fatAt(n int) uint32 {
	if n >= c.fats {
		return freeSector
	}
	return uint32(c.difat + n)
}

// Write takes the package, in pieces.
func (c *compound) Write(b []byte) (int, error) {
	if err := c.put(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// end writes what stands after the package.
func (c *compound) end(info []byte) error {
	if len(info) > maxInfo {
		return fmt.Errorf("end an encrypted workbook: its description has %d bytes, more than were laid out", len(info))
	}
	small := smallStreams(info)
	var mini bytes.Buffer
	fat := []uint32{}
	starts := map[string]uint32{}
	for _, s := range small {
		starts[s.name] = uint32(len(fat))
		n := (len(s.data) + miniSize - 1) / miniSize
		for i := range n {
			fat = append(fat, uint32(len(fat)+1))
			if i == n-1 {
				fat[len(fat)-1] = endOfChain
			}
		}
		mini.Write(s.data)
		mini.Write(make([]byte, n*miniSize-len(s.data)))
	}
	miniBytes := mini.Len()
	mini.Write(make([]byte, c.layout.mini.n*sectorSize-mini.Len()))
	for len(fat) < c.layout.miniFAT.n*perSector {
		fat = append(fat, freeSector)
	}
	var b bytes.Buffer
	b.Write(make([]byte, c.leftOver))
	b.Write(mini.Bytes())
	put32(&b, fat...)
	b.Write(c.directory(small, starts, miniBytes))
	return c.put(b.Bytes())
}

func (c *compound) put(b []byte) error {
	if _, err := c.w.Write(b); err != nil {
		return fmt.Errorf("write an encrypted workbook: %w", err)
	}
	return nil
}

func put16(b *bytes.Buffer, values ...uint16) {
	for _, v := range values {
		b.Write(binary.LittleEndian.AppendUint16(nil, v))
	}
}

func put32(b *bytes.Buffer, values ...uint32) {
	for _, v := range values {
		b.Write(binary.LittleEndian.AppendUint32(nil, v))
	}
}
