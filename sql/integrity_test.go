package sql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/mattn/go-sqlite3"
)

// A page that something else wrote over is found before anything is read.
func TestCheckFindsDamage(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	seal, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, dir, seal, "a")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		if err := s.SetSetting(ctx, fmt.Sprintf("setting/%04d", i), "a value that takes some room in its page"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Fatalf("a sound database: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(file, []byte("setting/1500")) / 16384 * 16384
	copy(file[at:at+16384], bytes.Repeat([]byte{0xA5}, 16384))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openAt(t, dir, "b").Check(ctx); !errors.Is(err, ErrDamaged) {
		t.Errorf("a page written over: %v, want ErrDamaged", err)
	}
}

func TestOpenTellsAFileThatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), bytes.Repeat([]byte("no database "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	seal, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), dir, seal, "a"); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v, want ErrDamaged", err)
	}
}

// Trying things out with dry runs never drives out a night.
func TestRunsBeyondCountsNightsAndDryRunsApart(t *testing.T) {
	ctx, s := context.Background(), openAt(t, t.TempDir(), "a")
	for i, dry := range []bool{false, false, false, true, true, true, true} {
		if err := s.OpenRun(ctx, etl.Run{ID: fmt.Sprint("run", i), At: noon, DryRun: dry}, "test", ""); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.RunsBeyond(ctx, 2, time.UTC)
	if err != nil || fmt.Sprint(got) != "[run4 run3 run0]" {
		t.Errorf("to forget: %v (%v), want [run4 run3 run0]", got, err)
	}
}

// Runs by hand drive out no night: the last whole run of each of the newest
// days stays, by the practice's calendar.
func TestRunsBeyondKeepsNights(t *testing.T) {
	ctx, s := context.Background(), openAt(t, t.TempDir(), "a")
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range []struct {
		hour int
		part bool
	}{{7, false}, {31, false}, {52, false}, {55, false}, {56, true}, {57, true}} { // 02:00 there on the 1st and 2nd, 23:00 on the 2nd, 02:00 on the 3rd
		run := etl.Run{ID: fmt.Sprint("run", i), At: time.Date(2026, 3, 1, r.hour, 0, 0, 0, time.UTC), Part: r.part}
		if err := s.OpenRun(ctx, run, "test", ""); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.RunsBeyond(ctx, 2, zone)
	if err != nil || fmt.Sprint(got) != "[run1 run0]" {
		t.Errorf("to forget: %v (%v), want [run1 run0]", got, err)
	}
}

// A large database is checked once a week, and after a run that was killed.
func TestCheckIsDue(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	ctx := t.Context()
	due := func(why string, size int64, now time.Time, want bool) {
		t.Helper()
		if got, err := s.checkIsDue(ctx, size, now); err != nil || got != want {
			t.Errorf("%s: due %v (%v), want %v", why, got, err, want)
		}
	}
	due("a large one that never was", smallSize+1, noon, true)
	if whole, err := s.CheckDue(ctx, noon); err != nil || !whole {
		t.Fatalf("to be checked: %v (%v)", whole, err)
	}
	if err := s.CheckWhole(ctx, noon); err != nil {
		t.Fatal(err)
	}
	due("a large one the next day", smallSize+1, noon.AddDate(0, 0, 1), false)
	due("a small one the next day", smallSize, noon.AddDate(0, 0, 1), true)
	due("a large one a week on", smallSize+1, noon.AddDate(0, 0, 8), true)
	due("a clock that went back", smallSize+1, noon.Add(-time.Minute), true)
	run := etl.Run{ID: "r1", At: noon.Add(time.Hour)}
	if err := s.OpenRun(ctx, run, "v", ""); err != nil {
		t.Fatal(err)
	}
	due("a run was killed since", smallSize+1, noon.AddDate(0, 0, 1), true)
	if err := s.CloseRun(ctx, run, noon, 0, ""); err != nil {
		t.Fatal(err)
	}
	due("it came to its end", smallSize+1, noon.AddDate(0, 0, 1), false)
}

// Whichever statement meets a page that is no page, says so.
func TestDamaged(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{{sqlite3.Error{Code: sqlite3.ErrCorrupt}, true}, {sqlite3.Error{Code: sqlite3.ErrFull}, false}, {nil, false}} {
		got := Damaged(wrap(c.err, "read the lease"))
		if errors.Is(got, ErrDamaged) != c.want || c.err != nil && !errors.Is(got, c.err) {
			t.Errorf("of %v it makes %v", c.err, got)
		}
	}
}
