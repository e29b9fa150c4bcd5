package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// forms are the ways in which a text may stand in a file: as it is, in hex, in
// base64 however it is aligned, in a URL, and in UTF-16.
func forms(text string) [][]byte {
	list := [][]byte{[]byte(text), []byte(hex.EncodeToString([]byte(text))), []byte(strings.ToUpper(hex.EncodeToString([]byte(text)))), []byte(url.QueryEscape(text))}
	for pad := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			packed := enc.EncodeToString([]byte(strings.Repeat("x", pad) + text))
			from, to := (pad*8+5)/6, len(packed)-1 // what depends on the neighbours is left out
			list = append(list, []byte(packed[from:to]))
		}
	}
	units := utf16.Encode([]rune(text))
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		wide := make([]byte, 2*len(units))
		for i, u := range units {
			order.PutUint16(wide[2*i:], u)
		}
		list = append(list, wide)
	}
	return list
}

// hunted are the patients' values and the secrets, each with its forms.
func (x *trial) hunted() map[string][][]byte {
	all := map[string][][]byte{}
	for _, text := range append([]string{simSecret, simAPIKey, simHashKey, x.v.refresh}, canaries[:4]...) {
		all[text] = forms(text)
	}
	return all
}

// secretFiles are those that hold a secret because the config names them.
var secretFiles = map[string]bool{"secret": true, "api-key": true, "hash-key": true, "refresh-token": true, "key": true, "callback-secret": true}

// leaks names what stands where it must not: in a file but the workbook, in
// what was printed, in a temporary file.
func (x *trial) leaks() (found []string) {
	x.t.Helper()
	hunted := x.hunted()
	look := func(where string, text []byte) {
		for value, ways := range hunted {
			for n, way := range ways {
				if bytes.Contains(text, way) {
					found = append(found, value+" (form "+string(rune('a'+n))+") in "+where)
				}
			}
		}
	}
	look("what was printed", []byte(x.printed))
	for _, dir := range []string{x.dir, x.tmp} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || secretFiles[filepath.Base(path)] || filepath.Base(path) == "reconciliation.xlsx" {
				return err
			}
			text, err := os.ReadFile(path)
			for name, part := range unpacked(filepath.Base(path), text, 3) {
				look(name, part)
			}
			return err
		})
		if err != nil {
			x.t.Fatal(err)
		}
	}
	return found
}

// unpacked is a file, and what is packed in it with zip, gzip or zstd, so many
// times over.
func unpacked(name string, text []byte, deep int) map[string][]byte {
	all := map[string][]byte{name: text}
	if deep == 0 {
		return all
	}
	inside := func(more string, r io.Reader) {
		if part, _ := io.ReadAll(io.LimitReader(r, 64<<20)); len(part) > 0 { // what cannot be unpacked hides nothing more
			for name, part := range unpacked(name+"!"+more, part, deep-1) {
				all[name] = part
			}
		}
	}
	if packed, err := zip.NewReader(bytes.NewReader(text), int64(len(text))); err == nil {
		for _, f := range packed.File {
			if r, err := f.Open(); err == nil {
				inside(f.Name, r)
			}
		}
	}
	for magic, open := range map[string]func(io.Reader) (io.Reader, error){
		"\x1f\x8b\x08":     func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"\x28\xb5\x2f\xfd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	} {
		rest, at := text, 0
		for n := 0; n < 200; n++ {
			i := bytes.Index(rest, []byte(magic))
			if i < 0 {
				break
			}
			at += i
			if r, err := open(bytes.NewReader(text[at:])); err == nil {
				inside("packed", r)
			}
			rest, at = text[at+1:], at+1
		}
	}
	return all
}

// The hunter finds what was hidden for it.
func TestTheHunterFinds(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	if got := x.leaks(); len(got) > 0 {
		t.Fatalf("before anything was hidden: %v", got)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("x Canaryfirst x"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	squeezer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	hidden := [][]byte{packed.Bytes(), append([]byte("before"), packed.Bytes()...), squeezer.EncodeAll([]byte("x Canaryfirst x"), []byte("before"))}
	for pad := range 3 {
		hidden = append(hidden, []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("y", pad)+"Canaryfirst and more"))))
	}
	for _, way := range forms("Canaryfirst") {
		hidden = append(hidden, append([]byte("before"), way...))
	}
	for n, text := range hidden {
		path := filepath.Join(x.tmp, "hidden")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(x.leaks()) == 0 {
			t.Errorf("what was hidden in way %d is not found", n)
		}
	}
}
