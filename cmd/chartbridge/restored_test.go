package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// replaceDatabase puts another file in the database's place, as a person who
// restores a backup does; "" takes the database away.
func (s *site) replaceDatabase(file string) {
	s.t.Helper()
	path := filepath.Join(s.dir, "data", sql.FileName)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
	}
	if file == "" {
		return
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// keepToken writes the refresh token of the database into the config's file,
// as a new consent would.
func (s *site) keepToken() {
	s.t.Helper()
	p, err := openPractice(s.t.Context(), &shared{config: s.config, logLevel: "error", logFormat: "text", stderr: os.Stderr})
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.close()
	token, err := p.tokens().Load(s.t.Context())
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "refresh-token"), []byte(token.Refresh), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// created counts what the vendors made, by their own journal.
func (s *site) created() int {
	return s.v.Rethink.Calls()["create client"] + s.v.Rethink.Calls()["create staff"] + s.v.Rethink.Calls()["create appointment"] +
		s.v.CentralReach.Calls()["create client"] + len(s.v.Registry.Objects("discharge"))
}

func (s *site) once() {
	s.t.Helper()
	if twice := append(s.v.Rethink.Duplicates(), append(s.v.CentralReach.Duplicates(), s.v.Registry.Duplicates()...)...); len(twice) > 0 {
		s.t.Errorf("there twice: %v", twice)
	}
}

// TestARestoredBackupSendsNothingTwice restores a backup from before anything
// was sent, and another from before a discharge went.
func TestARestoredBackupSendsNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, after := filepath.Join(t.TempDir(), "before.db"), filepath.Join(t.TempDir(), "after.db")
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "backup", before)
	s.mustRun(exitAttention, "run")
	s.mustRun(exitDone, "backup", after)
	d := s.waiting()[0]
	s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
	s.mustRun(exitAttention, "run")
	sent, created := s.writes(), s.created()
	for _, backup := range []string{after, before} {
		s.replaceDatabase(backup)
		if _, stderr := s.mustRun(exitFailed, "run"); !strings.Contains(stderr, "chartbridge state restored") {
			t.Errorf("the way out is not named:\n%s", stderr)
		}
		if stdout, _ := s.mustRun(exitFailed, "check"); !strings.Contains(stdout, "chartbridge state restored") {
			t.Errorf("check does not tell of it:\n%s", stdout)
		}
		if got := s.writes() - sent; got != 0 {
			t.Fatalf("%d writes before a person's word, want none", got)
		}
		s.mustRun(exitDone, "state", "restored")
		s.mustRun(exitUsage, "state", "restored", "--as", "Ada Roma")
		s.mustRun(exitAttention, "run")
		if got := s.created(); got != created {
			t.Errorf("%d records were created after the restore, want none", got-created)
		}
		stdout, _ := s.mustRun(exitDone, "uncertain", "list", "--output", "json")
		if open := decodeJSON[[]sql.UncertainDelivery](t, stdout); len(open) != 1 || open[0].SourceID != d.ID || open[0].Op != "discharge" {
			t.Errorf("uncertain are %+v, want the discharge that the journal knows", open)
		}
		sent = s.writes()
	}
	s.once()
	s.mustRun(exitDone, "audit", "verify")
}

// A database that was lost, and its journal was not: what is there is found.
func TestALostDatabaseSendsNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.waiting()[0]
	s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
	s.mustRun(exitAttention, "run")
	created := s.created()
	s.keepToken()
	s.replaceDatabase("")
	if stdout, _ := s.mustRun(exitDone, "check"); !strings.Contains(stdout, "holds nothing, and journal_dir") {
		t.Errorf("check does not tell that another database was there:\n%s", stdout)
	}
	s.mustRun(exitAttention, "run")
	if got := s.created(); got != created {
		t.Errorf("%d records were created again", got-created)
	}
	s.once()
	// A copy of the folder without its journal is told as well.
	if err := os.RemoveAll(filepath.Join(s.dir, "data.journal")); err != nil {
		t.Fatal(err)
	}
	if _, stderr := s.mustRun(exitFailed, "run"); !strings.Contains(stderr, "is not there") {
		t.Errorf("a database without its journal:\n%s", stderr)
	}
}

// Where a vendor cannot be asked, nothing is created after a restore until a
// person releases it.
func TestARestoredBackupHoldsWhatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("rethink:\n", "rethink:\n  readback: false\n")
	backup := filepath.Join(t.TempDir(), "b.db")
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "backup", backup)
	s.mustRun(exitAttention, "run")
	created := s.created()
	s.replaceDatabase(backup)
	s.mustRun(exitFailed, "run")
	s.mustRun(exitDone, "state", "restored", "--as", "Ada Roma")
	s.mustRun(exitAttention, "run")
	if got := s.created(); got != created {
		t.Errorf("%d records were created that may be there", got-created)
	}
	stdout, _ := s.mustRun(exitDone, "plan", "--output", "json")
	s.mustRun(exitAttention, "push", "--plan", decodeJSON[plan](t, stdout).Hash)
	if got := s.created(); got == created {
		t.Error("push released nothing")
	}
}
