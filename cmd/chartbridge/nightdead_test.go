package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// killedLast makes the newest run one that was killed.
func (s *site) killedLast() {
	s.t.Helper()
	tamper(s.t, s, "UPDATE run SET finished_at = '', exit_code = -1, note = '' WHERE id = (SELECT max(id) FROM run)")
}

// TestAPlanAfterAKill: also a plan, which maps, counts the killed run first.
func TestAPlanAfterAKill(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:", "quiet_period: 1s\ndrchrono:")
	s.killedAt(60)
	text, err := os.ReadFile(s.lookupsFile())
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"PR": 52`, `"PR": 53`, 1) // nobody lives there, and all is judged again
	if changed == string(text) {
		t.Fatal("no PR among the lookups")
	}
	s.writeLookups(changed)
	s.mustRun(exitDone, "plan")
	s.mustRun(exitAttention, "run")
	s.toldOnce()
}

// TestAKilledRunThatHadCounted keeps its counts, whatever a person did since.
func TestAKilledRunThatHadCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stdout, _ := s.mustRun(exitAttention, "run", "--output", "json")
	run := decodeJSON[struct{ Run string }](t, stdout).Run
	s.killedLast()
	if err := os.RemoveAll(filepath.Join(s.dir, "out", run)); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitDone, "rejects", "retry", "--cause", "required", "--as", "Ana")
	s.mustRun(exitAttention, "run")
	if sum := s.summaryOf(run); sum.Balanced == nil || !*sum.Balanced || sum.ExitCode != 137 {
		t.Errorf("exit code %d, balanced %v", sum.ExitCode, sum.Balanced)
	}
}

// TestARunThatWasKilledOverItsFiles gets them from the next one, as it ended;
// files that a person took away stay away.
func TestARunThatWasKilledOverItsFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	night := func() (run, files string) {
		stdout, _ := s.mustRun(exitAttention, "run", "--output", "json")
		run = decodeJSON[struct{ Run string }](t, stdout).Run
		return run, filepath.Join(s.dir, "out", run)
	}
	take := func(path string) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	first, files := night()
	lines := text(t, filepath.Join(files, "load-results.jsonl"))
	take(files)
	tamper(t, s, "DELETE FROM setting WHERE name = 'told'") // it had no files yet
	second, later := night()
	if sum := s.summaryOf(first); sum.ExitCode != exitAttention || sum.Balanced == nil || !*sum.Balanced || text(t, filepath.Join(files, "load-results.jsonl")) != lines {
		t.Errorf("its files: exit code %d, balanced %v", sum.ExitCode, sum.Balanced)
	}
	take(filepath.Join(later, "reconciliation.xlsx"))
	tamper(t, s, "UPDATE setting SET value = '"+first+"' WHERE name = 'told'") // it had begun to write them
	third, _ := night()
	if _, err := os.Stat(filepath.Join(later, "reconciliation.xlsx")); err != nil {
		t.Error(err)
	}
	if latest, err := os.Readlink(filepath.Join(s.dir, "out", "latest")); err != nil || latest != third {
		t.Errorf("latest names %s (%v) after %s and %s", latest, err, second, third)
	}
	take(filepath.Join(s.dir, "out", third))
	night()
	if _, err := os.Stat(filepath.Join(s.dir, "out", third)); err == nil {
		t.Error("what a person took away is back")
	}
}

// TestRunsShowSaysWhyARunHasNoCounts in words.
func TestRunsShowSaysWhyARunHasNoCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	stdout, _ := s.mustRun(exitDone, "runs", "list", "--output", "json")
	run := decodeJSON[[]struct{ ID string }](t, stdout)[0].ID
	says := func(want string) {
		t.Helper()
		if out, _ := s.mustRun(exitDone, "runs", "show", run); !strings.HasSuffix(out, "\n"+want+"\n") {
			t.Errorf("it says %q, want %q at its end", out, want)
		}
	}
	tamper(t, s, "DELETE FROM tally")
	says("It counted no record.")
	s.killedLast()
	says("It was killed, or lost its power, before it counted its records: the next run counts them, and writes its files.")
	p := s.open()
	if err := p.lease(t.Context(), runLease); err != nil {
		t.Fatal(err)
	}
	says("It has not ended: it counts its records at its end.")
}

// TestARunIsNotBuriedInACopyOfItsTime: a database that was copied while a run
// went on, and is used later, knows less of it than its files.
func TestARunIsNotBuriedInACopyOfItsTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	copied := filepath.Join(t.TempDir(), "then.db")
	var writes atomic.Int32
	s.v.Rethink.Inject(loadtest.Fault{Times: -1, When: loadtest.After, Match: isWrite, Do: func(*loadtest.Exchange) {
		if writes.Add(1) == 30 {
			if err := copyWithoutLeases(filepath.Join(s.dir, "data", "chartbridge.db"), copied); err != nil {
				t.Error(err)
			}
		}
	}})
	stdout, _ := s.mustRun(exitAttention, "run", "--output", "json")
	lines := filepath.Join(s.dir, "out", decodeJSON[struct{ Run string }](t, stdout).Run, "load-results.jsonl")
	before, err := os.ReadFile(lines)
	if err != nil || !strings.Contains(string(before), `"created"`) {
		t.Fatalf("%v: %s", err, before)
	}
	s.replaceDatabase(copied)
	s.run("run")
	if after, err := os.ReadFile(lines); err != nil || string(after) != string(before) {
		t.Errorf("the files of a run that ended well are written anew (%v)", err)
	}
}

// copyWithoutLeases copies a database as it is used long after.
func copyWithoutLeases(from, to string) error {
	for _, step := range [][2]string{{from, "VACUUM INTO '" + to + "'"}, {to, "DELETE FROM lease"}} {
		db, err := sql.Open("sqlite3", step[0])
		if err != nil {
			return err
		}
		_, err = db.Exec(step[1])
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// TestWhatCannotBeBuriedStopsNoNight: a journal that cannot be read stops the
// registry, and after a kill no more than that.
func TestWhatCannotBeBuriedStopsNoNight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	s.killedLast()
	line := `{"at":"2026-01-01T00:00:00Z","destination":"central_registry","object":"discharge","source_id":"1","payload_hash":"zz","state":"intent"}` + "\n"
	if err := os.WriteFile(filepath.Join(s.dir, "data.journal", "discharges.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := s.run("run")
	if code != exitFailed || !strings.Contains(stdout, "unchanged") || !strings.Contains(stdout, "workbook") {
		t.Errorf("exit code %d: it did not come to its end:\n%s", code, stdout)
	}
}

// TestOwnFault: of what a cancelled destination met, only that is left out that
// it was cancelled.
func TestOwnFault(t *testing.T) {
	t.Parallel()
	cancelled := fmt.Errorf("send: %w", context.Canceled)
	if own := ownFault(errors.Join(load.ErrBrake, cancelled)); !errors.Is(own, load.ErrBrake) || errors.Is(own, context.Canceled) {
		t.Errorf("of both: %v", own)
	}
	if own := ownFault(cancelled); own != nil {
		t.Errorf("of nothing else: %v", own)
	}
	if own := ownFault(load.ErrBrake); !errors.Is(own, load.ErrBrake) {
		t.Errorf("of another: %v", own)
	}
}
