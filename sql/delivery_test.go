package sql

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// A ledger is a store with one target, and the words to send it.
type ledger struct {
	*testing.T
	*Store
	now    time.Time
	run    etl.Run
	target int64
}

func openLedger(t *testing.T, object string) *ledger {
	t.Helper()
	l := &ledger{T: t, Store: openReportStore(t), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	l.run = etl.Run{ID: "r1", At: l.now}
	put := etl.Target{Destination: "there", Object: object, Source: etl.Ref{Endpoint: "patients", ID: "1"},
		Payload: []byte(`{"a":1}`), Hash: []byte("h1"), Outcome: etl.Failed, Cause: etl.CauseNotSent}
	l.must(l.PutTargets(t.Context(), l.run, []etl.Target{put}, nil))
	l.must(l.db.Get(&l.target, "SELECT id FROM target"))
	return l
}

func (l *ledger) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *ledger) delivery(op etl.Op) etl.Delivery {
	object := "client"
	if op == etl.Discharge {
		object = "discharge"
	}
	return etl.Delivery{TargetRow: l.target, Destination: "there", Object: object, SourceID: "1", Op: op,
		Hash: []byte("h1"), Body: []byte(`{"a":1}`)}
}

// intend commits the intent of a delivery.
func (l *ledger) intend(op etl.Op) (etl.Delivery, error) {
	d := l.delivery(op)
	ids, err := l.Commit(context.Background(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now.Add(time.Minute)}})
	if err == nil {
		d.ID = ids[0]
	}
	return d, err
}

func (l *ledger) answered(d etl.Delivery, kind load.Kind) error {
	done := load.Done{Delivery: d, Answer: load.Answer{Kind: kind, TargetID: "77"}, Attempts: 1, SettledBy: "answer", At: l.now}
	_, err := l.Commit(context.Background(), l.run, []load.Done{done}, nil, nil)
	return err
}

func refused(t *testing.T, what string, err error, word string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), word) {
		t.Errorf("%s: got %v, want it refused (%s)", what, err, word)
	}
}

// TestOneLiveCreate: the database itself refuses a second create of a record
// while the first is open or was acknowledged.
func TestOneLiveCreate(t *testing.T) {
	tests := []struct {
		first load.Kind // "" = no answer was saved
		again bool
	}{
		{"", false}, {load.Unknown, false}, {load.Acknowledged, false},
		{load.Rejected, true}, {load.NotSent, true}, {load.Throttled, true}, {load.Denied, true}, {load.Exists, true},
	}
	for _, tt := range tests {
		l := openLedger(t, "client")
		d, err := l.intend(etl.Create)
		l.must(err)
		if tt.first != "" {
			l.must(l.answered(d, tt.first))
		}
		if _, err = l.intend(etl.Create); tt.again {
			l.must(err)
		} else {
			refused(t, "a second create after "+string(tt.first), err, "UNIQUE")
		}
	}
}

// TestOneOpenDelivery: nothing is sent of a record while an earlier delivery of
// it is open.
func TestOneOpenDelivery(t *testing.T) {
	for _, first := range []load.Kind{"", load.Unknown} {
		l := openLedger(t, "client")
		d, err := l.intend(etl.Update)
		l.must(err)
		if first != "" {
			l.must(l.answered(d, first))
		}
		_, err = l.intend(etl.Update)
		refused(t, "a second update", err, "UNIQUE")
	}
	l := openLedger(t, "client")
	for range 3 {
		d, err := l.intend(etl.Update)
		l.must(err)
		l.must(l.answered(d, load.Acknowledged))
	}
}

// TestNoStepBack: a settled delivery keeps its state.
func TestNoStepBack(t *testing.T) {
	for _, first := range []load.Kind{load.Acknowledged, load.Rejected, load.NotSent} {
		l := openLedger(t, "client")
		d, err := l.intend(etl.Create)
		l.must(err)
		l.must(l.answered(d, first))
		refused(t, "unknown after "+string(first), l.answered(d, load.Unknown), "settled")
		for _, state := range []string{"intent", "uncertain", "void"} {
			_, err := l.db.Exec("UPDATE delivery SET state = ?", state)
			refused(t, state+" after "+string(first), err, "settled")
		}
	}
	l := openLedger(t, "client")
	d, err := l.intend(etl.Create)
	l.must(err)
	for _, state := range []load.Kind{load.Unknown, load.Acknowledged} {
		_, err := l.db.Exec("DELETE FROM delivery")
		refused(t, "to delete an open delivery", err, "open")
		l.must(l.answered(d, state))
	}
}

func (l *ledger) approve(by, hash string, at time.Time, life time.Duration) {
	l.Helper()
	_, err := l.db.Exec(`INSERT INTO approval (destination, object, source_id, hash, by, at, expires_at) VALUES ('there', 'discharge', '1', ?, ?, ?, ?)`,
		[]byte(hash), by, stamp(at), stamp(at.Add(life)))
	l.must(err)
}

// TestUnapprovedDischarge: the database itself refuses a discharge that was not
// approved as it stands, by as many people as it takes, not too long ago.
func TestUnapprovedDischarge(t *testing.T) {
	const life = 72 * time.Hour
	hour := func(n int) time.Time { return time.Date(2026, 3, 1, 8+n, 0, 0, 0, time.UTC) }
	tests := []struct {
		name      string
		approvers int // 0 = never told
		approve   func(*ledger)
		ok        bool
	}{
		{"nobody", 1, func(*ledger) {}, false},
		{"one of one", 1, func(l *ledger) { l.approve("ana", "h1", hour(-1), life) }, true},
		{"another payload", 1, func(l *ledger) { l.approve("ana", "h0", hour(-1), life) }, false},
		{"too long ago", 1, func(l *ledger) { l.approve("ana", "h1", hour(-72), life) }, false},
		{"just in time", 1, func(l *ledger) { l.approve("ana", "h1", hour(-71), life) }, true},
		{"in the future", 1, func(l *ledger) { l.approve("ana", "h1", hour(1), life) }, false},
		{"one of two", 2, func(l *ledger) { l.approve("ana", "h1", hour(-1), life) }, false},
		{"two of two", 2, func(l *ledger) {
			l.approve("ana", "h1", hour(-2), life)
			l.approve("ben", "h1", hour(-1), life)
		}, true},
		{"two, for different payloads", 2, func(l *ledger) {
			l.approve("ana", "h0", hour(-2), life)
			l.approve("ana", "h1", hour(-2), life)
			l.approve("ben", "h0", hour(-1), life)
		}, false},
		{"number of approvers not set", 0, func(l *ledger) { l.approve("ana", "h1", hour(-1), life) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := openLedger(t, "discharge")
			if tt.approvers > 0 {
				l.must(l.SetApprovers(t.Context(), tt.approvers))
			}
			tt.approve(l)
			d, err := l.intend(etl.Discharge)
			if !tt.ok {
				refused(t, "a discharge", err, "approval")
				return
			}
			l.must(err)
			l.must(l.answered(d, load.Unknown))
			_, err = l.intend(etl.Discharge)
			refused(t, "a second discharge after a lost answer", err, "UNIQUE")
		})
	}
}

// TestCommitIsWhole: where one part fails, nothing of it is saved.
func TestCommitIsWhole(t *testing.T) {
	l := openLedger(t, "client")
	d, err := l.intend(etl.Create)
	l.must(err)
	done := load.Done{Delivery: d, Answer: load.Answer{Kind: load.Acknowledged, TargetID: "77"}, SettledBy: "answer", At: l.now}
	second := load.Intent{Delivery: l.delivery(etl.Create), At: l.now, Deadline: l.now}
	_, err = l.Commit(t.Context(), l.run, []load.Done{done}, nil, []load.Intent{second})
	refused(t, "a second create with the answer of the first", err, "UNIQUE")
	var state, outcome string
	l.must(l.db.Get(&state, "SELECT state FROM delivery"))
	l.must(l.db.Get(&outcome, "SELECT outcome FROM target"))
	if state != "intent" || outcome != "failed" {
		t.Errorf("the delivery is %s and its target %s, want intent and failed as before", state, outcome)
	}
	_, err = l.Commit(t.Context(), l.run, []load.Done{{Delivery: d, Answer: load.Answer{Kind: "guess"}}}, nil, nil)
	refused(t, "an unknown kind of answer", err, "guess")
}

// TestOrphansRest: an intent of a dead process becomes uncertain, and is asked
// after only once the process is long enough dead.
func TestOrphansRest(t *testing.T) {
	l := openLedger(t, "client")
	d, err := l.intend(etl.Create)
	l.must(err)
	open := func(before time.Time) int {
		list, err := l.OpenDeliveries(t.Context(), "there", before)
		l.must(err)
		for _, o := range list {
			if o.ID != d.ID || !bytes.Equal(o.Body, d.Body) || o.Op != d.Op {
				t.Errorf("got %+v, want the delivery as it was sent", o)
			}
		}
		return len(list)
	}
	deadline, death := l.now.Add(time.Minute), l.now.Add(time.Second)
	if got := open(deadline.Add(time.Hour)); got != 0 {
		t.Errorf("%d open before its process is dead, want 0", got)
	}
	l.must(l.Orphans(t.Context(), l.run, "elsewhere", death))
	if got := open(deadline.Add(time.Hour)); got != 0 {
		t.Errorf("%d open after another destination's orphans, want 0", got)
	}
	l.must(l.Orphans(t.Context(), l.run, "there", death))
	var outcome string
	l.must(l.db.Get(&outcome, "SELECT outcome FROM target"))
	if outcome != "uncertain" {
		t.Errorf("its target is %s, want uncertain", outcome)
	}
	if got := open(death); got != 0 {
		t.Errorf("%d open at the death of its process, want 0", got)
	}
	if got := open(death.Add(time.Second)); got != 1 {
		t.Errorf("%d open after it, want 1", got)
	}
}

// TestDeliveriesAreSealed: what was sent lies sealed, and opens only in its
// own row.
func TestDeliveriesAreSealed(t *testing.T) {
	l := openLedger(t, "client")
	d := l.delivery(etl.Create)
	d.Body = []byte(`{"lastName":"Roma Roma Roma Roma"}`)
	_, err := l.Commit(t.Context(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now}})
	l.must(err)
	var blob []byte
	l.must(l.db.Get(&blob, "SELECT payload FROM delivery"))
	if bytes.Contains(blob, []byte("Roma")) {
		t.Error("the payload lies open in the database")
	}
	l.must(l.Orphans(t.Context(), l.run, "there", l.now))
	_, err = l.db.Exec("UPDATE delivery SET source_id = '2'")
	l.must(err)
	_, err = l.OpenDeliveries(t.Context(), "there", l.now.Add(time.Hour))
	refused(t, "a payload moved to another record", err, "another row")
}

func TestDeliveryQueriesPrepare(t *testing.T) {
	s := openReportStore(t)
	for name, text := range queries {
		stmt, err := s.db.Prepare(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := stmt.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
