package reports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// keepTyped gives the workbook at path, which is about to be replaced, another
// name, if a person wrote into it or nobody can tell. "" = nothing had to be kept.
func keepTyped(path string, key []byte, passphrase string) (kept string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	book, err := ReadReturned(path, key, passphrase)
	switch {
	case err == nil && !book.Typed:
		return "", nil
	case err != nil && !errors.Is(err, ErrWorkbook):
		return "", err
	}
	return keep(path, os.Link)
}

// keep gives what is at path another name, too: it stands at its place until
// what replaces it does. What cannot be linked is copied: not every file system
// has links.
func keep(path string, link func(old, name string) error) (kept string, err error) {
	stem := strings.TrimSuffix(path, ".xlsx") + "-kept"
	kept = stem + ".xlsx"
	for n := 2; ; n++ {
		err := link(path, kept)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			err = copyFile(path, kept)
		}
		switch {
		case err == nil:
			return kept, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("keep the workbook that holds what a person wrote: %w; move it away, then ask again", err)
		}
		kept = fmt.Sprintf("%s-%d.xlsx", stem, n)
	}
}

// copyFile copies a file to a name that must be free.
func copyFile(path, name string) error {
	if _, err := os.Lstat(name); err == nil {
		return fs.ErrExist
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	return writeFile(name, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}
