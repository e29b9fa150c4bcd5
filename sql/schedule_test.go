package sql

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

func TestAnOccurrenceRunsOnce(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	due := time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)
	at := due.Add(time.Hour)
	o := NewOccurrence("nightly", due, "2026-03-08 02:30")
	other := NewOccurrence("nightly", due.AddDate(0, 0, -1), "2026-03-07 02:30")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := func() (list []string) {
		t.Helper()
		all, err := s.Occurrences(ctx, 10)
		must(err)
		for _, r := range all {
			list = append(list, r.Local+" "+r.State+" "+r.Run+r.Note)
		}
		return list
	}
	must(s.BeginOccurrence(ctx, o, at, []Occurrence{other}, "asleep"))
	begun, err := s.BegunOccurrences(ctx)
	must(err)
	if len(begun) != 1 || begun[0].Attempts != 1 || !begun[0].Due().Equal(due) {
		t.Fatalf("begun: %+v", begun)
	}
	must(s.StopOccurrence(ctx, o))
	must(s.BeginOccurrence(ctx, o, at, nil, ""))
	must(s.BeginOccurrence(ctx, o, at, nil, "")) // after a kill
	if begun, err = s.BegunOccurrences(ctx); err != nil || begun[0].Attempts != 2 {
		t.Errorf("after a stop and a kill: %+v (%v), want 2 attempts", begun, err)
	}
	o.State, o.Run, o.ExitCode = "late", "r1", 4
	must(s.EndOccurrence(ctx, o, at))
	if err := s.BeginOccurrence(ctx, o, at, []Occurrence{NewOccurrence("x", due, "")}, ""); err == nil {
		t.Error("what has ended began again")
	}
	if diff := cmp.Diff(rows(), []string{"2026-03-08 02:30 late r1", "2026-03-07 02:30 skipped asleep"}); diff != "" {
		t.Error(diff)
	}
	last, err := s.LastOccurrence(ctx, "nightly", due.Add(-time.Second))
	if err != nil || !last.Equal(other.Due()) {
		t.Errorf("last: %s (%v)", last, err)
	}
	must(s.PruneOccurrences(ctx, due.AddDate(1, 0, 0)))
	if got := len(rows()); got != 1 {
		t.Errorf("%d rows after pruning, want the newest", got)
	}
	must(s.BeginOccurrence(ctx, NewOccurrence("weekly", due, "weekly"), at, []Occurrence{other}, "asleep"))
	must(s.StopOccurrence(ctx, NewOccurrence("weekly", due, "weekly")))
	must(s.ForgetOccurrences(ctx, due.AddDate(0, 0, -2)))
	if diff := cmp.Diff(rows(), []string{"2026-03-08 02:30 late r1", "weekly running stopped in the middle; the next start goes on"}); diff != "" {
		t.Errorf("after forgetting what was skipped: %s", diff)
	}
	for o, want := range map[Occurrence]bool{o: true, other: false} {
		if has, err := s.HasOccurrence(ctx, o); err != nil || has != want {
			t.Errorf("%s has a row: %t (%v), want %t", o.Local, has, err, want)
		}
	}
}

func TestLastEndings(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	at := time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)
	end := func(id string, dry bool, exit int) {
		t.Helper()
		at = at.Add(time.Hour)
		run := etl.Run{ID: id, At: at, Trigger: "schedule", DryRun: dry}
		if err := s.OpenRun(ctx, run, "dev", ""); err != nil {
			t.Fatal(err)
		}
		if err := s.CloseRun(ctx, run, at.Add(time.Minute), exit, ""); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, exit int, run string, good time.Time) {
		t.Helper()
		gotExit, gotRun, ok, err := s.LastEnding(ctx)
		gotGood, err2 := s.LastGood(ctx)
		if gotExit != exit || gotRun != run || !ok || !gotGood.Equal(good) || err != nil || err2 != nil {
			t.Errorf("%s: exit %d of %q, %t, good at %s (%v, %v)", when, gotExit, gotRun, ok, gotGood, err, err2)
		}
	}
	if _, _, _, ok, err := s.LastRun(ctx); ok || err != nil {
		t.Errorf("a run before the first: %v", err)
	}
	end("r1", false, 4)
	good := at.Add(time.Minute)
	check("a good run", 4, "r1", good)
	end("r2", true, 1)
	check("a dry run", 4, "r1", good)
	for _, signal := range []int{129, 130, 143} {
		end(fmt.Sprint("r3-", signal), false, signal)
		check("an interrupted run", 4, "r1", good)
	}
	at = at.Add(time.Hour)
	part := etl.Run{ID: "r3-part", At: at, Trigger: "operator", Part: true}
	if err := errors.Join(s.OpenRun(ctx, part, "dev", ""), s.CloseRun(ctx, part, at, 3, "")); err != nil {
		t.Fatal(err)
	}
	check("a part of a run", 4, "r1", good)
	end("r4", false, 3)
	check("a bad run", 3, "r4", good)
	at = at.Add(time.Hour)
	o := NewOccurrence("nightly", at, "")
	if err := s.BeginOccurrence(ctx, o, at, nil, ""); err != nil {
		t.Fatal(err)
	}
	o.State, o.ExitCode = "failed", 2
	if err := s.EndOccurrence(ctx, o, at.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	check("a night that never began", 2, "", good)
	if run, _, _, ok, err := s.LastRun(ctx); !ok || run.ID != "r4" || err != nil {
		t.Errorf("the last run is %q (%v)", run.ID, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}
