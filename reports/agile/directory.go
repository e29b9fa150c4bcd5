package agile

import (
	"bytes"
	"encoding/binary"
)

// A small stream stands in the mini stream.
type small struct {
	name string
	data []byte
}

// smallStreams are all but the package: how it is encrypted, and the data
// spaces, which say so once more ([MS-OFFCRYPTO] 2.1 and 2.3.4.1).
func smallStreams(info []byte) []small {
	versions := words(1, 1, 1) // reader, updater, writer: 1.0
	space := join(words(8, 1), text("StrongEncryptionTransform"))
	entry := join(words(1, 0), text("EncryptedPackage"), text("StrongEncryptionDataSpace"))
	transform := join(words(1), text("{FF9A3F03-56EF-4613-BDD5-5A41C1D07246}"))
	return []small{
		{"EncryptionInfo", info},
		{"Version", join(text("Microsoft.Container.DataSpaces"), versions)},
		{"DataSpaceMap", join(words(8, 1, uint32(len(entry)+4)), entry)},
		{"StrongEncryptionDataSpace", space},
		{"\x06Primary", join(words(uint32(len(transform)+4)), transform, text("Microsoft.Container.EncryptionTransform"), versions, words(0, 0, 0, 4))},
	}
}

// miniBytesOf is the size of the mini stream with an EncryptionInfo of n bytes.
func miniBytesOf(n int) (sum int) {
	for _, s := range smallStreams(make([]byte, n)) {
		sum += (len(s.data) + miniSize - 1) / miniSize * miniSize
	}
	return sum
}

// text is a UNICODE-LP-P4: length in bytes, UTF-16, filled up to four bytes.
func text(s string) []byte {
	b := utf16le(s)
	return join(words(uint32(len(b))), b, make([]byte, (4-len(b)%4)%4))
}

func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Kinds of directory entries, and no entry.
const (
	isStorage = 1
	isStream  = 2
	isRoot    = 5
	none      = 0xFFFFFFFF
)

// An entry of the directory. Siblings form a tree, ordered by length and then
// by letters ([MS-CFB] 2.6.4).
type entry struct {
	name               string
	kind               byte
	left, right, child uint32
}

// directory is the tree of storages and streams.
func (c *compound) directory(list []small, starts map[string]uint32, miniBytes int) []byte {
	size := map[string]int{}
	for _, s := range list {
		size[s.name] = len(s.data)
	}
	var b bytes.Buffer
	for _, e := range []entry{
		{"Root Entry", isRoot, none, none, 3},
		{"EncryptedPackage", isStream, none, none, none},
		{"\x06DataSpaces", isStorage, none, none, 5},
		{"EncryptionInfo", isStream, 2, 1, none},
		{"Version", isStream, none, none, none},
		{"DataSpaceMap", isStream, 4, 6, none},
		{"DataSpaceInfo", isStorage, none, 8, 7},
		{"StrongEncryptionDataSpace", isStream, none, none, none},
		{"TransformInfo", isStorage, none, none, 9},
		{"StrongEncryptionTransform", isStorage, none, none, 10},
		{"\x06Primary", isStream, none, none, none},
	} {
		first, bytes := starts[e.name], uint64(size[e.name])
		switch {
		case e.kind == isRoot:
			first, bytes = uint32(c.layout.mini.first), uint64(miniBytes)
		case e.name == "EncryptedPackage":
			first, bytes = uint32(c.layout.pack.first), uint64(max(c.size, miniCutoff))
		case e.kind == isStorage:
			first = 0
		}
		e.write(&b, first, bytes)
	}
	for b.Len() < c.layout.dir.n*sectorSize {
		(entry{"", 0, none, none, none}).write(&b, 0, 0)
	}
	return b.Bytes()
}

// write writes an entry of 128 bytes; all are black, which a tree may be.
func (e entry) write(b *bytes.Buffer, first uint32, size uint64) {
	name := utf16le(e.name)
	length := uint16(len(name) + 2)
	if e.name == "" {
		length = 0
	}
	b.Write(append(name, make([]byte, 64-len(name))...))
	put16(b, length)
	b.Write([]byte{e.kind, 1})
	put32(b, e.left, e.right, e.child)
	b.Write(make([]byte, 36)) // class, state, times
	put32(b, first, uint32(size), uint32(size>>32))
}
