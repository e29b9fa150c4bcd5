package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // a hand on the database that is not ours
)

func TestAuditVerifyFindsAChangedLine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if stdout, _ := s.mustRun(exitDone, "audit", "verify"); !strings.Contains(stdout, "log is empty") {
		t.Errorf("an empty log: %s", stdout)
	}
	for _, name := range []string{"a.db", "b.db", "c.db"} {
		s.mustRun(exitDone, "backup", filepath.Join(t.TempDir(), name))
	}
	stdout, _ := s.mustRun(exitDone, "audit", "verify", "--output", "json")
	var good struct {
		OK     bool
		Lines  int
		Newest string
	}
	if err := json.Unmarshal([]byte(stdout), &good); err != nil || !good.OK || good.Lines != 3 || len(good.Newest) != 64 {
		t.Errorf("got %s (%v), want 3 good lines", stdout, err)
	}
	tamper(t, s, "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody' WHERE seq = 2")
	_, stderr := s.mustRun(exitFailed, "audit", "verify")
	if !strings.Contains(stderr, "audit line 2") {
		t.Errorf("the fault does not name the line: %s", stderr)
	}
	if stdout, _ := s.mustRun(exitFailed, "audit", "verify", "--output", "json"); !strings.Contains(stdout, `"ok": false`) {
		t.Errorf("got %s", stdout)
	}
}

// tamper changes the database behind the program's back.
func tamper(t *testing.T, s *site, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(s.dir, "data", "chartbridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAuditListIsNewestFirstAndLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []string{"first.db", "second.db"} {
		s.mustRun(exitDone, "backup", filepath.Join(t.TempDir(), name))
	}
	stdout, _ := s.mustRun(exitDone, "audit", "list", "--limit", "1")
	if !strings.Contains(stdout, "second.db") || strings.Contains(stdout, "first.db") {
		t.Errorf("got:\n%s", stdout)
	}
	s.mustRun(exitUsage, "audit", "list", "--limit", "0")
}
