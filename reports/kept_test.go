package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A workbook that is replaced is kept beside the new one where a person wrote
// into it, be it a comment alone, or nobody can tell; another is not.
func TestTypedIsKept(t *testing.T) {
	fx := newFixture(t, 20)
	o := fx.options(t.TempDir(), LevelMasked)
	o.Key = testKey
	first := fx.write(o)
	if again := fx.write(o); again.Kept != "" {
		t.Fatalf("a workbook that nobody wrote into is kept as %s", again.Kept)
	}
	f := open(t, first.Reconciliation)
	_, at := worklist(t, f)
	set(t, f, "Worklist", at[headComment]+1, 7, "ask Ada")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	commented := content(t, first.Reconciliation)
	for _, c := range []struct {
		was  []byte
		kept string
	}{{commented, "reconciliation-kept.xlsx"}, {[]byte("no workbook"), "reconciliation-kept-2.xlsx"}} {
		if err := os.WriteFile(first.Reconciliation, c.was, 0o600); err != nil {
			t.Fatal(err)
		}
		files := fx.write(o)
		if want := filepath.Join(filepath.Dir(first.Reconciliation), c.kept); files.Kept != want {
			t.Fatalf("kept as %q, want %q", files.Kept, want)
		}
		if !bytes.Equal(content(t, files.Kept), c.was) || bytes.Equal(content(t, files.Reconciliation), c.was) {
			t.Errorf("%s does not hold what was replaced, or it was not replaced", c.kept)
		}
	}
}

// A workbook is kept where the file system has no links, too.
func TestTypedIsKeptWithoutLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), reconciliationName)
	for _, c := range [][2]string{{"one", "reconciliation-kept.xlsx"}, {"two", "reconciliation-kept-2.xlsx"}} {
		if err := os.WriteFile(path, []byte(c[0]), 0o644); err != nil {
			t.Fatal(err)
		}
		kept, err := keep(path, func(string, string) error { return syscall.EPERM })
		if err != nil || filepath.Base(kept) != c[1] || string(content(t, kept)) != c[0] {
			t.Fatalf("kept as %q, %v; want %s", kept, err, c[1])
		}
		if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("it may be read by others: %v, %v", info.Mode(), err)
		}
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
