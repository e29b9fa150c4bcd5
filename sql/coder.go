package sql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/s2"
)

// A coder compresses rows of one endpoint, each alone: what it shares with the
// dictionary goes by S2, and what is left by one Huffman table, which was made
// with the dictionary. Rows are short, so a table for each, as zstd has it,
// would cost three quarters of the time and as many bytes as it saves.
type coder struct {
	id     uint32
	words  *s2.Dict
	codes  *huff0.Scratch
	decode *huff0.Decoder
	free   sync.Pool // of *workspace: each for one row at a time
}

type workspace struct {
	block []byte
	huff0.Scratch
}

// How a row begins that a coder compressed; no zstd frame does.
const (
	formatWords = 1 // dictionary id, S2 block
	formatCodes = 2 // dictionary id, length of the S2 block, the block in Huffman codes
)

// coderMark begins a dictionary of a coder; an older one is raw text, for zstd.
const coderMark = "\x00s2 huff0\n"

// makeCoder gives a dictionary as it is kept: the mark, the lengths of codes
// and words, and these. Nil where the rows do not make one.
func makeCoder(words []byte, samples [][]byte) []byte {
	dict := s2.MakeDict(words, nil)
	if dict == nil {
		return nil
	}
	text := make([]byte, 0, huff0.BlockSizeMax)
	for symbol := range 256 { // any may come
		text = append(text, byte(symbol))
	}
	for _, sample := range samples {
		block := dict.Encode(nil, sample)
		if len(text)+len(block) > huff0.BlockSizeMax {
			break
		}
		text = append(text, block...)
	}
	var codes huff0.Scratch
	if _, _, err := huff0.Compress1X(text, &codes); err != nil {
		codes.OutTable = nil // the rows are too like each other, or not at all
	}
	kept := append([]byte(coderMark), byte(len(codes.OutTable)>>8), byte(len(codes.OutTable)))
	return append(append(kept, codes.OutTable...), dict.Bytes()...)
}

// readCoder reads what makeCoder made; ok is false for an older dictionary.
func readCoder(id uint32, kept []byte) (c *coder, ok bool, err error) {
	rest, ok := bytes.CutPrefix(kept, []byte(coderMark))
	if !ok {
		return nil, false, nil
	}
	if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
		return nil, true, fmt.Errorf("dictionary %d is cut off", id)
	}
	table := rest[2 : 2+binary.BigEndian.Uint16(rest)]
	c = &coder{id: id, words: s2.NewDict(rest[2+len(table):])}
	if c.words == nil {
		return nil, true, fmt.Errorf("dictionary %d cannot be read", id)
	}
	c.free.New = func() any { return new(workspace) }
	if len(table) == 0 {
		return c, true, nil
	}
	if c.codes, _, err = huff0.ReadTable(table, nil); err != nil {
		return nil, true, fmt.Errorf("the codes of dictionary %d cannot be read", id)
	}
	c.decode = c.codes.Decoder()
	c.free.New = func() any {
		w := &workspace{Scratch: huff0.Scratch{Reuse: huff0.ReusePolicyMust}}
		w.TransferCTable(c.codes)
		return w
	}
	return c, true, nil
}

func (c *coder) pack(plain []byte) []byte {
	w := c.free.Get().(*workspace)
	defer c.free.Put(w)
	w.block = c.words.Encode(w.block, plain)
	if c.codes != nil {
		codes, _, err := huff0.Compress1X(w.block, &w.Scratch)
		if err == nil {
			head := append(make([]byte, 0, len(codes)+16), formatCodes)
			head = binary.AppendUvarint(binary.AppendUvarint(head, uint64(c.id)), uint64(len(w.block)))
			return append(head, codes...)
		} // it would not be shorter, or is too long for codes
	}
	return append(binary.AppendUvarint([]byte{formatWords}, uint64(c.id)), w.block...)
}

var errPacked = errors.New("a packed row is damaged")

// coded tells a row that a coder compressed, and which.
func coded(packed []byte) (id uint32, rest []byte, ok bool) {
	if len(packed) == 0 || packed[0] != formatWords && packed[0] != formatCodes {
		return 0, nil, false
	}
	n, size := binary.Uvarint(packed[1:])
	if size <= 0 || n > 1<<32-1 {
		return 0, nil, false
	}
	return uint32(n), packed[1+size:], true
}

// unpack takes what stands behind the id.
func (c *coder) unpack(format byte, rest []byte) ([]byte, error) {
	if format == formatCodes {
		size, n := binary.Uvarint(rest)
		if c.decode == nil || n <= 0 || size > huff0.BlockSizeMax {
			return nil, errPacked
		}
		block, err := c.decode.Decompress1X(make([]byte, 0, size), rest[n:])
		if err != nil || uint64(len(block)) != size {
			return nil, errPacked
		}
		rest = block
	}
	if size, err := s2.DecodedLen(rest); err != nil || size > maxOpened {
		return nil, errPacked
	}
	return c.words.Decode(nil, rest)
}
