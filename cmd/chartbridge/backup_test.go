package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

func TestBackupCanBeRestored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	file := filepath.Join(t.TempDir(), "copy.db")
	stdout, _ := s.mustRun(exitDone, "backup", file)
	if !strings.Contains(stdout, "checked whole") {
		t.Errorf("got %q", stdout)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v, want mode 0600", info, err)
	}
	if left, _ := filepath.Glob(file + "-*"); len(left) > 0 {
		t.Errorf("beside the backup lie %v", left)
	}
	data := filepath.Join(s.dir, "restored")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, filepath.Join(data, sql.FileName)); err != nil {
		t.Fatal(err)
	}
	s.set("data_dir: ./data", "data_dir: ./restored\njournal_dir: ./data.journal")
	before := s.writes()
	s.mustRun(exitAttention, "run")
	if got := s.writes() - before; got != 0 {
		t.Errorf("a run over the restored database made %d writes, want none", got)
	}
}

func TestBackupIsAudited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	s.mustRun(exitDone, "backup", file)
	if stdout, _ := s.mustRun(exitDone, "audit", "list"); !strings.Contains(stdout, "backup") || !strings.Contains(stdout, file) {
		t.Errorf("the audit log does not hold the backup:\n%s", stdout)
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitUsage, "backup", file)
	if text, _ := os.ReadFile(file); string(text) != "mine" {
		t.Errorf("the file is now %d bytes", len(text))
	}
	s.mustRun(exitUsage, "backup", filepath.Join(s.dir, "data", "copy.db"))
	s.mustRun(exitUsage, "backup", filepath.Join(s.dir, "nowhere", "copy.db"))
	s.mustRun(exitUsage, "backup")
}
