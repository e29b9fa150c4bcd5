package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// Orphans makes the intents of dead processes uncertain. It is called under
// the run lease, so every intent that it finds is one.
func (s *Store) Orphans(ctx context.Context, run etl.Run, destination string, now time.Time) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("orphan-deliveries"), stamp(now), destination); err != nil {
			return fmt.Errorf("find open intents: %w", err)
		}
		_, err := tx.ExecContext(ctx, query("orphan-targets"), run.ID, destination, destination)
		return wrap(err, "mark open intents")
	})
}

// NextOpen is the earliest deadline, after an instant, of a delivery that can
// be asked after.
func (s *Store) NextOpen(ctx context.Context, destination string, after time.Time) (deadline time.Time, ok bool, err error) {
	var text string
	err = s.db.GetContext(ctx, &text, query("next-open"), destination, stamp(after))
	return parseStamp(text), text != "", wrap(err, "look for open deliveries")
}

// OpenDeliveries lists the uncertain deliveries whose deadline lies before the
// instant.
func (s *Store) OpenDeliveries(ctx context.Context, destination string, before time.Time) ([]etl.Delivery, error) {
	var rows []deliveryRow
	if err := s.db.SelectContext(ctx, &rows, query("open-deliveries"), destination, stamp(before)); err != nil {
		return nil, fmt.Errorf("list open deliveries: %w", err)
	}
	list := make([]etl.Delivery, len(rows))
	for i, r := range rows {
		body, err := s.seal.Open(r.Payload, "delivery", r.Destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		needs, err := parseNeeds(r.Needs)
		if err != nil {
			return nil, err
		}
		list[i] = etl.Delivery{ID: r.ID, TargetRow: r.Target, Destination: r.Destination, Object: r.Object, SourceID: r.SourceID,
			Op: r.Op, TargetID: r.TargetID, Hash: r.Hash, Body: body, Needs: needs}
	}
	return list, nil
}

type deliveryRow struct {
	ID, Target          int64
	Destination, Object string
	SourceID            string `db:"source_id"`
	Op                  etl.Op
	Hash, Payload       []byte
	Needs               string
	TargetID            string `db:"target_id"`
}

type dueRow struct {
	ID        int64
	Object    string
	SourceID  string `db:"source_id"`
	Payload   []byte
	Hash      []byte
	Needs     string
	Outcome   etl.Outcome
	Cause     string
	Message   string
	TargetID  string `db:"target_id"`
	Approvals int
	Known     bool
	How       load.How
	Refused   bool
	Sends     int
}

// Due lists targets that map and differ from what was acknowledged, after a
// row, with the ids that they need filled in where they are known.
func (s *Store) Due(ctx context.Context, destination, object string, after int64, limit int, at time.Time) ([]load.Due, error) {
	return s.due(ctx, destination, "due", destination, object, after, limit, stamp(at))
}

// Mapped lists every target of an object that maps, for comparing.
func (s *Store) Mapped(ctx context.Context, destination, object string, after int64, limit int) ([]load.Due, error) {
	return s.due(ctx, destination, "mapped", destination, object, after, limit)
}

func (s *Store) due(ctx context.Context, destination, name string, args ...any) ([]load.Due, error) {
	var rows []dueRow
	if err := s.db.SelectContext(ctx, &rows, query(name), args...); err != nil {
		return nil, fmt.Errorf("list targets (%s): %w", name, err)
	}
	due := make([]load.Due, len(rows))
	for i, r := range rows {
		payload, err := s.seal.Open(r.Payload, "target", destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		needs, err := parseNeeds(r.Needs)
		if err != nil {
			return nil, err
		}
		due[i] = load.Due{Mapped: payload, Outcome: r.Outcome, Cause: r.Cause, Message: r.Message, Approvals: r.Approvals, Known: r.Known,
			How: r.How, Refused: r.Refused, Delivery: etl.Delivery{TargetRow: r.ID, Destination: destination, Object: r.Object,
				SourceID: r.SourceID, TargetID: r.TargetID, Hash: r.Hash, Body: payload, Needs: needs, Attempts: r.Sends}}
	}
	return due, s.fill(ctx, destination, due)
}

// fill looks up the ids that the records need and puts them into their bodies.
func (s *Store) fill(ctx context.Context, destination string, due []load.Due) error {
	var wanted [][2]string
	for _, d := range due {
		for _, n := range d.Needs {
			wanted = append(wanted, [2]string{n.Object, n.ID})
		}
	}
	var rows []struct {
		Object   string
		SourceID string `db:"source_id"`
		TargetID string `db:"target_id"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("crosswalk-ids"), destination, jsonList(wanted)); err != nil {
		return fmt.Errorf("read crosswalk: %w", err)
	}
	have := map[[2]string]string{}
	for _, r := range rows {
		have[[2]string{r.Object, r.SourceID}] = r.TargetID
	}
	for i := range due {
		d := &due[i]
		d.Filled = map[string]string{}
		for _, n := range d.Needs {
			switch id := have[[2]string{n.Object, n.ID}]; {
			case id != "":
				d.Filled[n.Path] = id
			case !n.Optional:
				d.Missing = append(d.Missing, n.Object+" "+n.ID)
			}
		}
		body, err := load.Fill(d.Body, d.Filled)
		if err != nil {
			return fmt.Errorf("fill in %s %s: %w", d.Object, d.SourceID, err)
		}
		d.Body = body
	}
	return nil
}

// SetExtra writes how many of theirs no record of ours explains.
func (s *Store) SetExtra(ctx context.Context, run etl.Run, destination, object string, n int) error {
	_, err := s.db.ExecContext(ctx, query("extra"), run.ID, destination, object, n)
	return wrap(err, "count what is theirs alone")
}

// Weight counts the acknowledged records of an object, and those of them that
// are due.
func (s *Store) Weight(ctx context.Context, destination, object string) (known, changed int, err error) {
	err = s.db.QueryRowxContext(ctx, query("weight"), destination, object).Scan(&known, &changed)
	return known, changed, wrap(err, "weigh what is due")
}

// Commit saves what came of deliveries and marks targets, and then the intents
// of the next ones, in one transaction; it gives the intents' ids.
func (s *Store) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	ids := make([]int64, len(intents))
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, m := range marks {
			if err := s.mark(ctx, tx, run, m); err != nil {
				return fmt.Errorf("mark target %d: %w", m.TargetRow, err)
			}
		}
		for _, d := range done {
			if err := s.answer(ctx, tx, run, d); err != nil {
				return fmt.Errorf("save the answer for %s %s %s: %w", d.Destination, d.Object, d.SourceID, err)
			}
		}
		for i, in := range intents {
			id, err := s.intent(ctx, tx, run, in)
			if err != nil {
				return fmt.Errorf("save the intent to send %s %s %s: %w", in.Destination, in.Object, in.SourceID, err)
			}
			ids[i] = id
		}
		return nil
	})
	return ids, err
}

func (s *Store) intent(ctx context.Context, tx *sqlx.Tx, run etl.Run, in load.Intent) (id int64, err error) {
	payload := s.seal.Seal(in.Body, "delivery", in.Destination, in.Object, in.SourceID)
	needs, err := needsText(in.Needs)
	if err != nil {
		return 0, err
	}
	err = tx.GetContext(ctx, &id, query("put-intent"), in.TargetRow, in.Destination, in.Object, in.SourceID, in.Op, in.Hash,
		payload, needs, run.ID, s.holder, stamp(in.At), stamp(in.Deadline))
	return id, err
}

// deliveryState is the ledger's word for a kind of answer.
var deliveryState = map[load.Kind]string{
	load.Acknowledged: "acknowledged", load.Rejected: "rejected", load.Unknown: "uncertain",
	load.NotSent: "failed", load.Throttled: "failed", load.Exists: "failed", load.Denied: "failed",
}

func (s *Store) answer(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	d, err := anothers(ctx, tx, d)
	if err != nil {
		return err
	}
	state, ok := deliveryState[d.Answer.Kind]
	if !ok {
		return fmt.Errorf("an answer of unknown kind %q", d.Answer.Kind)
	}
	_, err = tx.ExecContext(ctx, query("answer-delivery"), state, stamp(d.At), d.Answer.Phase, d.Answer.Status,
		d.Answer.Problem.Code, d.Answer.TargetID, d.SettledBy, d.Evidence, d.ID)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems"), d.TargetRow); err != nil {
		return err
	}
	switch d.Answer.Kind {
	case load.Acknowledged:
		return s.acknowledge(ctx, tx, run, d)
	case load.Rejected:
		return refuse(ctx, tx, run, refusal{d.TargetRow, d.Hash, etl.Rejected, d.Answer.Problem, d.Answer.Status, d.Attempts})
	}
	if err := s.unsent(ctx, tx, run, d); err != nil {
		return err
	}
	if d.Answer.Kind == load.Exists && d.Op == etl.Discharge { // never sent again by the machine
		return refuse(ctx, tx, run, refusal{d.TargetRow, d.Hash, etl.Held, d.Answer.Problem, d.Answer.Status, d.Attempts})
	}
	m := waiting(d)
	_, err = tx.ExecContext(ctx, query("mark-target"), m.Outcome, m.Cause, m.Problem.Field, m.Problem.Code, m.Problem.Message,
		d.Answer.Status, d.Attempts, run.ID, d.TargetRow)
	return err
}

// unsent keeps what a look showed of a delivery that is to be sent again: ids
// of what travels inside it, which would be created twice without them.
func (s *Store) unsent(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.SettledBy != "probe" || d.Op != etl.Update {
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
		return mark(etl.Uncertain, etl.CauseNoAnswer, "it was sent and no answer came; it rests and is then asked after")
	case load.Denied:
		return mark(etl.Failed, etl.CauseUnreached, "the destination refused our credentials; check them with `chartbridge check`")
	case load.Exists:
		return mark(etl.Held, etl.CauseCandidates, "the destination says that it is there already, but not under our external id; give its id with `chartbridge crosswalk import`")
	case load.Throttled:
		return mark(etl.Failed, etl.CauseUnreached, "the destination asked us to slow down; it goes with the next run")
	}
	if d.SettledBy == "probe" {
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
		if err := acknowledgeInside(ctx, tx, run, d, n); err != nil {
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
func acknowledgeInside(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done, n etl.Need) error {
	var t struct {
		ID    int64
		Hash  []byte
		Acked []byte `db:"acked_hash"`
	}
	answer := d.Answer.Inside[n.Path]
	if answer.TargetID == "" {
		answer.TargetID = d.Filled[n.Path] // an update may echo no id: it is the one that we sent
	}
	err := tx.GetContext(ctx, &t, query("inside-target"), d.Destination, n.Object, n.ID, d.SourceID)
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
		return refuse(ctx, tx, run, refusal{t.ID, t.Hash, etl.Rejected, answer.Problem, d.Answer.Status, 1})
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

// A refusal is a payload that the destination did not take: it is not sent
// again while it is the same.
type refusal struct {
	target   int64
	hash     []byte
	outcome  etl.Outcome
	problem  etl.Problem
	status   int
	attempts int
}

func refuse(ctx context.Context, tx *sqlx.Tx, run etl.Run, r refusal) error {
	cause, p := r.problem.Code, r.problem
	if cause == "" {
		cause = "refused"
	}
	_, err := tx.ExecContext(ctx, query("refuse-target"), r.hash, r.outcome, cause, p.Field, p.Code, p.Message, r.status, r.attempts, run.ID, r.target)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems"), r.target); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("put-problem"), r.target, 0, p.Field, p.Code, p.Message, p.Lookup, p.Key)
	return err
}

// CloseParents blocks what travels inside records that did not go.
func (s *Store) CloseParents(ctx context.Context, run etl.Run, destination string) error {
	_, err := s.db.ExecContext(ctx, query("close-parents"), run.ID, destination)
	return wrap(err, "block what travels inside")
}
