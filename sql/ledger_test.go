package sql

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchrono"
)

var call = drchrono.Call{Endpoint: "patients", Purpose: "page"}

func ledgerOf(s *Store, now time.Time, l Limits) (*Ledger, *clock) {
	c := &clock{now: now}
	return &Ledger{Store: s, Clock: c, Limits: l, Run: "r1", Spender: "nightly"}, c
}

// grants reserves until a call is refused, and says how many were granted and
// for how long the next must wait.
func grants(t *testing.T, l *Ledger) (n int, wait time.Duration) {
	t.Helper()
	for {
		_, wait, err := l.Reserve(context.Background(), call)
		if err != nil {
			t.Fatal(err)
		}
		if wait > 0 {
			return n, wait
		}
		if n++; n > 10_000 {
			t.Fatal("no limit holds")
		}
	}
}

func wantGrants(t *testing.T, l *Ledger, want int) time.Duration {
	t.Helper()
	n, wait := grants(t, l)
	if n != want {
		t.Errorf("at %s: %d calls are granted, want %d", l.Clock.Now().Format(time.TimeOnly), n, want)
	}
	return wait
}

// The window is the hour of the wall clock, not the last sixty minutes.
func TestLedgerHour(t *testing.T) {
	l, c := ledgerOf(openAt(t, t.TempDir(), "a"), noon.Add(50*time.Minute), Limits{PerWindow: 20, Window: time.Hour})
	wait := wantGrants(t, l, 20)
	if want := 10*time.Minute + slack; wait != want {
		t.Errorf("wait %s, want %s: to the top of the hour", wait, want)
	}
	c.set(noon.Add(time.Hour - time.Millisecond))
	wantGrants(t, l, 0)
	c.set(noon.Add(time.Hour))
	wantGrants(t, l, 20)
}

// A consent's code and its end cannot wait; they are calls all the same.
func TestLedgerHoldsNoConsentBack(t *testing.T) {
	l, _ := ledgerOf(openAt(t, t.TempDir(), "a"), noon, Limits{PerWindow: 3, Window: time.Hour})
	wantGrants(t, l, 3)
	for _, purpose := range []string{"code", "revoke"} {
		if id, wait, err := l.Reserve(t.Context(), drchrono.Call{Endpoint: "token", Purpose: purpose}); id == 0 || wait != 0 || err != nil {
			t.Errorf("%s: call %d, wait %s, %v", purpose, id, wait, err)
		}
	}
	if b, err := l.Budget(t.Context()); err != nil || b.Used != 5 || b.Left != 0 {
		t.Errorf("%d used, %d left, %v; want 5 and 0", b.Used, b.Left, err)
	}
}

// A call from just before the hour may reach the vendor after it, and counts in
// both: the vendor never sees one more than the limit.
func TestLedgerEdgeOfTheHour(t *testing.T) {
	l, c := ledgerOf(openAt(t, t.TempDir(), "a"), noon.Add(-time.Second), Limits{PerWindow: 20, Window: time.Hour})
	for range 3 {
		if _, wait, err := l.Reserve(context.Background(), call); wait > 0 || err != nil {
			t.Fatal(wait, err)
		}
	}
	c.set(noon)
	wantGrants(t, l, 17)
}

func TestLedgerTenMinutesRoll(t *testing.T) {
	l, c := ledgerOf(openAt(t, t.TempDir(), "a"), noon.Add(55*time.Minute), Limits{PerWindow: 1000, Window: time.Hour, Per10Min: 20})
	for i := range 20 { // one each ten seconds
		if _, wait, err := l.Reserve(context.Background(), call); wait > 0 || err != nil {
			t.Fatalf("call %d waits %s (%v)", i, wait, err)
		}
		c.set(c.Now().Add(10 * time.Second))
	}
	wait := wantGrants(t, l, 0) // the top of the hour, at 12:58:20, has not come
	if want := 10*time.Minute + edge - 200*time.Second + time.Millisecond; wait != want {
		t.Errorf("wait %s, want %s: until the first of them is ten minutes old, surely", wait, want)
	}
	c.set(c.Now().Add(wait)) // beyond the top of the hour
	wantGrants(t, l, 1)
	c.set(c.Now().Add(30 * time.Second))
	wantGrants(t, l, 3)
}

func TestLedgerSecond(t *testing.T) {
	l, c := ledgerOf(openAt(t, t.TempDir(), "a"), noon, Limits{PerWindow: 1000, Window: time.Hour, PerSecond: 8})
	wait := wantGrants(t, l, 8)
	if wait > time.Second+time.Millisecond {
		t.Errorf("wait %s, want about a second", wait)
	}
	c.set(c.Now().Add(wait))
	wantGrants(t, l, 8)
}

// What was granted before a restart counts after it, answered or not.
func TestLedgerOutlivesTheProcess(t *testing.T) {
	dir, limits := t.TempDir(), Limits{PerWindow: 20, Window: time.Hour}
	first := openAt(t, dir, "a")
	l, _ := ledgerOf(first, noon, limits)
	for range 7 {
		if _, _, err := l.Reserve(context.Background(), call); err != nil {
			t.Fatal(err)
		}
	}
	l, _ = ledgerOf(openAt(t, dir, "b"), noon.Add(time.Minute), limits)
	wantGrants(t, l, 13)
}

func TestThrottled(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l, c := ledgerOf(openAt(t, dir, "a"), noon, Limits{PerWindow: 10, Window: time.Hour})
	other, oc := ledgerOf(openAt(t, dir, "b"), noon, l.Limits)
	if err := l.Throttled(ctx, noon.Add(45*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := other.Throttled(ctx, noon.Add(time.Minute)); err != nil { // a shorter word does not shorten it
		t.Fatal(err)
	}
	for _, x := range []*Ledger{l, other} {
		if wait := wantGrants(t, x, 0); wait != 45*time.Minute {
			t.Errorf("wait %s, want 45 minutes", wait)
		}
		if b, err := x.Budget(ctx); err != nil || !b.Throttled.Equal(noon.Add(45*time.Minute)) {
			t.Errorf("the budget says throttled until %s, %v", b.Throttled, err)
		}
	}
	c.set(noon.Add(45 * time.Minute))
	oc.set(noon.Add(45 * time.Minute))
	wantGrants(t, other, 10)
}

func TestBudget(t *testing.T) {
	ctx := context.Background()
	l, c := ledgerOf(openAt(t, t.TempDir(), "a"), noon.Add(-time.Minute), Limits{PerWindow: 10, Window: time.Hour, Per10Min: 8})
	wantGrants(t, l, 8) // of the hour before, but of the last ten minutes
	c.set(noon.Add(9*time.Minute + edge + time.Second))
	for _, e := range []string{"patients", "doctors", "patients"} {
		id, wait, err := l.Reserve(ctx, drchrono.Call{Endpoint: e, Purpose: "page"})
		if err != nil || wait > 0 {
			t.Fatal(wait, err)
		}
		if err := l.Answered(ctx, id, 200); err != nil {
			t.Fatal(err)
		}
	}
	b, err := l.Budget(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if b.Used != 3 || b.Left != 7 || b.Limit != 10 || b.Used10Min != 3 || !b.Resets.Equal(noon.Add(time.Hour)) {
		t.Errorf("budget %+v, want 3 used, 7 left of 10, 3 in ten minutes, reset at one", b)
	}
	if len(b.By) != 2 || b.By[0] != (Spent{"run", "patients", 2}) || b.By[1] != (Spent{"run", "doctors", 1}) {
		t.Errorf("spent by %+v, want 2 on patients, 1 on doctors", b.By)
	}
}

// Two stores on one file, each with goroutines, share one ledger.
func TestTwoStoresShareTheCalls(t *testing.T) {
	dir, limits := t.TempDir(), Limits{PerWindow: 100, Window: time.Hour}
	var mu sync.Mutex
	var all sync.WaitGroup
	total := 0
	for _, holder := range []string{"a", "b"} {
		l, _ := ledgerOf(openAt(t, dir, holder), noon, limits)
		for range 3 {
			all.Go(func() {
				n, _ := grants(t, l)
				mu.Lock()
				defer mu.Unlock()
				total += n
			})
		}
	}
	all.Wait()
	if total != 100 {
		t.Errorf("%d calls were granted in all, want exactly 100", total)
	}
}

// Two real processes share 500 calls and never make 501.
func TestTwoProcessesShareTheCalls(t *testing.T) {
	dir := t.TempDir()
	openAt(t, dir, "parent") // the schema is there before they race
	var all sync.WaitGroup
	counts := make([]int, 2)
	ctx, end := context.WithCancel(t.Context()) // one that fails leaves nobody to wait for
	defer end()
	for i := range counts {
		all.Go(func() {
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSpendingProcess$", "-test.count=1", "-test.timeout=9m")
			cmd.Env = append(os.Environ(), "CHARTBRIDGE_TEST_SPEND="+dir, "CHARTBRIDGE_TEST_HOLDER="+strconv.Itoa(i))
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("process %d: %v", i, err)
				end()
				return
			}
			if _, err := fmt.Sscanf(string(out), "granted %d", &counts[i]); err != nil {
				t.Errorf("process %d says %q: %v", i, out, err)
			}
		})
	}
	all.Wait()
	if sum := counts[0] + counts[1]; sum != 500 {
		t.Errorf("the processes made %v calls, %d in all, want exactly 500", counts, sum)
	}
}

// TestSpendingProcess is what the two processes run; alone it does nothing.
// Each waits for the other and wants 300 calls, so that both have to spend.
func TestSpendingProcess(t *testing.T) {
	dir := os.Getenv("CHARTBRIDGE_TEST_SPEND")
	if dir == "" {
		return
	}
	l, _ := ledgerOf(openAt(t, dir, os.Getenv("CHARTBRIDGE_TEST_HOLDER")), noon, Limits{PerWindow: 500, Window: time.Hour})
	meet(t, dir)
	granted := 0
	for range 300 {
		_, wait, err := l.Reserve(context.Background(), call)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			granted++
		}
	}
	fmt.Printf("granted %d\n", granted)
}

// meet waits until two processes have left their mark in dir.
func meet(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "here-"+strconv.Itoa(os.Getpid())), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for {
		if here, err := filepath.Glob(filepath.Join(dir, "here-*")); err == nil && len(here) == 2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
