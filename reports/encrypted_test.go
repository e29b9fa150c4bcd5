package reports

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// encryptedBook writes a workbook that a passphrase encrypts.
func encryptedBook(t *testing.T, passphrase string) Files {
	t.Helper()
	fx := newFixture(t, 40)
	o := fx.options(t.TempDir(), LevelFull)
	o.Key, o.Passphrase = testKey, passphrase
	return fx.write(o)
}

func TestAnEncryptedWorkbookComesBack(t *testing.T) {
	files := encryptedBook(t, "correct horse")
	raw, err := os.ReadFile(files.Reconciliation)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(raw, oleHeader) {
		t.Fatal("the workbook is not encrypted")
	}
	if info, err := os.Stat(files.Reconciliation); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v), want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(files.Reconciliation), partPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	book, err := ReadReturned(files.Reconciliation, testKey, "correct horse")
	if err != nil || signed(book) == 0 {
		t.Errorf("with its passphrase %d rows are ours (%v)", signed(book), err)
	}
	for passphrase, want := range map[string]string{"battery staple": "does not open with workbook.passphrase", "": "set workbook.passphrase"} {
		if _, err := ReadReturned(files.Reconciliation, testKey, passphrase); !errors.Is(err, ErrWorkbook) || !strings.Contains(err.Error(), want) {
			t.Errorf("with passphrase %q: %v, want a refusal with %q", passphrase, err, want)
		}
	}
	if summary, err := os.ReadFile(files.Summary); err != nil || !bytes.HasPrefix(summary, []byte("PK")) {
		t.Errorf("the summary is encrypted too (%v); it holds nothing that needs it", err)
	}
}

// A receipt holds the analysts' comments, and is encrypted as the workbook is.
func TestAnEncryptedReceipt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipt.xlsx")
	if err := WriteReceipt(path, Receipt{Run: fixtureRun.ID, At: fixtureRun.At, Passphrase: "correct horse"}); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenFile(path, excelize.Options{Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if raw := content(t, path); !bytes.HasPrefix(raw, oleHeader) {
		t.Error("the receipt is not encrypted")
	}
}
