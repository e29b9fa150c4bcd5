package sql

import (
	"context"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/google/go-cmp/cmp"
)

// A backfill makes exactly the calls that the nightly's share leaves, and the
// nightly has all of its share however the calls are spread.
func TestLedgerSparesTheNightly(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), "a")
	limits := Limits{PerWindow: 20, Window: time.Hour}
	nightly, _ := ledgerOf(s, noon, limits)
	fill, clock := ledgerOf(s, noon, limits)
	fill.Spender = "backfill"
	fill.Spare = func(_ context.Context, start time.Time) (int, error) {
		if start.Equal(noon) {
			return 12, nil
		}
		return 0, nil
	}
	for range 5 { // the nightly's own calls are of its share
		if _, wait, err := nightly.Reserve(ctx, call); wait > 0 || err != nil {
			t.Fatalf("the nightly waits %s (%v)", wait, err)
		}
	}
	if wait, want := wantGrants(t, fill, 8), time.Hour+slack; wait != want {
		t.Errorf("the backfill waits %s, want %s: for the next window", wait, want)
	}
	wantGrants(t, nightly, 7)
	clock.set(noon.Add(time.Hour))
	wantGrants(t, fill, 20) // nothing falls due in this window
}

func TestLeaseHandedOver(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	a, b, c := openAt(t, dir, "process a"), openAt(t, dir, "process b"), openAt(t, dir, "process c")
	must := func(doing string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", doing, err)
		}
	}
	wanted := func(want bool) {
		t.Helper()
		if got, err := a.Wanted(ctx, "stream/patients"); err != nil || got != want {
			t.Errorf("wanted %v (%v), want %v", got, err, want)
		}
	}
	must("take", a.Lease(ctx, "stream/patients", noon, time.Minute))
	must("want one's own", a.Want(ctx, "stream/patients"))
	wanted(false)
	must("want", b.Want(ctx, "stream/patients"))
	must("renew", a.Lease(ctx, "stream/patients", noon.Add(time.Second), time.Minute))
	wanted(true)
	must("hand over", a.HandOver(ctx, "stream/patients", noon, time.Minute))
	for _, s := range []*Store{a, c} {
		if err := s.Lease(ctx, "stream/patients", noon, time.Minute); err == nil {
			t.Errorf("%s came in between", s.holder)
		}
	}
	must("take what was handed over", b.Lease(ctx, "stream/patients", noon, time.Minute))
	must("give back what nobody wants", b.HandOver(ctx, "stream/patients", noon, time.Minute))
	if held, err := a.Leased(ctx, "stream/patients", noon); held != "" || err != nil {
		t.Errorf("held %v (%v) after it was given back", held, err)
	}
	must("take again", a.Lease(ctx, "stream/patients", noon, time.Minute))
	must("want", c.Want(ctx, "stream/patients"))
	must("want no longer", c.Unwant(ctx, "stream/patients"))
	wanted(false)
	if held, err := a.Leased(ctx, "stream/patients", noon.Add(time.Hour)); held != "" || err != nil {
		t.Errorf("held %v (%v) after it ran out", held, err)
	}
}

func TestBackfillRows(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), "a")
	if _, ok, err := s.NewestBackfill(ctx, false); ok || err != nil {
		t.Fatalf("a backfill before any: %v (%v)", ok, err)
	}
	b := Backfill{ID: "20260302T120000Z-aaaa", From: "2025-07-04", To: "2025-12-31", Endpoints: "appointments", Newest: true, By: "Bo Lin"}
	windows := extract.Windows(b.ID, noon.AddDate(0, 0, -200), noon, []string{"appointments", "doctors"}, true, nil)
	if err := s.OpenBackfill(ctx, b, windows, noon); err != nil {
		t.Fatal(err)
	}
	second := b
	second.ID = "20260302T120001Z-bbbb"
	if err := s.OpenBackfill(ctx, second, windows, noon); err == nil {
		t.Error("a second open backfill was taken")
	}
	run := etl.Run{ID: b.ID, At: noon}
	c := etl.Cursor{Endpoint: "doctors", Lane: windows[0].Lane, State: etl.StreamDrained}
	if _, err := s.StagePage(ctx, run, c, []etl.Row{{ID: "1", Hash: []byte{1}, Raw: []byte(`{}`)}}, false); err != nil {
		t.Fatal(err)
	}
	list, err := s.Windows(ctx, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []extract.Window
	for _, w := range list {
		got = append(got, w.Window)
	}
	if diff := cmp.Diff(windows, got); diff != "" {
		t.Errorf("windows (-want +got):\n%s", diff)
	}
	if list[0].State != etl.StreamDrained || list[0].Rows != 1 || list[1].State != etl.StreamNew {
		t.Errorf("windows stand at %+v and %+v", list[0], list[1])
	}
	if drained, err := s.Drained(ctx, "doctors"); !drained || err != nil {
		t.Errorf("an endpoint that was read in full counts as never read (%v)", err)
	}
	open, row := etl.Cursor{Endpoint: "appointments", Lane: windows[1].Lane, State: etl.StreamOpen}, []etl.Row{{ID: "1", Hash: []byte{1}, Raw: []byte(`{}`)}}
	for range 2 { // the second time nothing of it is new
		if _, err := s.StagePage(ctx, run, open, row, false); err != nil {
			t.Fatal(err)
		}
	}
	shown := func() (n int) {
		if err := s.db.GetContext(ctx, &n, "SELECT count(*) FROM shown"); err != nil {
			t.Fatal(err)
		}
		return n
	}
	noted := shown()
	if ended, err := s.EndBackfill(ctx, b.ID, BackfillCancelled, "Ada Roma", noon); !ended || err != nil {
		t.Fatalf("cancel: %v (%v)", ended, err)
	}
	if noted != 1 || shown() != 0 {
		t.Errorf("%d records were noted as shown, and %d after the backfill's end; want 1 and 0", noted, shown())
	}
	if ended, err := s.EndBackfill(ctx, b.ID, BackfillDone, "Bo Lin", noon); ended || err != nil {
		t.Errorf("ended twice: %v (%v)", ended, err)
	}
	if state, err := s.BackfillState(ctx, b.ID); state != BackfillCancelled || err != nil {
		t.Errorf("state %q (%v), want cancelled", state, err)
	}
	audit, err := s.AuditNewest(ctx, 5)
	if err != nil || len(audit) != 2 {
		t.Errorf("%d lines in the audit log, want begin and cancel (%v)", len(audit), err)
	}
}

// A window of days is not the whole stream: what needs the stream still waits.
func TestWindowIsNotTheStream(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), "a")
	c := etl.Cursor{Endpoint: "appointments", Lane: "backfill/b1/2026-01-01", State: etl.StreamDrained}
	if err := s.PutCursor(ctx, etl.Run{ID: "b1", At: noon}, c); err != nil {
		t.Fatal(err)
	}
	if drained, err := s.Drained(ctx, "appointments"); drained || err != nil {
		t.Errorf("drained %v (%v), want false", drained, err)
	}
}

func TestSpan(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), "a")
	rows := []etl.Row{}
	for i, at := range []string{"2025-06-01T10:00:00", "2025-01-01T00:00:00", "", "2025-12-31T23:00:00"} {
		rows = append(rows, etl.Row{ID: string(rune('a' + i)), UpdatedAt: at, Hash: []byte{byte(i)}, Raw: []byte(`{}`)})
	}
	if _, err := s.StagePage(ctx, etl.Run{ID: "r", At: noon}, etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamDrained}, rows, false); err != nil {
		t.Fatal(err)
	}
	got, err := s.Span(ctx, "patients", "2025-06-01")
	if want := (extract.Span{Rows: 4, Since: 3, First: "2025-01-01", Last: "2025-12-31"}); err != nil || got != want {
		t.Errorf("span %+v (%v), want %+v", got, err, want)
	}
}

func TestPageSizes(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), "a")
	for _, c := range []etl.Cursor{
		{Endpoint: "appointments", Lane: "nightly", Page: 10, Rows: 200},
		{Endpoint: "appointments", Lane: "backfill/b/full", Page: 1, Rows: 3}, // one page may be a short one
		{Endpoint: "patients", Lane: "nightly", Page: 2, Rows: 26},
		{Endpoint: "doctors", Lane: "nightly", Page: 2},
	} {
		c.State = etl.StreamDrained
		if err := s.PutCursor(ctx, etl.Run{ID: "r", At: noon}, c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.PageSizes(ctx)
	if diff := cmp.Diff(map[string]int{"appointments": 21, "patients": 17}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
