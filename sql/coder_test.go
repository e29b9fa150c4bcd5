package sql

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/huff0"
)

func testCoder(tb testing.TB, rows int) *coder {
	tb.Helper()
	kept := dictionaryOf(notes(1, rows))
	c, ok, err := readCoder(7, kept)
	if err != nil || !ok {
		tb.Fatalf("a dictionary of %d rows is %d bytes: %v, %v", rows, len(kept), ok, err)
	}
	return c
}

// Whatever a row is, it opens as it was: like the others, empty, of every byte,
// of none that repeats, or longer than Huffman codes take.
func TestCoderKeepsEveryRow(t *testing.T) {
	noise := make([]byte, 3*huff0.BlockSizeMax)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(noise)
	long := bytes.Repeat([]byte(`{"id":1,"notes":"Wren sang"},`), 1+huff0.BlockSizeMax/16)
	c := testCoder(t, 100)
	for _, row := range [][]byte{notes(500, 1)[0].Raw, {}, {0}, []byte("{}"), noise[:900], noise, long, append(noise[:2000:2000], long...)} {
		packed := c.pack(row)
		id, rest, ok := coded(packed)
		got, err := c.unpack(packed[0], rest)
		if !ok || id != 7 || err != nil || !bytes.Equal(got, row) {
			t.Errorf("a row of %d bytes opens as %d, by dictionary %d, %v", len(row), len(got), id, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	c := testCoder(f, 100)
	f.Add(c.pack(notes(500, 1)[0].Raw))
	f.Add(c.pack([]byte("{}")))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if _, rest, ok := coded(packed); ok {
			_, _ = c.unpack(packed[0], rest) // an error, and no panic
		}
	})
}

// A dictionary of a program from before coders goes on being used.
func TestOlderDictionary(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, "a")
	raw := bytes.Repeat(notes(1, 1)[0].Raw, 40)
	if _, err := s.db.Exec(query("put-dictionary"), 1, "notes", s.seal.Seal(raw, dictionaryPlace(1)...)); err != nil {
		t.Fatal(err)
	}
	stage(t, s, notes(3, 100))
	for name, s := range map[string]*Store{"the same": s, "the next": openAt(t, dir, "b")} {
		all, err := s.All(t.Context(), "notes")
		if err != nil || len(all) != 100 || string(all[99].Raw) != string(notes(102, 1)[0].Raw) {
			t.Errorf("%s: %d rows, %v", name, len(all), err)
		}
	}
	var made int
	if err := s.db.Get(&made, "SELECT count(*) FROM dictionary"); err != nil || made != 1 {
		t.Errorf("%d dictionaries, %v; want the one that was there", made, err)
	}
}
