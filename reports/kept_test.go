package reports

import (
	"bytes"
	"os"
	"path/filepath"
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

func content(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
