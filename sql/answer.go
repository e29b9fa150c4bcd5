package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// deliveryState is the ledger's word for a kind of answer.
var deliveryState = map[load.Kind]string{
	load.Acknowledged: "acknowledged", load.Rejected: "rejected", load.Unknown: "uncertain",
	load.NotSent: "failed", load.Throttled: "failed", load.Exists: "failed", load.Denied: "failed", load.Accepted: "uncertain",
}

func (s *Store) answer(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.SettledBy == load.ByProbe {
		if open, err := isOpen(ctx, tx, d.ID); err != nil || !open {
			return err // a callback was faster
		}
	}
	d, err := anothers(ctx, tx, d)
	if err != nil {
		return err
	}
	if err := enter(ctx, tx, d); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems"), d.TargetRow); err != nil {
		return err
	}
	switch d.Answer.Kind {
	case load.Acknowledged:
		return s.acknowledge(ctx, tx, run, d)
	case load.Rejected:
		return s.refuse(ctx, tx, run, refusal{d.TargetRow, d.Hash, etl.Rejected, d.Answer.Problem, d.Answer.Status, d.Attempts,
			s.words(d.Answer.Words, d.Destination, d.Object, d.SourceID)})
	}
	if err := s.unsent(ctx, tx, run, d); err != nil {
		return err
	}
	if d.Answer.Kind == load.Exists && d.Op == etl.Discharge { // never sent again by the machine
		return s.refuse(ctx, tx, run, refusal{d.TargetRow, d.Hash, etl.Held, d.Answer.Problem, d.Answer.Status, d.Attempts, nil})
	}
	m := waiting(d)
	_, err = tx.ExecContext(ctx, query("mark-target"), m.Outcome, m.Cause, m.Problem.Field, m.Problem.Code, m.Problem.Message,
		d.Answer.Status, d.Attempts, run.ID, d.TargetRow)
	return err
}

// enter writes an answer into the ledger.
func enter(ctx context.Context, tx *sqlx.Tx, d load.Done) error {
	state, ok := deliveryState[d.Answer.Kind]
	if !ok {
		return fmt.Errorf("an answer of unknown kind %q", d.Answer.Kind)
	}
	if d.Answer.Kind == load.Accepted {
		_, err := tx.ExecContext(ctx, query("accept-delivery"), stamp(d.At), d.Answer.Phase, d.Answer.Status, d.Answer.Ticket,
			stamp(d.At.Add(d.Answer.After)), d.ID)
		return err
	}
	_, err := tx.ExecContext(ctx, query("answer-delivery"), state, stamp(d.At), d.Answer.Phase, d.Answer.Status,
		d.Answer.Problem.Code, d.Answer.TargetID, d.SettledBy, d.Evidence, d.ID)
	return err
}

// unsent keeps what a look showed of a delivery that is to be sent again: ids
// of what travels inside it, which would be created twice without them.
func (s *Store) unsent(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.SettledBy != load.ByProbe || d.Op != etl.Update {
		return nil
	}
	for _, n := range d.Needs {
		if id := d.Answer.Inside[n.Path].TargetID; id != "" {
			if _, err := tx.ExecContext(ctx, query("put-crosswalk"), d.Destination, n.Object, n.ID, id, d.How, run.ID); err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, query("doubt-target"), d.TargetRow)
	return err
}

// waiting is where a target stands whose delivery was neither taken nor
// refused.
func waiting(d load.Done) load.Mark {
	mark := func(o etl.Outcome, cause, message string) load.Mark {
		return load.Mark{Outcome: o, Cause: cause, Problem: etl.Problem{Code: cause, Message: message}}
	}
	switch d.Answer.Kind {
	case load.Unknown:
		if d.Answer.Problem.Message != "" {
			return load.Mark{Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer, Problem: d.Answer.Problem}
		}
		if d.Op == etl.Discharge {
			return mark(etl.Uncertain, etl.CauseNoAnswer, "it was sent and no answer came: probably it is applied, so it is never sent again; look in the registry, then say so with `chartbridge uncertain resolve`")
		}
		return mark(etl.Uncertain, etl.CauseNoAnswer, "it was sent and no answer came; it rests and is then asked after")
	case load.Accepted:
		return mark(etl.Uncertain, etl.CauseAccepted, "they took it, and their answer comes later by a callback")
	case load.Denied:
		return mark(etl.Failed, etl.CauseUnreached, "the destination refused our credentials; check them with `chartbridge check`")
	case load.Exists:
		return mark(etl.Held, etl.CauseExists, "the destination says that it is there already, but not under our external id; give its id with `chartbridge crosswalk import`")
	case load.Throttled:
		return mark(etl.Failed, etl.CauseUnreached, "the destination asked us to slow down; it goes with the next run")
	}
	if d.SettledBy == load.ByProbe {
		return mark(etl.Failed, etl.CauseNotSent, "")
	}
	return mark(etl.Failed, etl.CauseUnreached, "the destination could not be reached; it goes with the next run")
}

func (s *Store) acknowledge(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	outcome := etl.Created
	if d.Op == etl.Update {
		outcome = etl.Updated
	}
	_, err := tx.ExecContext(ctx, query("acknowledge-target"), d.Hash, outcome, d.Answer.Status, d.Attempts, run.ID, d.TargetRow)
	if err != nil {
		return err
	}
	if d.Answer.TargetID != "" {
		how := d.How
		if how == "" {
			how = "created"
		}
		if _, err := tx.ExecContext(ctx, query("put-crosswalk"), d.Destination, d.Object, d.SourceID, d.Answer.TargetID, how, run.ID); err != nil {
			return err
		}
	}
	for _, n := range d.Needs {
		if !isInside(n) {
			continue
		}
		if err := s.acknowledgeInside(ctx, tx, run, d, n); err != nil {
			return fmt.Errorf("%s %s inside it: %w", n.Object, n.ID, err)
		}
	}
	return nil
}

// isInside reports whether a need stands for the id of an object in an array.
func isInside(n etl.Need) bool {
	for _, r := range n.Path {
		if r == '.' {
			return n.Optional
		}
	}
	return false
}

// acknowledgeInside gives an object that travelled inside another its own
// outcome: a vendor may take the one and refuse the other in the same answer.
func (s *Store) acknowledgeInside(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done, n etl.Need) error {
	var t struct {
		ID    int64
		Hash  []byte
		Acked []byte `db:"acked_hash"`
	}
	answer, err := insideAnswer(ctx, tx, d, n)
	if err != nil {
		return err
	}
	err = tx.GetContext(ctx, &t, query("inside-target"), d.Destination, n.Object, n.ID, d.SourceID)
	if errors.Is(err, sql.ErrNoRows) { // the source lost it while the delivery was open; its id is kept
		if answer.TargetID == "" {
			return nil
		}
		_, err := tx.ExecContext(ctx, query("put-crosswalk"), d.Destination, n.Object, n.ID, answer.TargetID, "created", run.ID)
		return err
	}
	if err != nil {
		return err
	}
	switch {
	case answer.Problem.Message != "":
		return s.refuse(ctx, tx, run, refusal{t.ID, t.Hash, etl.Rejected, answer.Problem, d.Answer.Status, 1,
			s.words(answer.Words, d.Destination, n.Object, n.ID)})
	case answer.TargetID == "":
		_, err := tx.ExecContext(ctx, query("mark-target"), etl.Held, "no_id", "", "no_id",
			"it was taken with its record, but no id came back; find it there and give its id with `chartbridge crosswalk import`",
			d.Answer.Status, 1, run.ID, t.ID)
		return err
	}
	if _, err := tx.ExecContext(ctx, query("put-crosswalk"), d.Destination, n.Object, n.ID, answer.TargetID, "created", run.ID); err != nil {
		return err
	}
	outcome := etl.Created
	if string(t.Acked) == string(t.Hash) {
		outcome = etl.Unchanged
	} else if t.Acked != nil {
		outcome = etl.Updated
	}
	_, err = tx.ExecContext(ctx, query("acknowledge-target"), t.Hash, outcome, d.Answer.Status, 1, run.ID, t.ID)
	return err
}

// insideAnswer is the answer for what travelled inside. An update may echo no
// id: then it is the one that we sent or, where the delivery was settled later,
// the one that we know.
func insideAnswer(ctx context.Context, tx *sqlx.Tx, d load.Done, n etl.Need) (load.Nested, error) {
	answer := d.Answer.Inside[n.Path]
	if answer.TargetID != "" {
		return answer, nil
	}
	if answer.TargetID = d.Filled[n.Path]; answer.TargetID != "" || d.Filled != nil {
		return answer, nil
	}
	err := tx.GetContext(ctx, &answer.TargetID, query("crosswalk-one"), d.Destination, n.Object, n.ID)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return answer, err
}

// A refusal is a payload that the destination did not take: it is not sent
// again while it is the same.
type refusal struct {
	target   int64
	hash     []byte
	outcome  etl.Outcome
	problem  etl.Problem
	status   int
	attempts int
	words    []byte // the vendor's, sealed
}

// mostWords caps what is kept of a vendor's sentence, in bytes.
const mostWords = 2000

// words seals what a vendor said of a record; "" is nothing.
func (s *Store) words(text, destination, object, sourceID string) []byte {
	if text == "" {
		return nil
	}
	return s.seal.Seal([]byte(strings.ToValidUTF8(text[:min(len(text), mostWords)], "")), "target", destination, object, sourceID)
}

func (s *Store) refuse(ctx context.Context, tx *sqlx.Tx, run etl.Run, r refusal) error {
	cause, p := r.problem.Code, r.problem
	if cause == "" {
		cause = "refused"
	}
	_, err := tx.ExecContext(ctx, query("refuse-target"), r.hash, r.outcome, cause, p.Field, p.Code, p.Message, r.status, r.attempts, run.ID, r.words, r.target)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems"), r.target); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("put-problem"), r.target, 0, p.Field, p.Code, p.Message, p.Lookup, p.Key)
	return err
}
