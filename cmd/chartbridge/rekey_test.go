package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRekey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitUsage, "rekey", "--new-key", filepath.Join(s.dir, "key")) // there is no database yet
	s.mustRun(exitAttention, "run")
	before := s.writes()
	file := filepath.Join(s.dir, "new-key")
	if err := os.WriteFile(file, []byte("no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitUsage, "rekey", "--new-key", file)
	s.mustRun(exitUsage, "rekey")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(append(make([]byte, 31), 7))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, _ := s.mustRun(exitDone, "rekey", "--new-key", file); !strings.Contains(stdout, "encryption_key") {
		t.Errorf("what to do next is not said:\n%s", stdout)
	}
	if _, stderr := s.mustRun(exitUsage, "run"); !strings.Contains(stderr, "rekey") {
		t.Errorf("with the old key:\n%s", stderr)
	}
	s.set("${file:key}", "${file:new-key}")
	s.mustRun(exitAttention, "run")
	s.mustRun(exitDone, "rekey", "--old-key", filepath.Join(s.dir, "key")) // done already
	if got := s.writes() - before; got != 0 {
		t.Errorf("a change of key made %d writes, want none", got)
	}
	stdout, _ := s.mustRun(exitDone, "audit", "list")
	if !strings.Contains(stdout, "rekey") {
		t.Errorf("it is not in the audit log:\n%s", stdout)
	}
	s.mustRun(exitDone, "audit", "verify")
}
