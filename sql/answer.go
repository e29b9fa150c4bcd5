package sql

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// deliveryState is the ledger's word for a kind of answer.
var deliveryState = map[load.Kind]string{
	load.Acknowledged: "acknowledged", load.Rejected: "rejected", load.Unknown: "uncertain",
	load.NotSent: "failed", load.Throttled: "failed", load.Exists: "failed", load.Denied: "failed", load.Astray: "failed", load.Accepted: "uncertain",
}

// answers saves what came of deliveries: together what their requests brought,
// one by one what a look found, since a callback may have been faster, and what
// is there another's by then. What a callback brings or a person says comes
// alone (Complete, Resolve).
func (s *Store) answers(ctx context.Context, tx *sqlx.Tx, run etl.Run, done []load.Done) error {
	var together []load.Done
	for _, d := range done {
		if d.SettledBy == load.ByAnswer {
			together = append(together, d)
			continue
		}
		if err := s.answer(ctx, tx, run, d); err != nil {
			return fmt.Errorf("save the answer for %s %s %s: %w", d.Destination, d.Object, d.SourceID, err)
		}
	}
	return s.enter(ctx, tx, run, together)
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
	return s.enter(ctx, tx, run, []load.Done{d})
}

// An entry is an answer as the ledger takes it.
type entry struct {
	ID        int64      `json:"id"`
	State     string     `json:"state"`
	At        string     `json:"at"`
	Phase     load.Phase `json:"phase"`
	Status    int        `json:"status"`
	Code      string     `json:"code"`
	TargetID  string     `json:"target_id"`
	SettledBy string     `json:"settled_by"`
	Evidence  string     `json:"evidence"`
}

// enter writes answers into the ledger, and what they make of the targets.
func (s *Store) enter(ctx context.Context, tx *sqlx.Tx, run etl.Run, done []load.Done) error {
	if len(done) == 0 {
		return nil
	}
	entries, targets, taken := []entry{}, make([]int64, len(done)), []load.Done{}
	for i, d := range done {
		state, ok := deliveryState[d.Answer.Kind]
		if !ok {
			return fmt.Errorf("an answer of unknown kind %q", d.Answer.Kind)
		}
		targets[i] = d.TargetRow
		switch d.Answer.Kind {
		case load.Accepted:
			if err := accept(ctx, tx, d); err != nil {
				return err
			}
			continue
		case load.Acknowledged:
			taken = append(taken, d)
		}
		entries = append(entries, entry{d.ID, state, stamp(d.At), d.Answer.Phase, d.Answer.Status, d.Answer.Problem.Code, d.Answer.TargetID, d.SettledBy, d.Evidence})
	}
	if _, err := tx.ExecContext(ctx, query("answer-deliveries"), jsonList(entries)); err != nil {
		return fmt.Errorf("save answers: %w", err)
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems-of"), jsonList(targets)); err != nil {
		return fmt.Errorf("save answers: %w", err)
	}
	if err := s.acknowledge(ctx, tx, run, taken); err != nil {
		return err
	}
	for _, d := range done {
		if d.Answer.Kind == load.Acknowledged {
			continue
		}
		if err := s.untaken(ctx, tx, run, d); err != nil {
			return fmt.Errorf("save the answer for %s %s %s: %w", d.Destination, d.Object, d.SourceID, err)
		}
	}
	return nil
}

// accept keeps open what they took, and will answer later.
func accept(ctx context.Context, tx *sqlx.Tx, d load.Done) error {
	_, err := tx.ExecContext(ctx, query("accept-delivery"), stamp(d.At), d.Answer.Phase, d.Answer.Status, d.Answer.Ticket, stamp(d.At.Add(d.Answer.After)), d.ID)
	return wrap(err, "save that %s %s %s was accepted", d.Destination, d.Object, d.SourceID)
}

// untaken marks the target of a delivery that was not acknowledged.
func (s *Store) untaken(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.Answer.Kind == load.Rejected {
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
	_, err := tx.ExecContext(ctx, query("mark-target"), m.Outcome, m.Cause, m.Problem.Field, m.Problem.Code, m.Problem.Message,
		d.Answer.Status, d.Attempts, run.ID, d.TargetRow)
	return err
}

// unsent keeps what a look showed of a delivery that is to be sent again: ids
// of what travels inside it, which would be created twice without them.
func (s *Store) unsent(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.SettledBy != load.ByProbe || d.Op != etl.Update {
		return nil
	}
	var links []Link
	for _, n := range d.Needs {
		if id := d.Answer.Inside[n.Path].TargetID; id != "" {
			links = append(links, Link{d.Destination, n.Object, n.ID, id, string(d.How), run.ID})
		}
	}
	if _, err := putCrosswalk(ctx, tx, links); err != nil {
		return err
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
		return load.Mark{Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer, Problem: unknown(d)}
	case load.Accepted:
		return mark(etl.Uncertain, etl.CauseAccepted, "they took it, and their answer comes later by a callback")
	case load.Denied:
		return mark(etl.Failed, etl.CauseUnreached, "the destination refused our credentials; check them with `chartbridge check`")
	case load.Astray:
		return mark(etl.Failed, etl.CauseUnreached, d.Answer.Problem.Message)
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

// unknown says what came of a delivery that may have been applied, and what
// becomes of it.
func unknown(d load.Done) etl.Problem {
	p := d.Answer.Problem
	if p.Message == "" {
		p = etl.Problem{Code: etl.CauseNoAnswer, Message: "it was sent and no answer came"}
		if d.Answer.Status > 0 {
			p.Message = fmt.Sprintf("it was sent and the answer (HTTP %d) does not say what became of it", d.Answer.Status)
		}
		if d.Op == etl.Discharge {
			p.Message += ": probably it is applied, so it is never sent again; look in the registry, then say so with `chartbridge uncertain resolve`"
		}
	}
	if d.Op != etl.Discharge {
		p.Message += "; " + cmp.Or(d.Answer.Then, "it rests and is then asked after")
	}
	return p
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
