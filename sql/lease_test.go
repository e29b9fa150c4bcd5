package sql

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestLease(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	a, b := openAt(t, dir, "process a"), openAt(t, dir, "process b")
	steps := []struct {
		doing string
		by    *Store
		after time.Duration
		held  string // who refuses it; "" = it is granted
	}{
		{"take", a, 0, ""},
		{"another's", b, time.Minute, "process a"},
		{"renew", a, time.Minute, ""},
		{"another's after the first life", b, 2*time.Minute + time.Second, "process a"},
		{"take over what has run out", b, 3*time.Minute + time.Second, ""},
		{"renew what was lost", a, 3*time.Minute + 2*time.Second, "process b"},
	}
	for _, s := range steps {
		err := s.by.Lease(ctx, "run", noon.Add(s.after), 2*time.Minute)
		var held *HeldError
		switch {
		case s.held == "" && err != nil:
			t.Fatalf("%s: %v, want it granted", s.doing, err)
		case s.held != "" && (!errors.As(err, &held) || held.Holder != s.held || held.Name != "run"):
			t.Fatalf("%s: %v, want it held by %s", s.doing, err, s.held)
		}
		if s.doing == "another's after the first life" && (!held.Since.Equal(noon) || !held.Until.Equal(noon.Add(3*time.Minute))) {
			t.Errorf("held since %s until %s, want since noon until 12:03", held.Since, held.Until)
		}
	}
	if err := a.Lease(ctx, "stream/patients", noon, time.Minute); err != nil {
		t.Errorf("another name: %v, want it granted", err)
	}
}

func TestLeaseGivenBack(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	a, b := openAt(t, dir, "process a"), openAt(t, dir, "process b")
	if err := a.Lease(ctx, "run", noon, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := b.Release(ctx, "run"); err != nil { // not its own: nothing happens
		t.Fatal(err)
	}
	err := b.Lease(ctx, "run", noon, time.Hour)
	if err == nil || !strings.Contains(err.Error(), "process a") {
		t.Fatalf("after somebody else gave it back: %v, want it held", err)
	}
	if err := a.Release(ctx, "run"); err != nil {
		t.Fatal(err)
	}
	if err := b.Lease(ctx, "run", noon, time.Hour); err != nil {
		t.Errorf("after its holder gave it back: %v", err)
	}
}
