package sql

import (
	"errors"
	"fmt"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// several are the intents to create as many records.
func (l *ledger) several(n int) (intents []load.Intent) {
	l.Helper()
	var put []etl.Target
	for i := range n {
		put = append(put, etl.Target{Destination: "there", Object: "client", Source: etl.Ref{Endpoint: "patients", ID: fmt.Sprint(10 + i)},
			Payload: []byte(`{"a":1}`), Hash: fmt.Append(nil, "h", i), Outcome: etl.Failed, Cause: etl.CauseNotSent})
	}
	l.must(l.PutTargets(l.Context(), l.run, put, nil))
	for _, t := range put {
		d := etl.Delivery{Destination: "there", Object: "client", SourceID: t.Source.ID, Op: etl.Create, Hash: t.Hash, Body: t.Payload}
		l.must(l.db.Get(&d.TargetRow, "SELECT id FROM target WHERE source_id = ?", d.SourceID))
		intents = append(intents, load.Intent{Delivery: d, At: l.now, Deadline: l.now})
	}
	return intents
}

// TestRefusedIntentIsNamed by its place in the group, of which nothing is saved.
func TestRefusedIntentIsNamed(t *testing.T) {
	l := openLedger(t, "client")
	intents := l.several(3)
	_, err := l.Commit(t.Context(), l.run, nil, nil, intents[1:2])
	l.must(err)
	_, err = l.Commit(t.Context(), l.run, nil, nil, intents)
	var refused *load.IntentError
	if !errors.As(err, &refused) || refused.N != 1 || refused.Unapproved {
		t.Errorf("got %v, want the second of them refused because it is open", err)
	}
	var n int
	l.must(l.db.Get(&n, "SELECT count(*) FROM delivery"))
	if n != 1 {
		t.Errorf("%d deliveries are saved, want the one from before", n)
	}
}

// TestAnIntentHasAHash: without it no later payload could be told from the one
// that was sent, so the database refuses it.
func TestAnIntentHasAHash(t *testing.T) {
	l := openLedger(t, "client")
	intents := l.several(1)
	intents[0].Hash = nil
	_, err := l.Commit(t.Context(), l.run, nil, nil, intents)
	refused(t, "an intent without a hash", err, "NOT NULL")
}

// TestAnswersOfAGroup reach each its own record.
func TestAnswersOfAGroup(t *testing.T) {
	l := openLedger(t, "client")
	intents := l.several(5)
	ids, err := l.Commit(t.Context(), l.run, nil, nil, intents)
	l.must(err)
	kinds := []load.Kind{load.Acknowledged, load.Rejected, load.Acknowledged, load.Unknown, load.Accepted}
	var done []load.Done
	for i, kind := range kinds {
		d := load.Done{Delivery: intents[i].Delivery, Answer: load.Answer{Kind: kind}, Attempts: i, SettledBy: load.ByAnswer, At: l.now}
		d.ID = ids[i]
		if kind == load.Acknowledged {
			d.Answer.TargetID = "t" + d.SourceID
		}
		done = append(done, d)
	}
	_, err = l.db.Exec("UPDATE target SET hash = x'00' WHERE source_id = '12'") // its source changed meanwhile
	l.must(err)
	_, err = l.Commit(t.Context(), l.run, done, nil, nil)
	l.must(err)
	var got []string
	l.must(l.db.Select(&got, `SELECT t.source_id || ' ' || t.outcome || ' ' || t.attempts || ' ' || d.state || ' ' || d.target_id || ' ' || coalesce(c.target_id, '')
		FROM delivery d JOIN target t ON t.id = d.target LEFT JOIN crosswalk c ON c.source_id = t.source_id ORDER BY 1`))
	want := []string{"10 created 0 acknowledged t10 t10", "11 rejected 1 rejected  ", "12 failed 2 acknowledged t12 t12", "13 uncertain 3 uncertain  ", "14 uncertain 4 uncertain  "}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
