package sql

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func keyed(t *testing.T, b byte) *Sealer {
	t.Helper()
	s, err := NewSealer(append(make([]byte, 31), b))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// opensWith reads every sealed column with a key.
func opensWith(t *testing.T, dir string, key *Sealer) {
	t.Helper()
	s, err := Open(t.Context(), dir, key, "reader")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range SealedColumns {
		var got []string
		if err := s.db.Select(&got, "SELECT "+c.opened()+" FROM "+c.Table+" WHERE length("+c.Column+") > 1"); err != nil || len(got) == 0 {
			t.Errorf("%s.%s: %d rows (%v)", c.Table, c.Column, len(got), err)
		}
	}
	if _, err := s.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A change of key is cut short after each statement that it makes, and goes on
// from there: nothing is lost, and until it is done no key opens the database.
func TestRekeyGoesOnWhereItWasCutShort(t *testing.T) {
	old, to := keyed(t, 1), keyed(t, 2)
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, old, "a")
	if err != nil {
		t.Fatal(err)
	}
	fillSealed(t, s)
	closeStore(t, s)
	for done := 0; done < len(SealedColumns); done++ { // cut short after that many columns
		s, err := OpenToRekey(t.Context(), dir, old, "b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.beginRekey(t.Context(), to, "ada", noon); err != nil {
			t.Fatal(err)
		}
		for _, c := range SealedColumns[:done] {
			if _, err := s.rekeyColumn(t.Context(), c, to); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.endRekey(t.Context(), to, "ada", noon, 0); err == nil {
			t.Fatalf("it ended after %d columns, with the old key's payloads in the others", done)
		}
		closeStore(t, s)
		for name, key := range map[string]*Sealer{"old": old, "new": to} {
			if _, err := Open(t.Context(), dir, key, "c"); err == nil || !strings.Contains(err.Error(), "chartbridge rekey") {
				t.Errorf("the %s key opens it half-way (%v)", name, err)
			}
		}
	}
	rekeyed(t, dir, old, to)
	opensWith(t, dir, to)
	if _, err := Open(t.Context(), dir, old, "c"); err == nil || !strings.Contains(err.Error(), "--old-key") {
		t.Errorf("the old key: %v, want it refused", err)
	}
	off, err := NewSealer(nil)
	if err != nil {
		t.Fatal(err)
	}
	rekeyed(t, dir, to, off)
	opensWith(t, dir, off)
	rekeyed(t, dir, off, old)
	opensWith(t, dir, old)
}

func rekeyed(t *testing.T, dir string, from, to *Sealer) {
	t.Helper()
	for range 2 { // the second has nothing to do
		s, err := OpenToRekey(t.Context(), dir, from, "b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rekey(t.Context(), to, "ada", noon); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
	}
}

func TestRekeyRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenToRekey(t.Context(), dir, keyed(t, 1), "a"); !errors.Is(err, ErrRefused) {
		t.Errorf("no database: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s was made", filepath.Join(dir, left[0].Name()))
	}
	open, err := Open(t.Context(), dir, keyed(t, 1), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	fillSealed(t, open)
	wrong, err := OpenToRekey(t.Context(), dir, keyed(t, 3), "b")
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err := wrong.Rekey(t.Context(), keyed(t, 2), "ada", noon); !errors.Is(err, ErrRefused) {
		t.Errorf("a wrong old key: %v", err)
	}
	right, err := OpenToRekey(t.Context(), dir, keyed(t, 1), "b")
	if err != nil {
		t.Fatal(err)
	}
	defer right.Close()
	if _, err := right.beginRekey(t.Context(), keyed(t, 2), "ada", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := right.Rekey(t.Context(), keyed(t, 4), "ada", noon); !errors.Is(err, ErrRefused) {
		t.Errorf("another new key than the one begun with: %v", err)
	}
	if err := open.StillKeyed(t.Context()); err == nil {
		t.Error("a process that had the database open goes on with the old key")
	}
}
