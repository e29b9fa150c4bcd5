package main

import (
	"bytes"
	"context"
	dbsql "database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/chartbridge/chartbridge/sql"
)

// A database that something wrote over is told before anything is sent, and the
// run that found it is closed.
func TestADamagedDatabaseSendsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	before, folders := s.writes(), filepath.Join(s.dir, "out", "*")
	files, err := filepath.Glob(folders)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "data", sql.FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 16384
	at := bytes.LastIndex(file, []byte("which is not there yet")) / page * page // where it holds what nothing reads before the check
	copy(file[at:at+page], bytes.Repeat([]byte{0xA5}, page))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitEnvironment, "run")
	if got := s.writes() - before; got != 0 || !strings.Contains(stderr, "restore the newest backup") {
		t.Errorf("%d writes were made; stderr:\n%s", got, stderr)
	}
	if after, err := filepath.Glob(folders); err != nil || len(after) != len(files) {
		t.Errorf("files were written of what cannot be relied on: %v (%v)", after, err)
	}
	stdout, _ := s.mustRun(exitDone, "runs", "list", "--output", "json")
	if runs := decodeJSON[[]sql.Past](t, stdout); len(runs) != 2 || runs[0].ExitCode != exitEnvironment || runs[0].FinishedAt == "" {
		t.Errorf("the run that found it stands as %+v", runs)
	}
}

// What panics in the middle of a transaction leaves nothing of it open.
func TestAPanicLeavesTheDatabaseWritable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	p := s.open()
	db, err := dbsql.Open("sqlite3", p.store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("INSERT INTO unadded SELECT id FROM target WHERE source_endpoint = 'appointments'"); err != nil {
		t.Fatal(err)
	}
	end := schedule.Guarded(func() schedule.Ending {
		_ = p.store.AddUp(t.Context(), func(_, _ []byte) sql.Visit { panic("a value") })
		return schedule.Ending{}
	})
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.store.SetSetting(soon, "written", "after it"); err != nil || !end.Panicked {
		t.Errorf("after a panic (%v): %v", end.Panicked, err)
	}
}
