package reports

import (
	"errors"
	"fmt"
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
	stem := strings.TrimSuffix(path, ".xlsx") + "-kept"
	kept = stem + ".xlsx"
	for n := 2; ; n++ {
		err := os.Link(path, kept) // it stands at its place too, until the new one does
		switch {
		case err == nil:
			return kept, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("keep the workbook that holds what a person wrote: %w; move it away, then ask again", err)
		}
		kept = fmt.Sprintf("%s-%d.xlsx", stem, n)
	}
}
