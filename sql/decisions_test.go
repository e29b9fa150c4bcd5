package sql

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

var decidedAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A bench is a store with records that wait in every way.
type bench struct {
	t *testing.T
	*Store
}

func newBench(t *testing.T) *bench {
	b := &bench{t, openReportStore(t)}
	for i := range 40 {
		b.exec(`INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload) VALUES ('patients', ?, 1, x'01', 'r', 'r', x'00')`, fmt.Sprint(i))
	}
	put := func(object, id string, o etl.Outcome, cause string) int64 {
		var row int64
		if err := b.db.Get(&row, `INSERT INTO target (destination, object, source_endpoint, source_id, outcome, cause, hash, payload, refused_hash, run)
			VALUES ('rethink', ?, 'patients', ?, ?, ?, x'aa', x'00', x'aa', 'r') RETURNING id`, object, id, o, cause); err != nil {
			t.Fatal(err)
		}
		return row
	}
	put("client", "1", etl.Rejected, "refused")
	put("client", "2", etl.Held, etl.CauseCandidates)
	put("client", "3", etl.Held, etl.CauseApproval)
	put("client", "4", etl.Blocked, etl.CauseReference)
	put("client", "5", etl.Held, etl.CauseCandidates)
	for i := range 30 {
		row, key := put("visit", fmt.Sprint(i), etl.Invalid, etl.CodeLookup), "many"
		if i < 3 {
			key = "few"
		}
		b.exec(`INSERT INTO problem VALUES (?, 0, 'f', 'lookup', 'no id', 'gender', ?)`, row, key)
	}
	return b
}

func (b *bench) exec(text string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(text, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) count(text string, args ...any) (n int) {
	b.t.Helper()
	if err := b.db.Get(&n, text, args...); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func shownState(it Item) string { return string(it.Outcome) + " " + it.Cause }

func (b *bench) decide(by string, change func(*Import), asks ...Ask) []Verdict {
	b.t.Helper()
	imp := Import{File: "f0", Run: "r", By: by, At: decidedAt, Apply: true, State: shownState, RuleSize: 25,
		Allows: func(verb string, it Item) string {
			if it.Outcome == etl.Blocked && verb == Retry {
				return "it waits"
			}
			return ""
		},
		People: func(it Item) int {
			if it.Cause == etl.CauseApproval {
				return 2
			}
			return 1
		}}
	if change != nil {
		change(&imp)
	}
	verdicts, _, err := b.Decide(context.Background(), imp, asks)
	if err != nil {
		b.t.Fatal(err)
	}
	return verdicts
}

func (b *bench) want(by string, ask Ask, word string) {
	b.t.Helper()
	if got := b.decide(by, nil, ask)[0]; got.Word != word {
		b.t.Errorf("%s, %+v: %s (%s), want %s", by, ask, got.Word, got.Reason, word)
	}
}

func client(id, verb, value, state string) Ask {
	return Ask{Destination: "rethink", Object: "client", SourceID: id, Verb: verb, Value: value, State: state}
}

func TestEachVerdict(t *testing.T) {
	b := newBench(t)
	old := client("1", Retry, "", "rejected refused")
	old.Run = decidedAt.Add(-WorkbookLife - time.Hour)
	b.want("Ada Roma", old, Expired)
	b.want("Ada Roma", client("99", Retry, "", "rejected refused"), Unknown)
	b.want("Ada Roma", client("1", Retry, "", "invalid lookup"), Stale)
	for shown, want := range map[string]string{"held": "moved on since the workbook was written: it is rejected", "rejected": "rejected as before, but what it holds"} {
		ask := client("1", Retry, "", "rejected and of another payload")
		ask.Outcome = shown
		if v := b.decide("Ada Roma", nil, ask)[0]; v.Word != Stale || !strings.Contains(v.Reason, want) {
			t.Errorf("shown as %s, and rejected now: %+v", shown, v)
		}
	}
	b.want("Ada Roma", client("4", Retry, "", "blocked reference"), NotAllowed)
	b.want("Ada Roma", client("2", Map, "", "held candidates"), Incomplete)
	b.want("Ada Roma", client("1", Retry, "", "rejected refused"), Applied)
	b.want("Bo Lin", client("1", Retry, "", "rejected refused"), Already)
	b.want("Bo Lin", client("1", Skip, "", "rejected refused"), Conflict)
	again := client("1", Retry, "", "rejected refused")
	b.exec(`UPDATE target SET outcome = 'rejected', cause = 'refused' WHERE source_id = '1' AND object = 'client'`)
	again.Run = decidedAt.Add(-time.Hour)
	b.want("Ada Roma", again, Already) // the workbook is older than the decision
	again.Run = decidedAt.Add(time.Hour)
	b.want("Ada Roma", again, Applied) // a run acted on it, and they refused it once more
	b.want("Ada Roma", client("2", Map, "77", "held candidates"), Applied)
	b.want("Ada Roma", client("5", Map, "77", "held candidates"), Conflict) // theirs belongs to another of ours
	approve := client("3", Approve, "", "held approval")
	b.want("Ada Roma", approve, NeedsSecond)
	b.want("Ada Roma", approve, Already)
	b.want(" ada  ROMA", approve, Already) // is nobody else
	late := func(i *Import) { i.At = decidedAt.Add(ApprovalLife + time.Hour) }
	if got := b.decide("Ada Roma", late, approve)[0]; got.Word != Expired {
		t.Errorf("after 72 hours: %+v", got)
	}
	b.want("Bo Lin", approve, Applied)
	got := b.decide("Ada Roma", nil, client("4", Skip, "", "blocked reference"), client("4", Skip, "", "blocked reference"))
	if got[0].Word != Applied || got[1].Word != Duplicate {
		t.Errorf("twice in a workbook: %v", got)
	}
	got = b.decide("Ada Roma", nil, client("5", Map, "78", "held candidates"), client("5", Skip, "", "held candidates"))
	if got[0].Word != Conflict || got[1].Word != Conflict {
		t.Errorf("two minds in a workbook: %v", got)
	}
	if n, err := b.VerifyAudit(context.Background()); err != nil || n < 8 {
		t.Errorf("%d audit lines, %v", n, err)
	}
}

// TestMapOfAFault: what cannot be their id is given to no record and no lookup.
func TestMapOfAFault(t *testing.T) {
	b := newBench(t)
	faulty := func(imp *Import) {
		imp.Fault = func(destination, object, lookup, id string) string {
			return destination + " " + object + lookup + " " + id
		}
	}
	rule := Ask{Destination: "rethink", Lookup: "gender", Key: "few", Verb: Map, Value: "x"}
	for ask, want := range map[Ask]string{client("2", Map, "x", "held candidates"): "rethink client x", rule: "rethink gender x"} {
		if got := b.decide("Ada Roma", faulty, ask)[0]; got.Word != NotAllowed || got.Reason != want {
			t.Errorf("%+v: %+v, want %q", ask, got, want)
		}
	}
}

// TestRetryOfAnUnknownID: a person who found nothing there lets a part go again,
// with its record, which is sent and not compared: a look would not show it.
func TestRetryOfAnUnknownID(t *testing.T) {
	b := newBench(t)
	b.exec(`INSERT INTO target (destination, object, source_endpoint, source_id, payload, hash, acked_hash, outcome, run)
		VALUES ('rethink', 'client', 'patients', '70', x'7b7d', x'c1', x'c1', 'unchanged', 'r')`)
	b.exec(`INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, slot, payload, hash, acked_hash, outcome, cause, run)
		VALUES ('rethink', 'funder', 'patients', '70/primary', '70', 'clientFunders', x'7b7d', x'f1', x'', 'held', 'no_id', 'r')`)
	b.want("Ada Roma", Ask{Destination: "rethink", Object: "funder", SourceID: "70/primary", Verb: Retry, State: "held no_id"}, Applied)
	if n := b.count(`SELECT count(*) FROM target WHERE source_id = '70/primary' AND outcome = 'failed' AND acked_hash IS NULL`); n != 1 {
		t.Error("the funder is not due")
	}
	if n := b.count(`SELECT count(*) FROM target WHERE source_id = '70' AND outcome = 'failed' AND acked_hash = x''`); n != 1 {
		t.Error("its client is not due, as one that is known")
	}
}

func TestRulesAndPeople(t *testing.T) {
	b := newBench(t)
	rule := func(key, id string) Ask {
		return Ask{Destination: "rethink", Lookup: "gender", Key: key, Verb: Map, Value: id}
	}
	lookups := func() int { return b.count(`SELECT count(*) FROM lookup`) }
	b.want("Ada Roma", rule("few", "1"), Applied)
	b.want("Ada Roma", rule("few", "1"), Already)
	b.want("Bo Lin", rule("few", "2"), Conflict)
	b.want("Ada Roma", rule("none", "2"), Stale)
	b.want("Ada Roma", rule("many", ""), Incomplete)
	b.want("Ada Roma", Ask{Destination: "rethink", Lookup: "gender", Key: "many", Verb: Skip}, NotAllowed)
	b.want("Ada Roma", rule("many", "2"), NeedsSecond)
	row := Ask{Destination: "rethink", Object: "visit", SourceID: "9", Verb: Map, Value: "2", State: "invalid lookup"}
	b.want("Ada Roma", row, Already) // one row of the worklist moves as many
	if lookups() != 1 {
		t.Fatal("one person moved more than 25 records")
	}
	b.want("Bo Lin", row, Applied)
	if lookups() != 2 {
		t.Error("two people did not move them")
	}
}

// Rows of a workbook that give a value several ids are told of each other, and
// none of them is taken.
func TestAValueWithSeveralIDs(t *testing.T) {
	b := newBench(t)
	visit := func(id, value string) Ask {
		return Ask{Destination: "rethink", Object: "visit", SourceID: id, Verb: Map, Value: value, State: "invalid lookup", Where: "row " + id + " of sheet Worklist"}
	}
	rule := Ask{Destination: "rethink", Lookup: "gender", Key: "few", Verb: Map, Value: "12", Where: "row 4 of sheet Rules"}
	got := b.decide("Ada Roma", nil, visit("0", "12"), visit("1", "xx yy"), visit("2", "12"), rule, visit("9", "12"))
	first, other := "row 0 of sheet Worklist of this file says MAP to 12; choose one", "row 1 of sheet Worklist of this file says MAP to xx yy; choose one"
	for i, want := range []string{other, first, other, other} {
		if got[i] != (Verdict{Conflict, want}) {
			t.Errorf("row %d: %v, want %s", i, got[i], want)
		}
	}
	if n := b.count(`SELECT count(*) FROM lookup`); n != 0 {
		t.Errorf("%d values were mapped", n)
	}
	got = b.decide("Ada Roma", nil, visit("0", "12"), visit("1", "12"), rule)
	if got[0].Word != Applied || got[1].Word != Already || got[2].Word != Already {
		t.Errorf("the same id for each: %v", got)
	}
}

// A MAP on one row is one decision, though it writes a rule beside its own line.
func TestUndoCountsAMapOnce(t *testing.T) {
	b, ctx := newBench(t), context.Background()
	b.want("Ada Roma", Ask{Destination: "rethink", Object: "visit", SourceID: "1", Verb: Map, Value: "2", State: "invalid lookup"}, Applied)
	list, err := b.Undo(ctx, 1, "Bo Lin", decidedAt.Add(time.Minute))
	if err != nil || len(list) != 1 || list[0].SourceID != "1" || !list[0].Undone {
		t.Errorf("taken back: %+v (%v), want the row alone", list, err)
	}
	if n := b.count(`SELECT count(*) FROM lookup`); n != 0 {
		t.Errorf("%d rows of lookups stand", n)
	}
	if n := b.count(`SELECT count(*) FROM audit WHERE action = 'undo' AND detail LIKE '1 of 1 %'`); n != 1 {
		t.Error("the audit log counts otherwise")
	}
}

// TestMapTakesPartsAlong: ids of parts that were learnt with another id are another
// record's, until the decision is taken back.
func TestMapTakesPartsAlong(t *testing.T) {
	b := newBench(t)
	b.exec(`INSERT INTO shape (destination, object, seq, context) VALUES ('rethink', 'funder', 1, '')`)
	b.exec(`INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, slot, outcome, hash, payload, acked_hash, run)
		VALUES ('rethink', 'funder', 'patients', '2/primary', '2', 'funders', 'unchanged', x'aa', x'00', x'aa', 'r')`)
	b.exec(`INSERT INTO crosswalk VALUES ('rethink', 'client', '2', '70', 'natural_key', 'r'), ('rethink', 'funder', '2/primary', '700', 'created', 'r')`)
	b.exec(`UPDATE target SET acked_hash = hash, acked_payload = payload WHERE object = 'client' AND source_id = '2'`) // by the wrong one
	b.want("Ada Roma", client("2", Map, "77", "held candidates"), Applied)
	if n := b.count(`SELECT count(*) FROM target WHERE object = 'client' AND source_id = '2' AND outcome = 'failed' AND acked_hash IS NULL AND acked_payload IS NULL`); n != 1 {
		t.Error("what the other record acknowledged counts for this one")
	}
	if n := b.count(`SELECT count(*) FROM crosswalk WHERE object = 'funder'`); n != 0 {
		t.Error("its part is still linked to a part of the other record")
	}
	if n := b.count(`SELECT count(*) FROM target WHERE object = 'funder' AND outcome = 'failed' AND acked_hash IS NULL`); n != 1 {
		t.Error("its part is not looked for with the right record")
	}
	if _, err := b.Undo(context.Background(), 1, "Bo Lin", decidedAt.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := b.count(`SELECT count(*) FROM crosswalk WHERE object || source_id || target_id IN ('client270', 'funder2/primary700')`); n != 2 {
		t.Errorf("%d of 2 links stand as before, once it is taken back", n)
	}
}

func TestNothingIsHalfApplied(t *testing.T) {
	b := newBench(t)
	good, bad := client("1", Retry, "", "rejected refused"), client("4", Retry, "", "blocked reference")
	for name, change := range map[string]func(*Import){NotTaken: func(i *Import) { i.Strict = true }, Applied: func(i *Import) { i.Apply = false }} {
		if got := b.decide("Ada Roma", change, good, bad); got[0].Word != name || got[1].Word != NotAllowed {
			t.Errorf("%v, want the good row %s and the bad one %s", got, name, NotAllowed)
		}
		for _, table := range []string{"decision", "import", "audit"} {
			if n := b.count(`SELECT count(*) FROM ` + table); n != 0 {
				t.Errorf("%s: %d rows in %s", name, n, table)
			}
		}
	}
	if n := b.count(`SELECT count(*) FROM target WHERE source_id = '1' AND outcome = 'rejected'`); n != 1 {
		t.Error("it was retried all the same")
	}
}

func TestAnImportOfWhichNothingIsTakenBackStands(t *testing.T) {
	b := newBench(t)
	b.decide("Ada Roma", nil, client("1", Retry, "", "rejected refused"))
	b.exec(`INSERT INTO run (id, trigger, started_at, version, rules) VALUES ('r9', 'operator', ?, 'v', 'x')`, stamp(decidedAt.Add(time.Hour)))
	if list, err := b.Undo(context.Background(), 1, "Bo Lin", decidedAt.Add(2*time.Hour)); err != nil || len(list) != 1 || list[0].Undone {
		t.Errorf("%+v, %v: want what the run acted on as it is", list, err)
	}
	if n := b.count(`SELECT count(*) FROM import WHERE undone_at = ''`); n != 1 {
		t.Error("the import counts as undone")
	}
}

func TestUndo(t *testing.T) {
	b, ctx := newBench(t), context.Background()
	all := []Ask{client("1", Retry, "", "rejected refused"), client("2", Map, "77", "held candidates"), client("4", Skip, "", "blocked reference"),
		{Destination: "rethink", Lookup: "gender", Key: "few", Verb: Map, Value: "1"}}
	b.decide("Ada Roma", nil, all...)
	if _, err := b.Undo(ctx, 1, "Bo Lin", decidedAt.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		`SELECT count(*) FROM decision WHERE undone_at <> ''`: 4,
		`SELECT count(*) FROM lookup`:                         0,
		`SELECT count(*) FROM crosswalk`:                      0,
		`SELECT count(*) FROM target WHERE object = 'client' AND source_id = '1' AND outcome = 'rejected' AND refused_hash = x'aa'`: 1,
		`SELECT count(*) FROM target WHERE object = 'client' AND source_id = '2' AND outcome = 'held' AND cause = 'candidates'`:     1} {
		if got := b.count(text); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	b.decide("Ada Roma", nil, all...)
	b.exec(`INSERT INTO run (id, trigger, started_at, version, rules) VALUES ('r9', 'operator', ?, 'v', 'x')`, stamp(decidedAt.Add(time.Hour)))
	list, err := b.Undo(ctx, 2, "Bo Lin", decidedAt.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	undone := map[string]bool{}
	for _, u := range list {
		undone[u.Verb+u.SourceID] = u.Undone
	}
	for _, u := range list {
		if stays := strings.Contains(u.Reason, "sent with 1 since then stays at the destination"); stays != (u.Lookup != "") {
			t.Errorf("%s%s: %q", u.Verb, u.SourceID, u.Reason)
		}
	}
	for what, want := range map[string]bool{"RETRY1": false, "MAP2": false, "SKIP4": true, "MAP": true} {
		if undone[what] != want {
			t.Errorf("after a run, %s undone: %v, want %v", what, undone[what], want)
		}
	}
	if _, err := b.Undo(ctx, 7, "Bo Lin", decidedAt); err == nil {
		t.Error("an import that never was is undone")
	}
	for _, text := range []string{`DELETE FROM decision`, `UPDATE decision SET by = 'x'`, `UPDATE decision SET undone_at = '' WHERE undone_at <> ''`} {
		if _, err := b.db.Exec(text); err == nil {
			t.Errorf("the log let %s by", text)
		}
	}
}
