package sql

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
)

// Every query is good SQL against the migrated schema.
func TestQueriesPrepare(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	if len(queries) < 20 {
		t.Fatalf("%d queries are embedded, want all of them", len(queries))
	}
	for name, text := range queries {
		stmt, err := s.db.Prepare(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := stmt.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	private := func(told int) {
		t.Helper()
		s := openAt(t, dir, "a")
		if got := s.FoundOpen(); len(got) != told {
			t.Errorf("%d were found open, want %d: %q", len(got), told, got)
		}
		for path, want := range map[string]os.FileMode{dir: 0o700, s.Path(): 0o600} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
			}
		}
	}
	private(0)
	for path, mode := range map[string]os.FileMode{dir: 0o755, filepath.Join(dir, FileName): 0o664} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	private(2)
	private(0)
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	sealer := func(b byte) *Sealer {
		key := make([]byte, 32)
		key[0] = b
		s, err := NewSealer(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	dir := t.TempDir()
	s, err := Open(ctx, dir, sealer(1), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, dir, sealer(2), "b"); err == nil || !strings.Contains(err.Error(), "encryption_key") {
		t.Errorf("another key: %v, want it refused", err)
	}
	if _, err := s.db.Exec("PRAGMA user_version = 9999"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, dir, sealer(1), "a"); !errors.Is(err, ErrNewer) {
		t.Errorf("a database of a newer program: %v, want ErrNewer", err)
	}
}

// TestCacheIsReckonedByThePage: a writer keeps no more of what it writes than its
// cache holds, in a new database too; the rest goes to the log before the commit.
func TestCacheIsReckonedByThePage(t *testing.T) {
	s := openReportStore(t)
	const mib = 1 << 20
	err := s.inTx(t.Context(), func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE filler (bytes BLOB)`); err != nil {
			return err
		}
		for range 48 {
			if _, err := tx.Exec(`INSERT INTO filler VALUES (zeroblob(?))`, mib); err != nil {
				return err
			}
		}
		log, err := os.Stat(s.path + "-wal")
		if err == nil && log.Size() < 48*mib-2*writerCache*1024 {
			t.Errorf("of 48 MiB %d are in the log before the commit, want all but %d", log.Size()/mib, writerCache/1024)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
